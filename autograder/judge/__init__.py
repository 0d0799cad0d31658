"""Grading: run submissions in a sandbox, compare outside, write nbgrader's gradebook.  Importing it loads nothing."""
