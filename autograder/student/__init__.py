"""What a student calls in a notebook: check, hint, progress.  NumPy only; torch and nbgrader are never imported."""
