"""The independent oracle: PyTorch references, run live or replayed from recordings.  torch is imported on use."""
