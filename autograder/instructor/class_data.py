"""Everything that a chapter's report is made of, gathered from one working tree of nbgrader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.engine import catalogue
from autograder.engine.verdict import Verdict
from autograder.errors import CourseError
from autograder.instructor.class_attention import Attention, attention
from autograder.instructor.class_gradebook import Entry, Grades, grades_of, reading
from autograder.instructor.class_statistics import Figures, figures
from autograder.instructor.class_tables import Cell, exercise_rows, misconception_rows, write
from autograder.judge.course import Course
from autograder.judge.records import Record
from autograder.judge.standing import current

__all__ = ["ChapterData", "StudentRow", "gather", "graded_chapters", "write_tables"]


NOTHING = "nothing handed in"


@dataclass(frozen=True)
class StudentRow:
    """One student in the table.  scores: one for each exercise, None where there is no verdict."""

    student: str
    status: str
    verdicts: tuple[Verdict | None, ...]
    entry: Entry | None
    code_score: float | None


@dataclass(frozen=True)
class ChapterData:
    """A chapter's class: figures from the verdicts, rows of the gradebook, what to look at."""

    course: Course
    chapter: str
    title: str
    graded: datetime
    records: dict[str, Record]
    figures: Figures
    grades: Grades
    attention: tuple[Attention, ...]
    submitted: tuple[str, ...]

    @cached_property
    def rows(self) -> list[StudentRow]:
        """Everybody, in the order of their ids: those who handed in, and those whom only the gradebook knows."""
        everybody = sorted({*self.records, *self.submitted, *self.grades.students})
        return [self._row(student) for student in everybody]

    @property
    def handed_in(self) -> int:
        """How many submissions there are, judged or not."""
        return sum(row.status != NOTHING for row in self.rows)

    @cached_property
    def waiting(self) -> set[str]:
        """The students who wait for a person."""
        return {one.student for one in self.attention}

    def file_of(self, student: str) -> Path | None:
        """The student's feedback page, or else the graded notebook, or else what was handed in."""
        name, root = self.chapter, self.course.root
        places = [
            root / "feedback" / student / name / f"{name}.html",
            self.course.autograded(student, name),
            root / "submitted" / student / name / f"{name}.ipynb",
        ]
        # What was handed in may be a link to any file.
        return next((path for path in places if path.is_file() and not _through_a_link(path, root)), None)

    def page_of(self, student: str) -> str:
        """The name of the submission's page in formgrader, after the address of JupyterLab."""
        entry = self.grades.entries.get(student)
        return f"formgrader/submissions/{entry.page}" if entry else ""

    def _row(self, student: str) -> StudentRow:
        record, entry = self.records.get(student), self.grades.entries.get(student)
        blank: tuple[Verdict | None, ...] = (None,) * len(self.figures.exercises)
        if record is None:
            status = "not judged" if student in self._handed_in or entry else NOTHING
            return StudentRow(student, status, blank, entry, None)
        if record.problem:
            return StudentRow(student, "refused", blank, entry, None)
        by_name = {one.exercise: one for one in record.verdicts}
        verdicts = tuple(by_name.get(one.name) for one in self.figures.exercises)
        return StudentRow(student, "judged", verdicts, entry, record.score)

    @cached_property
    def _handed_in(self) -> set[str]:
        return set(self.submitted)


def _through_a_link(path: Path, root: Path) -> bool:
    return any(one.is_symlink() for one in (path, *path.parents) if one.is_relative_to(root) and one != root)


def graded_chapters(course: Course) -> list[str]:
    """The chapters of which there are verdicts; CourseError when there are none."""
    found = [chapter for chapter in catalogue.chapters() if course.verdicts(chapter).is_file()]
    if not found:
        raise CourseError(f"nothing is graded in {course.root}; grade first: python -m autograder grade CHAPTER")
    return found


def gather(course: Course, chapters: Sequence[str]) -> list[ChapterData]:
    """The data of chapters, with one look into the gradebook; CourseError where a chapter is not graded."""
    for chapter in chapters:
        if not course.verdicts(chapter).is_file():
            raise CourseError(f"{chapter} is not graded in {course.root}; first: python -m autograder grade {chapter}")
    with reading(course) as gradebook:
        return [_gather(course, chapter, gradebook) for chapter in chapters]


def _gather(course: Course, chapter: str, gradebook: Any) -> ChapterData:
    path = course.verdicts(chapter)
    records = current(path)
    grades = grades_of(gradebook, chapter)
    submitted = tuple(course.submitted(chapter))
    questions = {one.name for one in catalogue.questions(chapter)}
    return ChapterData(
        course=course,
        chapter=chapter,
        title=_title(course, chapter),
        graded=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        records=records,
        figures=figures(chapter, records.values(), catalogue.exercises(chapter)),
        grades=grades,
        attention=tuple(attention(records, grades.entries, set(submitted), questions)),
        submitted=submitted,
    )


def _title(course: Course, chapter: str) -> str:
    """The heading of the released notebook, or else the chapter's stem."""
    try:
        cells = course.release(chapter)["cells"]
    except CourseError:
        return chapter
    text = "".join(cells[0]["source"]) if cells and cells[0]["cell_type"] == "markdown" else ""
    first = text.strip().partition("\n")[0]
    return first[2:].strip() if first.startswith("# ") else chapter


def write_tables(data: ChapterData, folder: Path) -> list[Path]:
    """The chapter's four CSV files; gives their paths."""
    return [
        write(folder / "scores.csv", *_score_rows(data)),
        write(folder / "exercises.csv", *exercise_rows(data.figures)),
        write(folder / "misconceptions.csv", *misconception_rows(data.figures)),
        write(folder / "attention.csv", *_attention_rows(data)),
    ]


def _score_rows(data: ChapterData) -> tuple[list[str], list[list[Cell]]]:
    head = ["student", "status", "code_score", "code_points", "automatic", "by_hand", "late_penalty", "total"]
    head += ["max_score", *(one.name for one in data.figures.exercises)]
    rows: list[list[Cell]] = []
    for row in data.rows:
        entry = row.entry
        book: list[Cell] = [entry.automatic, entry.by_hand, entry.penalty, entry.total] if entry else [None] * 4
        scores: list[Cell] = [one.score if one else None for one in row.verdicts]
        rows.append(
            [row.student, row.status, row.code_score, data.figures.points, *book, data.grades.max_score, *scores]
        )
    return head, rows


def _attention_rows(data: ChapterData) -> tuple[list[str], list[list[Cell]]]:
    head = ["kind", "student", "exercise", "what", "file", "formgrader"]
    rows: list[list[Cell]] = []
    for one in data.attention:
        file = data.file_of(one.student)
        where = file.relative_to(data.course.root).as_posix() if file else ""
        rows.append([one.kind, one.student, one.exercise, one.what, where, data.page_of(one.student)])
    return head, rows
