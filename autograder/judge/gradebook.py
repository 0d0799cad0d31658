"""Write a chapter's records into nbgrader's gradebook: one writer, one transaction.

Each run replaces every automatic score of the submissions that it judged, and never a score that a person gave.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograder.errors import CourseError
from autograder.judge.course import Course, prepare_nbgrader
from autograder.judge.rebuild import Piece
from autograder.judge.records import Record
from autograder.judge.report import check_name

__all__ = ["opened", "register", "vanished", "write"]


@contextmanager
def opened(course: Course) -> Iterator[Any]:
    """nbgrader's gradebook of this tree."""
    prepare_nbgrader()
    from nbgrader.api import Gradebook

    directory = course.directory("")
    with Gradebook(directory.db_url, directory.course_id) as gradebook:
        yield gradebook


def register(course: Course, chapter: str) -> None:
    """Tell the gradebook about the chapter's cells, as `nbgrader generate_assignment` does."""
    prepare_nbgrader()
    import nbformat
    from nbgrader.preprocessors import SaveCells

    with opened(course) as gradebook:
        gradebook.update_or_create_assignment(chapter)
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
            f"move {course.root / 'gradebook.db'} away and grade again"
        ) from None


def vanished(course: Course, chapter: str, students: Sequence[str]) -> list[str]:
    """Students whom the gradebook knows a submission of, but who are not among these."""
    with opened(course) as gradebook:
        known = {one.student.id for one in gradebook.assignment_submissions(chapter)}
    return sorted(known - set(students))


def write(course: Course, chapter: str, graded: Sequence[tuple[Record, Sequence[Piece]]]) -> None:
    """All scores of these submissions, and nothing if anything fails."""
    late = _late_penalties(course)
    with opened(course) as gradebook, _one_transaction(gradebook):
        for record, pieces in graded:
            _write_one(course, chapter, gradebook, record, pieces, late)


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


def _write_one(
    course: Course, chapter: str, gradebook: Any, record: Record, pieces: Sequence[Piece], late: Any
) -> None:
    gradebook.update_or_create_student(record.student)
    when = _timestamp(course, chapter, record.student)
    submission = gradebook.update_or_create_submission(chapter, record.student, **({"timestamp": when} if when else {}))
    notebook = gradebook.find_submission_notebook(chapter, chapter, record.student)
    scores = {check_name(one.exercise): one for one in record.verdicts}
    untouched = {
        piece.name for piece in pieces if piece.role in ("question", "solution") and not piece.changed and piece.release
    }
    for grade in notebook.grades:
        verdict = scores.get(grade.name)
        person = grade.manual_score is not None
        if verdict is not None:
            grade.auto_score = min(verdict.score, grade.max_score)
            grade.needs_manual_grade = person or bool(verdict.flags) or bool(record.problem)
        elif grade.name in untouched:
            grade.auto_score, grade.needs_manual_grade = 0.0, person or bool(record.problem)
        else:
            grade.auto_score, grade.needs_manual_grade = None, True
    for comment in notebook.comments:
        comment.auto_comment = "No response." if comment.name in untouched else None
    gradebook.db.flush()
    _penalise(gradebook, submission, notebook, late)


def _timestamp(course: Course, chapter: str, student: str) -> Any:
    """When the submission was handed in, in UTC, as nbgrader's file beside it says; None without one."""
    from nbgrader.utils import parse_utc

    path = course.root / "submitted" / student / chapter / "timestamp.txt"
    if path.is_symlink() or not path.is_file():
        return None
    try:
        return parse_utc(path.read_text(encoding="utf-8")[:100].strip())
    except (ValueError, OverflowError, UnicodeDecodeError):
        return None


def _late_penalties(course: Course) -> Any:
    """nbgrader's own plugin for late submissions, as the tree's configuration chooses it."""
    from nbgrader.preprocessors import AssignLatePenalties

    rule = AssignLatePenalties(config=course.config())
    rule.log.setLevel(logging.ERROR)
    rule.init_plugin()
    return rule


def _penalise(gradebook: Any, submission: Any, notebook: Any, rule: Any) -> None:
    # Scores are computed by the database.
    gradebook.db.refresh(notebook)
    notebook.late_submission_penalty = None
    if submission.total_seconds_late > 0:
        penalty = rule.plugin_inst.late_submission_penalty(
            submission.student.id, notebook.score, submission.total_seconds_late
        )
        if penalty is not None:
            notebook.late_submission_penalty = rule._check_late_penalty(notebook, penalty)
