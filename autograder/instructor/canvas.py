"""The gradebook as a CSV file that Canvas imports (Grades, Import).

The format is that of Canvas's own export and of the code that reads it (canvas-lms, lib/gradebook_exporter.rb and
lib/gradebook_importer.rb; guide: "How do I import grades in the Gradebook?"):

- first the columns Student, ID, SIS User ID, SIS Login ID, Section, then one for each assignment, named `title (id)`;
  a title without an id is looked up by its name, and Canvas offers to create what it does not find;
- a row "    Points Possible"; a row "Manual Posting" may stand above it and is not needed;
- a student is found by ID, else by SIS User ID, else by SIS Login ID, else by name;
- an empty cell takes away a grade that Canvas has, so a submission that is missing here keeps Canvas's own cell; so
  does EX, which excuses a student;
- two decimals, with a point.

A name that begins like a formula gets an apostrophe; Canvas finds the student by the other columns, which are written
exactly as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from traitlets import Unicode

from autograder.errors import CourseError
from autograder.instructor.exporter import LmsExporter
from autograder.instructor.scores import Grades, Person, Roster, harmless, rounded

__all__ = ["CanvasExporter"]

COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
KEYS = COLUMNS[1:4]
POINTS = "    Points Possible"
TITLE_AND_ID = re.compile(r"(.*)\s\(\d+\)", re.DOTALL)


class CanvasExporter(LmsExporter):
    """Writes Canvas's gradebook CSV; with a roster, Canvas's own export, its names and ids are kept."""

    default_name = "canvas.csv"
    key = Unicode("SIS Login ID", help="Canvas's column that holds nbgrader's student ids").tag(config=True)

    def table(self, grades: Grades, roster: Roster | None) -> list[list[str]]:
        """Header, points and students."""
        if self.key not in KEYS:
            raise CourseError(f"Canvas knows a student by {', '.join(KEYS)}; got {self.key!r}")
        return self._without(grades) if roster is None else self._with(grades, roster)

    def _without(self, grades: Grades) -> list[list[str]]:
        titles = [self.columns.get(chapter, chapter) for chapter in grades.points]
        table = [[*COLUMNS, *titles], [POINTS, *[""] * 4, *map(rounded, grades.points.values())]]
        for person in grades.people.values():
            keys = [person.id if one == self.key else "" for one in KEYS]
            scores = [self.cell(grades, chapter, person.id) for chapter in grades.points]
            table.append([harmless(_name(person)), *keys, "", *scores])
        return table

    def _with(self, grades: Grades, roster: Roster) -> list[list[str]]:
        width = roster.column("Section") + 1
        students = [row for row in roster.rows if row[0].strip() and "Points Possible" not in row[0]]
        known = Roster(roster.path, roster.header, tuple(students)).by(self.key)
        possible = next((row for row in roster.rows if "Points Possible" in row[0]), None)
        places = self._places(grades, roster, width)
        self._compare_points(grades, places, possible)
        titles = [self.columns.get(one, one) if at is None else roster.header[at] for one, at in places.items()]
        points = [
            rounded(grades.points[one]) if at is None or possible is None else possible[at]
            for one, at in places.items()
        ]
        table = [[*roster.header[:width], *titles], [POINTS, *[""] * (width - 1), *points]]
        names = 2 if roster.header[0] == "LastName" else 1
        for student in self.both_sides(grades, known, "Canvas"):
            row = known[student]
            scores = []
            for chapter, at in places.items():
                before = "" if at is None else row[at]
                excused = before.strip().upper() == "EX"
                if excused and (chapter, student) in grades.scores:
                    self.note(f"{student} is excused from {chapter} in Canvas (EX), which is kept")
                scores.append(before if excused else self.cell(grades, chapter, student, before))
            table.append([*map(harmless, row[:names]), *row[names:width], *scores])
        return table

    def _places(self, grades: Grades, roster: Roster, width: int) -> dict[str, int | None]:
        """The roster's column of each chapter: a title that is the chapter's name, or begins with its `ch01`."""
        found: dict[str, int | None] = {}
        for chapter in grades.points:
            wanted = self.columns.get(chapter, chapter)
            titles = {index: _title(one) for index, one in enumerate(roster.header) if index >= width}
            fitting = [index for index, title in titles.items() if wanted in (title, roster.header[index])]
            if not fitting and chapter not in self.columns:
                word = re.compile(rf"{re.escape(chapter.split('_')[0])}\b", re.IGNORECASE)
                fitting = [index for index, title in titles.items() if word.match(title)]
            if len(fitting) > 1:
                several = ", ".join(roster.header[index] for index in fitting)
                raise CourseError(f"Canvas has several columns for {chapter}: {several}; choose one with --column")
            found[chapter] = fitting[0] if fitting else None
            if not fitting:
                self.note(
                    f"Canvas has no column for {chapter}; importing creates the assignment {wanted!r}, "
                    f"or name another: --column {chapter}=TITLE"
                )
        return found

    def _compare_points(self, grades: Grades, places: Mapping[str, int | None], possible: Sequence[str] | None) -> None:
        for chapter, at in places.items():
            if at is None or possible is None:
                continue
            try:
                same = abs(float(possible[at].replace(",", ".")) - grades.points[chapter]) < 0.005
            except ValueError:
                same = False
            if not same:
                self.note(
                    f"{chapter} has {rounded(grades.points[chapter])} points here and "
                    f"{possible[at].strip() or 'none'} in Canvas; scores are written as they are"
                )


def _title(column: str) -> str:
    """An assignment's title without Canvas's id."""
    match = TITLE_AND_ID.fullmatch(column)
    return match[1] if match else column


def _name(person: Person) -> str:
    """Canvas's sortable name; the id where the gradebook knows none."""
    return ", ".join(filter(None, (person.last_name, person.first_name))) or person.id
