"""The demonstration class is made of what the chapter holds, and is graded as its folders' names say."""

import csv
import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from autograder.demo import command, kinds, rewording, shown, submissions
from autograder.demo.material import Chapter
from autograder.engine import catalogue, tree
from autograder.engine.answer import answer
from autograder.engine.compare import compare
from autograder.engine.drive import drive_of
from autograder.engine.verdict import Rung, Verdict
from autograder.errors import CourseError
from autograder.judge.records import Record
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
    class_ = {one.student: one for one in submissions.submissions(first, release, submissions.FIXED)}
    answers = dict(first.model_answers)
    assert cells(class_["all_right"]) == answers
    assert class_["blank"].text == release
    for student in (
        "warns",
        "endless_loop",
        "prints_without_end",
        "takes_all_memory",
        "syntax_error",
        "table_of_answers",
    ):
        changed = [name for name, source in cells(class_[student]).items() if source != answers[name]]
        assert len(changed) == 1, student
    assert cells(class_["crashes"]) == answers
    assert "os._exit(1)" in class_["crashes"].text
    assert [cells(class_[student]) for student in ("late", "background_process", "forks_without_end")] == [answers] * 3
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


FULL = {
    "all_right",
    "warns",
    "other_types",
    "extra_cells",
    "metadata_lost",
    "old_format",
    "in_other_words_ß_ж",
    "copies_other_words",
    "late",
    "crashes",
    "forks_without_end",
    "background_process",
    "script_in_answer",
}
NOTHING = {
    "blank",
    "only_free_answers",
    "not_a_notebook",
    "cut_off",
    "empty_file",
    "forged_score",
    "patches_numpy",
    "reads_the_grader",
}
HALF = {"half_done", "edited_points"}
ALL_BUT_ONE = {
    "handed_in_again",
    "syntax_error",
    "endless_loop",
    "prints_without_end",
    "takes_all_memory",
    "table_of_answers",
}
PAGES = "[ns]*"
"""A page takes a second; the pattern fits these, among them a refused file and a hostile answer."""


