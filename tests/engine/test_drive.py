"""Drives: how a class, or a function that takes functions, becomes plain answers to cases."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

from autograder.engine import drive
from autograder.engine.answer import answer
from autograder.engine.drive import compiled, drive_of
from autograder.spec import Exercise


def three_steps(counter, start):
    """What three calls give."""
    own = counter(start)
    return [float(own.step()) for _ in range(3)]


class Counter:
    """Counts up by one."""

    def __init__(self, start):
        self.value = start

    def step(self):
        """The next number."""
        self.value += 1
        return self.value

    def reset(self):
        """Not written yet."""
        raise NotImplementedError


SQUARE = 2


def leans_on_its_file(function, x):
    """Uses a name of this file, which is not there in the sandbox."""
    return function(x) ** SQUARE


@pytest.fixture
def counting(toy: Exercise) -> Exercise:
    """An exercise that asks for a class."""
    return replace(toy, drive=three_steps)


def test_an_exercise_without_a_drive_is_a_plain_call(toy):
    assert drive.source(toy) == ""
    assert drive_of(toy)(lambda x: x + 1, x=2) == 3


def test_a_drive_makes_plain_answers_from_a_class(counting):
    given = answer(Counter, {"start": 4}, drive=drive_of(counting))
    assert given.value == [5.0, 6.0, 7.0]
    assert given.repeatable


def test_a_drive_is_compiled_from_its_source_alone(counting):
    assert inspect.getmodule(drive_of(counting)) is not inspect.getmodule(three_steps)
    assert compiled(drive.source(counting)) is drive_of(counting)


def test_a_drive_that_leans_on_its_file_is_seen(toy):
    given = answer(lambda x: x, {"x": 3.0}, drive=drive_of(replace(toy, drive=leans_on_its_file)))
    assert given.trouble == "raised"
    assert "SQUARE" in given.detail


def test_a_method_that_is_not_written_is_named():
    def drive(counter, start):
        return counter(start).reset()

    given = answer(Counter, {"start": 0}, drive=drive)
    assert given.trouble == "raised"
    assert given.detail == "NotImplementedError in Counter.reset, which is not written yet"


def test_a_function_in_place_of_a_class_that_is_not_written_is_not_written(counting):
    def stub(start):
        raise NotImplementedError

    assert answer(stub, {"start": 0}, drive=drive_of(counting)).trouble == "not written"


def test_a_changed_input_shows_through_a_drive():
    def drive(function, x):
        return function(x)

    def careless(x):
        x += 1
        return x

    assert answer(careless, {"x": np.zeros(2)}, drive=drive).changed == ("x",)


def test_a_class_whose_init_is_not_written_is_not_written():
    class Empty:
        def __init__(self, start):
            raise NotImplementedError

    def drive(counter, start):
        return counter(start).step()

    assert answer(Empty, {"start": 0}, drive=drive).trouble == "not written"
