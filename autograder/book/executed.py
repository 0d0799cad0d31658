"""Executed masters, kept by content: what has not changed is not run again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.errors import CourseError
from autograder.release.build import Places
from autograder.release.execute import execute

__all__ = ["executed", "fingerprint", "optional_weights", "seconds"]

DECIDE = ("ipython", "matplotlib", "numpy", "scipy", "scikit-image", "scikit-learn", "statsmodels", "anywidget")
"""Packages whose version can change what a chapter's cells give."""

CRISP = 'get_config().InlineBackend.figure_formats = {"retina"}\n'
"""The kernels' settings: figures with twice as many pixels, for screens that have them."""


def executed(places: Places, stem: str) -> tuple[NotebookNode, bool]:
    """The chapter's executed master, and whether it had to be run; CourseError where a cell fails."""
    kept = places.root / "build" / "executed" / stem / f"{fingerprint(places, stem)}.ipynb"
    run = not kept.is_file()
    if run:
        try:
            with _crisp_figures():
                fresh = execute(places, stem)
        except CourseError as problem:
            raise CourseError(f"{problem}{_which_cell(problem.__context__)}") from None
        fresh.replace(kept)
        for other in kept.parent.glob("*.ipynb"):
            if other != kept:
                other.unlink()
    return nbformat.read(kept, as_version=4), run


@contextmanager
def _crisp_figures() -> Iterator[None]:
    """Kernels that start meanwhile have these settings."""
    before = os.environ.get("IPYTHONDIR")
    with tempfile.TemporaryDirectory(prefix="ipython-") as folder:
        profile = Path(folder) / "profile_default"
        profile.mkdir()
        (profile / "ipython_config.py").write_text(CRISP, "utf-8")
        os.environ["IPYTHONDIR"] = folder
        try:
            yield
        finally:
            os.environ.pop("IPYTHONDIR")
            if before is not None:
                os.environ["IPYTHONDIR"] = before


def _which_cell(error: BaseException | None) -> str:
    """Which cell failed, by its first line, from the error that the notebook's runner raised; "" for another error."""
    shown = str(error or "").split("------------------")
    lines = [line for line in shown[1].splitlines() if line.strip()] if len(shown) > 2 else []
    return f" (in the cell that begins {lines[0]!r})" if lines else ""


def fingerprint(places: Places, stem: str) -> str:
    """A digest of everything that the chapter's outputs depend on."""
    digest = hashlib.sha256()
    for path in _sources(places.root, stem):
        digest.update(f"{path.relative_to(places.root).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    versions = [f"{name}=={_version(name)}" for name in DECIDE]
    weights = [name for name, _ in optional_weights(places.root, stem)[0]]
    digest.update(json.dumps([sys.version, versions, weights, CRISP]).encode())
    return digest.hexdigest()[:20]


def _sources(root: Path, stem: str) -> Iterator[Path]:
    """The files that a chapter's cells can reach: its master, its exercises and widgets, and what chapters share."""
    # what check(...) shows does not stand in the book, so the engine behind it does not count
    folders = [f"autograder/exercises/{stem}", f"autograder/recordings/{stem}"]
    folders += ["course/weights", "course/widgets/kit", f"course/widgets/{stem}"]
    found = [root / "solutions" / f"{stem}.py"]
    for folder in folders:
        found += (root / folder).rglob("*")
    found += _shared(root, [path for path in found if path.suffix == ".py" and path.is_file()])
    # the widgets' front end is joined to the site afterwards, and is in no output
    front = {*(root / "course" / "widgets" / "kit").glob("*.js"), *(root / "course" / "widgets" / "kit").glob("*.css")}
    return (
        path
        for path in sorted(set(found) - front)
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    )


def _shared(root: Path, readers: list[Path]) -> list[Path]:
    """The modules that chapters share and these files name, directly or through one another."""
    shared = [*(root / "course").glob("*.py"), *(root / "course" / "widgets").glob("*.*")]
    found: list[Path] = []
    texts = [path.read_text("utf-8") for path in readers]
    while texts:
        text = texts.pop()
        new = [path for path in shared if path not in found and _imports(text, path.stem)]
        found += new
        texts += [path.read_text("utf-8") for path in new]
    return found


def _imports(text: str, module: str) -> bool:
    return bool(
        re.search(rf"\bcourse(\.widgets)?(\.{re.escape(module)}\b| import [^\n]*\b{re.escape(module)}\b)", text)
    )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def seconds(notebook: NotebookNode) -> float:
    """How long the cells took together, by the times that the run left in them."""
    return sum(_cell_seconds(cell.metadata.get("execution", {})) for cell in notebook.cells)


def _cell_seconds(times: Any) -> float:
    begun, done = times.get("iopub.status.busy"), times.get("iopub.status.idle")
    if not begun or not done:
        return 0.0
    return (datetime.fromisoformat(done) - datetime.fromisoformat(begun)).total_seconds()


def optional_weights(root: Path, stem: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The optional weights that a chapter can use, as (package, what it is): those that are there, and those missing.

    requirements-weights.txt says which: "# chapters 6 and 7: the sentence encoder (84 MB)" stands above each package.
    """
    there: list[tuple[str, str]] = []
    missing: list[tuple[str, str]] = []
    listed = root / "requirements-weights.txt"
    lines = listed.read_text("utf-8").splitlines() if listed.is_file() else []
    number = int(stem[2:4])
    for above, line in pairwise(lines):
        told = re.match(r"# chapters? ([\d and,]+): (.*?)(?: \(\d+ MB\))?$", above)
        if told and not line.startswith("#") and number in map(int, re.findall(r"\d+", told[1])):
            package = line.partition("==")[0]
            (there if _has(root, package.replace("-", "_")) else missing).append((package, told[2]))
    return there, missing


def _has(root: Path, module: str) -> bool:
    folder = Path(os.environ.get("COURSE_WEIGHTS") or root / ".weights")
    return (folder / module).is_dir() or importlib.util.find_spec(module) is not None
