"""What a class did in a chapter, counted from its records; nothing is read or written here.

Shares lie between 0 and 1.  Only judged submissions are counted: a refused one says nothing about an exercise.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from autograder.engine.verdict import Rung, Verdict
from autograder.instructor.class_discrimination import discrimination
from autograder.judge.records import Record
from autograder.spec import Exercise

__all__ = [
    "ExerciseFigures",
    "Figures",
    "MisconceptionFigures",
    "Scores",
    "Unrecognised",
    "figures",
    "scores_of",
    "share",
]

HARDEST = 3
"""How many exercises are marked as the hardest."""


@dataclass(frozen=True)
class Scores:
    """The class's scores as shares of the points; the averages are None where nothing was judged."""

    shares: tuple[float, ...]
    mean: float | None
    lower: float | None
    median: float | None
    upper: float | None


@dataclass(frozen=True)
class ExerciseFigures:
    """How the class did in one exercise.

    judged          submissions with a verdict about it
    rungs           how many failed on each rung first, from "not written" on; Rung.PASSED counts those who passed
    mean_share      mean share of the points, None where nothing was judged
    recognised      how many gave exactly a known misconception's answers
    unrecognised    how many gave wrong values that no misconception gives
    discrimination  correlation of passing with the share of the other exercises' points, None where the class is too
                    small or too much of one mind for it to mean something
    hardest         one of the three lowest mean shares, and below the chapter's average
    """

    name: str
    number: int
    title: str
    section: str
    points: float
    judged: int
    rungs: Mapping[Rung, int]
    mean_share: float | None
    recognised: int
    unrecognised: int
    discrimination: float | None
    hardest: bool = False

    @property
    def passed(self) -> int:
        """How many passed every case."""
        return self.rungs.get(Rung.PASSED, 0)

    @property
    def unwritten(self) -> int:
        """How many did not write it."""
        return self.rungs.get(Rung.DEFINED, 0)

    @property
    def wrong(self) -> int:
        """How many wrote it and did not pass."""
        return self.judged - self.passed - self.unwritten

    @property
    def passed_share(self) -> float | None:
        """Share of the judged submissions that passed, None where nothing was judged."""
        return share(self.passed, self.judged)


@dataclass(frozen=True)
class MisconceptionFigures:
    """Who gave exactly a known misconception's answers.  judged: submissions with a verdict about the exercise."""

    exercise: str
    name: str
    says: str
    hint: str
    judged: int
    students: tuple[str, ...]


@dataclass(frozen=True)
class Unrecognised:
    """Students whose wrong values no misconception gives, and who all went wrong in the same way.

    message  what the first failing case said
    """

    exercise: str
    message: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """A chapter's class in numbers.  points: the maximum score of its exercises."""

    chapter: str
    points: float
    judged: tuple[str, ...]
    refused: tuple[str, ...]
    all_right: tuple[str, ...]
    scores: Scores
    exercises: tuple[ExerciseFigures, ...]
    misconceptions: tuple[MisconceptionFigures, ...]
    unrecognised: tuple[Unrecognised, ...]


def figures(chapter: str, records: Iterable[Record], exercises: Sequence[Exercise]) -> Figures:
    """Count a class's current records, one for each student, against the chapter's exercises in their order."""
    ordered = sorted(records, key=lambda record: record.student)
    judged = [record for record in ordered if not record.problem]
    points = float(sum(one.points for one in exercises))
    verdicts: dict[str, dict[str, Verdict]] = {one.name: {} for one in exercises}
    for record in judged:
        for verdict in record.verdicts:
            if verdict.exercise in verdicts:
                verdicts[verdict.exercise][record.student] = verdict
    scores = {record.student: record.score for record in judged}
    counted = [_exercise(one, verdicts[one.name], scores, points) for one in exercises]
    recognised = [found for one in exercises for found in _misconceptions(one, verdicts[one.name])]
    unknown = [group for one in exercises for group in _unrecognised(one.name, verdicts[one.name])]
    return Figures(
        chapter=chapter,
        points=points,
        judged=tuple(scores),
        refused=tuple(record.student for record in ordered if record.problem),
        all_right=tuple(one.student for one in judged if one.verdicts and all(each.passed for each in one.verdicts)),
        scores=scores_of(score / points for score in scores.values()) if points else scores_of(()),
        exercises=_marked(counted),
        # sorted() keeps the chapter's order among equals.
        misconceptions=tuple(sorted(recognised, key=lambda one: -len(one.students))),
        unrecognised=tuple(sorted(unknown, key=lambda one: -len(one.students))),
    )


