"""How long a right answer takes beside the course's own: a slow one is told, and keeps all its points."""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograder.spec import Exercise

__all__ = ["SLOW", "pace_note"]

SLOW = 10.0
"""How many times as long as the model answer an answer may take without a word about it.

Whole-array answers of another kind measured up to 17 times, loops over single windows or numbers 40 to 2,000 times.
"""

ROUNDS = 7
ENOUGH = 0.1
"""Seconds after which the functions are not called again."""


def pace_note(function: Callable[..., Any], exercise: Exercise, clock: Callable[[], float] = time.perf_counter) -> str:
    """One sentence where the function is SLOW times as slow as the model answer, otherwise "".

    Both are called in turns on the same inputs, of the chapter's size, and the shortest time of each counts: on a busy
    machine the others say more about the machine.  A function that raises is left alone: its cases have passed.
    """
    if exercise.pace is None:
        return ""
    try:
        yardstick, own = _shortest((exercise.pace.yardstick, function), exercise.pace.inputs, clock)
    except Exception:  # a student's function may raise anything
        return ""
    times = own / max(yardstick, 1e-9)
    if times < SLOW:
        return ""
    return (
        f"Right, and about {_two_digits(times)} times as slow as the model answer ({_milliseconds(own)} against "
        f"{_milliseconds(yardstick)}). It costs no points. Could fewer operations on larger arrays do the same?"
    )


def _shortest(
    functions: tuple[Callable[..., Any], ...], inputs: Callable[[], Mapping[str, Any]], clock: Callable[[], float]
) -> list[float]:
    """The shortest time of each function over a few rounds, in seconds."""
    rounds: list[list[float]] = []
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        while len(rounds) < ROUNDS and sum(map(sum, rounds)) < ENOUGH:
            rounds.append([])
            for function in functions:
                given = inputs()
                start = clock()
                function(**given)
                rounds[-1].append(clock() - start)
    return [min(times) for times in zip(*rounds, strict=True)]


def _two_digits(times: float) -> str:
    return f"{float(f'{times:.2g}'):,.0f}"


def _milliseconds(seconds: float) -> str:
    return f"{float(f'{1000 * seconds:.2g}'):g} ms"
