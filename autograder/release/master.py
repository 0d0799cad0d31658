"""Read a chapter's master and say what each of its cells is.

A master is `solutions/<stem>.py`, a Python file in jupytext's percent format.  Its rules:

    code cell with a solution block       an exercise, named by the one function or class that it defines
    code cell that is one check(name)     the check of that exercise; the next check after the exercise
    markdown cell with a solution block   a free answer, named by the cell's title: # %% why_a_bend [markdown]
    every other cell                      prose and code that students get as they are

A solution block stands between the lines `### BEGIN SOLUTION` and `### END SOLUTION`.  There are no other
directives.  Points come from the spec of the same name in `autograder/exercises/<stem>/`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jupytext

from autograder.engine import catalogue
from autograder.errors import SpecError
from autograder.spec import Exercise, FreeAnswer

__all__ = ["BEGIN", "END", "STEM", "Cell", "Master", "read", "without_answers", "without_markers"]

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
STEM = re.compile(r"ch\d\d_[a-z0-9_]+")

FOREIGN_MARKS = (
    "BEGIN HIDDEN TESTS",
    "END HIDDEN TESTS",
    "BEGIN MARK SCHEME",
    "END MARK SCHEME",
    "### AUTOTEST",
    "### HASHED",
)
"""nbgrader acts on these words wherever they stand; here the spec alone says what earns points."""

LAYOUT_KEYS = {"title", "lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker"}
"""Cell metadata that jupytext uses to remember how the file is laid out, and the title."""

Kind = Literal["exercise", "check", "free answer", "code", "prose"]


@dataclass(frozen=True)
class Cell:
    """One cell of a master: what it is, the exercise it belongs to ("" for none), its source, its points."""

    kind: Kind
    source: str
    name: str = ""
    points: int = 0


@dataclass(frozen=True)
class Master:
    """A chapter as its author wrote it."""

    stem: str
    cells: tuple[Cell, ...]

    @property
    def title(self) -> str:
        """The first heading, or the stem."""
        headings = (line for cell in self.cells if cell.kind == "prose" for line in cell.source.splitlines())
        return next((line.lstrip("# ").strip() for line in headings if line.startswith("# ")), self.stem)

    @property
    def model_answers(self) -> Mapping[str, str]:
        """The author's answer to each exercise and question: the cell's source without the marker lines."""
        return {
            cell.name: without_markers(cell.source) for cell in self.cells if cell.kind in ("exercise", "free answer")
        }


def read(path: Path) -> Master:
    """The master in this file; raises SpecError with one line that says which cell breaks which rule."""
    if not path.is_file():
        raise SpecError(f"no master {path.name} in {path.parent}; a chapter's master is solutions/chNN_stem.py")
    if not STEM.fullmatch(path.stem):
        raise SpecError(f"{path.name}: a master is called chNN_stem.py, such as ch01_activations.py")
    notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    specs = {spec.name: spec for spec in catalogue.entries(path.stem)}
    cells = [_classify(cell, specs, path, number) for number, cell in enumerate(notebook.cells, start=1)]
    _check_order(cells, specs, path)
    return Master(path.stem, tuple(cells))


def without_markers(source: str) -> str:
    """A cell's source with its answer, without the two marker lines."""
    return "\n".join(line for line in source.splitlines() if line.strip() not in (BEGIN, END))


def without_answers(source: str, stub: str) -> str:
    """A cell's source with every solution block replaced by the stub, indented as the block was."""
    kept: list[str] = []
    inside = False
    for line in source.splitlines():
        if line.strip() == BEGIN:
            indent = line[: len(line) - len(line.lstrip())]
            kept += [indent + one for one in stub.splitlines()]
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def _classify(raw: Any, specs: Mapping[str, Exercise | FreeAnswer], path: Path, number: int) -> Cell:
    """What one cell is.  `raw` is jupytext's notebook node."""
    source, title = str(raw.source), str(raw.metadata.get("title", ""))
    where = f"{path.name}, cell {number} ({_first_line(source)!r})"
    strange = sorted(set(raw.metadata) - LAYOUT_KEYS)
    if strange or raw.cell_type not in ("code", "markdown"):
        what = f"carries {', '.join(strange)}" if strange else f"is a {raw.cell_type} cell"
        raise SpecError(f"{where} {what}; a master has code and markdown cells and no directives but solution blocks")
    for mark in FOREIGN_MARKS:
        if mark in source:
            raise SpecError(f"{where} holds {mark!r}; what is hidden belongs in autograder/exercises/{path.stem}/")

    answered = _has_solution(source, where)
    if title and not (answered and raw.cell_type == "markdown"):
        raise SpecError(f"{where} has the title {title!r}; only a markdown cell with a solution block has one")
    if raw.cell_type == "markdown":
        if not answered:
            return Cell("prose", source)
        if not title:
            raise SpecError(f"{where} holds an answer without a name; write its first line as # %% the_name [markdown]")
        return Cell("free answer", source, title, _points(title, specs, FreeAnswer, where, path))
    if answered:
        name = _defined_name(source, where)
        return Cell("exercise", source, name, _points(name, specs, Exercise, where, path))
    checked = _checked_name(source, where)
    return (
        Cell("check", source, checked, _points(checked, specs, Exercise, where, path))
        if checked
        else Cell("code", source)
    )