def test_every_kind_is_graded_as_its_name_says_and_the_pages_are_made(tmp_path, chapter):
    root = tmp_path / "demo"
    options = ["--root", str(root), "--students", str(submissions.FIXED + 1), "--workers", "2", "--feedback", PAGES]
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
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    scores = {student: float(row["raw_score"]) for student, row in rows.items()}
    exercises = catalogue.exercises(chapter)
    full = sum(one.points for one in exercises)
    half = sum(one.points for one in exercises[: len(exercises) // 2])
    (wrong,) = (name for name in scores if name.startswith("misconception_"))
    assert scores.keys() == FULL | NOTHING | HALF | ALL_BUT_ONE | {wrong}
    assert {name: scores[name] for name in FULL} == dict.fromkeys(FULL, full)
    assert {name: scores[name] for name in NOTHING} == dict.fromkeys(NOTHING, 0.0)
    assert {name: scores[name] for name in HALF} == dict.fromkeys(HALF, half)
    for name in ALL_BUT_ONE:
        assert full - scores[name] in {one.points for one in exercises}, name
    assert 0 < scores[wrong] < full
    assert {name for name, row in rows.items() if float(row["late_submission_penalty"])} == {"late"}
    assert float(rows["late"]["score"]) == pytest.approx(full * (1 - 0.1 * kinds.LATE_DAYS))

    for said in (
        f"  {exercises[0].name}: {exercises[0].misconceptions[0].name}",
        "not_a_notebook: the file is not JSON",
        "handed_in_again: `",
        f"    copies_other_words and {kinds.OTHER_WORDS}, who share ",
        "every submission came out as its kind says",
    ):
        assert said in done.stdout
    looked = json.loads((root / "autograded" / "reads_the_grader" / chapter / f"{chapter}.ipynb").read_text("utf-8"))
    assert "found 0 files of the grader, 0 of its variables, 0 other files" in json.dumps(looked)
    pages = sorted(root.glob(f"feedback/*/{chapter}/{chapter}.html"))
    assert [page.parts[-3] for page in pages] == ["not_a_notebook", "script_in_answer", "syntax_error"]
    hostile = pages[1].read_text(encoding="utf-8")
    shown_answer = hostile.partition("<p>My answer.")[2].partition("</p>")[0]
    assert "document.title" in shown_answer
    assert not re.search(r"<script|<img|<iframe|<a |javascript:", shown_answer)
    for made in (f"reports/{chapter}/index.html", f"similar/{chapter}.html", "canvas.csv", "moodle.csv"):
        assert (root / made).is_file(), made
    with (root / "moodle.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["ID number"] for row in csv.DictReader(file)} == scores.keys()


def outcome(submission, *, lacks=(), flags=()):
    """The record of a submission as its kind says, but for exercises that earned nothing, and with flags."""
    verdicts = [
        Verdict(one.name, one.points, float(one.points) * (one.name in submission.passes and one.name not in lacks), "")
        for one in catalogue.exercises(build.stems(Places())[0])
    ]
    return Record("key", submission.student, "", tuple(verdicts), flags=flags)


def test_an_outcome_that_is_not_what_the_kind_says_is_told(first, release):
    class_ = submissions.submissions(first, release, submissions.FIXED)
    names = [one.name for one in catalogue.exercises(first.stem)]

    def told(records):
        data = SimpleNamespace(chapter=first.stem, records=records)
        return list(shown.surprises(data, class_))

    right = {one.student: outcome(one.last, flags=("lost",) if one.flagged else ()) for one in class_}
    assert told(right) == []
    assert told(right | {"warns": outcome(class_[0], lacks=[names[1]])}) == [f"warns: {names[1]} has 0.0, not 2"]
    assert told(right | {"warns": outcome(class_[0], flags=("lost",))}) == [
        "warns: a flag where the kind says otherwise"
    ]
    assert told(right | {"crashes": outcome(class_[0])}) == ["crashes: no flag where the kind says otherwise"]
    del right["late"]
    assert told(right) == ["late: there is no verdict"]


def test_the_table_of_answers_knows_every_recorded_case_and_no_fresh_one(chapter):
    material = Chapter(master.read(Places().master(chapter)), "")
    exercise, source = material.table
    notebook = {"np": np}
    exec(source, notebook)

    def passed(cases, expected):
        answers = [answer(notebook[exercise.name], case.inputs) for case in cases]
        return [compare(exercise, *one).rung is Rung.PASSED for one in zip(cases, expected, answers, strict=True)]

    recorded = recordings.load(exercise)
    assert all(passed(recorded.cases, recorded.expected))
    fresh = recordings.draw_private(exercise, 11)
    right = [answer(model_answers(chapter)[exercise.name], case.inputs).value for case in fresh]
    assert not any(passed(fresh, right))


STEPS = """
def mean_square(x, weight=None):
    \"\"\"Of the rows.\"\"\"
    squares = (x - x.mean(axis=0)) ** 2
    if weight is None:
        return squares.sum(axis=1) / x.shape[1]
    return (weight * squares).sum(axis=1)
"""


def test_other_words_and_other_names_compute_the_same():
    x, weight = np.arange(12.0).reshape(4, 3), np.array([0.2, 0.3, 0.5])
    sources = [STEPS, rewording.in_other_words(STEPS)]
    sources.append(rewording.with_other_names(sources[1]))
    found = []
    for source in sources:
        notebook = {"np": np}
        exec(source, notebook)
        found.append([notebook["mean_square"](x), notebook["mean_square"](x, weight=weight)])
    assert all(np.array_equal(one, found[0]) for one in found)
    assert "step_1 = x.mean(axis=0)" in sources[1]
    assert "squares" in sources[1]
    assert "squares" not in sources[2]
    assert "step_" not in sources[2]
    assert "Of the rows." in sources[2]


def test_another_type_is_returned_by_the_function_and_not_by_those_inside():
    source = "def f(x):\n    def g(y):\n        return y\n    return g(x)"
    wanted = "def f(x):\n\n    def g(y):\n        return y\n    return np.float32(g(x))"
    assert rewording.returning(source, "f", "np.float32") == wanted


def test_tools_and_forgers_change_what_they_say_and_leave_the_answers(first, release):
    class_ = {one.student: one for one in submissions.submissions(first, release, submissions.FIXED)}
    sources = [source for name, source in first.model_answers.items()]
    bare = json.loads(class_["metadata_lost"].text)
    assert [cell for cell in bare["cells"] if cell["metadata"] or "id" in cell] == []
    assert not any("".join(cell["source"]).startswith("check(") for cell in bare["cells"])
    assert set(sources) <= {"".join(cell["source"]) for cell in bare["cells"]}
    old = json.loads(class_["old_format"].text)
    assert (old["nbformat"], old["metadata"]["kernelspec"]["name"]) == (3, "python2")
    edited = nbformat.reads(class_["edited_points"].text, as_version=4)
    marks = [cell.metadata.nbgrader for cell in edited.cells if cell.source.startswith("check(")]
    names = [cell.source.strip()[6:-1] for cell in edited.cells if cell.source.startswith("check(")]
    assert {mark["points"] for mark in marks} == {1000}
    assert not any(mark["grade_id"] == f"check_{name}" for mark, name in zip(marks, names, strict=True))
    forged = nbformat.reads(class_["forged_score"].text, as_version=4)
    said = [cell.outputs for cell in forged.cells if cell.source.startswith("check(")]
    assert all(outputs[1].data["text/plain"] == "1000.0" for outputs in said)


def test_who_hands_in_again_replaces_the_notebook_and_nobody_else_is_touched(tmp_path, first, release):
    class_ = submissions.submissions(first, release, submissions.FIXED)
    paths = submissions.write(tmp_path, first.stem, class_)
    before = {path: path.read_bytes() for path in paths}
    late = tmp_path / "submitted" / "late" / first.stem / "timestamp.txt"
    assert list(tmp_path.glob("submitted/*/*/timestamp.txt")) == [late]
    assert submissions.hand_in_again(tmp_path, first.stem, class_) == [
        tmp_path / "submitted" / "handed_in_again" / first.stem / f"{first.stem}.ipynb"
    ]
    assert [path.parts[-3] for path in paths if path.read_bytes() != before[path]] == ["handed_in_again"]


def test_a_misconceptions_cell_needs_no_exercise_file(exercise, misconception):
    """In the sandbox nothing of the autograder is there."""
    source = submissions.renamed_source(misconception, exercise)
    assert "autograder" not in source
