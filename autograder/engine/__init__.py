"""The judging core: find exercises, call functions, compare answers, name misconceptions.  NumPy only."""
