"""Attempts to win a point without a right function.  Each has an honest twin that wins it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import pytest

from autograder.judge.judging import Judgement
from autograder.judge.sheets import Sheet
from tests.judge import tiny

Scores = Callable[[Mapping], dict[str, float]]
FULL = {"double": 4.0, "shifted": 2.0, "ordered": 2.0}
NOTHING = {"double": 0.0, "shifted": 0.0, "ordered": 0.0}
WRONG = {name: f"def {name}(x):\n    return np.full(3, 7.0)" for name in tiny.RIGHT}


def test_right_functions_earn_everything_and_wrong_or_missing_ones_nothing(scores: Scores) -> None:
    assert scores(tiny.submission()) == FULL
    assert scores(tiny.submission(WRONG)) == NOTHING
    assert scores(tiny.release()) == NOTHING
    assert scores({"nbformat": 4, "cells": []}) == NOTHING


PATCHES = {
    "comparisons": (
        "np.isclose = np.allclose = np.array_equal = lambda *a, **k: True\n"
        "np.testing.assert_allclose = lambda *a, **k: None"
    ),
    "builtins": (
        "import builtins\nbuiltins.all = builtins.any = lambda *a: True\n"
        "builtins.abs = lambda x: 0\nbuiltins.isinstance = lambda *a: True"
    ),
    "the engine inside": (
        "import gc\nfor one in gc.get_objects():\n"
        "    if getattr(one, '__module__', '') == 'autograder.engine.answer' and hasattr(one, '__dict__'):\n"
        "        try: one.trouble = ''; one.repeatable = True\n        except Exception: pass"
    ),
    "every comparison of numbers": "class Yes:\n    def __eq__(self, other): return True\nnp.ndarray = Yes",
}


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES.keys())
def test_patching_what_is_inside_wins_nothing(scores: Scores, patch: str) -> None:
    assert scores(tiny.submission(WRONG, before=[patch])) == NOTHING


def test_harmless_patches_cost_nothing(scores: Scores) -> None:
    assert scores(tiny.submission(before=[PATCHES["comparisons"]])) == FULL


LIARS = {
    "equal to everything": "class Liar:\n    def __eq__(self, other): return True\n    __hash__ = None",
    "an array on request": "class Liar:\n    def __array__(self, *a, **k): return np.zeros(4)",
    "a subclass that lies": (
        "class Liar(np.ndarray):\n    def __new__(cls): return np.zeros(4).view(cls)\n"
        "    def __eq__(self, other): return True\n    def __sub__(self, other): return np.zeros(4)"
    ),
    "an object array": "Liar = lambda: np.array([object()] * 4, dtype=object)",
    "a dict that lies": "class Liar(dict):\n    def __eq__(self, other): return True",
    "a float that lies": "class Liar(float):\n    def __eq__(self, other): return True",
    "a structured array": "Liar = lambda: np.zeros(4, dtype=[('a', float)])",
    "not a number": "Liar = lambda: np.full(4, np.nan)",
    "complex": "Liar = lambda: np.zeros(4, dtype=complex)",
    "text": "Liar = lambda: 'all cases pass'",
}


@pytest.mark.parametrize("liar", LIARS.values(), ids=LIARS.keys())
def test_lying_values_win_nothing(scores: Scores, liar: str) -> None:
    assert scores(tiny.submission({"double": f"{liar}\ndef double(x):\n    return Liar()"}))["double"] == 0.0


def test_a_right_value_in_a_subclass_of_an_array_passes(scores: Scores) -> None:
    honest = "class Own(np.ndarray): pass\ndef double(x):\n    return (2 * x).view(Own)"
    assert scores(tiny.submission({"double": honest}))["double"] == 4.0


FORGE = """
import json, os, socket, struct
def forge(message, payload=b""):
    data = json.dumps(message).encode()
    frame = struct.pack(">II", len(data), len(payload)) + data + payload
    for number in range(3, 64):
        try:
            os.write(number, frame)
        except OSError:
            pass
