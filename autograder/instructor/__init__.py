"""What follows grading: the class report, grades for an LMS, similar submissions, late penalties."""
