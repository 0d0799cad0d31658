"""What the book says about a chapter besides its text: what you build, what it needs, and how long it takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from autograder.book.executed import optional_weights, seconds
from autograder.engine import catalogue
from autograder.release.master import Master
from autograder.spec import Exercise, FreeAnswer

__all__ = ["WORDS_A_MINUTE", "Chapter", "chapter", "needs", "reduced", "words"]

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


def needs(prose: str, own: int) -> tuple[int, ...]:
    """The chapters that "**What you need.**" names; not those that it says are used ready-made or not needed."""
    told = re.search(r"\*\*What you need\.\*\*(.*?)(?:\n\n|\Z)", prose, re.DOTALL)
    if told is None:
        return ()
    found: set[int] = set()
    for sentence in re.split(r"(?<=[.:;])\s+(?=[A-Z0-9])", " ".join(told[1].split())):
        # a section's number is not a chapter's
        plain = re.sub(r"section \d+\.\d+", "", sentence)
        if re.search(r"ready-made|repeated|not needed|is used here", plain):
            continue
        for match in re.finditer(r"[Cc]hapters?\s+(\d+)((?:\s*(?:,|and|to)\s*\d+)*)", plain):
            found |= _listed(f"{match[1]}{match[2]}")
    return tuple(sorted(found - {own}))


def _listed(text: str) -> set[int]:
    """{1, 2, 3} of "1 to 3", {2, 4} of "2 and 4"."""
    numbers = [int(one) for one in re.findall(r"\d+", text)]
    return set(range(numbers[0], numbers[-1] + 1)) if " to " in text else set(numbers)


def reduced(chapters: Sequence[Chapter]) -> list[tuple[int, int]]:
    """The arrows of the map: (before, after) without those that a longer way already shows."""
    before = {one.number: set(one.needs) for one in chapters}

    def behind(number: int) -> set[int]:
        direct = before.get(number, set())
        return direct.union(*(behind(one) for one in direct)) if direct else set()

    arrows = []
    for number, direct in before.items():
        around = set().union(*(behind(one) for one in direct)) if direct else set()
        arrows += [(one, number) for one in sorted(direct - around) if one in before]
    return arrows


def _builds(readme: Path, stem: str) -> str:
    """The chapter's cell "you build" in the table of course/README.md."""
    text = readme.read_text("utf-8") if readme.is_file() else ""
    row = re.search(rf"^\| \[[^\]]*\]\({stem}/{stem}\.ipynb\) \| ([^|]*) \|", text, re.MULTILINE)
    return row[1].strip() if row else ""