"""
FORGERIES = {
    "an empty right answer": {
        "op": "answer", "id": 1, "trouble": "", "detail": "", "changed": [], "warned": [], "repeatable": True,
        "seconds": 0, "tree": {"plain": True}, "sizes": [],
    },
    "a verdict": {"op": "verdict", "score": 4, "passed": True, "tree": {"plain": None}, "sizes": []},
    "a question": {"op": "ask", "id": 1, "name": "double", "tree": {"dict": {}}, "sizes": []},
    "rubbish": [1, 2, 3],
}  # fmt: skip


@pytest.mark.parametrize("message", FORGERIES.values(), ids=FORGERIES.keys())
def test_messages_forged_on_the_connection_itself_win_nothing(scores: Scores, message: object) -> None:
    attack = f"""{FORGE}
def double(x):
    for number in range(200):
        message = {message!r}
        if isinstance(message, dict) and 'id' in message:
            message['id'] = number
        forge(message)
    return x
"""
    assert scores(tiny.submission({"double": attack})) == NOTHING


def test_writing_to_other_descriptors_costs_nothing(scores: Scores) -> None:
    assert scores(tiny.submission(before=["import os\nos.write(1, b'x'); os.write(2, b'x')"])) == FULL


def test_forged_messages_from_a_cell_do_not_answer_for_a_function(scores: Scores) -> None:
    message = FORGERIES["an empty right answer"]
    assert scores(tiny.submission(WRONG, before=[f"{FORGE}\nforge({message!r})"])) == NOTHING


def test_a_thread_that_changes_arrays_after_the_return_wins_nothing(scores: Scores) -> None:
    late = (
        "import threading, time\ndef double(x):\n    out = np.zeros_like(x)\n"
        "    def later():\n        time.sleep(0.05)\n        out[...] = 2 * x\n"
        "    threading.Thread(target=later).start()\n    return out"
    )
    assert scores(tiny.submission({"double": late}))["double"] == 0.0


def test_a_table_of_the_recorded_answers_earns_nothing(scores: Scores, sheets: list[Sheet]) -> None:
    sheet = next(one for one in sheets if one.exercise.name == "double")
    rows = zip(sheet.cases, sheet.expected, sheet.hidden, strict=True)
    table = [(case.inputs["x"].tolist(), want.tolist()) for case, want, hidden in rows if not hidden]
    cheat = f"""TABLE = {table!r}
def double(x):
    for given, wanted in TABLE:
        if np.array_equal(given, x):
            return np.array(wanted)
    return x
