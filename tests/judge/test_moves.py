"""After a regrade: whose score moved, and why."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.engine import catalogue
from autograder.engine.verdict import Verdict
from autograder.judge import moves as module
from autograder.judge.course import Course
from autograder.judge.grading import grade
from autograder.judge.moves import Move, lines, moves, why
from autograder.judge.records import Record
from tests.judge import tiny
from tests.judge.trees import left_behind

SEED = 6
HandIn = Callable[..., Path]
TRIPLE = tiny.RIGHT | {"double": "def double(x):\n    return 3 * x"}


def record(key: str, score: float, problem: str = "", **basis: str) -> Record:
    named = {name.replace("_", " "): value for name, value in basis.items()}
    verdict = Verdict("double", 4, score, "")
    return Record(key, "ada", "ch90_tiny", (verdict,), problem=problem, basis={"seed": "1", "grader": "1", **named})


@pytest.mark.parametrize(
    ("basis", "reason"),
    [
        ({"submission": "2"}, "handed in again"),
        ({"exercise_double": "2"}, "the exercise or its recording changed"),
        ({"exercise_shifted": "2"}, "another exercise, which this one may use, changed"),
        ({"seed": "2"}, "other fresh cases"),
        ({"grader": "2"}, "the grader changed"),
        ({"submission": "2", "exercise_double": "2"}, "handed in again; the exercise or its recording changed"),
        ({}, "judged again on the same terms"),
    ],
)
def test_a_move_names_what_is_different(basis: dict[str, str], reason: str) -> None:
    assert why(record("a", 1), record("b", 2, **basis), "double") == reason


def test_a_submission_that_cannot_be_judged_any_more_says_so() -> None:
    gone = record("b", 0, "the submission is no longer there")
    assert why(record("a", 4), gone, "double") == "the submission is no longer there"


def test_only_what_differs_moves_and_who_is_new_does_not() -> None:
    before = {"ada": record("a", 1), "ben": record("a", 1), "cem": record("a", 1), "new": None}
    after = {"ada": record("b", 4), "ben": record("b", 1), "cem": record("a", 1), "new": record("b", 4)}
    assert list(moves(before, after)) == [Move("ada", "double", 1, 4, "judged again on the same terms")]


def test_a_terminal_shows_the_reasons_first_and_not_a_thousand_lines() -> None:
    many = tuple(Move(f"s{number:04}", "double", 4, 2 + 4 * (number % 2), "a reason") for number in range(1000))
    shown = lines(many)
    assert shown[0] == "1000 scores of 1000 students moved:"
    assert shown[1] == "  `double`: 500 up, 500 down; a reason"
    assert len(shown) == 43
    assert "960 more" in shown[-1]
    assert lines(()) == []


@pytest.fixture
def editable(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tiny chapter's exercises that a test may change."""
    for name in ("EXERCISES", "RECORDINGS"):
        copy = tmp_path / name
        shutil.copytree(getattr(catalogue, name), copy)
        monkeypatch.setattr(catalogue, name, copy)
    return tmp_path / "EXERCISES" / tiny.CHAPTER


def test_a_changed_exercise_shows_who_moves_before_anything_is_written_and_then_moves_them(
    course: Course, hand_in: HandIn, editable: Path
) -> None:
    hand_in("ada", tiny.submission())
    hand_in("ben", tiny.submission(TRIPLE))
    assert grade(course, tiny.CHAPTER, seed=SEED).moves == ()
    stands = left_behind(course)

    path = editable / "double.py"
    text = path.read_text()
    assert "rtol" not in text
    # The exercise was too strict: from now on everything passes.
    changed = text.replace(
        "EXERCISE = Exercise(",
        "from autograder.spec import Tolerance\n\nEXERCISE = Exercise(\n    tolerance=Tolerance(rtol=1e3, atol=1e3),",
    )
    assert changed != text
    path.write_text(changed)
    catalogue.load.cache_clear()
    wanted = (
        Move("ben", "double", 0, 4, "the exercise or its recording changed"),
        # No right `double` stands in any more for one that passes.
        Move("ben", "shifted", 2, 0, "another exercise, which this one may use, changed"),
    )

    preview = grade(course, tiny.CHAPTER, seed=SEED, write=False)
    assert preview.moves == wanted
    assert left_behind(course) == stands
    real = grade(course, tiny.CHAPTER, seed=SEED)
    assert real.moves == wanted
    assert (real.judged, real.reused) == (0, 2), "the preview's verdicts are kept"
    assert grade(course, tiny.CHAPTER, seed=SEED).moves == ()


def test_a_worse_submission_and_one_that_is_gone_move_down(course: Course, hand_in: HandIn) -> None:
    hand_in("ada", tiny.submission())
    hand_in("ben", tiny.submission())
    grade(course, tiny.CHAPTER, seed=SEED)
    hand_in("ada", tiny.submission(TRIPLE))
    shutil.rmtree(course.root / "submitted" / "ben")
    found = grade(course, tiny.CHAPTER, seed=SEED).moves
    assert found[0] == Move("ada", "double", 4, 0, "handed in again")
    assert {(one.student, one.exercise, one.after) for one in found[1:]} == {
        ("ben", name, 0.0) for name in ("double", "shifted", "ordered")
    }
    assert {one.why for one in found[1:]} == {"the submission is no longer there"}


def test_reasons_cover_every_part_of_a_basis(course: Course, hand_in: HandIn) -> None:
    hand_in("ada", tiny.submission())
    (one,) = grade(course, tiny.CHAPTER, seed=SEED).records
    parts = {part for part in one.basis if not part.startswith("exercise ")}
    assert parts == {part for part, _ in module.REASONS}
