"""An exercise's cell as a slide shows it: what a student is given, and nothing of the answer."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

from autograder.release.master import Cell, without_answers
from autograder.slides.slide import CODE_COLUMNS

__all__ = ["signature"]


def signature(cell: Cell) -> str:
    """What a student sees of an exercise's cell: the first line and the docstring, and a class's methods by name."""
    source = without_answers(cell.source, "raise NotImplementedError")
    lines = source.splitlines()
    node = next(one for one in ast.parse(source).body if isinstance(one, ast.FunctionDef | ast.ClassDef))
    return "\n".join(part for line in _head(node, lines) for part in _wrapped(line))


def _wrapped(line: str) -> list[str]:
    """A line of a docstring that is too long for a slide as several; an argument's text stays in its column."""
    if len(line) <= CODE_COLUMNS or line.lstrip().startswith("def "):
        return [line]
    argument = re.match(r"\s+[\w, ]+?\s\s+(?=\S)", line)
    indent = " " * (argument.end() if argument else len(line) - len(line.lstrip()))
    return textwrap.wrap(line, CODE_COLUMNS, subsequent_indent=indent)


def _head(node: ast.FunctionDef | ast.ClassDef, lines: list[str], short: bool = False) -> Iterator[str]:
    first = node.body[0]
    described = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    yield from lines[node.lineno - 1 : first.lineno - 1]
    if described and not short:
        assert first.end_lineno is not None
        yield from lines[first.lineno - 1 : first.end_lineno]
    if isinstance(node, ast.ClassDef):
        for method in node.body:
            if isinstance(method, ast.FunctionDef):
                yield ""
                yield from _head(method, lines, short=True)
