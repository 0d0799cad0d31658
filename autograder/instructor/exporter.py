"""What the exporters for an LMS share; each is a plug-in of nbgrader's own `export`.

nbgrader export --exporter=autograder.instructor.lms.CanvasExporter --to=canvas.csv
nbgrader export --exporter=autograder.instructor.lms.MoodleExporter --MoodleExporter.identifier="ID number"
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from traitlets import Dict, Enum, Unicode

from autograder.instructor.scores import Grades, Roster, Score, grades_of, harmless, read_roster, rounded, write_table
from autograder.judge.course import prepare_nbgrader

prepare_nbgrader()

from nbgrader.plugins import ExportPlugin  # noqa: E402

__all__ = ["CsvExporter", "Exporter", "LmsExporter"]


class Exporter(ExportPlugin):
    """Reads the gradebook once, writes one table, and notes what a person must know."""

    default_name = "grades.csv"

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.notes: list[str] = []
        self.written = 0

    def note(self, line: str) -> None:
        """Something that a person must know, in one line; `nbgrader export` logs it as a warning."""
        if line not in self.notes:
            self.notes.append(line)
            self.log.warning("%s", line)

    def export(self, gradebook: Any) -> None:
        """Write the file `to`."""
        grades = grades_of(gradebook, [str(one) for one in self.assignment], [str(one) for one in self.student])
        table = self.rows(grades)
        write_table(Path(self.to or self.default_name), table, self.delimiter())
        for line in grades.unfinished():
            self.note(line)
        self.log.info("Exported grades to %s", self.to or self.default_name)

    def rows(self, grades: Grades) -> list[list[str]]:
        """The table, its header first."""
        raise NotImplementedError

    def delimiter(self) -> str:
        """The character between two cells."""
        return ","


class CsvExporter(Exporter):
    """nbgrader's own table, a row for each chapter and student; unlike nbgrader's, it survives a comma in a name."""

    HEADER = (
        "assignment",
        "duedate",
        "timestamp",
        "student_id",
        "last_name",
        "first_name",
        "email",
        "raw_score",
        "late_submission_penalty",
        "score",
        "max_score",
    )

    def rows(self, grades: Grades) -> list[list[str]]:
        """A submission that is missing counts 0, as in nbgrader."""
        table = [list(self.HEADER)]
        for chapter, points in grades.points.items():
            for student, person in grades.people.items():
                score = grades.scores.get((chapter, student), Score(0.0, 0.0))
                words = map(harmless, (person.last_name, person.first_name, person.email))
                numbers = (score.raw, score.penalty, score.value, points)
                when = (str(one or "") for one in (grades.due[chapter], score.timestamp))
                table.append([chapter, *when, student, *words, *map(str, numbers)])
        self.written = len(table) - 1
        return table


class LmsExporter(Exporter):
    """A row for each student and a column for each chapter."""

    roster = Unicode("", help="a table of the students, exported by the LMS").tag(config=True)
    columns = Dict(help="the LMS's name of a chapter, such as {'ch01_activations': 'Homework 1'}").tag(config=True)
    missing = Enum(
        ("keep", "zero"), default_value="keep", help="a submission that is missing: no score, or 0 points"
    ).tag(config=True)

    def table(self, grades: Grades, roster: Roster | None) -> list[list[str]]:
        """The table, its header first."""
        raise NotImplementedError

    def rows(self, grades: Grades) -> list[list[str]]:
        """The table, made with the roster if there is one."""
        table = self.table(grades, read_roster(Path(self.roster)) if self.roster else None)
        self.written = len(table) - 1
        return table

    def cell(self, grades: Grades, chapter: str, student: str, otherwise: str = "") -> str:
        """The score as the LMS reads it."""
        score = grades.scores.get((chapter, student))
        if score is not None:
            return rounded(score.value)
        return rounded(0.0) if self.missing == "zero" else otherwise

    def both_sides(self, grades: Grades, known: Iterable[str], lms: str) -> list[str]:
        """The students that the gradebook and the roster have; each other one is noted."""
        listed = dict.fromkeys(known)
        for student in grades.people:
            if student not in listed:
                self.note(f"{student} is in the gradebook and not in {lms}'s roster: left out")
        if not self.student:
            for student in listed:
                if student not in grades.people:
                    self.note(f"{student} is in {lms}'s roster and not in the gradebook: left out")
        return [student for student in listed if student in grades.people]
