"""Part slides that are too full for one 16:9 screen, by an estimate of what each thing needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from autograder.slides.markdown import plain
from autograder.slides.slide import Item, Slide

__all__ = ["HEIGHT", "WIDTH", "parted"]

WIDTH, HEIGHT = 1280, 720
ROOM = 530
"""Pixels of a slide's height below its title; the page measures the rest and makes the type smaller where it has to."""


def parted(slide: Slide) -> list[Slide]:
    """The slide, or the slides that it takes; the notes go with the first."""
    if slide.kind == "turn":
        return [replace(slide, items=_tightened(slide.items))]
    if slide.kind in ("title", "section", "picture"):
        return [slide]
    pages: list[list[Item]] = [[]]
    used = 0
    for item in (piece for whole in slide.items for piece in _pieces(whole)):
        needed = height(item)
        leads = bool(pages[-1]) and pages[-1][-1].kind == "text" and plain(pages[-1][-1].content)[-1:] not in ".?!"
        if pages[-1] and used + needed > ROOM:
            # a sentence that ends in the formula goes with it
            carried = [pages[-1].pop()] if leads and len(pages[-1]) > 1 else []
            pages.append(carried)
            used = sum(map(height, carried))
        pages[-1].append(item)
        used += needed
    first = replace(slide, items=pages[0])
    return [first, *(replace(slide, items=items, notes=[]) for items in pages[1:])]


def height(item: Item) -> int:
    """About how many pixels an item needs at the usual size of type."""
    lines = item.content.splitlines()
    if item.kind == "formula":
        return 70 + 44 * (item.content.count(r"\\") + item.content.count(r"\frac") // 2)
    if item.kind == "table":
        return 24 + sum(50 * ceil(len(plain(line)) / 84) for line in (lines[0], *lines[2:]))
    if item.kind in ("code", "printed"):
        return 34 + 33 * sum(ceil(max(1, len(line)) / 78) for line in lines)
    if item.kind == "list":
        return sum(8 + 43 * ceil(len(plain(line)) / 64) for line in lines)
    return 20 + 43 * ceil(len(plain(item.content)) / 68)


def _pieces(item: Item) -> Iterator[Item]:
    """The item, or its parts where it is taller than a slide: a table by rows, a list by points."""
    lines = item.content.splitlines()
    if item.kind == "table" and height(item) > ROOM:
        head, rows = lines[:2], lines[2:]
        share = ceil(len(rows) / ceil(height(item) / (ROOM - 40)))
        for start in range(0, len(rows), share):
            yield Item("table", "\n".join([*head, *rows[start : start + share]]))
    elif item.kind == "list" and height(item) > ROOM and not re.match(r"\d", item.content):
        half = ceil(len(lines) / 2)
        yield Item("list", "\n".join(lines[:half]))
        yield Item("list", "\n".join(lines[half:]))
    else:
        yield item


def _tightened(items: list[Item]) -> list[Item]:
    """An exercise on one screen; where it is too long, a docstring keeps what the function is and gives."""
    if sum(map(height, items)) > ROOM:
        items = [replace(item, content=_short(item.content)) if item.kind == "code" else item for item in items]
    texts = [place for place, item in enumerate(items) if item.kind in ("text", "list")]
    while sum(map(height, items)) > ROOM and len(texts) > 1:
        items = [item for place, item in enumerate(items) if place != texts[-1]]
        texts.pop()
    if sum(map(height, items)) > ROOM:
        items = [replace(item, content=_cut(item.content)) if item.kind == "code" else item for item in items]
    return items


def _cut(code: str) -> str:
    """The first lines of a long class, without empty ones."""
    lines = [line for line in code.splitlines() if line.strip()]
    return "\n".join(lines if len(lines) <= 13 else [*lines[:12], "    ..."])


def _short(code: str) -> str:
    """Code whose docstrings keep their first line, and the line that begins with Returns."""
    kept: list[str] = []
    inside = False
    for line in code.splitlines():
        quotes = line.count('"""')
        if not inside or quotes or line.strip().startswith("Returns"):
            kept.append(line)
        if quotes == 1:
            inside = not inside
    return "\n".join(kept)