def _has_solution(source: str, where: str) -> bool:
    """Whether the cell holds solution blocks; raises when their markers do not pair up."""
    open_block = found = False
    for line in source.splitlines():
        # nbgrader looks for these words anywhere in a line, so a marker with other words would act as one.
        if "BEGIN SOLUTION" not in line and "END SOLUTION" not in line:
            continue
        if line.strip() not in (BEGIN, END) or (line.strip() == BEGIN) == open_block:
            raise SpecError(
                f"{where}: the line {line.strip()!r} does not fit; a block is one {BEGIN} and then one {END}"
            )
        open_block, found = not open_block, True
    if open_block:
        raise SpecError(f"{where}: the solution block has no {END}")
    return found


def _defined_name(source: str, where: str) -> str:
    """The one function or class that an exercise cell defines, with and without its answer."""
    names = _definitions(source, where)
    if len(names) != 1:
        found = f"defines {', '.join(names)}" if names else "defines no function and no class"
        raise SpecError(f"{where} holds a solution block and {found}; an exercise defines exactly one")
    try:
        stubbed = _definitions(without_answers(source, "raise NotImplementedError"), where)
    except SpecError:
        stubbed = []
    if stubbed != names:
        raise SpecError(
            f"{where}: without its answer the cell no longer defines {names[0]}; put {BEGIN} inside its body"
        )
    return names[0]


def _definitions(source: str, where: str) -> list[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in _parse(source, where).body if isinstance(node, kinds)]


def _checked_name(source: str, where: str) -> str:
    """The name in check(name) where that call is the whole cell, "" where the cell checks nothing."""
    if "check" not in source:
        return ""
    statements = _parse(source, where).body
    calls = [one.value for one in statements if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call)]
    checks = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "check"]
    if not checks:
        return ""
    if len(statements) > 1:
        raise SpecError(f"{where}: check(...) shares its cell with other lines; give it a cell of its own")
    arguments = checks[0].args
    if len(arguments) != 1 or checks[0].keywords or not isinstance(arguments[0], ast.Name):
        raise SpecError(f"{where}: {source.strip()} must name one function, as in check(softmax)")
    return arguments[0].id


def _parse(source: str, where: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise SpecError(f"{where} is not plain Python: {error.msg} in line {error.lineno}") from None


def _points(
    name: str,
    specs: Mapping[str, Exercise | FreeAnswer],
    kind: type[Exercise] | type[FreeAnswer],
    where: str,
    path: Path,
) -> int:
    spec = specs.get(name)
    if spec is None:
        raise SpecError(f"{where}: no spec for {name!r}; write autograder/exercises/{path.stem}/{name}.py")
    if not isinstance(spec, kind):
        raise SpecError(f"{where}: the spec of {name!r} is a {type(spec).__name__}, but the cell needs {kind.__name__}")
    return spec.points


def _check_order(cells: list[Cell], specs: Mapping[str, Exercise | FreeAnswer], path: Path) -> None:
    """Every spec has one cell, every exercise is followed by its own check, and no name comes twice."""
    seen: set[str] = set()
    waiting = ""
    for cell in cells:
        if cell.kind in ("exercise", "free answer"):
            if cell.name in seen:
                raise SpecError(f"{path.name}: {cell.name} has two cells; a name stands for one exercise or question")
            seen.add(cell.name)
        if cell.kind == "exercise":
            if waiting:
                raise SpecError(f"{path.name}: no check({waiting}) between the exercises {waiting} and {cell.name}")
            waiting = cell.name
        if cell.kind == "check":
            if cell.name != waiting:
                wanted = f"check({waiting}) is due" if waiting else "no exercise waits for its check"
                raise SpecError(f"{path.name}: found check({cell.name}) where {wanted}")
            waiting = ""
    if waiting:
        raise SpecError(f"{path.name}: no check({waiting}) after the exercise {waiting}")
    for name in _missing(specs, seen):
        raise SpecError(f"{path.name}: autograder/exercises/{path.stem}/{name}.py has no cell; write one, or delete it")


def _missing(specs: Mapping[str, Exercise | FreeAnswer], seen: set[str]) -> Iterator[str]:
    return (name for name in sorted(specs) if name not in seen)


def _first_line(source: str) -> str:
    lines = [line for line in source.splitlines() if line.strip()]
    return lines[0][:50] if lines else ""
