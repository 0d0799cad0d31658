"""What a book without answers must not say, and where a site says it."""

from __future__ import annotations

import ast
import base64
import gzip
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

from autograder.engine import catalogue
from autograder.release import master
from autograder.release.build import Places, release_text, stems
from autograder.release.master import Cell, without_answers, without_markers
from autograder.spec import Exercise

__all__ = ["Secret", "scan", "secrets"]

SHORTEST = 14
"""Letters and digits that a text needs to be told from chance: `return x` stands in every second cell."""


@dataclass(frozen=True)
class Secret:
    """Something that only a book with answers may say.

    kind      "answer", "hint", "misconception" or "rubric"
    exercise  whose it is
    text      its letters and digits, with nothing between them
    """

    kind: str
    exercise: str
    text: str


def secrets(places: Places, wanted: Sequence[str] = ()) -> list[Secret]:
    """The answers' lines, hints, wrong answers and rubrics of chapters, without what students are given anyway."""
    masters = [master.read(places.master(stem)) for stem in stems(places)]
    released = [_sources(release_text(one)) for one in masters]
    # a widget's script computes in the page what the chapter is about, and students have it
    released += [path.read_text("utf-8") for path in sorted((places.root / "course" / "widgets").rglob("*.js"))]
    public = bare("\n".join(released))
    told: list[Secret] = []
    for one in masters:
        if one.stem in stems(places, wanted):
            for cell in one.cells:
                told += [Secret("answer", cell.name, text) for text in _answer(cell)]
            for name, kind, text in _specs(one.stem):
                told.append(Secret(kind, name, bare(text)))
    return [one for one in dict.fromkeys(told) if len(one.text) >= SHORTEST and one.text not in public]


def _sources(notebook: str) -> str:
    return "\n".join(cell.source for cell in nbformat.reads(notebook, as_version=4).cells)


def _answer(cell: Cell) -> Iterator[str]:
    """The lines of a cell's model answer, and the long names that only the answer uses."""
    if cell.kind not in ("exercise", "free answer"):
        return
    asked = without_answers(cell.source, "")
    given = without_markers(cell.source)
    for line in given.splitlines():
        if line not in asked.splitlines():
            yield bare(line.partition("  # ")[0] if cell.kind == "exercise" else line)
            yield bare(line)
    if cell.kind == "exercise":
        names = {node.id for node in ast.walk(ast.parse(given)) if isinstance(node, ast.Name)}
        yield from (bare(name) for name in sorted(names) if "_" in name and name not in asked)


def _specs(stem: str) -> Iterator[tuple[str, str, str]]:
    """(exercise, kind, text) of everything in the exercise files that students see one by one, or never."""
    for task in catalogue.entries(stem):
        if isinstance(task, Exercise):
            for hint in task.hints:
                yield task.name, "hint", hint
            for one in task.misconceptions:
                yield task.name, "misconception", one.hint
                yield task.name, "misconception", one.says
                yield task.name, "misconception", one.name
        else:
            for line in task.rubric:
                yield task.name, "rubric", line


def scan(site: Path, hidden: Sequence[Secret]) -> list[str]:
    """One line for each secret that a file of the site holds: "ch01.html: the answer of softmax (...)"."""
    found = []
    for path in sorted(site.rglob("*")):
        if path.is_file():
            texts = _texts(path)
            found += [
                f"{path.relative_to(site).as_posix()}: the {one.kind} of {one.exercise} ({one.text[:60]})"
                for one in hidden
                if any(one.text in text for text in texts)
            ]
    return found


def bare(text: str) -> str:
    """Letters and digits only: what colours, quotation marks and line breaks do to a text does not matter."""
    return "".join(re.findall(r"[^\W_]+", text.lower()))


def _texts(path: Path) -> list[str]:
    """What a file says: as it stands, as its reader sees it, and what is packed inside it."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    if path.suffix in (".webp", ".png", ".woff2", ".gif"):
        return [bare(text)]
    texts = [bare(text), bare(html.unescape(re.sub(r"<[^>]*>", "", text)))]
    if path.suffix == ".ipynb":
        texts.append(bare(_sources(text)))
    for block in re.findall(r'"block":\s*"([A-Za-z0-9+/=]+)"', text):
        texts.append(bare(gzip.decompress(base64.b64decode(block)).decode("utf-8", errors="replace")))
    return texts
