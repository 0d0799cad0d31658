"""Write a chapter's records into nbgrader's gradebook: one writer, and a transaction for each batch of submissions.

Each run replaces every automatic score of the submissions that it judged, and never a score that a person gave.
SQLite beside the submissions by default; any database that SQLAlchemy knows by its address.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Container, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.judge.course import Course, prepare_nbgrader
from autograder.judge.records import Record
from autograder.judge.report import check_name

__all__ = ["Writer", "opened", "snapshot", "writing"]

SQLITE = "sqlite:///"
ROWS = """
    SELECT handed.student_id, cell.name, grade.auto_score, grade.manual_score, grade.extra_credit,
           grade.needs_manual_grade, book.late_submission_penalty, handed.timestamp, handed.extension, task.duedate
    FROM grade
    JOIN base_cell AS cell ON cell.id = grade.cell_id
    JOIN submitted_notebook AS book ON book.id = grade.notebook_id
    JOIN submitted_assignment AS handed ON handed.id = book.assignment_id
    JOIN assignment AS task ON task.id = handed.assignment_id
    WHERE task.name = :chapter
    ORDER BY handed.student_id, cell.name
"""


@contextmanager
def opened(course: Course) -> Iterator[Any]:
    """nbgrader's gradebook of this tree; CourseError with one line where its database does not answer."""
    prepare_nbgrader()
    import nbgrader.api
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    nbgrader.api.get_alembic_version = _newest_version
    directory = course.directory("")
    try:
        # Without a course of a name, a server refuses the assignments: nbgrader writes no row for an empty one.
        with nbgrader.api.Gradebook(directory.db_url, directory.course_id or "default_course") as gradebook:
            _stamp(gradebook)
            yield gradebook
    except (SQLAlchemyError, ArgumentError, NoSuchModuleError, ModuleNotFoundError) as problem:
        line = str(problem).splitlines()[0][:300]
        raise CourseError(f"the gradebook {_without_password(directory.db_url)} cannot be used: {line}") from problem


def _newest_version() -> str:
    """The version of nbgrader's tables.  nbgrader itself starts a program for it, which takes more than a second."""
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    return str(ScriptDirectory(ALEMBIC_DIR).get_current_head())


def _stamp(gradebook: Any) -> None:
    """Give the tables their version where the run that made them was killed before it could."""
    from sqlalchemy import inspect, text

    if "alembic_version" not in inspect(gradebook.engine).get_table_names():
        gradebook.db.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    if not gradebook.db.execute(text("SELECT version_num FROM alembic_version")).all():
        gradebook.db.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": _newest_version()})
    gradebook.db.commit()


def _without_password(address: str) -> str:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(address).render_as_string(hide_password=True)
    except ArgumentError:
        return "address"


def snapshot(course: Course, chapter: str) -> list[list[Any]]:
    """Every row of a chapter's scores as the database holds it, in order; empty where there is none."""
    address = course.db_url
    if address.startswith(SQLITE):
        # nbgrader takes a second to import, which an unchanged class need not wait for.
        path = Path(address.removeprefix(SQLITE))
        if not path.is_file():
            return []
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
                return [list(row) for row in database.execute(ROWS, {"chapter": chapter})]
        except sqlite3.Error:
            return []
    from sqlalchemy import text

    with opened(course) as gradebook:
        return [list(row) for row in gradebook.db.execute(text(ROWS), {"chapter": chapter})]


@contextmanager
def writing(course: Course, chapter: str) -> Iterator[Writer]:
    """The one writer of a chapter's scores; knows the chapter's cells from the start."""
    with opened(course) as gradebook, _alone(gradebook, course):
        writer = Writer(course, chapter, gradebook)
        writer.register()
        yield writer


@contextmanager
def _alone(gradebook: Any, course: Course) -> Iterator[None]:
    """On a database server, machines that share it grade one after the other; on SQLite, `Course.locked` sees to it."""
    if gradebook.engine.dialect.name != "postgresql":
        yield
        return
    from sqlalchemy import text

    with gradebook.engine.connect() as connection:
        # The server frees the lock when the connection ends, however it ends.
        free = connection.execute(text("SELECT pg_try_advisory_lock(hashtext('autograder'))")).scalar()
        if not free:
            raise CourseError(f"another run is writing to {_without_password(course.db_url)}; wait until it has ended")
        connection.commit()
        yield


