"""`progress()`: the course as a map of what passes, what was tried, and where to go next."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from autograder.engine import catalogue
from autograder.spec import Exercise
from autograder.student import show
from autograder.student.store import Store

__all__ = ["progress"]


@dataclass(frozen=True)
class Place:
    """One exercise on the map.  state is "passes", "tried" or "open"."""

    exercise: Exercise
    state: str
    score: float
    hints: int


def progress() -> None:
    """Show the map: every chapter, every exercise, the points reached, the hints used, and what to do next."""
    places = survey(Store.open())
    show.display(map_text(places), map_html(places))


def survey(store: Store) -> dict[str, list[Place]]:
    """The state of every exercise, by chapter."""
    return {chapter: [_place(one, store) for one in catalogue.exercises(chapter)] for chapter in catalogue.chapters()}


def _place(exercise: Exercise, store: Store) -> Place:
    score = min(store.score(exercise.name), float(exercise.points))
    passes = score >= exercise.points - 1e-9
    state = "passes" if passes else "tried" if store.tried(exercise.name) else "open"
    return Place(exercise, state, score, store.hints_taken(exercise))


def next_step(places: dict[str, list[Place]]) -> str:
    """One sentence: the exercise to go on with, and where its section is."""
    every = [place for chapter in places.values() for place in chapter]
    waiting = [place for place in every if place.state == "tried"] or [one for one in every if one.state == "open"]
    if not waiting:
        return "Everything passes."
    place = waiting[0]
    first = next((one for name in place.exercise.uses for one in every if one.exercise.name == name), None)
    if first is not None and first.state != "passes":
        place = first
    exercise = place.exercise
    if place.state == "tried":
        return f"Next: mend {exercise.name}; section {exercise.section} explains it, hint({exercise.name}) helps."
    return f"Next: {exercise.name}, section {exercise.section}, about {exercise.minutes} minutes."


MARKS = {"passes": "●", "tried": "◐", "open": "○"}


def map_text(places: dict[str, list[Place]]) -> str:
    """The map as plain text."""
    lines = []
    for chapter, row in places.items():
        lines.append(f"{chapter}: {_sum(row)}")
        lines += [f"  {MARKS[one.state]} {one.exercise.section}  {one.exercise.name:<26} {_detail(one)}" for one in row]
    return "\n".join([*lines, next_step(places)])


def map_html(places: dict[str, list[Place]]) -> str:
    """The map as a card: a bar and a row of exercises for each chapter."""
    parts = ["<h4>Your way through the course</h4>"]
    for chapter, row in places.items():
        share = 100 * sum(one.score for one in row) / max(sum(one.exercise.points for one in row), 1)
        parts.append(
            f"<p><b>{escape(chapter)}</b> {escape(_sum(row))}</p>"
            '<div style="height:8px;border-radius:4px;background:var(--jp-border-color2,#8884)" aria-hidden="true">'
            f'<div style="height:8px;border-radius:4px;width:{share:.1f}%;background:#009E73"></div></div>'
        )
        cells = "".join(
            f"<tr><td>{MARKS[one.state]} {one.state}</td><td>{one.exercise.section}</td>"
            f"<td><code>{escape(one.exercise.name)}</code></td><td>{escape(_detail(one))}</td></tr>"
            for one in row
        )
        head = "".join(f"<th scope=col>{name}</th>" for name in ("state", "section", "exercise", "points"))
        parts.append(f"<table><tr>{head}</tr>{cells}</table>")
    parts.append(f"<p>{escape(next_step(places))}</p>")
    return show.card("hint", "".join(parts))


def _sum(row: list[Place]) -> str:
    reached, maximum = sum(one.score for one in row), sum(one.exercise.points for one in row)
    done = sum(one.state == "passes" for one in row)
    return f"{done} of {len(row)} exercises pass, {round(reached, 2):g} of {maximum:g} points"


def _detail(one: Place) -> str:
    hints = f", {one.hints} hint{'' if one.hints == 1 else 's'}" if one.hints else ""
    return f"{round(one.score, 2):g} of {one.exercise.points:g}{hints}"
