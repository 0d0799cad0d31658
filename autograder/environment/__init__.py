"""Set up, start and test: works with Python's standard library alone, because nothing is installed yet."""
