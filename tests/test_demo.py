"""The demonstration class is made of what the chapter holds, and is graded as its folders' names say."""

import csv
import inspect
import os
import subprocess
import sys

import nbformat
import numpy as np
import pytest

from autograder.demo import command, submissions
from autograder.engine import catalogue, tree
from autograder.engine.answer import answer
from autograder.engine.drive import drive_of
from autograder.errors import CourseError
from autograder.reference import recordings
from autograder.release import build, master
from autograder.release.build import Places
from tests.conftest import ROOT, model_answers


def bits(value):
    """A tree of arrays as something that compares to the last bit."""
    structure, arrays = tree.pack(value)
    return structure, [(one.dtype.str, one.shape, one.tobytes()) for one in arrays]


def test_a_misconception_as_a_students_cell_gives_the_same_answers(exercise, misconception, quiet):
    notebook = {"np": np}
    exec(submissions.renamed_source(misconception, exercise), notebook)
    for case in recordings.draw(exercise):
        ours = answer(misconception.wrong, case.inputs, drive=drive_of(exercise))
        theirs = answer(notebook[exercise.name], case.inputs, drive=drive_of(exercise))
        assert (theirs.trouble, theirs.detail, theirs.changed) == (ours.trouble, ours.detail, ours.changed)
        assert bits(theirs.value) == bits(ours.value)


@pytest.fixture(scope="module")
def first():
    return master.read(Places().master(build.stems(Places())[0]))


@pytest.fixture(scope="module")
def release(first):
    return build.release_text(first)


def cells(submission):
    """The sources of a submission's solution cells by grade id."""
    notebook = nbformat.reads(submission.text, as_version=4)
    nbformat.validate(notebook)
    marked = (cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution"))
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in marked}


def test_a_class_has_the_size_that_was_asked_for_and_no_name_twice(first, release):
    everyone = submissions.submissions(first, release, 10_000)
    assert len({one.student for one in everyone}) == len(everyone)
    misconceptions = sum(len(one.misconceptions) for one in catalogue.exercises(first.stem))
    assert len(everyone) == submissions.FIXED + misconceptions
    assert [one.student for one in submissions.submissions(first, release, 3)] == ["all_right", "half_done", "blank"]


def test_each_submission_differs_from_the_model_answers_by_what_its_name_says(first, release):
    class_ = {one.student: one for one in submissions.submissions(first, release, 12)}
    answers = dict(first.model_answers)
    assert cells(class_["all_right"]) == answers
    assert class_["blank"].text == release
    for student in ("warns", "endless_loop", "syntax_error"):
        changed = [name for name, source in cells(class_[student]).items() if source != answers[name]]
        assert len(changed) == 1, student
    assert cells(class_["crashes"]) == answers
    assert "os._exit(1)" in class_["crashes"].text
    with pytest.raises(nbformat.reader.NotJSONError):
        nbformat.reads(class_["not_a_notebook"].text, as_version=4)


def test_lines_are_put_after_the_docstring_and_before_the_first_statement():
    source = 'def f(x):\n    """Twice x."""\n    return 2 * x'
    wanted = 'def f(x):\n    """Twice x."""\n    x = x\n    return 2 * x'
    assert submissions.with_lines(source, "    x = x\n") == wanted
    assert submissions.with_lines(f"import math\n\n{source}", "    x = x\n") == f"import math\n\n{wanted}"


def test_a_demo_deletes_what_a_demo_made_and_nothing_else(tmp_path):
    made, other = tmp_path / "made", tmp_path / "other"
    command.fresh_root(made)
    (made / "old").write_text("x")
    command.fresh_root(made)
    assert [path.name for path in made.iterdir()] == [command.MARK]
    other.mkdir()
    (other / "thesis.txt").write_text("x")
    with pytest.raises(CourseError, match="holds something that no demo made"):
        command.fresh_root(other)
    assert (other / "thesis.txt").is_file()


def test_a_small_class_is_graded_as_its_folders_say(tmp_path, chapter):
    root = tmp_path / "demo"
    options = ["--root", str(root), "--students", str(submissions.FIXED + 1), "--workers", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "demo", chapter, *options],
        cwd=ROOT,
        env=os.environ | {"AUTOGRADER_SEED": "7", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with (root / "grades.csv").open(encoding="utf-8", newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    exercises = catalogue.exercises(chapter)
    full = sum(one.points for one in exercises)
    half = sum(one.points for one in exercises[: len(exercises) // 2])
    assert {name: scores[name] for name in ("all_right", "warns", "crashes")} == dict.fromkeys(
        ("all_right", "warns", "crashes"), full
    )
    assert scores["half_done"] == half
    assert scores["blank"] == scores["not_a_notebook"] == 0
    functions = [one for one in exercises if inspect.isfunction(model_answers(chapter)[one.name])]
    middle = functions[len(functions) // 2].points
    assert scores["endless_loop"] == scores["syntax_error"] == full - middle
    (wrong,) = (name for name in scores if name.startswith("misconception_"))
    assert 0 < scores[wrong] < full
    assert f"recognised in {exercises[0].name}: {exercises[0].misconceptions[0].name}" in done.stdout
    for name in scores:
        assert (root / "feedback" / name / chapter / f"{chapter}.html").is_file(), name
    for said in (
        "for a person: the file is not JSON",
        "a person gives ",
        f"CSV: {root / 'grades.csv'}",
    ):
        assert said in done.stdout


def test_a_misconceptions_cell_needs_no_exercise_file(exercise, misconception):
    """In the sandbox nothing of the autograder is there."""
    source = submissions.renamed_source(misconception, exercise)
    assert "autograder" not in source
