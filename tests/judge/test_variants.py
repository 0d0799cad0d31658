"""With variants each student has fresh cases of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from autograder.judge.course import Course
from autograder.judge.grading import grade
from autograder.judge.jobs import Terms, sheets_for
from autograder.nbgrader_config import LOADER
from tests.judge import tiny

HandIn = Callable[..., Path]


def terms(*, variants: bool) -> Terms:
    return Terms(tiny.CHAPTER, {"cells": []}, 3, "namespaces", {}, variants)


def fresh(found: Terms, student: str) -> list[np.ndarray]:
    """A student's fresh vectors."""
    sheet = sheets_for(found, student)[0]
    pairs = zip(sheet.cases, sheet.hidden, strict=True)
    return [case.inputs["x"] for case, hidden in pairs if hidden and case.name == "a vector"]


def test_fresh_cases_differ_from_student_to_student_and_stay_the_same_for_one(tiny_chapter: str) -> None:
    own = terms(variants=True)
    (ada,), (ben,), (again,) = fresh(own, "ada"), fresh(own, "ben"), fresh(own, "ada")
    assert (ada != ben).all()
    assert (ada == again).all()
    same = terms(variants=False)
    assert (fresh(same, "ada")[0] == fresh(same, "ben")[0]).all()


def test_a_table_of_another_students_answers_earns_nothing(course: Course, hand_in: HandIn) -> None:
    """Somebody who learns one student's fresh inputs and outputs has them for the others only without variants."""
    sheet = sheets_for(terms(variants=True), "ada")[0]
    table = [
        (case.inputs["x"].tolist(), np.asarray(want).tolist())
        for case, want in zip(sheet.cases, sheet.expected, strict=True)
    ]
    find = "next((np.array(wanted) for given, wanted in TABLE if np.array_equal(given, x)), x)"
    cheat = f"TABLE = {table!r}\ndef double(x):\n    return {find}"
    for student in ("ada", "ben"):
        hand_in(student, tiny.submission({"double": cheat}))
    found = grade(course, tiny.CHAPTER, seed=3, variants=True)
    assert {one.student: one.score for one in found.records} == {"ada": 4.0, "ben": 0.0}


def test_one_worker_and_two_give_the_same_verdicts(course: Course, hand_in: HandIn) -> None:
    for student in ("ada", "ben", "cem"):
        hand_in(student, tiny.submission({"double": tiny.RIGHT["double"]}))
    first = grade(course, tiny.CHAPTER, seed=3, variants=True)
    second = grade(course, tiny.CHAPTER, seed=3, variants=True, workers=2, again=True)
    assert [one.line() for one in first.records] == [one.line() for one in second.records]
    assert grade(course, tiny.CHAPTER, seed=3).judged == 3, "without variants it is another grading"


def test_the_configuration_turns_them_on_for_our_command_and_for_nbgrader(course: Course) -> None:
    assert course.variants is False
    (course.root / "nbgrader_config.py").write_text(LOADER + "\nget_config().JudgeSubmission.variants = True\n")
    assert course.variants is True


@pytest.mark.parametrize("student", ["ünï", "\udce9", "a b", "名"])
def test_any_name_of_a_folder_has_a_seed(student: str) -> None:
    assert terms(variants=True).seed_of(student) != terms(variants=True).seed_of("ada")
