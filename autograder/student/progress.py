"""`progress()`: the course as a map of what passes, what was tried, and where to go next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.engine import catalogue
from autograder.spec import Exercise
from autograder.student import show, way
from autograder.student.hint import LEVELS
from autograder.student.progress_map import map_html
from autograder.student.store import Store

__all__ = ["Place", "Step", "map_text", "next_step", "progress", "survey", "total"]


@dataclass(frozen=True)
class Place:
    """One exercise on the map.  state is "passes", "tried" or "open"; message is what its last check said."""

    exercise: Exercise
    state: str
    score: float
    hints: int
    message: str = ""


@dataclass(frozen=True)
class Step:
    """Where to go next: the exercise (None when everything passes), the way there, and what helps."""

    place: Place | None
    sentence: str
    more: tuple[str, ...] = ()


def progress() -> None:
    """Show the map: what builds on what, the points reached, the hints used, and what to do next."""
    store = Store.open()
    places = survey(store)
    step = next_step(places)
    known = way.chapters(list(places), folder(store.path))
    show.display(map_text(places, step, known), map_html(places, step, known))


def folder(progress_file: Path) -> Path:
    """The folder with the chapters' folders: beside the working directory or in it, else where progress is kept."""
    here = Path.cwd()
    around = (here, here.parent, here / "course", progress_file.parent)
    return next((one for one in around if any(one.glob("ch01_*/ch01_*.ipynb"))), progress_file.parent)


def survey(store: Store) -> dict[str, list[Place]]:
    """The state of every exercise, by chapter."""
    return {chapter: [_place(one, store) for one in catalogue.exercises(chapter)] for chapter in catalogue.chapters()}


def _place(exercise: Exercise, store: Store) -> Place:
    score = min(store.score(exercise.name), float(exercise.points))
    passes = score >= exercise.points - 1e-9
    state = "passes" if passes else "tried" if store.tried(exercise.name) else "open"
    message = store.rows.get(exercise.name, {}).get("message", "")
    return Place(exercise, state, score, store.hints_taken(exercise), message if isinstance(message, str) else "")


def next_step(places: Mapping[str, list[Place]]) -> Step:
    """The exercise to go on with: one that failed, or what it uses and does not pass either, else the next open one."""
    every = [place for chapter in places.values() for place in chapter]
    by_name = {place.exercise.name: place for place in every}
    failed = [place for place in every if place.state == "tried"]
    if not failed:
        place = next((one for one in every if one.state == "open"), None)
        if place is None:
            return Step(None, "Everything passes.")
        exercise = place.exercise
        sentence = f"Next: {exercise.name}, section {exercise.section}, about {exercise.minutes} minutes."
        return Step(place, sentence, _uses(place, by_name))
    place = failed[0]
    because = ""
    below = next(
        (by_name[one] for one in place.exercise.uses if one in by_name and by_name[one].state != "passes"), None
    )
    if below is not None:
        because, place = f" {place.exercise.name} uses it.", below
    name, section = place.exercise.name, place.exercise.section
    if place.state == "open":
        sentence = f"Next: {name}, section {section}, about {place.exercise.minutes} minutes.{because}"
        return Step(place, sentence, _uses(place, by_name))
    helps = (
        f"hint({name}) gives {LEVELS[place.hints]}"
        if place.hints < len(LEVELS)
        else f"hint({name}) shows all four hints"
    )
    said = (f"Its last check said: {place.message}.",) if place.message else ()
    return Step(
        place, f"Next: mend {name}; section {section} explains it, {helps}.{because}", (*said, *_uses(place, by_name))
    )


def _uses(place: Place, by_name: Mapping[str, Place]) -> tuple[str, ...]:
    """What the exercise calls of the student's earlier work, with its state."""
    used = [by_name[name] for name in place.exercise.uses if name in by_name]
    if not used:
        return ()
    words = {"passes": "passes", "tried": "does not pass yet", "open": "is open"}
    told = (f"{one.exercise.name} (section {one.exercise.section}, {words[one.state]})" for one in used)
    return (f"It uses {', '.join(told)}.",)


MARKS = {"passes": "●", "tried": "◐", "open": "○"}


def map_text(places: Mapping[str, list[Place]], step: Step, known: Mapping[str, way.Chapter]) -> str:
    """The map as plain text: a line and a bar for each chapter, its exercises, and at the end what comes next."""
    lines = []
    for stem, row in places.items():
        after = ", ".join(str(number) for number in known[stem].needs)
        lines.append(f"{stem}: {bar(row)} {total(row)}{f'; builds on {after}' if after else ''}")
        lines += [f"  {MARKS[one.state]} {one.exercise.section}  {one.exercise.name:<26} {detail(one)}" for one in row]
    return "\n".join([*lines, *step.more, step.sentence])


def bar(row: list[Place], width: int = 12) -> str:
    """The share of the points as a bar of signs."""
    full = int(width * sum(one.score for one in row) / max(sum(one.exercise.points for one in row), 1) + 1e-9)
    return "█" * full + "░" * (width - full)


def total(row: list[Place]) -> str:
    """How much of a chapter passes, in words."""
    reached, maximum = sum(one.score for one in row), sum(one.exercise.points for one in row)
    done = sum(one.state == "passes" for one in row)
    return f"{done} of {len(row)} exercises pass, {round(reached, 2):g} of {maximum:g} points"


def detail(one: Place) -> str:
    """An exercise's points and hints, in words."""
    hints = f", {one.hints} hint{'' if one.hints == 1 else 's'}" if one.hints else ""
    return f"{round(one.score, 2):g} of {one.exercise.points:g}{hints}"
