"""What the gradebook knows, read in a few queries, and what every exporter shares: the roster, cells, rounding.

A score is nbgrader's: a person's score where there is one, else the automatic one, plus extra credit, less the late
penalty, and never below zero.  It is written with two decimals, halves upwards.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from autograder.errors import CourseError

__all__ = ["Grades", "Person", "Roster", "Score", "grades_of", "harmless", "read_roster", "rounded", "write_table"]

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


@dataclass(frozen=True)
class Person:
    """A student as the gradebook knows one; everything but the id may be empty."""

    id: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Score:
    """One submission: points before the penalty, the penalty, when it came in (UTC).

    ungraded   how many of its cells have no score at all, neither automatic nor a person's
    parts      (name, score, maximum score) of each graded cell, in alphabetical order
    """

    raw: float
    penalty: float
    timestamp: Any = None
    ungraded: int = 0
    parts: tuple[tuple[str, float, float], ...] = ()

    @property
    def value(self) -> float:
        """The points that count."""
        return max(0.0, self.raw - self.penalty)

    def summary(self) -> str:
        """The parts in one line: `double 4/4, why 2.5/3, late -1`."""
        words = [f"{name.removeprefix('check_')} {round(got, 2):g}/{most:g}" for name, got, most in self.parts]
        return ", ".join([*words, *([f"late -{round(self.penalty, 2):g}"] if self.penalty else [])])


@dataclass(frozen=True)
class Grades:
    """The part of a gradebook that is exported.

    points   each chapter's maximum score, in the gradebook's order
    due      each chapter's due date (UTC) or None
    people   the students by id, in the gradebook's order
    scores   by chapter and student; a submission that is missing has none
    """

    points: Mapping[str, float]
    due: Mapping[str, Any]
    people: Mapping[str, Person]
    scores: Mapping[tuple[str, str], Score]

    def unfinished(self) -> list[str]:
        """One line for each chapter with cells that nobody has scored yet."""
        lines = []
        for chapter in self.points:
            waiting = sum(bool(one.ungraded) for (where, _), one in self.scores.items() if where == chapter)
            if waiting:
                lines.append(
                    f"{chapter}: {waiting} submissions have answers without a score, which count 0 here; "
                    "a person gives it: nbgrader formgrader"
                )
        return lines


def grades_of(gradebook: Any, chapters: Sequence[str] = (), students: Sequence[str] = ()) -> Grades:
    """The scores of these chapters and students, of all by default.  CourseError for a name that is not there."""
    from nbgrader.api import Assignment, BaseCell, Grade, SubmittedAssignment, SubmittedNotebook

    found = {one.name: one for one in gradebook.assignments}
    people = {
        one.id: Person(one.id, one.last_name or "", one.first_name or "", one.email or "") for one in gradebook.students
    }
    _known(chapters, found, "graded chapter")
    _known(students, people, "student")
    wanted = {name: one for name, one in found.items() if not chapters or name in chapters}
    people = {name: one for name, one in people.items() if not students or name in students}

    handed = gradebook.db.query(
        SubmittedAssignment.id, Assignment.name, SubmittedAssignment.student_id, SubmittedAssignment.timestamp
    ).join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
    # nbgrader's own sums are subqueries that search whole tables for each submission.
    late = gradebook.db.query(SubmittedNotebook.assignment_id, SubmittedNotebook.late_submission_penalty)
    cells = (
        gradebook.db.query(
            SubmittedNotebook.assignment_id,
            BaseCell.name,
            Grade.score,
            Grade.max_score,
            Grade.auto_score,
            Grade.manual_score,
        )
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .order_by(BaseCell.name)
    )
    penalties: dict[str, float] = {}
    for key, penalty in late:
        penalties[key] = penalties.get(key, 0.0) + (penalty or 0.0)
    parts: dict[str, list[tuple[str, float, float]]] = {}
    ungraded: dict[str, int] = {}
    for key, name, score, most, by_machine, by_person in cells:
        parts.setdefault(key, []).append((name, float(score), float(most)))
        ungraded[key] = ungraded.get(key, 0) + (by_machine is None and by_person is None)
    scores = {}
    for key, name, student, when in handed:
        if name in wanted and student in people:
            own = tuple(parts.get(key, ()))
            raw = sum(score for _, score, _ in own)
            scores[name, student] = Score(float(raw), penalties.get(key, 0.0), when, ungraded.get(key, 0), own)
    return Grades(
        {name: float(one.max_score) for name, one in wanted.items()},
        {name: one.duedate for name, one in wanted.items()},
        people,
        scores,
    )


def _known(names: Iterable[str], known: Iterable[str], what: str) -> None:
    there = list(known)
    for name in names:
        if name not in there:
            raise CourseError(f"the gradebook has no {what} {name!r}; there are: {', '.join(sorted(there)) or 'none'}")


def rounded(score: float) -> str:
    """A score with two decimals and a point, halves upwards."""
    return str(Decimal(repr(float(score))).quantize(Decimal("0.01"), ROUND_HALF_UP))


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe before a first character that begins one.

    For names and comments only.  An identifier is never changed: the LMS would not know the student any more.
    """
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


@dataclass(frozen=True)
class Roster:
    """A table that an LMS exported: its columns and its rows as they came."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> int:
        """The index of a column, whatever the case.  CourseError where there is none or more than one."""
        where = [index for index, one in enumerate(self.header) if one.strip().lower() == name.strip().lower()]
        if len(where) != 1:
            raise CourseError(
                f"{self.path} has {len(where) or 'no'} columns {name!r}; "
                f"expected one of: {', '.join(one for one in self.header if one)}"
            )
        return where[0]

    def by(self, name: str) -> dict[str, tuple[str, ...]]:
        """The rows by what stands in a column; rows with nothing there are left out.  CourseError for a double."""
        index, found = self.column(name), {}
        for row in self.rows:
            key = row[index].strip()
            if key in found:
                raise CourseError(f"{self.path} has {key!r} twice in the column {name!r}; it must be there once")
            if key:
                found[key] = row
        return found


def read_roster(path: Path) -> Roster:
    """A CSV file in UTF-8, with or without a byte-order mark, separated by comma, semicolon or tab."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CourseError(f"the roster {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CourseError(f"the roster {path} is not UTF-8 text; export it again as CSV in UTF-8") from None
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True) if any(row)]
    except csv.Error as error:
        raise CourseError(f"the roster {path} is not CSV: {error}; export it again from the LMS") from None
    if len(lines) < 2:
        raise CourseError(f"the roster {path} has no students; expected a line of column names and one for each")
    width = len(lines[0])
    rows = (tuple([*row, *[""] * width][:width]) for row in lines[1:])
    return Roster(path, tuple(lines[0]), tuple(rows))


def write_table(path: Path, rows: Iterable[Sequence[str]], separator: str = ",") -> None:
    """A CSV file in UTF-8 without a byte-order mark, quoted where needed; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=separator, lineterminator="\n").writerows(rows)
