"""The class report as one HTML page: what is in it, and that it asks no other host and runs nothing that came in."""

from __future__ import annotations

import os
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.engine.verdict import Rung, Verdict
from autograder.instructor import charts
from autograder.instructor.class_attention import KINDS, Attention
from autograder.instructor.class_data import ChapterData
from autograder.instructor.class_discrimination import EACH_SIDE, ENOUGH
from autograder.instructor.class_statistics import ExerciseFigures, Figures, scores_of
from autograder.instructor.class_tables import RUNGS, one_line

__all__ = ["chapter_page", "overview_page"]

TEMPLATES = Path(__file__).parent / "templates"
FIRST = 12
"""How many misconceptions are shown before the rest, which is folded."""

FEW = 5
"""Bars of counts are drawn as if one of them were at least this long."""

HEAT = (0.4, 0.7, 1.0)
"""Shares of the points below which a cell has the second, third and fourth tone; 0 points have the first."""


def chapter_page(data: ChapterData, folder: Path, *, overview: bool = False) -> str:
    """The page of a chapter that lies in folder.  overview: whether a course overview lies above it."""
    return _render(
        "class_report.html.j2",
        data=data,
        figures=data.figures,
        link=_links(data, folder),
        overview=overview,
        attention=_by_kind(data),
        rungs=RUNGS,
        first=FIRST,
        enough=ENOUGH,
        each_side=EACH_SIDE,
        outcomes=_outcomes(data.figures),
    )


def overview_page(everything: Sequence[ChapterData]) -> str:
    """The page of the whole course, which lies above the chapters' folders."""
    everybody = sorted({row.student for data in everything for row in data.rows})
    found = [one for data in everything for one in data.figures.misconceptions]
    totals = {student: [data.grades.entries.get(student) for data in everything] for student in everybody}
    shares = [
        sum(one.total for one in entries if one) / maximum
        for entries in totals.values()
        if (maximum := sum(data.grades.max_score for data in everything)) and any(entries)
    ]
    return _render(
        "course_overview.html.j2",
        chapters=everything,
        totals=totals,
        maximum=sum(data.grades.max_score for data in everything),
        shares=shares,
        scores=scores_of(shares),
        misconceptions=sorted(found, key=lambda one: -len(one.students)),
        unrecognised=sum(one.unrecognised for data in everything for one in data.figures.exercises),
        chapter_of={one.name: data.chapter for data in everything for one in data.figures.exercises},
        waiting=len({student for data in everything for student in data.waiting}),
        first=FIRST,
    )


def _outcomes(figures: Figures) -> list[ExerciseFigures]:
    """Exercises with unrecognised answers, most of them first."""
    return sorted((one for one in figures.exercises if one.unrecognised), key=lambda one: -one.unrecognised)


def _links(data: ChapterData, folder: Path) -> Callable[[str], str]:
    """link(student): the relative address of the student's page as seen from folder, "" where there is none."""

    @cache
    def link(student: str) -> str:
        path = data.file_of(student)
        if path is None:
            return ""
        # A folder's name may hold what has a meaning in an address, and bytes that are no text.
        return quote(os.fsencode(Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()))

    return link


def _by_kind(data: ChapterData) -> dict[str, dict[str, list[Attention]]]:
    """What to look at: kind -> student -> things."""
    found: dict[str, dict[str, list[Attention]]] = {kind: defaultdict(list) for kind in KINDS}
    for one in data.attention:
        found[one.kind][one.student].append(one)
    return {kind: dict(students) for kind, students in found.items() if students}


def _render(template: str, **context: Any) -> str:
    """A template with the style sheet and the script inside; only these two may act, by their hashes."""
    style, script = ((TEMPLATES / f"class_report.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    policy = (
        f"default-src 'none'; style-src 'sha256-{_hash(style)}'; script-src 'sha256-{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template(template)
    return page.render(style=Markup(style), script=Markup(script), policy=policy, **context)  # noqa: S704


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"percent": charts.percent, "points": _points, "shown": one_line, "heat": _heat}
    environment.globals |= {
        "charts": charts,
        "kinds": KINDS,
        "count": _count,
        "few": FEW,
    }
    return environment


def _points(score: float) -> str:
    """Points with at most two decimals."""
    return f"{round(score, 2):g}"


def _count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 student, 2 students."""
    return f"{number:,} {one if number == 1 else many or one + 's'}".replace(",", "\u202f")


def _heat(verdict: Verdict | None) -> str:
    """The class of a cell in the table of scores: h0 (no points) to h3, "" for all points, "none" for nothing."""
    if verdict is None or verdict.rung is Rung.DEFINED:
        return "none"
    share = verdict.score / verdict.points if verdict.points else float(verdict.passed)
    if share <= 0:
        return "h0"
    return next((f"h{level}" for level, limit in enumerate(HEAT, start=1) if share < limit), "")
