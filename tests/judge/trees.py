"""What grading leaves behind, in a form that two trees or two databases compare by."""

from __future__ import annotations

from typing import Any

from autograder.judge import gradebook
from autograder.judge.course import Course
from autograder.judge.standing import Standing, current
from tests.judge import tiny

COMMENTS = """
    SELECT handed.student_id, cell.name, comment.auto_comment, comment.manual_comment
    FROM comment
    JOIN base_cell AS cell ON cell.id = comment.cell_id
    JOIN submitted_notebook AS book ON book.id = comment.notebook_id
    JOIN submitted_assignment AS handed ON handed.id = book.assignment_id
    ORDER BY handed.student_id, cell.name
"""


def left_behind(course: Course) -> dict[str, Any]:
    """The gradebook's rows, the graded notebooks, the records that stand, and files that nobody should find."""
    from sqlalchemy import text

    with gradebook.opened(course) as book:
        comments = [tuple(row) for row in book.db.execute(text(COMMENTS))]
        version = book.db.execute(text("SELECT version_num FROM alembic_version")).all()
        cells = sorted((cell.name, cell.max_score) for cell in book.find_notebook(*[tiny.CHAPTER] * 2).grade_cells)
    notebooks = sorted((course.root / "autograded").rglob("*.ipynb"))
    standing = Standing.read(course.verdicts(tiny.CHAPTER))
    return {
        "grades": gradebook.snapshot(course, tiny.CHAPTER),
        "comments": comments,
        "cells": cells,
        "version": [tuple(row) for row in version],
        "notebooks": {str(path.relative_to(course.root)): path.read_text() for path in notebooks},
        "keys": dict(standing.keys),
        "states": sorted(standing.states),
        "records": {student: one.line() for student, one in current(course.verdicts(tiny.CHAPTER)).items()},
    }
