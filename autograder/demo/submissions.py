"""A small class made of right and known wrong answers: no invented people, every folder is named by what it is.

Everything comes from the chapter itself: the released notebook, the model answers of the master, and the
misconceptions of the exercise files, whose source is put under the exercise's name.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import Path

import nbformat

from autograder.engine import catalogue
from autograder.release.master import Master
from autograder.spec import Exercise, Misconception

__all__ = ["FIXED", "Submission", "filled", "renamed_source", "source_parts", "submissions", "write"]

CRASH = "import os\n\nos._exit(1)  # ends the whole process\n"
ENDLESS = "    while True:\n        pass\n"
WARNING = '    import warnings\n\n    warnings.warn("this answer is right and warns", stacklevel=2)\n'
NO_NOTEBOOK = "This file has the name of a notebook and is none.\n"


@dataclass(frozen=True)
class Submission:
    """What one student hands in: the folder's name, what it shows, and the file's text."""

    student: str
    about: str
    text: str


def submissions(chapter: Master, release: str, number: int) -> list[Submission]:
    """The first `number` submissions: the fixed kinds, then one for each misconception, exercise after exercise."""
    return list(islice(chain(_fixed(chapter, release), _misconceptions(chapter, release)), number))


def _fixed(chapter: Master, release: str) -> Iterator[Submission]:
    answers = dict(chapter.model_answers)
    names = [exercise.name for exercise in catalogue.exercises(chapter.stem)]
    functions = [name for name in names if re.search(rf"^def {name}\(", answers[name], re.MULTILINE)]
    first, middle = functions[0], functions[len(functions) // 2]
    half = {name: answers[name] for name in names[: len(names) // 2]}

    def submission(student: str, about: str, sources: Mapping[str, str], extra: str = "") -> Submission:
        return Submission(student, about, filled(release, sources, extra))

    yield submission("all_right", "every model answer", answers)
    yield submission("half_done", "the first half of the exercises", half)
    yield submission("blank", "handed in as released", {})
    yield submission("warns", f"all right, and {first} warns", answers | {first: with_lines(answers[first], WARNING)})
    yield submission(
        "endless_loop", f"{middle} never returns", answers | {middle: with_lines(answers[middle], ENDLESS)}
    )
    yield submission("crashes", "an extra cell ends the process", answers, extra=CRASH)
    yield submission("syntax_error", f"{middle} is not Python", answers | {middle: f"def {middle}(x) return x\n"})
    yield Submission("not_a_notebook", "a text file under the notebook's name", NO_NOTEBOOK)


FIXED = 8
"""How many submissions come before the misconceptions."""


def _misconceptions(chapter: Master, release: str) -> Iterator[Submission]:
    """All right but for one misconception: first one of each exercise, then a second one of each, and so on."""
    answers = dict(chapter.model_answers)
    rounds = zip_longest(*([(one, wrong) for wrong in one.misconceptions] for one in catalogue.exercises(chapter.stem)))
    for exercise, misconception in filter(None, chain.from_iterable(rounds)):
        yield Submission(
            f"misconception_{exercise.name}_{misconception.name}",
            f"{exercise.name}: {misconception.says}",
            filled(release, answers | {exercise.name: renamed_source(misconception, exercise)}),
        )


def filled(release: str, sources: Mapping[str, str], extra: str = "") -> str:
    """The released notebook with these cells' sources (by grade id), and an extra cell before the last exercise."""
    notebook = nbformat.reads(release, as_version=4)
    last = 0
    for index, cell in enumerate(notebook.cells):
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("solution"):
            cell.source = sources.get(mark["grade_id"], cell.source)
            last = index if cell.cell_type == "code" else last
    if extra:
        notebook.cells.insert(last, nbformat.v4.new_code_cell(extra.strip(), id="extra"))
    return str(nbformat.writes(notebook)) + "\n"


def with_lines(source: str, lines: str) -> str:
    """A cell's source with lines put before the first statement of its function, after the docstring."""
    function = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    before = source.splitlines(keepends=True)
    return "".join([*before[: body[0].lineno - 1], lines, *before[body[0].lineno - 1 :]])


def renamed_source(misconception: Misconception, exercise: Exercise) -> str:
    """A misconception's source as a student's cell: under the exercise's name, after what it needs from its file."""
    wrong = misconception.name
    *parts, own = source_parts(misconception.wrong)
    return "\n\n".join([*parts, re.sub(rf"^(def|class) {wrong}\b", rf"\1 {exercise.name}", own)])


@dataclass(frozen=True)
class _Part:
    """A top-level statement of an exercise's file or of a file beside it, with its source."""

    node: ast.stmt
    source: str


def source_parts(function: Callable[..., object]) -> list[str]:
    """The sources of what a function needs from its file and from those beside it, and last of the function itself."""
    defined = _top_level(Path(inspect.getfile(function)))
    own = defined[function.__name__]
    return [part.source for part in (*_needed(own, defined), own)]


def _top_level(path: Path) -> dict[str, _Part]:
    """The statement behind each name that a file defines or imports, but for NumPy, which every notebook has.

    What comes from a file beside it is taken from there: a student's notebook has no exercise files.
    """
    text = path.read_text(encoding="utf-8")
    found: dict[str, _Part] = {}
    for node in ast.parse(text).body:
        part = _Part(node, ast.get_source_segment(text, node) or "")
        match node:
            case ast.ImportFrom(module=str(module)) if module.startswith(f"autograder.exercises.{path.parent.name}."):
                found |= _top_level(path.with_name(f"{module.rpartition('.')[2]}.py"))
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = part
            case ast.Assign(targets=[ast.Name(id=name)]):
                found[name] = part
            case ast.ImportFrom(names=names) | ast.Import(names=names):
                found |= {alias.asname or alias.name: part for alias in names}
    return {name: part for name, part in found.items() if name != "np"}


def _needed(wanted: _Part, defined: Mapping[str, _Part]) -> list[_Part]:
    """What a statement needs from the others, directly or not, each before those that need it."""
    found: list[_Part] = []
    seen = [wanted]

    def visit(part: _Part) -> None:
        for name in (one.id for one in ast.walk(part.node) if isinstance(one, ast.Name)):
            other = defined.get(name)
            if other is not None and other not in seen:
                seen.append(other)
                visit(other)
                found.append(other)

    visit(wanted)
    return found


def write(root: Path, stem: str, class_: list[Submission]) -> list[Path]:
    """Put the submissions where nbgrader collects them: submitted/<student>/<stem>/<stem>.ipynb."""
    paths = []
    for one in class_:
        path = root / "submitted" / one.student / stem / f"{stem}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(one.text, encoding="utf-8")
        paths.append(path)
    return paths
