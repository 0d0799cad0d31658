"""A class made of right, broken and known wrong answers: no invented people, every folder is named by what it is.

Everything comes from the chapter itself: the released notebook, the model answers of the master, and the
misconceptions of the exercise files, whose source is put under the exercise's name.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest
from pathlib import Path

from autograder.demo.kinds import KINDS
from autograder.demo.material import Chapter, Submission
from autograder.demo.notebooks import filled
from autograder.demo.rewording import with_lines
from autograder.engine import catalogue
from autograder.release.master import Master
from autograder.spec import Exercise, Misconception

__all__ = [
    "FIXED",
    "Submission",
    "filled",
    "hand_in_again",
    "renamed_source",
    "source_parts",
    "submissions",
    "with_lines",
    "write",
]

FIXED = len(KINDS)
"""How many submissions come before the misconceptions."""


def submissions(chapter: Master, release: str, number: int) -> list[Submission]:
    """The first `number` submissions: the fixed kinds, then one for each misconception, exercise after exercise."""
    material = Chapter(chapter, release)
    fixed = (replace(kind(material), group=heading) for heading, kind in KINDS)
    return list(islice(chain(fixed, _misconceptions(chapter, release)), number))


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
        if one.handed_in:
            path.with_name("timestamp.txt").write_text(f"{one.handed_in}\n", encoding="utf-8")
        paths.append(path)
    return paths


def hand_in_again(root: Path, stem: str, class_: list[Submission]) -> list[Path]:
    """Put second submissions in the place of the first ones; gives the paths of those that changed."""
    return write(root, stem, [one.again for one in class_ if one.again is not None])
