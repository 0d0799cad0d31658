"""Speeds, printed as ratios within one run: machines are shared and noisy, so seconds alone say little."""
