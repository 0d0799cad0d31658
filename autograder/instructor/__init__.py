"""What an instructor does with graded submissions: class report, export to an LMS, similar submissions, late penalties."""