def share(part: float, whole: float) -> float | None:
    """part / whole, None where there is no whole."""
    return part / whole if whole else None


def scores_of(shares: Iterable[float]) -> Scores:
    """Mean, median and quartiles (by linear interpolation) of shares."""
    ordered = tuple(sorted(shares))
    if not ordered:
        return Scores((), None, None, None, None)
    lower, median, upper = statistics.quantiles(ordered, n=4, method="inclusive") if len(ordered) > 1 else ordered * 3
    return Scores(ordered, statistics.fmean(ordered), lower, median, upper)


def _exercise(
    exercise: Exercise, verdicts: Mapping[str, Verdict], scores: Mapping[str, float], points: float
) -> ExerciseFigures:
    """verdicts: about this exercise, by student.  scores: of the whole chapter, by student."""
    shares = [one.score / one.points if one.points else float(one.passed) for one in verdicts.values()]
    passed = [float(one.passed) for one in verdicts.values()]
    rest = [scores[student] - one.score for student, one in verdicts.items()] if points > exercise.points else []
    return ExerciseFigures(
        name=exercise.name,
        number=exercise.number,
        title=exercise.title,
        section=exercise.section,
        points=float(exercise.points),
        judged=len(verdicts),
        rungs=Counter(Rung.PASSED if one.passed else one.rung for one in verdicts.values()),
        mean_share=statistics.fmean(shares) if shares else None,
        recognised=sum(bool(one.misconception) for one in verdicts.values()),
        unrecognised=sum(map(_is_unrecognised, verdicts.values())),
        discrimination=discrimination(passed, rest),
    )


def _marked(counted: Sequence[ExerciseFigures]) -> tuple[ExerciseFigures, ...]:
    """The same with the hardest ones marked."""
    known = [(one.mean_share, index) for index, one in enumerate(counted) if one.mean_share is not None]
    if not known:
        return tuple(counted)
    average = statistics.fmean(mean for mean, _ in known)
    hardest = {index for mean, index in sorted(known)[:HARDEST] if mean < average}
    return tuple(replace(one, hardest=index in hardest) for index, one in enumerate(counted))


def _misconceptions(exercise: Exercise, verdicts: Mapping[str, Verdict]) -> list[MisconceptionFigures]:
    """The misconceptions that somebody has; one that the exercise's file no longer holds keeps its name and hint."""
    known = {one.name: one for one in exercise.misconceptions}
    have: defaultdict[str, list[str]] = defaultdict(list)
    hints = {}
    for student, verdict in verdicts.items():
        if verdict.misconception:
            have[verdict.misconception].append(student)
            hints[verdict.misconception] = verdict.hint
    return [
        MisconceptionFigures(
            exercise=exercise.name,
            name=name,
            says=known[name].says if name in known else f"{name.replace('_', ' ')} (no longer in the exercise's file)",
            hint=known[name].hint if name in known else hints[name],
            judged=len(verdicts),
            students=tuple(students),
        )
        for name, students in have.items()
    ]


def _is_unrecognised(verdict: Verdict) -> bool:
    """Whether values differ and nothing is recognised; every other rung tells the student what to mend."""
    return not verdict.misconception and any(one.rung is Rung.VALUES for one in verdict.results)


def _unrecognised(exercise: str, verdicts: Mapping[str, Verdict]) -> list[Unrecognised]:
    """Students grouped by how every case went: the same rungs and the same errors come from the same idea."""
    groups: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
    for student, verdict in verdicts.items():
        if _is_unrecognised(verdict):
            groups[_signature(verdict)].append(student)
    return [Unrecognised(exercise, verdicts[students[0]].message, tuple(students)) for students in groups.values()]


def _signature(verdict: Verdict) -> tuple[object, ...]:
    """How every case went, with its largest error to four digits; errors at the size of rounding count as none."""
    return tuple(
        (one.name, one.hidden, one.rung, f"{one.error:.3e}" if math.isfinite(one.error) and not one.passed else "")
        for one in verdict.results
    )
