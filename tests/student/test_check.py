"""`check`, `hint` and `progress` as a student meets them, in a terminal and in a notebook's kernel."""

import json
import subprocess
import sys

import numpy as np
import pytest

from autograder import check, hint, progress
from autograder.engine import catalogue
from autograder.errors import NotYet
from autograder.reference import recordings
from autograder.student import show
from autograder.student.check import _checked_name, judge
from autograder.student.hint import LEVELS
from autograder.student.store import Store
from tests.conftest import double, model_answers, squares


@pytest.fixture(autouse=True)
def progress_file(tmp_path, monkeypatch):
    path = tmp_path / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    return path


@pytest.fixture
def toy_course(toy, tmp_path, monkeypatch):
    """A course of one exercise, recorded by the toy reference itself."""
    monkeypatch.setattr(catalogue, "RECORDINGS", tmp_path / "recordings")
    monkeypatch.setattr(catalogue, "find", lambda name: toy)
    monkeypatch.setattr(catalogue, "chapters", lambda: [toy.chapter])
    monkeypatch.setattr(catalogue, "exercises", lambda chapter=None: [toy])
    cases = recordings.draw(toy)
    provenance = {"device": "cpu", "torch": "0", "inputs_sha256": recordings.hash_inputs(cases)}
    recordings.save(toy, cases, [2 * case.inputs["x"] for case in cases], provenance)
    yield toy
    recordings.load.cache_clear()


def test_a_right_answer_passes_with_one_table(toy_course, capsys, progress_file):
    check(double)
    shown = capsys.readouterr().out
    assert "double: passes, 4 points" in shown
    assert ["one", "row", "array", "of", "shape", "(3,)", "0", "passes"] in [
        line.split() for line in shown.splitlines()
    ]
    assert "on the CPU (recording; not a GPU's output)" in shown
    assert json.loads(progress_file.read_text())["double"]["score"] == 4


def test_a_wrong_answer_is_one_line_and_a_table_and_the_misconceptions_hint(toy_course, capsys):
    squares.__name__, before = "double", squares.__name__
    try:
        with pytest.raises(NotYet, match="double: in the case “one row”, largest error") as caught:
            check(squares)
    finally:
        squares.__name__ = before
    assert "\n" not in str(caught.value)
    assert caught.value._render_traceback_() == [str(caught.value)]
    assert "A thought: What happens to 3?" in capsys.readouterr().out


def test_a_stub_is_one_line_without_a_table(toy_course, capsys):
    def stub(x):
        raise NotImplementedError

    with pytest.raises(NotYet, match=r"^double: not written yet$"):
        check(replace_name(stub, "double"))
    assert capsys.readouterr().out == "double: not written yet\n"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros(3), "got a value of type ndarray: no brackets"),
        (3, "got a value of type int"),
        ("double", r"the function itself: check\(double\), without quotes"),
    ],
)
def test_check_of_something_else_is_one_line(toy_course, given, words):
    with pytest.raises(NotYet, match=words):
        check(given)


def test_a_progress_file_that_cannot_be_read_stays_where_it_is(toy_course, progress_file, capsys):
    progress_file.mkdir()
    check(double)
    assert progress_file.is_dir()


def test_an_unknown_function_is_one_line():
    def no_such_exercise():
        pass

    with pytest.raises(NotYet, match="no exercise is called 'no_such_exercise'"):
        check(no_such_exercise)


def test_hints_come_one_level_at_a_time_and_are_remembered(toy_course, capsys):
    for level, name in enumerate(LEVELS, start=1):
        hint(double)
        shown = capsys.readouterr().out
        assert f"hint {level} of 4" in shown
        assert name in shown
    hint("double")
    assert "hint 4 of 4" in capsys.readouterr().out
    assert Store.open().hints_taken(toy_course) == 4


def test_progress_draws_the_map_and_says_where_to_go(toy_course, capsys):
    progress()
    assert "Next: double, section 0.1" in capsys.readouterr().out
    with pytest.raises(NotYet):
        check(replace_name(lambda x: x, "double"))
    progress()
    assert "Next: mend double; section 0.1 explains it" in capsys.readouterr().out.splitlines()[-1]
    check(double)
    progress()
    assert "1 of 1 exercises pass, 4 of 4 points" in capsys.readouterr().out


def replace_name(function, name):
    function.__name__ = name
    return function


def test_a_damaged_progress_file_is_set_aside_and_nothing_stops(toy_course, progress_file, capsys):
    progress_file.write_text("{ not json")
    check(double)
    assert progress_file.with_name("progress.json.damaged").read_text() == "{ not json"
    assert json.loads(progress_file.read_text())["double"]["attempts"] == 1


def test_a_score_never_falls(toy_course, capsys):
    check(double)
    with pytest.raises(NotYet):
        check(replace_name(lambda x: x, "double"))
    assert Store.open().score("double") == 4


def test_html_escapes_what_came_from_outside(toy_course):
    def raising(x):
        raise ValueError("<script>alert(1)</script>")

    html = show.verdict_html(judge(replace_name(raising, "double"), toy_course))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_html_and_text_say_the_same_message(toy_course):
    verdict = judge(replace_name(lambda x: x + 1, "double"), toy_course)
    assert verdict.message[5:40] in show.verdict_text(verdict)
    assert verdict.message[5:15] in show.verdict_html(verdict)


def test_a_part_that_does_not_pass_yet_is_named(capsys):
    functions = dict(model_answers("ch01_activations"))
    names = functions["sigmoid_grad"].__globals__
    right = names["sigmoid"]
    names["sigmoid"] = replace_name(lambda x: np.zeros_like(x), "sigmoid")
    try:
        with pytest.raises(NotYet):
            check(functions["sigmoid_grad"])
    finally:
        names["sigmoid"] = right
    shown = capsys.readouterr().out
    assert "It calls your `sigmoid`, which does not pass yet: mend that first." in shown


def test_a_cell_that_is_one_check_call_is_recognised():
    assert _checked_name("check(softmax)") == "softmax"
    assert _checked_name("x = check(softmax)") is None
    assert _checked_name("check(softmax") is None


LOADS = """
import sys
from autograder import check, hint, progress
check.__module__, hint.__module__, progress.__module__
print(sorted({name.split(".")[0] for name in sys.modules} & {"torch", "nbgrader", "jupytext", "sklearn", "IPython"}))
"""


def test_importing_check_loads_neither_torch_nor_nbgrader():
    shown = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
    other = subprocess.run(
        [sys.executable, "-c", "import jupytext\n" + LOADS], capture_output=True, text=True, check=True
    )
    assert "jupytext" in other.stdout


def test_a_function_that_is_not_there_yet_is_one_line_in_a_notebook():
    """IPython itself runs the cell, as in a notebook."""
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_cell('from autograder import check; check')\n"
        "shell.run_cell('check(softmax)', store_history=True)\n"
        "shell.run_cell('check(relu); undefined_name', store_history=True)\n"
        "shell.run_cell('def relu(x):\\n    raise NotImplementedError(1)', store_history=True)\n"
        "shell.run_cell('y = relu(3) + 1', store_history=True)\n"
        "shell.run_cell('raise NotImplementedError(2)', store_history=True)\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "softmax is not defined yet: run the cell above that defines it" in shown
    assert "relu is not written yet, and this cell needs it" in shown
    assert shown.count("Traceback") == 2  # the second cell and the last are ordinary errors, and stay ordinary
