"""`python -m autograder lite`: the course as a static site that runs Python in the reader's browser.

distribution.py  the pinned Pyodide: which of its files the site needs, and their digests
wheels.py        the wheels beside it: the course, the data files its chapters read, the widgets' packages
site.py          JupyterLite around both, and the notebooks in it
start_page.py    the notebook that leads in, with what is known about each chapter in a browser
"""

from autograder.lite.command import add_arguments, run

__all__ = ["add_arguments", "run"]
