# Each target is one line that works without make, too: python -m autograder COMMAND (README.md shows it for Windows).
PYTHON ?= python3
# What runs inside the environment that `setup` made.
INSIDE = .venv/bin/python -m

.PHONY: help start setup test build record grade demo book lite lite-offline slides bench lint

help:    ## this list
	@grep -E '^[a-z-]+: .*##' Makefile | sed 's/: *.*##/:/' | column -t -s:
start:   ## open the course in JupyterLab, setting up first
	$(PYTHON) -m autograder start
setup:   ## make the environment for authors and instructors
	$(PYTHON) -m autograder setup --dev
test:    ## run all tests, setting up first
	$(PYTHON) -m autograder test
build:   ## make the released notebooks from the masters
	$(INSIDE) autograder build
record:  ## run the PyTorch references (on a GPU if there is one) and store what they give
	$(INSIDE) autograder record
demo:    ## generate a class of 40, grade it, make every page
	$(INSIDE) autograder demo
book:    ## make the course as a static site in build/book
	$(INSIDE) autograder book
lite:    ## make the site in which chapters are worked in the browser, in build/lite
	$(INSIDE) autograder lite
lite-offline: ## the same with Pyodide inside, from PYODIDE=archive-or-folder
	$(INSIDE) autograder lite --pyodide $(PYODIDE)
slides:  ## make the decks for the lecture in build/slides
	$(INSIDE) autograder slides
bench:   ## measure grading, check and widgets, as ratios
	$(INSIDE) benchmarks
lint:    ## style and types
	$(INSIDE) ruff check . && $(INSIDE) ruff format --check . && $(INSIDE) mypy
