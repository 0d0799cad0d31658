"""What nbgrader's gradebook holds about a class: points given by hand, late penalties, totals, what waits.

Read with a few queries for the whole class; nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.judge.course import Course
from autograder.judge.gradebook import opened

__all__ = ["Entry", "Grades", "grades_of", "reading"]

SQLITE = "sqlite:///"


@dataclass
class Entry:
    """A student's row of the gradebook in one chapter, in points.

    automatic   given by the judge, where no person gave another score
    by_hand     given by a person, extra credit included
    recorded    given by the judge, whether or not a person gave another score: what the records must agree with
    penalty     for handing in late
    waiting     grade ids of the cells that wait for a person
    page        id of the submission's page in formgrader
    """

    student: str
    page: str = ""
    automatic: float = 0.0
    by_hand: float = 0.0
    recorded: float = 0.0
    penalty: float = 0.0
    waiting: list[str] = field(default_factory=list)

    @property
    def total(self) -> float:
        """What nbgrader exports: never below 0."""
        return round(max(0.0, self.automatic + self.by_hand - self.penalty), 4)


@dataclass(frozen=True)
class Grades:
    """The gradebook's rows of one chapter by student, the maximum score, and everybody whom the gradebook knows."""

    entries: dict[str, Entry]
    max_score: float
    students: tuple[str, ...]


@contextmanager
def reading(course: Course) -> Iterator[Any]:
    """The gradebook of a tree that has one; CourseError otherwise, and nothing is made."""
    address = course.db_url
    if address.startswith(SQLITE) and not Path(address.removeprefix(SQLITE)).is_file():
        raise CourseError(f"there is no gradebook in {course.root}; grade first: python -m autograder grade CHAPTER")
    with opened(course) as gradebook:
        yield gradebook


def grades_of(gradebook: Any, chapter: str) -> Grades:
    """Every row of the gradebook about a chapter."""
    from nbgrader import api

    students = tuple(sorted(one for (one,) in gradebook.db.query(api.Student.id)))
    maximum = gradebook.db.query(api.Assignment.max_score).filter(api.Assignment.name == chapter).scalar()
    entries: dict[str, Entry] = {}
    for student, page, penalty in _submissions(gradebook, chapter):
        entry = entries.setdefault(student, Entry(student, page))
        entry.penalty += penalty or 0.0
    for student, cell, automatic, by_hand, extra, waits in _cells(gradebook, chapter):
        entry = entries[student]
        entry.recorded += automatic or 0.0
        if by_hand is None:
            entry.automatic += automatic or 0.0
        entry.by_hand += (by_hand or 0.0) + (extra or 0.0 if (by_hand, automatic) != (None, None) else 0.0)
        if waits:
            entry.waiting.append(cell)
    return Grades(entries, float(maximum or 0.0), students)


def _submissions(gradebook: Any, chapter: str) -> Any:
    from nbgrader import api

    return (
        gradebook.db.query(
            api.SubmittedAssignment.student_id, api.SubmittedNotebook.id, api.SubmittedNotebook.late_submission_penalty
        )
        .select_from(api.SubmittedNotebook)
        .join(api.SubmittedAssignment, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
        .join(api.Assignment, api.SubmittedAssignment.assignment_id == api.Assignment.id)
        .filter(api.Assignment.name == chapter)
        .order_by(api.SubmittedAssignment.student_id)
    )


def _cells(gradebook: Any, chapter: str) -> Any:
    from nbgrader import api

    return (
        gradebook.db.query(
            api.SubmittedAssignment.student_id,
            api.BaseCell.name,
            api.Grade.auto_score,
            api.Grade.manual_score,
            api.Grade.extra_credit,
            api.Grade.needs_manual_grade,
        )
        .select_from(api.Grade)
        .join(api.BaseCell, api.Grade.cell_id == api.BaseCell.id)
        .join(api.SubmittedNotebook, api.Grade.notebook_id == api.SubmittedNotebook.id)
        .join(api.SubmittedAssignment, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
        .join(api.Assignment, api.SubmittedAssignment.assignment_id == api.Assignment.id)
        .filter(api.Assignment.name == chapter)
        .order_by(api.BaseCell.name)
    )