"""
    assert scores(tiny.submission({"double": cheat}))["double"] == 0.0


def test_a_function_that_is_right_for_some_inputs_earns_those_cases(scores: Scores) -> None:
    partly = "def double(x):\n    return 2 * x if abs(x).max() < 100 else x"
    assert scores(tiny.submission({"double": partly}))["double"] == 3.0


def test_fresh_inputs_differ_from_the_recorded_ones(sheets: list[Sheet]) -> None:
    sheet = next(one for one in sheets if one.exercise.name == "double")
    assert sheet.cases[1].name == sheet.cases[5].name == "a vector"
    assert (sheet.cases[1].inputs["x"] != sheet.cases[5].inputs["x"]).all()
    assert sheet.hidden == (False,) * 4 + (True,) * 4


def _marks(notebook: dict, name: str) -> dict:
    return next(cell["metadata"]["nbgrader"] for cell in notebook["cells"] if cell["id"] == name)


def test_edited_metadata_decides_nothing(judge: Callable[..., Judgement]) -> None:
    notebook = tiny.submission({"double": tiny.RIGHT["double"]})
    _marks(notebook, "check_double").update(points=1000)
    _marks(notebook, "check_ordered").update(points=1000, grade_id="check_double", solution=True)
    _marks(notebook, "ordered").update(grade=True, points=50, locked=True)
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution"]
    found = judge(notebook)
    assert {one.exercise: (one.score, one.points) for one in found.verdicts} == {
        "double": (4.0, 4), "shifted": (0.0, 2), "ordered": (0.0, 2)
    }  # fmt: skip
    pieces = [piece for piece in found.pieces if piece.role == "check"]
    assert sorted(piece.source for piece in pieces) == ["check(double)", "check(ordered)", "check(shifted)"]


def test_check_cells_are_the_releases_own_and_never_run(judge: Callable[..., Judgement]) -> None:
    notebook = tiny.submission({})
    for cell in notebook["cells"]:
        if cell["id"] == "check_double":
            cell["source"] = "double = lambda x: 2 * x\n4.0"
    found = judge(notebook)
    assert found.verdicts[0].score == 0.0
    assert all(
        outcome is None for piece, outcome in zip(found.pieces, found.outcomes, strict=True) if piece.role == "check"
    )


def test_deleted_and_moved_cells_cost_nothing_that_the_student_wrote(scores: Scores) -> None:
    notebook = tiny.submission()
    kept = ("double", "shifted", "ordered")
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] in kept]
    assert scores(notebook) == FULL
    notebook["cells"].reverse()
    assert scores(notebook) == FULL


def test_a_function_in_an_extra_cell_counts_when_its_own_cell_was_deleted_or_left_alone(scores: Scores) -> None:
    notebook = tiny.submission({}, before=list(tiny.RIGHT.values()))
    assert scores(notebook) == FULL
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] not in tiny.RIGHT]
    assert scores(notebook) == FULL


def test_copies_of_a_cell_do_not_stop_anything_and_the_last_that_was_worked_on_counts(scores: Scores) -> None:
    notebook = tiny.submission({"double": "def double(x):\n    return x"})
    index = next(number for number, cell in enumerate(notebook["cells"]) if cell["id"] == "double")
    second, stub = copy.deepcopy(notebook["cells"][index]), copy.deepcopy(notebook["cells"][index])
    second["source"] = tiny.RIGHT["double"]
    stub["source"] = next(cell["source"] for cell in tiny.release()["cells"] if cell["id"] == "double")
    notebook["cells"][index + 1 : index + 1] = [second, stub]
    assert scores(notebook)["double"] == 4.0


def test_metadata_that_a_tool_removed_is_not_needed(scores: Scores) -> None:
    notebook = tiny.submission()
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    assert scores(notebook) == FULL
    for cell in notebook["cells"]:
        del cell["id"]
    assert scores(notebook) == FULL


# The oracle: a failing dependency does not sink an exercise, and wins nothing for itself.


def test_a_wrong_dependency_does_not_sink_the_exercise_that_uses_it(judge: Callable[..., Judgement]) -> None:
    notebook = tiny.submission(tiny.RIGHT | {"double": "def double(x):\n    return 3 * x"})
    found = {one.exercise: one for one in judge(notebook).verdicts}
    assert (found["double"].score, found["shifted"].score) == (0.0, 2.0)
    assert "a right `double` in place of yours" in found["shifted"].message
    without = {one.exercise: one for one in judge(notebook, oracle=False).verdicts}
    assert without["shifted"].score == 0.0


@pytest.mark.parametrize("double", [None, "double = 3", "def double(x):\n    raise KeyError(x)"])
def test_a_dependency_that_is_missing_or_broken_does_not_sink_it_either(scores: Scores, double: str | None) -> None:
    answers = {"shifted": tiny.RIGHT["shifted"]} | ({"double": double} if double else {})
    assert scores(tiny.submission(answers)) == {"double": 0.0, "shifted": 2.0, "ordered": 0.0}


def test_the_oracle_wins_nothing_for_the_function_that_it_replaces(scores: Scores) -> None:
    thief = {
        "double": "SEEN = {}\ndef double(x):\n    return SEEN.get(x.tobytes(), x)",
        "shifted": "mine = double\ndef shifted(x):\n    SEEN[x.tobytes()] = double(x)\n    return double(x) + 1",
    }
    assert scores(tiny.submission(thief)) == {"double": 0.0, "shifted": 2.0, "ordered": 0.0}


def test_the_oracle_answers_only_what_was_offered(judge: Callable[..., Judgement]) -> None:
    question = FORGERIES["a question"] | {"name": "ordered"}
    thief = {
        "double": "def double(x):\n    return x",
        "shifted": f"""{FORGE}
def shifted(x):
    for number in range(100):
        forge({question} | {{'id': number}})
    return x
