"""`python -m autograder demo`: a small class of right and known wrong answers, graded from end to end."""

from autograder.demo.command import add_arguments, run

__all__ = ["add_arguments", "run"]
