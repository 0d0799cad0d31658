"""Whose scores moved between two gradings, exercise by exercise, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from autograder.judge.records import Basis, Record

__all__ = ["Move", "lines", "moves", "why"]

REASONS = (
    ("submission", "handed in again"),
    ("release", "the released notebook changed"),
    ("shared by exercises", "a file that exercises share changed"),
    ("seed", "other fresh cases"),
    ("grader", "the grader changed"),
    ("versions", "other versions of Python or packages"),
    ("isolation", "another way of isolation"),
)
"""Parts of a basis, in the order in which they explain a move; the exercise's own file comes second."""


@dataclass(frozen=True)
class Move:
    """One exercise of one student: score before and after, in points."""

    student: str
    exercise: str
    before: float
    after: float
    why: str


def moves(before: Mapping[str, Record | None], after: Mapping[str, Record]) -> Iterator[Move]:
    """Every score that differs, by student and in the order of the exercises; who is new has not moved."""
    for student, record in sorted(after.items()):
        old = before.get(student)
        if old is None or old.key == record.key:
            continue
        scores = {one.exercise: one.score for one in old.verdicts}
        for verdict in record.verdicts:
            earlier = scores.get(verdict.exercise, 0.0)
            if earlier != verdict.score:
                yield Move(student, verdict.exercise, earlier, verdict.score, why(old, record, verdict.exercise))


def why(before: Record, after: Record, exercise: str) -> str:
    """What is different between two records of a student, as far as it can have moved this exercise's score."""
    if after.problem and after.problem != before.problem:
        return after.problem
    changed = _changed(before.basis, after.basis)
    found = [text for part, text in REASONS if part in changed]
    if f"exercise {exercise}" in changed:
        found.insert(int("submission" in changed), "the exercise or its recording changed")
    elif any(part.startswith("exercise ") for part in changed):
        found.append("another exercise, which this one may use, changed")
    return "; ".join(found) or "judged again on the same terms"


def _changed(before: Basis, after: Basis) -> set[str]:
    return {part for part in before.keys() | after.keys() if before.get(part) != after.get(part)}


def lines(found: tuple[Move, ...], limit: int = 40) -> list[str]:
    """Moves for a terminal: first how many and why, then each."""
    if not found:
        return []
    students = len({one.student for one in found})
    scores = "1 score" if len(found) == 1 else f"{len(found)} scores"
    told = [f"{scores} of {students} student{'s' if students > 1 else ''} moved:"]
    reasons: dict[tuple[str, str], list[Move]] = {}
    for one in found:
        reasons.setdefault((one.exercise, one.why), []).append(one)
    for (exercise, reason), group in reasons.items():
        up = sum(one.after > one.before for one in group)
        told.append(f"  `{exercise}`: {up} up, {len(group) - up} down; {reason}")
    told += [f"    {one.student}: `{one.exercise}` {one.before:g} -> {one.after:g}" for one in found[:limit]]
    if len(found) > limit:
        told.append(f"    and {len(found) - limit} more; the class report has all of them")
    return told
