"""A class of any size made of numbers: verdicts drawn from a fixed seed, for real and toy exercises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from autograder.engine.verdict import CaseResult, Rung, Verdict
from autograder.judge.records import Record, Store
from autograder.judge.standing import Standing
from autograder.spec import Exercise

CASES = 4


def verdict(
    exercise: Exercise, rung: Rung = Rung.PASSED, *, misconception: str = "", error: float = 0.5, flags=(), passed=0
) -> Verdict:
    """A verdict whose cases fail on this rung but for the first `passed` ones."""
    rungs = [Rung.PASSED if case < passed else rung for case in range(CASES)]
    hint = {one.name: one.hint for one in exercise.misconceptions}.get(misconception, "a hint" if misconception else "")
    results = tuple(
        CaseResult(f"case {place}", one, "array of shape (3,)", error if one is Rung.VALUES else math.nan)
        for place, one in enumerate(rungs)
    )
    return Verdict(
        exercise=exercise.name,
        points=exercise.points,
        score=round(exercise.points * sum(one.passed for one in results) / CASES, 4),
        message="all 4 cases pass" if rung is Rung.PASSED else f"in the case “case {passed}”, {rung.says}",
        results=results,
        misconception=misconception,
        hint=hint,
        flags=tuple(flags),
    )


def record(student: str, *verdicts: Verdict, chapter: str = "ch00_toy", flags=(), problem: str = "") -> Record:
    """A student's record."""
    return Record(sha256(student.encode()).hexdigest(), student, chapter, verdicts, (), tuple(flags), problem)


def class_of(number: int, exercises: Sequence[Exercise], seed: int = 0) -> dict[str, Record]:
    """A class in which strong students pass more, and some exercises are harder than others."""
    rng = np.random.default_rng(seed)
    hardness = rng.normal(-0.7, 0.7, len(exercises))
    made = {}
    for index, ability in enumerate(rng.normal(0.3, 1.0, number)):
        student = f"student-{index:04}"
        drawn = [_drawn(exercise, rng, ability - hard) for exercise, hard in zip(exercises, hardness, strict=True)]
        refused = "the file is not JSON" if rng.random() < 0.01 else ""
        flags = ["a cell: the process was lost"] if rng.random() < 0.01 else []
        made[student] = record(student, *drawn, chapter=exercises[0].chapter, flags=flags, problem=refused)
    return made


def _drawn(exercise: Exercise, rng: np.random.Generator, strength: float) -> Verdict:
    if rng.random() < 1 / (1 + math.exp(-1.8 * strength)):
        return verdict(exercise)
    kind = rng.random()
    if kind < 0.2:
        return verdict(exercise, Rung.DEFINED)
    if kind < 0.7 and exercise.misconceptions:
        # The first ones of the list are the most common.
        place = min(int(rng.exponential(1.2)), len(exercise.misconceptions) - 1)
        name = exercise.misconceptions[place].name
        return verdict(exercise, Rung.VALUES, misconception=name, passed=int(rng.integers(3)))
    if kind < 0.85:
        error = float(rng.choice([0.25, 1.5, rng.random()]))
        return verdict(exercise, Rung.VALUES, error=error, passed=int(rng.integers(2)))
    return verdict(exercise, Rung(int(rng.choice([2, 3, 4, 6, 7]))), passed=int(rng.integers(3)))


def write_records(path, records) -> None:
    """The judge's file of records, and what stands."""
    store = Store(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    for one in records:
        store.add(one)
    Standing({one.student: one.key for one in records}).write(path)
