"""A chapter of three exercises and a question in a temporary folder: these tests depend on no real chapter."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.judge.preflight import SubmittedCell

CHAPTER = "ch90_tiny"

HEAD = """
from __future__ import annotations
import numpy as np
from autograder.spec import Case, Exercise, FreeAnswer, Misconception, Tolerance

HINTS = ("a", "b", "c", "d")
"""

EXERCISES = {
    "double": '''
def reference(x):
    return x + x

def cases(rng):
    yield Case("two known numbers", {"x": np.array([1.0, -2.0])})
    yield Case("a vector", {"x": rng.normal(size=4)})
    yield Case("a matrix", {"x": rng.normal(size=(2, 3))})
    yield Case("large", {"x": 1e3 * rng.normal(size=(3,))})

def three_times(x):
    """Multiplies by three."""
    return 3 * x

EXERCISE = Exercise(number=1, title="Double", section="90.1", points=4, minutes=2, difficulty="easy",
                    reference=reference, cases=cases, hints=HINTS,
                    misconceptions=(Misconception(three_times, "How often do you add x?"),))
''',
    "shifted": '''
def reference(x):
    return 2 * x + 1

def cases(rng):
    yield Case("a vector", {"x": rng.normal(size=4)})
    yield Case("a matrix", {"x": rng.normal(size=(2, 3))})

def shifted_down(x):
    """Subtracts."""
    return 2 * x - 1

EXERCISE = Exercise(number=2, title="Double plus one", section="90.2", points=2, minutes=2, difficulty="easy",
                    reference=reference, cases=cases, misconceptions=(Misconception(shifted_down, "Which sign?"),),
                    hints=HINTS, uses=("double",))
''',
    "ordered": '''
def reference(x):
    return x.sort()[0]

def cases(rng):
    yield Case("a vector", {"x": rng.normal(size=5)})
    yield Case("another", {"x": rng.normal(size=9)})

def backwards(x):
    """Sorts from large to small."""
    return np.sort(x)[::-1].copy()

EXERCISE = Exercise(number=3, title="Sorted", section="90.3", points=2, minutes=2, difficulty="easy",
                    reference=reference, cases=cases, misconceptions=(Misconception(backwards, "Which end first?"),),
                    hints=HINTS)
''',
    "why": 'QUESTION = FreeAnswer(title="Why", section="90.4", points=3, minutes=2, rubric=("says why",))\n',
}

RIGHT = {
    "double": "def double(x):\n    return 2 * x",
    "shifted": "def shifted(x):\n    return double(x) + 1",
    "ordered": "def ordered(x):\n    return np.sort(x)",
}
"""Model answers."""

STUB = 'raise NotImplementedError("replace this line with your own code")'
TEXT_STUB = "*Replace this line with your answer.*"


def write_exercises(folder: Path) -> None:
    """The chapter's exercise files."""
    (folder / CHAPTER).mkdir(parents=True)
    for name, text in EXERCISES.items():
        (folder / CHAPTER / f"{name}.py").write_text(HEAD + text)


def release() -> dict:
    """The released notebook, as nbgrader would make it."""
    cells = [
        _cell("markdown", "intro", "# A tiny chapter"),
        _cell("code", "imports", "import numpy as np\nimport matplotlib.pyplot as plt\nfrom autograder import check"),
        _cell(
            "code",
            "demo",
            "grid = np.linspace(0, 1, 5)\nfrom course.widgets import ch90_tiny as widgets\nwidgets.show(grid)",
        ),
    ]
    points = {"double": 4, "shifted": 2, "ordered": 2}
    for name in RIGHT:
        cells.append(_cell("code", name, f"def {name}(x):\n    {STUB}", solution=True))
        cells.append(_cell("code", f"check_{name}", f"check({name})", grade=True, locked=True, points=points[name]))
    cells.append(_cell("markdown", "why", TEXT_STUB, solution=True, grade=True, points=3))
    cells.append(_cell("code", "training", "history = [double(value) for value in grid]\nprint(history)"))
    return {
        "cells": cells,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(kind: str, name: str, source: str, points: int | None = None, **marks: bool) -> dict:
    cell: dict = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    if kind == "code":
        cell |= {"outputs": [], "execution_count": None}
    if marks:
        mark: dict = {
            "grade": False,
            "solution": False,
            "locked": False,
            "task": False,
            "schema_version": 3,
            "grade_id": name,
        }
        mark |= marks
        if points is not None:
            mark["points"] = points
        mark["checksum"] = _checksum(kind, source, mark)
        cell["metadata"]["nbgrader"] = mark
    return cell


def _checksum(kind: str, source: str, mark: Mapping) -> str:
    """nbgrader's checksum of a cell."""
    locked = not mark["solution"] and (mark["grade"] or mark["locked"])
    parts = [source, kind, str(mark["grade"]), str(mark["solution"]), str(locked), mark["grade_id"]]
    if mark["grade"]:
        parts.append(str(float(mark["points"])))
    return hashlib.md5("".join(parts).encode()).hexdigest()


def submission(
    answers: Mapping[str, str] | None = None, *, before: Sequence[str] = (), after: Sequence[str] = ()
) -> dict:
    """A student's notebook: sources for solution cells, and extra cells before the first exercise or at the end."""
    notebook = copy.deepcopy(release())
    for cell in notebook["cells"]:
        source = (RIGHT if answers is None else answers).get(cell["id"])
        if source is not None:
            cell["source"] = source
    extra = [_cell("code", f"own-{number}", source) for number, source in enumerate(before)]
    notebook["cells"][3:3] = extra
    notebook["cells"] += [_cell("code", f"end-{number}", source) for number, source in enumerate(after)]
    return notebook


def cells_of(notebook: Mapping) -> list[SubmittedCell]:
    """What the grader reads of a notebook."""
    from autograder.judge import preflight

    return preflight.parse(json.dumps(notebook).encode())


def write_tree(root: Path) -> None:
    """nbgrader's working tree with the release of the chapter."""
    from autograder import nbgrader_config

    nbgrader_config.write(root)
    for stage in ("release", "source"):
        path = root / stage / CHAPTER / f"{CHAPTER}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(release()))


def hand_in(root: Path, student: str, notebook: Mapping | bytes) -> Path:
    """Write a submission."""
    path = root / "submitted" / student / CHAPTER / f"{CHAPTER}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode())
    return path