class Writer:
    """Writes records of one chapter."""

    def __init__(self, course: Course, chapter: str, gradebook: Any) -> None:
        self.course = course
        self.chapter = chapter
        self.gradebook = gradebook
        self.late = _late_penalties(course)

    def register(self) -> None:
        """Tell the gradebook about the chapter's cells, as `nbgrader generate_assignment` does."""
        import nbformat
        from nbgrader.preprocessors import SaveCells

        course, chapter = self.course, self.chapter
        self.gradebook.update_or_create_assignment(chapter)
        # The release is the source without its answers, and that is what nbgrader saves.
        notebook = nbformat.reads(json.dumps(course.release(chapter)), as_version=4)
        names = {"notebook": chapter, "assignment": chapter, "student": ".", "db_url": course.directory(chapter).db_url}
        saver = SaveCells()
        saver.log.setLevel(logging.ERROR)
        try:
            saver.preprocess(notebook, {"nbgrader": names})
        except RuntimeError:
            raise CourseError(
                f"{chapter} has other cells than when its submissions were graded before; "
                f"move the gradebook ({_without_password(course.db_url)}) away and grade again"
            ) from None

    def write(self, records: Iterable[Record], same: Container[str] = ()) -> None:
        """All scores of these submissions, and nothing if anything fails.

        same    the students who handed in what they had handed in when the gradebook was written before: what a
                person has settled since then stays settled
        """
        with _one_transaction(self.gradebook):
            for record in records:
                self._write_one(record, same=record.student in same)

    def _write_one(self, record: Record, *, same: bool) -> None:
        gradebook = self.gradebook
        gradebook.update_or_create_student(record.student)
        when = _parsed(self.course.timestamp(record.student, self.chapter))
        submission = gradebook.update_or_create_submission(
            self.chapter, record.student, **({"timestamp": when} if when else {})
        )
        (notebook,) = (one for one in submission.notebooks if one.name == self.chapter)
        scores = {check_name(one.exercise): one for one in record.verdicts}
        for grade in notebook.grades:
            verdict, before = scores.get(grade.name), grade.auto_score
            person = grade.manual_score is not None
            settled = same and person and not grade.needs_manual_grade
            if verdict is not None:
                # The cell knows it already; `grade.max_score` would ask the database for each.
                grade.auto_score = min(verdict.score, grade.cell.max_score or 0.0)
                grade.needs_manual_grade = person or bool(verdict.flags) or bool(record.problem)
            elif grade.name in record.untouched:
                grade.auto_score, grade.needs_manual_grade = 0.0, person or bool(record.problem)
            else:
                grade.auto_score, grade.needs_manual_grade = None, True
            if settled and grade.auto_score == before:
                grade.needs_manual_grade = False
        if not same:
            # Formgrader shows these with a flag, which a person may take away.
            notebook.flagged = bool(record.all_flags)
        for comment in notebook.comments:
            comment.auto_comment = "No response." if comment.name in record.untouched else None
        self._penalise(submission, notebook)

    def _penalise(self, submission: Any, notebook: Any) -> None:
        notebook.late_submission_penalty = None
        if submission.total_seconds_late > 0:
            # Scores are computed by the database.
            self.gradebook.db.flush()
            self.gradebook.db.refresh(notebook)
            penalty = self.late.plugin_inst.late_submission_penalty(
                submission.student.id, notebook.score, submission.total_seconds_late
            )
            if penalty is not None:
                notebook.late_submission_penalty = self.late._check_late_penalty(notebook, penalty)


@contextmanager
def _one_transaction(gradebook: Any) -> Iterator[None]:
    """nbgrader's functions commit one by one; inside this they only send, and the end commits."""
    session = gradebook.db()
    commit = session.commit
    session.commit = session.flush
    try:
        yield
    except BaseException:
        session.rollback()
        raise
    else:
        commit()
    finally:
        session.commit = commit


def _parsed(when: str) -> Any:
    """A time of handing in, in UTC; None where nbgrader's file holds none."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc(when) if when else None
    except Exception:  # the file came from a student, and dateutil raises many kinds of errors, decimal's among them
        return None


def _late_penalties(course: Course) -> Any:
    """nbgrader's own plugin for late submissions, as the tree's configuration chooses it."""
    from nbgrader.preprocessors import AssignLatePenalties

    rule = AssignLatePenalties(config=course.config())
    rule.log.setLevel(logging.ERROR)
    rule.init_plugin()
    return rule
