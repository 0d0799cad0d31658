"""What the book says about a chapter besides its text: what you build, what it needs, and how long it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from autograder.book.executed import optional_weights, seconds
from autograder.engine import catalogue
from autograder.release.master import Master
from autograder.spec import Exercise, FreeAnswer
from autograder.student.way import needs

__all__ = ["WORDS_A_MINUTE", "Chapter", "chapter", "words"]

WORDS_A_MINUTE = 150
"""The reading speed behind the minutes: slower than a novel's, because of formulas, figures and code."""


@dataclass(frozen=True)
class Chapter:
    """A chapter's facts for its page and for the map.

    title          without "Chapter 1:"
    builds         what you build in it, from the table in course/README.md; "" where it is not listed
    needs          numbers of the chapters that it builds on, from its own "What you need"
    words          of its text, one for each formula, without code
    tasks          exercises and questions by name
    seconds        how long its cells took when they were run
    weights        optional weights that were there, in words; missing: those that were not
    """

    stem: str
    title: str
    builds: str
    needs: tuple[int, ...]
    words: int
    tasks: dict[str, Exercise | FreeAnswer]
    seconds: float
    weights: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """1 for ch01_activations."""
        return int(self.stem[2:4])

    @property
    def reading(self) -> int:
        """Minutes of reading at WORDS_A_MINUTE."""
        return round(self.words / WORDS_A_MINUTE)

    @property
    def working(self) -> int:
        """Minutes for all exercises and questions, as their files say."""
        return sum(task.minutes for task in self.tasks.values())


def chapter(root: Path, master: Master, notebook: NotebookNode) -> Chapter:
    """The facts of a chapter, from its master and its executed notebook."""
    prose = [cell.source for cell in master.cells if cell.kind == "prose"]
    there, missing = optional_weights(root, master.stem)
    return Chapter(
        master.stem,
        re.sub(r"^Chapter \d+: ", "", master.title),
        _builds(root / "course" / "README.md", master.stem),
        needs("\n\n".join(prose), int(master.stem[2:4])),
        sum(words(source) for source in prose),
        {task.name: task for task in catalogue.entries(master.stem)},
        seconds(notebook),
        tuple(what for _, what in there),
        tuple(what for _, what in missing),
    )


def words(markdown: str) -> int:
    """How many words a text has: a formula counts as one, code blocks and the rules of tables as none."""
    text = re.sub(r"```.*?```", " ", markdown, flags=re.DOTALL)
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", " formula ", text, flags=re.DOTALL)
    return len(re.findall(r"\w[\w'’.,-]*", text))


def _builds(readme: Path, stem: str) -> str:
    """The chapter's cell "you build" in the table of course/README.md."""
    text = readme.read_text("utf-8") if readme.is_file() else ""
    row = re.search(rf"^\| \[[^\]]*\]\({stem}/{stem}\.ipynb\) \| ([^|]*) \|", text, re.MULTILINE)
    return row[1].strip() if row else ""
