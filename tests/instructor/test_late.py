"""The penalty for each started day: alone, through the course's own grading, and through nbgrader's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from traitlets import TraitError

from autograder.engine.verdict import Verdict
from autograder.judge.course import Course
from autograder.judge.gradebook import opened, writing
from autograder.judge.records import Record
from tests.judge import tiny

DAY = 24 * 3600
CONFIG = """
c = get_config()
c.AssignLatePenalties.plugin_class = "autograder.instructor.late.DailyPenalty"
c.DailyPenalty.share = 0.2
c.DailyPenalty.grace_days = 1
c.DailyPenalty.maximum = 0.5
"""


def penalty(seconds: float, **traits: float) -> float | None:
    from autograder.instructor.late import DailyPenalty

    return DailyPenalty(**traits).late_submission_penalty("ada", 10.0, seconds)


@pytest.mark.parametrize(
    ("seconds", "taken"), [(0, None), (1, 1.0), (DAY, 1.0), (DAY + 1, 2.0), (2 * DAY, 2.0), (99 * DAY, 10.0)]
)
def test_each_started_day_costs_its_share(seconds: float, taken: float | None) -> None:
    assert penalty(seconds) == taken


def test_days_of_grace_cost_nothing_and_are_not_counted() -> None:
    assert penalty(2 * DAY, grace_days=2) is None
    assert penalty(2 * DAY + 1, grace_days=2) == 1.0
    assert penalty(2 * DAY + 1) == 3.0


def test_the_maximum_bounds_what_is_taken() -> None:
    assert penalty(9 * DAY, maximum=0.5) == 5.0
    assert penalty(9 * DAY) == 9.0


@pytest.mark.parametrize("traits", [{"share": -0.1}, {"share": 1.5}, {"grace_days": -1}, {"maximum": 2}])
def test_a_share_that_is_none_is_refused(traits: dict[str, float]) -> None:
    with pytest.raises(TraitError):
        penalty(1, **traits)


DUE = datetime(2025, 3, 1, 12)
VERDICTS = (Verdict("double", 4.0, 4.0, "all cases pass"), Verdict("shifted", 2.0, 1.0, "one case passes"))


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """The tiny chapter with a due date and one submission."""
    course = Course(tmp_path / "nbgrader")
    tiny.write_tree(course.root)
    tiny.hand_in(course.root, "ada", tiny.submission())
    with writing(course, tiny.CHAPTER):
        pass
    with opened(course) as book:
        book.update_or_create_assignment(tiny.CHAPTER, duedate=DUE)
    return course


def hand_in_late(course: Course, seconds: float) -> None:
    path = course.root / "submitted" / "ada" / tiny.CHAPTER / "timestamp.txt"
    path.write_text(f"{DUE + timedelta(seconds=seconds)} UTC\n", encoding="utf-8")


def through_the_course(course: Course) -> float | None:
    """The penalty that the course's own writer of the gradebook gives."""
    with writing(course, tiny.CHAPTER) as writer:
        writer.write([Record("key", "ada", tiny.CHAPTER, VERDICTS)])
    return stored(course)


def through_nbgrader(course: Course) -> float | None:
    """The penalty that nbgrader's own step of `nbgrader autograde` gives, whatever stood there."""
    from nbformat.v4 import new_notebook
    from nbgrader.preprocessors import AssignLatePenalties

    through_the_course(course)
    with opened(course) as book:
        book.find_submission_notebook(tiny.CHAPTER, tiny.CHAPTER, "ada").late_submission_penalty = 0.125
        book.db.commit()
    names = {"notebook": tiny.CHAPTER, "assignment": tiny.CHAPTER, "student": "ada"}
    resources = {"nbgrader": names | {"db_url": course.directory("").db_url}}
    AssignLatePenalties(config=course.config()).preprocess(new_notebook(), resources)
    return stored(course)


def stored(course: Course) -> float | None:
    with opened(course) as book:
        notebook = book.find_submission_notebook(tiny.CHAPTER, tiny.CHAPTER, "ada")
        found: float | None = notebook.late_submission_penalty
    return found


@pytest.mark.parametrize("way", [through_the_course, through_nbgrader])
def test_both_ways_of_grading_ask_the_configured_rule(way: Callable[[Course], float | None], course: Course) -> None:
    hand_in_late(course, 2.5 * DAY)
    assert way(course) is None, "nbgrader's own default takes nothing"
    (course.root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    assert way(course) == pytest.approx(0.4 * 5.0)
    hand_in_late(course, 0.5 * DAY)
    assert way(course) is None
    hand_in_late(course, 9 * DAY)
    assert way(course) == pytest.approx(0.5 * 5.0)
    with opened(course) as book:
        book.find_submission(tiny.CHAPTER, "ada").extension = timedelta(days=7)
        book.db.commit()
    assert way(course) == pytest.approx(0.2 * 5.0)


def test_the_exported_score_is_less_by_the_penalty(course: Course) -> None:
    from autograder.instructor.scores import grades_of

    (course.root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    hand_in_late(course, 2.5 * DAY)
    through_the_course(course)
    with opened(course) as book:
        score = grades_of(book).scores[tiny.CHAPTER, "ada"]
    assert (score.raw, score.penalty, score.value) == pytest.approx((5.0, 2.0, 3.0))
    assert score.timestamp == DUE + timedelta(days=2.5)