""",
    }
    assert all(one.score == 0.0 for one in judge(tiny.submission(thief)).verdicts)


def test_an_oracle_that_cannot_answer_says_so_inside(judge: Callable[..., Judgement]) -> None:
    odd = {"double": "def double(x):\n    return 3 * x", "shifted": "def shifted(x):\n    return double('text') + 1"}
    found = {one.exercise: one for one in judge(tiny.submission(odd)).verdicts}
    assert found["shifted"].score == 0.0


# Feedback must not carry fresh inputs to a student who hands in again.


def test_what_a_function_raises_or_warns_about_in_a_hidden_case_is_not_shown(
    judge: Callable[..., Judgement], sheets: list[Sheet]
) -> None:
    raising = "def double(x):\n    raise ValueError(repr(x))"
    warning = "import warnings\ndef shifted(x):\n    warnings.warn(repr(x))\n    return 2 * x + 1"
    named = "def ordered(x):\n    raise type('E' + str(abs(x[0]))[2:8], (Exception,), {})()"
    found = judge(tiny.submission({"double": raising, "shifted": warning, "ordered": named}))
    text = repr(found)
    for sheet in sheets:
        for case, hidden in zip(sheet.cases, sheet.hidden, strict=True):
            shown = str(abs(float(case.inputs["x"].flat[0])))[2:6]
            if sheet.exercise.name != "shifted" and case.name == "a vector":
                assert (shown in text) is not hidden, "public inputs may be shown, fresh ones not"


def test_what_was_seen_in_a_hidden_case_cannot_be_told_in_a_later_public_one(
    judge: Callable[..., Judgement], sheets: list[Sheet]
) -> None:
    spy = {
        "double": "SEEN = []\ndef double(x):\n    SEEN.append(repr(x))\n    return x",
        "shifted": "def shifted(x):\n    raise ValueError(SEEN[-1] + str(len(SEEN)))",
        "ordered": "def ordered(x):\n    raise ValueError(SEEN[-1] + str(len(SEEN)))",
    }
    found = judge(tiny.submission(spy))
    told = " ".join(result.message for verdict in found.verdicts for result in verdict.results)
    assert "4" in told, "the public ones are told"
    last = sheets[0].cases[-1].inputs["x"]
    assert not any(f"{abs(number):.5f}"[:7] in told for number in last)


SPELLING = {
    "the keys of a dict": "{repr(x): 1, 'b': 2}",
    "a shape": "np.zeros((0, int(str(abs(x.flat[0]))[2:6])))",
    "a tuple's length": "(1.0,) * int(str(abs(x.flat[0]))[2:6])",
}


@pytest.mark.parametrize("value", SPELLING.values(), ids=SPELLING.keys())
def test_what_a_function_returns_cannot_spell_a_hidden_input_on_the_feedback_page(
    judge: Callable[..., Judgement], sheets: list[Sheet], value: str
) -> None:
    found = judge(tiny.submission({"double": f"def double(x):\n    return {value}"}))
    told = found.verdicts[0].message + " ".join(result.message for result in found.verdicts[0].results)
    for case, hidden in zip(sheets[0].cases, sheets[0].hidden, strict=True):
        if case.name == "a vector":
            assert (str(abs(float(case.inputs["x"][0])))[2:6] in told) is not hidden


def test_a_fresh_case_still_says_where_it_failed(judge: Callable[..., Judgement], sheets: list[Sheet]) -> None:
    public = next(case.inputs["x"] for case in sheets[2].cases)
    body = f"def ordered(x):\n    return np.sort(x) if abs(x[0] - {public[0]}) < 1e-9 or x.size > 5 else np.zeros(3)"
    verdict = judge(tiny.submission({"ordered": body})).verdicts[2]
    assert verdict.message.startswith("with fresh inputs, the shape is not the right one")
    assert verdict.score == 1.0


def test_texts_that_a_student_chooses_lose_their_control_characters(judge: Callable[..., Judgement]) -> None:
    verdict = judge(tiny.submission({"double": "def double(x):\n    return {'\\x1b[31mred': 1, 'b': 2}"})).verdicts[0]
    assert "\x1b" not in repr(verdict.message) + "".join(result.message for result in verdict.results)
    assert "red" in verdict.message
