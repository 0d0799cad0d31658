"""The widgets of the course, one module a chapter, and the kit that they share."""
