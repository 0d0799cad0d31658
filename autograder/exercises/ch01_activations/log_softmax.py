"""Exercise of section 1.6: the logarithm of softmax, finite where softmax itself is zero.

Source: Blanchard, Higham and Higham 2021, "Accurately computing the log-sum-exp and softmax functions";
derived in section 1.6.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception, Tolerance


def reference(x, axis=-1):
    """PyTorch's own log-softmax."""
    import torch

    return torch.log_softmax(x, dim=axis)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """All axes of one array differ in length; the large logits are quarters, exact in float32 as well."""
    yield Case("three logits", {"x": _logits(rng, (3,))})
    yield Case("two examples, the default axis", {"x": _logits(rng, (2, 3))})
    yield Case("axis 0", {"x": _logits(rng, (3, 4)), "axis": 0})
    yield Case("the middle axis of three", {"x": _logits(rng, (2, 3, 4)), "axis": 1})
    yield Case("large logits", {"x": 1000.0 + _logits(rng, (4,))})
    yield Case("one logit far above the others", {"x": _logits(rng, (2, 3)) + np.array([0.0, 1200.0, 0.0])})
    yield Case("far apart along axis 0", {"x": _logits(rng, (3, 4)) + _column(0.0, 800.0, -800.0), "axis": 0})
    yield Case("rows far apart", {"x": _logits(rng, (3, 4)) + _column(1000.0, 0.0, -1000.0)})


def _logits(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Distinct quarters between -3 and 3 for up to 24 logits."""
    return (rng.permutation(25)[: int(np.prod(shape))].reshape(shape) - 12) / 4


def _column(*values: float) -> np.ndarray:
    return np.array(values)[:, None]


def _softmax(x, axis):
    """The right softmax, so that only what follows is wrong."""
    exponentials = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)


def logarithm_of_a_finished_softmax(x, axis=-1):
    """Takes the logarithm of a probability that was already rounded to zero."""
    return np.log(_softmax(x, axis))


def small_number_added_before_the_logarithm(x, axis=-1):
    """Adds 1e-9 against the logarithm of zero, so that no value can fall below -20.7."""
    return np.log(_softmax(x, axis) + 1e-9)


def maximum_not_subtracted(x, axis=-1):
    """Exponentiates the logits as they are inside the logarithm."""
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


def whole_array_summed_and_maximum_not_subtracted(x, axis=-1):
    """The formula as it stands, for one row: no axis, no shift."""
    return x - np.log(np.sum(np.exp(x)))


def maximum_not_given_back(x, axis=-1):
    """Shifts inside the logarithm but subtracts the result from the logits as they were."""
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return x - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def one_maximum_for_the_whole_array(x, axis=-1):
    """Subtracts the largest logit of the array, so that the sum of a row far below it is zero."""
    shifted = x - np.max(x)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def axis_argument_ignored(x, axis=-1):
    """Always uses the last axis."""
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def keepdims_forgotten(x, axis=-1):
    """Drops the summed axis, so that the shapes no longer match."""
    shifted = x - np.max(x, axis=axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis))


def logarithm_to_base_two(x, axis=-1):
    """Gives bits instead of nats."""
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return (shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))) / np.log(2)


EXERCISE = Exercise(
    number=10,
    title="Log-softmax, stable",
    section="1.6",
    points=4,
    minutes=15,
    difficulty="hard",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            logarithm_of_a_finished_softmax,
            hint="Logits [0, 800]: what is the first probability in float64, and what is its logarithm? "
            "Can you use log(a / b) = log a - log b before anything becomes zero?",
        ),
        Misconception(
            small_number_added_before_the_logarithm,
            hint="Logits [0, 800]: the first value should be -800. What is the lowest value that yours can "
            "give, and why?",
        ),
        Misconception(
            maximum_not_subtracted,
            hint="What is e to the 1000 in float64? What may you take away from all logits without changing "
            "the result?",
        ),
        Misconception(
            whole_array_summed_and_maximum_not_subtracted,
            hint="Two things to look at, one after the other. For a batch of two rows, over which numbers does "
            "each sum run, and what does `np.sum` without an axis add up? Then: what is e to the 1000?",
        ),
        Misconception(
            maximum_not_given_back,
            hint="Add 5 to all logits: the result should not change. Does yours? "
            "From which numbers do you subtract the logarithm, the shifted logits or the original ones?",
        ),
        Misconception(
            one_maximum_for_the_whole_array,
            hint="Take the rows [1000, 1001] and [0, 1]. What is the sum of the exponentials of the second "
            "row after your shift?",
        ),
        Misconception(
            axis_argument_ignored,
            hint="Call your function with axis=0 and exponentiate the result. Which sums are one?",
        ),
        Misconception(
            keepdims_forgotten,
            hint="Print the shapes of the shifted logits and of the logarithm of the sum. "
            "Which argument of `np.sum` keeps the axis that was summed?",
        ),
        Misconception(
            logarithm_to_base_two,
            hint="Exponentiate your result with np.exp. Do the probabilities add up to one? Of which base "
            "is your logarithm?",
        ),
    ),
    hints=(
        "Do not take the logarithm of a softmax. Take the logarithm of the formula, on paper, and simplify.",
        "The logarithm of a quotient is a difference, and log(e^a) is a. Only the sum still needs an exponential.",
        "log_softmax(x)_i = (x_i - m) - log Σ_j e^(x_j - m), where m is the largest x along the axis.",
        "x = [1, 2, 3], m = 3: log(0.1353 + 0.3679 + 1) = 0.4076, so [-2, -1, 0] - 0.4076 = [-2.4076, "
        "-1.4076, -0.4076].",
    ),
    tolerance=Tolerance(
        atol32=5e-4,
        why="x - log Σ e^x, with a stable logarithm, is honest too; in float32 it misses by at most 7.7e-5 "
        "over 300 seeds, because float32 numbers near 1000 lie 6e-5 apart.",
    ),
    convention="log is the natural logarithm, so the values are in nats, as in PyTorch; some books use bits.",
)
