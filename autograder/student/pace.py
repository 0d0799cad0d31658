"""How long a right answer takes beside the course's own: a slow one is told, and keeps all its points."""

from __future__ import annotations

import contextlib
import io
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.spec import Exercise

__all__ = ["SLOW", "pace_note"]

SLOW = 5.0
"""How many times as long as the model answer an answer may take without a word about it."""

CALLS = 5
ENOUGH = 0.05
"""Seconds after which a slow function is not called again."""


def pace_note(function: Callable[..., Any], exercise: Exercise, clock: Callable[[], float] = time.perf_counter) -> str:
    """One sentence where the function is SLOW times as slow as the model answer, otherwise "".

    Both are called on the same inputs, of the chapter's size, one after the other on this machine.  A function that
    raises on them is left alone: its cases have passed.
    """
    if exercise.pace is None:
        return ""
    try:
        yardstick = _seconds(exercise.pace.yardstick, exercise, clock)
        own = _seconds(function, exercise, clock)
    except Exception:  # a student's function may raise anything
        return ""
    times = own / max(yardstick, 1e-9)
    if times < SLOW:
        return ""
    return (
        f"Right, and about {_two_digits(times)} times as slow as the model answer ({_milliseconds(own)} against "
        f"{_milliseconds(yardstick)}). It costs no points. Which loop could be one operation on whole arrays?"
    )


def _seconds(function: Callable[..., Any], exercise: Exercise, clock: Callable[[], float]) -> float:
    """The median time of a few calls, or that of the first one if it is long."""
    assert exercise.pace is not None
    taken: list[float] = []
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        while len(taken) < CALLS and sum(taken) < ENOUGH:
            inputs = exercise.pace.inputs()
            start = clock()
            function(**inputs)
            taken.append(clock() - start)
    return statistics.median(taken)


def _two_digits(times: float) -> str:
    return f"{float(f'{times:.2g}'):,.0f}"


def _milliseconds(seconds: float) -> str:
    return f"{float(f'{1000 * seconds:.2g}'):g} ms"
