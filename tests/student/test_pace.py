"""A right answer that is slow keeps its points and is told; a fast one hears nothing.  The clock is a stand-in."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from autograder import check
from autograder.engine import catalogue
from autograder.engine.answer import answer
from autograder.engine.compare import close
from autograder.reference import recordings
from autograder.spec import Case, Pace
from autograder.student.pace import SLOW, pace_note
from tests.conftest import double, model_answers

PACED = [exercise for exercise in catalogue.exercises() if exercise.pace]


def inputs():
    return {"x": np.ones(3)}


def clock(*seconds):
    """A clock by which the calls take so many seconds, one after the other, the last for ever."""
    marks = [0.0]

    def read():
        call = (len(marks) - 1) // 2
        marks.append(marks[-1] + (seconds[min(call, len(seconds) - 1)] if len(marks) % 2 == 0 else 0.0))
        return marks[-1]

    return read


def fast(x):
    return x + x


@pytest.fixture
def paced(toy):
    return replace(toy, pace=Pace(inputs=inputs, yardstick=fast))


def test_the_stand_in_clock_takes_its_seconds():
    read = clock(0.5, 2.0)
    marks = [read() for _ in range(4)]
    assert [after - before for before, after in pairwise(marks)][::2] == [0.5, 2.0]


def test_a_slow_answer_is_told_how_slow_it_is(paced):
    # the yardstick takes 0.1 s and is called once, the student's 4 s
    note = pace_note(double, paced, clock(0.1, 4.0))
    assert note.startswith("Right, and about 40 times as slow as the model answer (4000 ms against 100 ms).")
    assert "no points" in note


def test_an_answer_as_fast_as_the_model_answer_hears_nothing(paced):
    assert pace_note(double, paced, clock(0.1, 0.1)) == ""
    assert pace_note(double, paced, clock(0.1, 0.1 * SLOW * 0.99)) == ""
    assert pace_note(double, paced, clock(0.1, 0.1 * SLOW * 1.01)) != ""


def test_an_exercise_without_a_pace_is_not_timed(toy):
    assert pace_note(double, toy, clock(0.1, 1000.0)) == ""


def test_a_function_that_raises_on_the_large_inputs_is_left_alone(paced):
    def raises(x):
        raise MemoryError

    assert pace_note(raises, paced) == ""


def test_the_note_stands_in_the_card_of_a_check_that_passes(paced, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(catalogue, "RECORDINGS", tmp_path / "recordings")
    monkeypatch.setattr(catalogue, "find", lambda name: paced)
    monkeypatch.setattr("autograder.student.pace.SLOW", 0.0)
    cases = recordings.draw(paced)
    provenance = {"device": "cpu", "torch": "0", "inputs_sha256": recordings.hash_inputs(cases)}
    recordings.save(paced, cases, [2 * case.inputs["x"] for case in cases], provenance)
    check(double)
    recordings.load.cache_clear()
    shown = capsys.readouterr().out
    assert "double: passes, 4 points" in shown
    assert "times as slow as the model answer" in shown


@pytest.mark.parametrize("one", PACED, ids=[one.name for one in PACED])
def test_a_yardstick_is_a_right_answer_on_the_inputs_that_are_timed(one):
    """Otherwise a student would be compared with something that is fast because it is wrong."""
    given = one.pace.inputs()
    case = Case("the size of the chapter", given)
    ours, theirs = (
        answer(function, case.inputs, twice=False)
        for function in (one.pace.yardstick, model_answers(one.chapter)[one.name])
    )
    assert ours.trouble == theirs.trouble == ""
    assert close(one, ours.value, theirs.value)
