"""The book's first page: what the course is, and its map."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

from autograder.book.chapter import Chapter
from autograder.book.pages import width
from autograder.student.way import arrows, columns

__all__ = ["start"]

WIDE, HIGH, GAP_X, GAP_Y = 270, 84, 30, 48


def start(chapters: Sequence[Chapter], answers: bool) -> str:
    """The page as MyST: a picture of the map, then a card for each chapter."""
    total = sum(one.reading for one in chapters), sum(one.working for one in chapters)
    lines = [
        "# Neural networks and deep learning, built by hand",
        "",
        "You write the pieces of deep learning yourself, in NumPy: neurons, gradients, optimisers, convolutions, "
        "memory cells, attention. The pictures with sliders move on these pages; reading needs no installation.",
        "",
        _folding(answers),
        "",
        "## The map",
        "",
        "An arrow leads from a chapter to one that builds on it.",
        "",
        _picture(chapters),
        "",
        "## The chapters",
        "",
        f"Together {_hours(total[0])} of reading, by counted words, and {_hours(total[1])} of exercises, by our "
        "estimate. Nothing is lost when you stop after a section and go on another day.",
        "",
        '<ol class="book-cards">',
        *(_card(one) for one in chapters),
        "</ol>",
        "",
        "```{toctree}",
        ":hidden:",
        ":caption: Chapters",
        "",
        *(one.stem for one in chapters),
        "```",
        "",
        "```{toctree}",
        ":hidden:",
        ":caption: To look up",
        "",
        "glossary",
        "symbols",
        "```",
        "",
    ]
    return "\n".join(lines)


def _hours(minutes: int) -> str:
    return f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"


def _folding(answers: bool) -> str:
    if answers:
        return "Every exercise has its model answer on the page, folded away. Try it first: open the answer last."
    return "The exercises stand here without their answers."


def _card(chapter: Chapter) -> str:
    needed = ", ".join(f"{number}" for number in chapter.needs)
    needs = (
        f"Builds on chapter{'s' if len(chapter.needs) > 1 else ''} {needed}."
        if chapter.needs
        else "Needs no other chapter."
    )
    builds = f"<p>You build {html.escape(chapter.builds)}.</p>" if chapter.builds else ""
    return (
        f'<li value="{chapter.number}"><a href="{chapter.stem}.html">{html.escape(chapter.title)}</a>{builds}'
        f'<p class="book-quiet">{needs} {width(chapter)} '
        f"Its cells ran in {chapter.seconds:.0f} seconds, measured.</p></li>"
    )


def _picture(chapters: Sequence[Chapter]) -> str:
    """The map as SVG with links; it takes the colours of the page."""
    places: dict[int, tuple[float, float]] = {}
    before = {one.number: one.needs for one in chapters}
    lined = columns(before)
    broadest = max(map(len, lined), default=1)
    wide = broadest * (WIDE + GAP_X)
    for down, row in enumerate(lined):
        for across, number in enumerate(row):
            left = (wide - len(row) * (WIDE + GAP_X)) / 2 + GAP_X / 2
            places[number] = (left + across * (WIDE + GAP_X), 6 + down * (HIGH + GAP_Y))
    high = len(lined) * (HIGH + GAP_Y) - GAP_Y + 12
    lines = "".join(_arrow(places[first], places[then]) for first, then in arrows(before))
    boxes = "".join(_box(one, *places[one.number]) for one in chapters)
    return (
        f'<svg class="book-map" viewBox="0 0 {wide} {high}" style="max-width: {1.3 * wide:.0f}px" '
        'role="group" aria-label="Map of the chapters">'
        '<defs><marker id="book-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0 0 10 5 0 10z"/></marker></defs>{lines}{boxes}</svg>'
    )


def _arrow(before: tuple[float, float], after: tuple[float, float]) -> str:
    x1, y1 = before[0] + WIDE / 2, before[1] + HIGH
    x2, y2 = after[0] + WIDE / 2, after[1] - 2
    middle = y2 - GAP_Y / 2 - 2
    bend = f"M{x1:g} {y1:g}V{middle - 14:g}Q{x1:g} {middle:g} {(x1 + x2) / 2:g} {middle:g}T{x2:g} {y2:g}"
    straight = f"M{x1:g} {y1:g}V{y2:g}"
    return f'<path class="book-arrow" d="{straight if abs(x1 - x2) < 1 else bend}" marker-end="url(#book-head)"/>'


def _box(chapter: Chapter, x: float, y: float) -> str:
    lines = textwrap.wrap(f"{chapter.number} {chapter.title}", 20)[:2]
    offset = y + HIGH / 2 + 8 - 14 * (len(lines) - 1)
    words = "".join(
        f'<tspan x="{x + WIDE / 2:g}" y="{offset + 28 * place:g}">{html.escape(line)}</tspan>'
        for place, line in enumerate(lines)
    )
    return (
        f'<a href="{chapter.stem}.html" aria-label="{html.escape(f"Chapter {chapter.number}: {chapter.title}")}">'
        f'<rect x="{x:g}" y="{y:g}" width="{WIDE}" height="{HIGH}" rx="12"/><text>{words}</text></a>'
    )
