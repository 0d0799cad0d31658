"""The map of the course as HTML: a picture of what builds on what, a bar for each chapter, what to do next."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.student import show, way

if TYPE_CHECKING:
    from autograder.student.progress import Place, Step

__all__ = ["map_html", "picture"]

STYLE = f"<style>{Path(__file__).with_name('progress.css').read_text(encoding='utf-8')}</style>"
ACROSS, DOWN, RADIUS = 142, 104, 24


def map_html(places: Mapping[str, list[Place]], step: Step, known: Mapping[str, way.Chapter]) -> str:
    """The map as a card."""
    here = step.place.exercise.chapter if step.place else ""
    more = "".join(f"<p>{escape(one)}</p>" for one in step.more)
    parts = [
        "<h4>Your way through the course</h4>",
        f'<div class="nn-picture" tabindex="0" role="group" aria-label="Map">{picture(places, known, here)}</div>',
        f'<div class="nn-next"><p><b>{escape(step.sentence)}</b></p>{more}</div>',
        *(_chapter(row, known[stem], stem == here) for stem, row in places.items()),
    ]
    return STYLE + show.card("hint nn-map", "".join(parts))


def picture(places: Mapping[str, list[Place]], known: Mapping[str, way.Chapter], here: str) -> str:
    """The chapters as rings that close with the points reached, each with an arrow to those that build on it."""
    before = {one.number: one.needs for one in known.values()}
    columns = way.columns(before)
    if len(columns) == 1:  # nothing is known of what builds on what: the order of the chapters
        columns = [[number] for number in before]
    tall = max(map(len, columns), default=1)
    spots = {
        number: (ACROSS * place + ACROSS / 2, DOWN * (row + (tall - len(column)) / 2) + RADIUS + 8)
        for place, column in enumerate(columns)
        for row, number in enumerate(column)
    }
    lines = "".join(_arrow(spots[one], spots[after]) for one, after in way.arrows(before))
    rings = "".join(_ring(places[stem], one, spots[one.number], stem == here) for stem, one in known.items())
    told = "; ".join(f"{one.number} {one.title}: {_percent(places[stem])}" for stem, one in known.items())
    return (
        f'<svg viewBox="0 0 {ACROSS * len(columns)} {DOWN * tall}" role="img" '
        f'aria-label="{escape(f"Map of the chapters and their points. {told}")}">{lines}{rings}</svg>'
    )


def _share(row: list[Place]) -> float:
    return sum(one.score for one in row) / max(sum(one.exercise.points for one in row), 1)


def _percent(row: list[Place]) -> str:
    """Whole percents, rounded down: 100 means all."""
    return f"{math.floor(100 * _share(row) + 1e-9)} %"


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = (start[0] + RADIUS + 6, start[1]), (end[0] - RADIUS - 9, end[1])
    bend = (x2 - x1) / 2
    return (
        f'<path class="arrow" d="M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2 - 4:g} {y2:g}"/>'
        f'<path class="head" d="M{x2 + 3:g} {y2:g}l-9 -4.5v9z"/>'
    )


def _ring(row: list[Place], chapter: way.Chapter, spot: tuple[float, float], here: bool) -> str:
    x, y = spot
    around = 2 * math.pi * RADIUS
    share = _share(row)
    ring = (
        f'<circle class="share" cx="{x:g}" cy="{y:g}" r="{RADIUS}" '
        f'stroke-dasharray="{share * around:.1f} {around:.1f}" '
        f'transform="rotate(-90 {x:g} {y:g})"/>'
    )
    lines = textwrap.wrap(chapter.title, 20)
    lines = (
        [*lines[:2], *(["…"] if len(lines) > 2 else [])][:2]
        if len(lines) < 3
        else [lines[0], f"{lines[1].rstrip(',')} …"]
    )
    words = "".join(
        f'<text x="{x:g}" y="{y + 44 + 14 * place:g}">{escape(line)}</text>' for place, line in enumerate(lines)
    )
    mark = f'<circle class="here" cx="{x:g}" cy="{y:g}" r="{RADIUS + 6}"/>' if here else ""
    number = "✓" if row and all(one.state == "passes" for one in row) else str(chapter.number)
    return (
        f"<g><title>{escape(f'Chapter {chapter.number}: {chapter.title}, {_percent(row)} of the points')}</title>"
        f'<circle class="track" cx="{x:g}" cy="{y:g}" r="{RADIUS}"/>{ring if share else ""}{mark}'
        f'<text class="number" x="{x:g}" y="{y + 5.5:g}">{number}</text>{words}</g>'
    )


def _chapter(row: list[Place], chapter: way.Chapter, opened: bool) -> str:
    """A chapter's line with a bar whose pieces are its exercises, as long as their points; the exercises below."""
    from autograder.student.progress import MARKS, detail, total

    pieces = "".join(
        f'<i class="{one.state}" style="flex:{one.exercise.points}" '
        f'title="{escape(one.exercise.name)}: {one.state}"></i>'
        for one in row
    )
    cells = "".join(
        f"<tr><td>{MARKS[one.state]} {one.state}</td><td>{one.exercise.section}</td>"
        f"<td><code>{escape(one.exercise.name)}</code></td><td>{escape(detail(one))}</td>"
        f'<td class="num">{one.exercise.minutes}</td></tr>'
        for one in row
    )
    names = ("state", "section", "exercise", "points", "minutes")
    head = "".join(f"<th scope=col>{name}</th>" for name in names)
    after = (
        f"Builds on chapter{'s' if len(chapter.needs) > 1 else ''} {', '.join(map(str, chapter.needs))}. "
        if chapter.needs
        else ""
    )
    link = f'<a href="{escape(chapter.link)}">Open the notebook</a>' if chapter.link else ""
    about = f'<p class="nn-quiet">{after}{link}</p>' if after or link else ""
    return (
        f"<details{' open' if opened else ''}><summary><b>{chapter.number} {escape(chapter.title)}</b>"
        f'<span class="nn-bar" aria-hidden="true">{pieces}</span>'
        f'<span class="nn-sum">{escape(total(row))}</span></summary>'
        f'{about}<div class="nn-wide" tabindex="0" role="group" aria-label="Exercises">'
        f"<table><tr>{head}</tr>{cells}</table></div></details>"
    )
