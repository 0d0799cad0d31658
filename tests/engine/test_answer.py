"""Whatever a function does, an Answer says what it was."""

import sys
import time
import warnings

import numpy as np
import pytest

from autograder.engine.answer import answer
from autograder.spec import Rng


def test_a_right_function_gives_its_value_quietly():
    given = answer(lambda x: x + 1, {"x": np.zeros(2)})
    assert given.trouble == ""
    assert given.value.tolist() == [1.0, 1.0]
    assert (given.changed, given.warned, given.repeatable) == ((), (), True)


def test_a_function_that_changes_its_input_is_told_which():
    def careless(x, weight):
        weight += 1
        return x

    inputs = {"x": np.zeros(2), "weight": np.zeros(2)}
    assert answer(careless, inputs).changed == ("weight",)
    assert inputs["weight"].tolist() == [0.0, 0.0]


def test_a_change_inside_a_list_of_arrays_is_seen():
    def careless(layers):
        layers[0][1][0] = 5.0
        return 0.0

    assert answer(careless, {"layers": [(np.zeros(1), np.zeros(1))]}).changed == ("layers",)


def test_the_value_is_read_before_later_calls_can_change_it():
    kept = np.zeros(1)

    def sneaky(x):
        kept[0] += 1
        return kept

    given = answer(sneaky, {"x": 0})
    assert given.value.tolist() == [1.0]
    assert not given.repeatable


def test_warnings_are_kept_and_not_raised():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        given = answer(lambda x: np.exp(x), {"x": np.array([1000.0])})
    assert given.warned == ("RuntimeWarning: overflow encountered in exp",)


@pytest.mark.parametrize(
    ("function", "trouble", "detail"),
    [
        (lambda x: 1 / 0, "raised", "ZeroDivisionError: division by zero"),
        (lambda x, y: x, "raised", "missing 1 required positional argument"),
        (lambda x: object(), "refused", "type object"),
        (lambda x: sys.exit(3), "raised", "SystemExit: 3"),
    ],
)
def test_trouble_is_named(function, trouble, detail):
    given = answer(function, {"x": 1})
    assert given.trouble == trouble
    assert detail in given.detail


def test_a_stub_is_not_written():
    def stub(x):
        raise NotImplementedError("write it here")

    assert answer(stub, {"x": 1}).trouble == "not written"


def test_a_stub_that_the_function_calls_is_named():
    def helper(x):
        raise NotImplementedError

    given = answer(lambda x: helper(x), {"x": 1})
    assert given.trouble == "raised"
    assert "NotImplementedError in helper, which it calls" in given.detail


def test_a_seed_arrives_as_a_generator_and_the_same_one_in_both_calls():
    given = answer(lambda rng: rng.normal(size=3), {"rng": Rng(3)})
    assert given.repeatable
    assert given.value.tolist() == np.random.default_rng(3).normal(size=3).tolist()
    assert not answer(lambda rng: np.array(time.perf_counter_ns()), {"rng": Rng(3)}).repeatable


def test_nan_is_the_same_as_nan():
    assert answer(lambda x: {"loss": float("nan")}, {"x": 1}).repeatable
