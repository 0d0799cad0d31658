"""The ladder, the score and the diagnosis, on a toy exercise."""

from dataclasses import replace

import numpy as np
import pytest

from autograder.engine.answer import Answer, answer
from autograder.engine.assess import assess
from autograder.engine.verdict import Rung
from autograder.spec import Case, Rng, Tolerance
from tests.conftest import double, doubles_in_place, squares


def judged(toy, function, **options):
    cases = list(toy.cases(np.random.default_rng(0)))
    expected = [toy.reference(**case.inputs) for case in cases]
    return assess(toy, cases, expected, [answer(function, case.inputs) for case in cases], **options)


def test_a_right_answer_earns_all_points(toy):
    verdict = judged(toy, double)
    assert verdict.passed
    assert verdict.score == verdict.points == 4
    assert (verdict.misconception, verdict.hint, verdict.rung) == ("", "", Rung.PASSED)


def not_written(x):
    raise NotImplementedError


def raises(x):
    raise ValueError("no")


def noisy(x):
    return 2 * x + np.random.default_rng().normal() * 1e-12


@pytest.mark.parametrize(
    ("function", "rung", "words"),
    [
        (not_written, Rung.DEFINED, "not written yet"),
        (raises, Rung.RETURNS, "ValueError: no"),
        (lambda x: None, Rung.RETURNS, "returned None"),
        (lambda x: "2x", Rung.RETURNS, "it returned a str"),
        (lambda x: (x, x), Rung.RETURNS, "a tuple of 2"),
        (lambda x: {"a": 2 * x}, Rung.RETURNS, "a dict of a"),
        (lambda x: [2 * x], Rung.RETURNS, "a list of 1; expected array of shape (3,); wrap it in np.array"),
        (lambda x: 2j * x, Rung.RETURNS, "complex"),
        (lambda x: (2 * x).astype(np.float16), Rung.RETURNS, "float16"),
        (lambda x: (2 * x)[None], Rung.SHAPE, "the shape is (1, 3); expected (3,)"),
        (lambda x: x * np.inf, Rung.FINITE, "not finite"),
        (lambda x: 2 * x + 1e-6, Rung.VALUES, "largest error 1e-06"),
        (doubles_in_place, Rung.LEAVES_INPUTS, "changed its input `x`"),
        (noisy, Rung.REPEATABLE, "second call"),
    ],
)
def test_each_rung_is_reached_and_says_what_is_wrong(toy, function, rung, words):
    verdict = judged(toy, function)
    assert verdict.rung is rung
    assert words in verdict.message
    assert "\n" not in verdict.message
    assert verdict.score == 0


def test_a_difference_of_float32s_size_is_told_with_all_its_digits(toy):
    message = judged(toy, lambda x: 2 * x * (1 + 3e-7)).message
    got, expected = message.partition("got ")[2].partition(";")[0].split(", expected ")
    assert got != expected
    assert float(got) == pytest.approx(float(expected), rel=1e-6)
    assert "so small a difference may come from float32" in message
    for function in (lambda x: 2 * x * (1 + 1e-3), lambda x: (2 * x * (1 + 1e-4)).astype(np.float32)):
        assert "may come from float32" not in judged(toy, function).message


def test_every_case_is_worth_the_same_share(toy):
    verdict = judged(toy, lambda x: 2 * x if x.ndim == 1 else 3 * x)
    assert verdict.score == 2
    assert [result.passed for result in verdict.results] == [True, False]


def test_a_misconception_is_named_when_it_gives_every_answer(toy):
    verdict = judged(toy, lambda x: x * x)
    assert verdict.misconception == "squares"
    assert verdict.hint == "What happens to 3?"


def test_no_misconception_is_named_when_one_case_differs(toy):
    assert judged(toy, lambda x: x * x if x.ndim == 1 else x).misconception == ""


def test_none_is_named_when_two_fit(toy):
    twins = replace(toy, misconceptions=(toy.misconceptions[0], replace(toy.misconceptions[0], hint="Another?")))
    assert judged(twins, squares).misconception == ""


def test_changing_the_input_can_be_a_misconception_of_its_own(toy):
    assert judged(toy, doubles_in_place).misconception == "doubles_in_place"


def test_an_honest_float32_answer_passes_and_a_float64_answer_as_inexact_does_not(toy):
    def in_single(x):
        return np.float32(2 * (1 + 1e-6)) * x.astype(np.float32)  # about ten roundings of a longer computation

    assert judged(toy, in_single).passed
    assert not judged(toy, lambda x: in_single(x).astype(np.float64)).passed
    strict = replace(toy, tolerance=Tolerance(float32=False))
    assert not judged(strict, in_single).passed


def test_an_alternative_is_accepted_on_all_cases_or_none(toy):
    other = replace(toy, alternatives=(squares,))
    assert judged(other, squares).passed
    assert not judged(toy, squares).passed
    mixed = judged(other, lambda x: squares(x) if x.ndim == 1 else double(x))
    assert mixed.score == 2


def test_a_hidden_case_does_not_show_its_values(toy):
    verdict = judged(toy, lambda x: 3 * x, hidden=[True, True])
    shown = repr(verdict)
    value = float(next(toy.cases(np.random.default_rng(0))).inputs["x"][0])
    assert f"{3 * value:.4g}" not in shown
    assert f"{2 * value:.4g}" not in shown
    assert "in a hidden case" in verdict.message


def test_warnings_cost_nothing_and_are_told(toy):
    def warns(x):
        np.exp(np.array([1000.0]))
        return 2 * x

    verdict = judged(toy, warns)
    assert verdict.passed
    assert verdict.warned == ("RuntimeWarning: overflow encountered in exp",)


def random_cases(rng):
    for name in ("first", "second"):
        yield Case(name, {"size": 3, "rng": Rng(int(rng.integers(100)))})


def test_a_function_that_ignores_its_rng_is_seen_from_outside(toy):
    statistics = replace(
        toy, cases=random_cases, measure=lambda value, size, rng: float(len(value)), reference=lambda size, rng: 3.0
    )
    assert judged(statistics, lambda size, rng: rng.normal(size=size)).passed
    verdict = judged(statistics, lambda size, rng: np.random.default_rng(0).normal(size=size))
    assert verdict.score == 0
    assert "another rng gave the same numbers" in verdict.message
    careless = judged(statistics, lambda size, rng: np.random.default_rng().normal(size=size))
    assert "draw from the rng that is given" in careless.message


def test_a_lost_sandbox_is_a_verdict(toy):
    cases = list(toy.cases(np.random.default_rng(0)))
    lost = Answer(trouble="lost", detail="killed by signal 9")
    verdict = assess(toy, cases, [2 * case.inputs["x"] for case in cases], [lost, lost])
    assert verdict.score == 0
    assert "killed by signal 9" in verdict.message


def test_measured_answers_are_compared_by_their_measure(toy):
    spread = replace(toy, measure=lambda value, x: np.std(value), tolerance=Tolerance(rtol=0, atol=1e-9))
    cases = list(spread.cases(np.random.default_rng(0)))
    expected = [np.std(2 * case.inputs["x"]) for case in cases]
    flipped = [answer(lambda x: -2 * x, case.inputs) for case in cases]
    assert assess(spread, cases, expected, flipped).passed
    broken = [answer(lambda x: "text", case.inputs) for case in cases]
    assert "cannot be measured" in assess(spread, cases, expected, broken).message
