"""The way through the chapters: what each builds on, by its own text, and the map that follows from it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Chapter", "arrows", "chapters", "columns", "needs"]


@dataclass(frozen=True)
class Chapter:
    """A chapter on the map.  link is the notebook's address from the working directory, "" where it is not there."""

    stem: str
    title: str
    needs: tuple[int, ...] = ()
    link: str = ""

    @property
    def number(self) -> int:
        """1 for ch01_activations."""
        return int(self.stem[2:4])


def chapters(stems: Sequence[str], course: Path) -> dict[str, Chapter]:
    """The chapters by stem; one without its notebook there has its stem as its title and builds on nothing."""
    return {stem: _chapter(stem, course / stem / f"{stem}.ipynb") for stem in stems}


def _chapter(stem: str, path: Path) -> Chapter:
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = 0
    title, before = _told(stem, path, changed)
    link = os.path.relpath(path, Path.cwd()).replace(os.sep, "/") if changed else ""
    return Chapter(stem, title, before, link)


@cache
def _told(stem: str, path: Path, changed: int) -> tuple[str, tuple[int, ...]]:
    """The title and what the chapter builds on; `changed` is when the notebook was written: a new one is read."""
    plain = stem[5:].replace("_", " ").capitalize()
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells[:3] if cell["cell_type"] == "markdown")
    except (OSError, ValueError, KeyError, TypeError):
        return plain, ()
    heading = re.search(r"^# (?:Chapter \d+: )?(.+)$", text, re.MULTILINE)
    return heading[1].strip() if heading else plain, needs(text, int(stem[2:4]))


def needs(prose: str, own: int) -> tuple[int, ...]:
    """The chapters that "**What you need.**" names; not those that are ready-made, repeated or not needed."""
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
            numbers = [int(one) for one in re.findall(r"\d+", match[0])]
            found |= set(range(numbers[0], numbers[-1] + 1)) if " to " in match[0] else set(numbers)
    return tuple(sorted(found - {own}))


def arrows(before: Mapping[int, Sequence[int]]) -> list[tuple[int, int]]:
    """(before, after) for what each builds on, without the arrows that a longer way already shows."""

    def behind(number: int, seen: frozenset[int] = frozenset()) -> set[int]:
        direct = {one for one in before.get(number, ()) if one in before and one not in seen}
        return direct.union(*(behind(one, seen | {number}) for one in direct)) if direct else set()

    found = []
    for number, direct in before.items():
        there = {one for one in direct if one in before}
        around = set().union(*(behind(one, frozenset({number})) for one in there)) if there else set()
        found += [(one, number) for one in sorted(there - around)]
    return found


def columns(before: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """The chapters by how long a way leads to them: first those that build on nothing."""
    level = dict.fromkeys(before, 0)
    for _ in before:
        for one, after in arrows(before):
            level[after] = max(level[after], min(level[one] + 1, len(before)))
    return [row for depth in sorted(set(level.values())) if (row := [one for one in before if level[one] == depth])]
