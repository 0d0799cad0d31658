"""`hint(softmax)`: the next hint, one level at a time, from a nudge to a worked line."""

from __future__ import annotations

from typing import Any

from autograder.errors import NotYet
from autograder.spec import Exercise
from autograder.student import show
from autograder.student.store import Store

__all__ = ["LEVELS", "hint", "offer"]

LEVELS = ("a nudge", "where to look", "the formula", "a worked line")


def hint(function: Any = None) -> None:
    """Show the next hint for an exercise, given as the function or its name; after the last one, all of them."""
    from autograder.student.check import exercise_of

    if function is None:
        raise NotYet("name the exercise, such as hint(softmax)")
    exercise = exercise_of(function)
    level = Store.open().took_hint(exercise)
    show.display(hints_text(exercise, level), show.hints_html(exercise.name, shown(exercise, level)))


def shown(exercise: Exercise, level: int) -> list[tuple[str, str]]:
    """The hints up to a level, each with the name of its level."""
    return list(zip(LEVELS, exercise.hints, strict=True))[:level]


def hints_text(exercise: Exercise, level: int) -> str:
    """The hints up to a level as plain text."""
    lines = [f"  {number}. {name}: {text}" for number, (name, text) in enumerate(shown(exercise, level), 1)]
    more = f"  hint({exercise.name}) again gives {LEVELS[level]}." if level < len(LEVELS) else ""
    return "\n".join([f"{exercise.name}, hint {level} of {len(LEVELS)}", *lines, *([more] if more else [])])


def offer(exercise: Exercise) -> None:
    """A button under a failed check that gives the next hint; only where a notebook's kernel is running."""
    shell = show.shell()
    if shell is None or not hasattr(shell, "kernel"):
        return
    try:
        import ipywidgets
    except ImportError:
        return
    level = Store.open().hints_taken(exercise)
    button = ipywidgets.Button(description=_label(level), layout={"width": "auto"}, tooltip="Shows one more hint below")
    place = ipywidgets.HTML()
    if level:
        place.value = show.hints_html(exercise.name, shown(exercise, level))

    def clicked(_: Any) -> None:
        taken = Store.open().took_hint(exercise)
        place.value = show.hints_html(exercise.name, shown(exercise, taken))
        button.description, button.disabled = _label(taken), taken >= len(LEVELS)

    button.on_click(clicked)
    button.disabled = level >= len(LEVELS)
    box = ipywidgets.VBox([button, place], layout={"align_items": "flex-start"})
    show.publish(box, f"hint({exercise.name}) gives a hint")


def _label(level: int) -> str:
    return f"Hint {level + 1}: {LEVELS[level]}" if level < len(LEVELS) else "No more hints"
