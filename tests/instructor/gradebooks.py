"""A gradebook as nbgrader's own API makes it: two chapters, difficult names, a late and a missing submission."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from autograder.judge.course import Course
from autograder.judge.gradebook import opened

FIRST, SECOND = "ch01_activations", "ch02_backprop"
NAMES = {
    "ada": ("Lovelace, Countess", 'Ada "Enchantress"', "ada@example.org"),
    "bjorn": ("Åström", "Björn", "bjorn@example.org"),
    "chen": ("陈", "晓明", "chen@example.org"),
    "dora": ("=1+2", "@SUM(A1)", "dora@example.org"),
    "=emil": ("Emil", "", ""),
}
DUE = datetime(2025, 3, 1, 12)
SCORES = {
    ("ada", FIRST): (4.0, 2.5),
    ("bjorn", FIRST): (2.0, None),
    ("chen", FIRST): (3.335, 1.0),
    ("dora", FIRST): (0.0, 0.0),
    ("ada", SECOND): (10.0, None),
    ("=emil", SECOND): (7.0, None),
}
"""What the machine gave for check_double, and a person for why."""


def write(root: Path) -> Course:
    """The gradebook in a folder."""
    root.mkdir(parents=True, exist_ok=True)
    course = Course(root)
    with opened(course) as book:
        for chapter, points in ((FIRST, {"check_double": 4.0, "why": 3.0}), (SECOND, {"check_double": 10.0})):
            book.add_assignment(chapter, duedate=DUE)
            book.add_notebook(chapter, chapter)
            for name, most in points.items():
                kind = "code" if name.startswith("check") else "markdown"
                book.add_grade_cell(name, chapter, chapter, max_score=most, cell_type=kind)
        for student, (last, first, email) in NAMES.items():
            book.add_student(student, last_name=last, first_name=first, email=email)
        for (student, chapter), (machine, person) in SCORES.items():
            late = (student, chapter) == ("ada", FIRST)
            book.add_submission(chapter, student, timestamp=datetime(2025, 3, 3, 11) if late else DUE)
            book.find_grade("check_double", chapter, chapter, student).auto_score = machine
            if chapter == FIRST:
                book.find_grade("why", chapter, chapter, student).manual_score = person
            if late:
                book.find_submission_notebook(chapter, chapter, student).late_submission_penalty = 1.3
        book.db.commit()
    return course
