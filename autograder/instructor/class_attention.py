"""What a person should look at in a chapter: refused submissions, flags, scores that differ, answers not yet graded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from autograder.instructor.class_gradebook import Entry
from autograder.judge.records import Record
from autograder.judge.report import check_name

__all__ = ["KINDS", "Attention", "attention"]

KINDS = {
    "refused": "Refused: scored 0 until a person decides",
    "not judged": "Handed in, and not judged yet",
    "scores differ": "The gradebook and the verdicts differ",
    "flag": "Flagged by the judge",
    "score by hand": "A person's score stands over a new verdict",
    "free answer": "Free answers to grade",
}
"""The kinds in the order in which they are shown, with what each is."""

UNJUDGED = "there is no verdict; grade again: python -m autograder grade CHAPTER"
GONE = "the gradebook has a submission, and there is neither a file nor a verdict"
ROUNDING = 0.01
"""Scores in points that are closer than this are the same."""


@dataclass(frozen=True)
class Attention:
    """One thing to look at.  exercise: the exercise or question that it is about, "" for the whole submission."""

    kind: str
    student: str
    exercise: str
    what: str


def attention(
    records: Mapping[str, Record], entries: Mapping[str, Entry], submitted: Collection[str], questions: Collection[str]
) -> list[Attention]:
    """Everything to look at, kind after kind, then student after student.

    submitted    the students who handed in
    questions    names of the chapter's free answers
    """
    checks = {check_name(verdict.exercise): verdict.exercise for one in records.values() for verdict in one.verdicts}
    found: list[Attention] = []
    for student in sorted({*records, *submitted, *entries}):
        record, entry = records.get(student), entries.get(student)
        if record is None:
            found.append(Attention("not judged", student, "", UNJUDGED if student in submitted else GONE))
        elif record.problem:
            found.append(Attention("refused", student, "", record.problem))
        else:
            found += _judged(record, entry, checks)
        if entry is not None and not (record and record.problem):
            found += (
                Attention("free answer", student, name, "not yet graded") for name in entry.waiting if name in questions
            )
    order = {kind: place for place, kind in enumerate(KINDS)}
    return sorted(found, key=lambda one: order[one.kind])


def _judged(record: Record, entry: Entry | None, checks: Mapping[str, str]) -> Iterator[Attention]:
    """What to look at in a submission that was judged."""
    student = record.student
    # The judge repeats an exercise's flags among those of the submission, under the exercise's name.
    repeated = {f"`{verdict.exercise}`: {flag}" for verdict in record.verdicts for flag in verdict.flags}
    for flag in record.flags:
        if flag not in repeated:
            yield Attention("flag", student, "", flag)
    flagged = set()
    for verdict in record.verdicts:
        for flag in verdict.flags:
            flagged.add(check_name(verdict.exercise))
            yield Attention("flag", student, verdict.exercise, flag)
    if entry is None:
        what = f"the verdicts give {record.score:g} points, the gradebook has no such submission; grade again"
        yield Attention("scores differ", student, "", what)
        return
    if abs(entry.recorded - record.score) > ROUNDING:
        what = f"the verdicts give {record.score:g} points, the gradebook holds {entry.recorded:g}; grade again"
        yield Attention("scores differ", student, "", what)
    for name in entry.waiting:
        if name in checks and name not in flagged:
            yield Attention("score by hand", student, checks[name], "keep it, or change it in formgrader")
