"""The gradebook as a CSV file that Moodle imports (Grades, Import, CSV file).

The format is that of Moodle's own documentation and of the code that reads it (docs.moodle.org, "Grade import";
moodle, grade/import/csv/classes/load_data.php):

- one column that identifies the student (Email address, ID number or Username: Moodle asks what it maps to), then one
  column for each chapter, and if wanted one with feedback beside it; a teacher maps each in Moodle's form;
- a point as the decimal mark, which Moodle reads in every language; "-" is no grade, also where Moodle had one;
- one identifier that Moodle does not know stops the whole import, so a student without one is left out and named, and
  a roster from Moodle says who is known;
- feedback without its grade column takes the grades away: map both;
- an existing grade item needs the same maximum, because points are imported as they are; above 100 points Moodle
  refuses unless its administrator allows it;
- e-mail addresses are compared with their case.

Feedback that begins like a formula gets an apostrophe; identifiers are written exactly as they are.
"""

from __future__ import annotations

from traitlets import Bool, Unicode

from autograder.errors import CourseError
from autograder.instructor.exporter import LmsExporter
from autograder.instructor.scores import Grades, Person, Roster, harmless, rounded

__all__ = ["MoodleExporter"]

IDENTIFIERS = ("Email address", "ID number", "Username")
NO_GRADE = "-"
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "colon": ":"}
LIMIT = 100.0
"""Points of one grade that Moodle takes unless its administrator raised the limit."""


class MoodleExporter(LmsExporter):
    """Writes Moodle's grade import; with a roster from Moodle, its identifiers."""

    default_name = "moodle.csv"
    identifier = Unicode(IDENTIFIERS[0], help="the column that identifies a student").tag(config=True)
    key = Unicode("", help="the roster's column that holds nbgrader's student ids (default: the identifier)").tag(
        config=True
    )
    separator = Unicode("comma", help="comma, semicolon, tab or colon").tag(config=True)
    feedback = Bool(False, help="a column of feedback beside each chapter: its exercises").tag(config=True)

    def table(self, grades: Grades, roster: Roster | None) -> list[list[str]]:
        """Header and students."""
        if self.identifier not in IDENTIFIERS:
            raise CourseError(f"Moodle's grade import knows {', '.join(IDENTIFIERS)}; got {self.identifier!r}")
        header = [self.identifier]
        for chapter in grades.points:
            title = self.columns.get(chapter, chapter)
            header += [title, f"{title} (feedback)"] if self.feedback else [title]
        table = [header]
        for student, identifier in self._identifiers(grades, roster).items():
            row = [identifier]
            for chapter in grades.points:
                score = grades.scores.get((chapter, student))
                row.append(self.cell(grades, chapter, student, NO_GRADE))
                if self.feedback:
                    row.append(harmless(score.summary()) if score else "")
            table.append(row)
        for chapter, points in grades.points.items():
            if points > LIMIT:
                self.note(f"{chapter} has {rounded(points)} points, and Moodle refuses more than 100 by default")
        return table

    def delimiter(self) -> str:
        """The character between two cells."""
        if self.separator not in SEPARATORS:
            raise CourseError(f"Moodle separates by {', '.join(SEPARATORS)}; got {self.separator!r}")
        return SEPARATORS[self.separator]

    def _identifiers(self, grades: Grades, roster: Roster | None) -> dict[str, str]:
        """What Moodle knows each student by; who has nothing is named and left out."""
        if roster is None:
            found = {one.id: self._own(one) for one in grades.people.values()}
        else:
            known = roster.by(self.key or self.identifier)
            if not self.key and self.identifier == "Email address":
                by_email = {one.email: one.id for one in grades.people.values() if one.email}
                known = {by_email.get(email, email): row for email, row in known.items()}
            at = roster.column(self.identifier)
            found = {student: known[student][at].strip() for student in self.both_sides(grades, known, "Moodle")}
        for student, identifier in found.items():
            if not identifier:
                self.note(f"{student} has no {self.identifier!r} and is left out; Moodle would stop the import")
            elif identifier != harmless(identifier):
                self.note(f"{student}: the {self.identifier} {identifier!r} begins like a formula; open no spreadsheet")
        return {student: identifier for student, identifier in found.items() if identifier}

    def _own(self, person: Person) -> str:
        return person.email.strip() if self.identifier == "Email address" else person.id
