"""A grader that is killed, anywhere, and started again leaves what an undisturbed one leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.judge import gradebook, standing
from autograder.judge import grading as module
from autograder.judge.course import Course
from autograder.judge.grading import grade
from tests.conftest import ROOT
from tests.judge import tiny
from tests.judge.trees import left_behind

SEED = 5
CLASS = {
    "ada": tiny.submission(),
    "ben": tiny.submission({"double": tiny.RIGHT["double"]}),
    "cem": b"not a notebook",
}
HandIn = Callable[..., Path]


def run_killed(course: Course, last: int, workers: int = 1) -> subprocess.CompletedProcess[str]:
    """Grade in another process, which is killed at its moment `last`; 0: never."""
    settings = {
        "root": str(course.root),
        "last": last,
        "workers": workers,
        "chapter": tiny.CHAPTER,
        "seed": SEED,
        "exercises": str(catalogue.EXERCISES),
        "recordings": str(catalogue.RECORDINGS),
    }
    program = str(Path(__file__).with_name("killed.py"))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, program, json.dumps(settings)], env=environment, capture_output=True, text=True, check=False
    )


def new_tree(folder: Path) -> Course:
    tiny.write_tree(folder)
    for student, notebook in CLASS.items():
        tiny.hand_in(folder, student, notebook)
    return Course(folder)


@pytest.fixture
def undisturbed(course: Course, tmp_path: Path) -> tuple[dict[str, Any], int]:
    """What an undisturbed run leaves, and how many moments it has."""
    tree = new_tree(tmp_path / "undisturbed")
    done = run_killed(tree, 0)
    assert done.returncode == 0, done.stderr[-2000:]
    return left_behind(tree), int(done.stdout.split()[-1])


def test_killed_at_many_moments_the_next_run_leaves_what_an_undisturbed_one_leaves(
    undisturbed: tuple[dict[str, Any], int], tmp_path: Path
) -> None:
    wanted, moments = undisturbed
    assert moments > 30
    # The first run makes the gradebook and registers the cells: one moment in three of all.
    for last in range(1, moments + 1, 3):
        tree = new_tree(tmp_path / f"killed{last}")
        assert run_killed(tree, last).returncode == -signal.SIGKILL
        grade(tree, tiny.CHAPTER, seed=SEED)
        assert left_behind(tree) == wanted, f"killed at moment {last} of {moments}"


def test_killed_again_and_again_and_between_two_gradings(
    undisturbed: tuple[dict[str, Any], int], tmp_path: Path
) -> None:
    wanted, moments = undisturbed
    tree = new_tree(tmp_path / "often")
    tiny.hand_in(tree.root, "ben", tiny.submission())
    grade(tree, tiny.CHAPTER, seed=SEED + 1)
    for student, notebook in CLASS.items():
        tiny.hand_in(tree.root, student, notebook)
    for last in (2, 9, moments // 2, 3, moments - 2):
        run_killed(tree, last)
    grade(tree, tiny.CHAPTER, seed=SEED)
    assert left_behind(tree) == wanted


@pytest.mark.parametrize("seconds", [0.4, 1.2, 2.0, 2.8])
def test_two_workers_killed_by_the_clock_are_gone_and_the_next_run_finishes(
    undisturbed: tuple[dict[str, Any], int], tmp_path: Path, seconds: float
) -> None:
    tree = new_tree(tmp_path / "clock")
    code = (
        "import sys; from pathlib import Path; from autograder.engine import catalogue\n"
        "from autograder.judge.course import Course; from autograder.judge.grading import grade\n"
        "if __name__ == '__main__':\n"
        "    catalogue.EXERCISES, catalogue.RECORDINGS = Path(sys.argv[1]), Path(sys.argv[2])\n"
        f"    grade(Course(Path(sys.argv[3])), {tiny.CHAPTER!r}, seed={SEED}, workers=2)\n"
    )
    program = tmp_path / "program.py"
    program.write_text(code)
    words = [sys.executable, str(program), str(catalogue.EXERCISES), str(catalogue.RECORDINGS), str(tree.root)]
    with subprocess.Popen(words, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    _, left = psutil.wait_procs(family, timeout=30)
    assert [one.cmdline() for one in left] == [], "nothing is left behind"
    grade(tree, tiny.CHAPTER, seed=SEED)
    assert left_behind(tree) == undisturbed[0]


def test_what_a_killed_run_had_judged_is_not_judged_again(
    undisturbed: tuple[dict[str, Any], int], tmp_path: Path
) -> None:
    tree = new_tree(tmp_path / "kept")
    run_killed(tree, undisturbed[1] - 1)
    again = grade(tree, tiny.CHAPTER, seed=SEED)
    assert (again.judged, again.reused) == (0, 3)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_changes_while_it_is_graded_is_judged_by_the_next_run_whatever_it_holds_then(
    course: Course, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    for student in ("ada", "ben"):
        hand_in(student, tiny.submission())
    jobs = module._Run.jobs

    def change_then(run: module._Run) -> list:
        hand_in("ada", b"half of an upload")
        return jobs(run)

    with monkeypatch.context() as during:
        during.setattr(module._Run, "jobs", change_then)
        ada, ben = grade(course, tiny.CHAPTER, seed=SEED, workers=workers).records
    assert (ada.score, ben.score) == (0.0, 8.0)
    assert "changed while it was graded" in ada.problem
    hand_in("ada", tiny.submission())
    again = grade(course, tiny.CHAPTER, seed=SEED)
    assert (again.judged, again.reused, again.records[0].score) == (1, 1, 8.0)


# An unchanged class is only looked at.


def test_an_unchanged_class_opens_neither_a_sandbox_nor_the_gradebook(
    course: Course, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in("ada", tiny.submission())
    first = grade(course, tiny.CHAPTER, seed=SEED)
    for place, name in ((module, "judged_here"), (gradebook, "opened"), (gradebook, "writing")):
        monkeypatch.setattr(place, name, None)
    second = grade(course, tiny.CHAPTER, seed=SEED)
    assert [one.line() for one in second.records] == [one.line() for one in first.records]
    assert (second.judged, second.reused) == (0, 1)


def _delete_notebook(course: Course) -> None:
    course.autograded("ada", tiny.CHAPTER).unlink()


def _change_score(course: Course) -> None:
    with gradebook.opened(course) as book:
        book.find_submission_notebook(tiny.CHAPTER, tiny.CHAPTER, "ada").grades[0].auto_score = 99.0
        book.db.commit()


def _delete_gradebook(course: Course) -> None:
    (course.root / "gradebook.db").unlink()


def _write_rubbish_into_what_stands(course: Course) -> None:
    standing._path(course.verdicts(tiny.CHAPTER)).write_text("rubbish")


def _hand_in_late(course: Course) -> None:
    with gradebook.opened(course) as book:
        book.update_or_create_assignment(tiny.CHAPTER, duedate="2026-01-01 12:00:00 UTC")
    path = course.root / "submitted" / "ada" / tiny.CHAPTER / "timestamp.txt"
    path.write_text("2026-01-01 11:00:00 UTC")


@pytest.mark.parametrize(
    "disturb", [_delete_notebook, _change_score, _delete_gradebook, _write_rubbish_into_what_stands, _hand_in_late]
)
def test_what_was_changed_behind_the_graders_back_is_written_again(
    course: Course, hand_in: HandIn, disturb: Callable[[Course], None]
) -> None:
    hand_in("ada", tiny.submission())
    grade(course, tiny.CHAPTER, seed=SEED)
    wanted = left_behind(course)
    disturb(course)
    again = grade(course, tiny.CHAPTER, seed=SEED)
    assert (again.judged, again.reused) == (0, 1)
    found = left_behind(course)
    if disturb is _hand_in_late:
        assert [row[7] for row in found["grades"]] == ["2026-01-01 11:00:00.000000"] * 4
    else:
        assert found == wanted


# One writer.


def test_two_runs_do_not_grade_one_tree_at_the_same_time(course: Course, hand_in: HandIn) -> None:
    hand_in("ada", tiny.submission())
    with course.locked(), pytest.raises(CourseError, match=f"is being graded by process {os.getpid()}; wait"):
        grade(course, tiny.CHAPTER, seed=SEED)
    assert grade(course, tiny.CHAPTER, seed=SEED).judged == 1


def test_a_gradebook_that_cannot_be_used_is_one_line(
    course: Course, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in("ada", tiny.submission())
    for address, reason in (
        ("postgresql+psycopg://ada:secret@127.0.0.1:1/grades", "cannot be used"),
        ("nonsense://x", "cannot be used"),
        ("no address", "cannot be used"),
    ):
        monkeypatch.setenv("AUTOGRADER_GRADEBOOK", address)
        with pytest.raises(CourseError, match=reason) as problem:
            grade(course, tiny.CHAPTER, seed=SEED)
        assert "secret" not in str(problem.value)
        assert "\n" not in str(problem.value)
