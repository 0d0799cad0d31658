"""The course: one folder a chapter, and the widgets that its notebooks show."""
