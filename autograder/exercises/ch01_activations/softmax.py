"""Exercise of section 1.6: softmax along any axis, stable for any logits.

Source: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs";
the shift by the maximum is derived in section 1.6.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception

FAR_APART = np.array([1000.0, 0.0, -1000.0])


def reference(x, axis=-1):
    """PyTorch's own softmax."""
    import torch

    return torch.softmax(x, dim=axis)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """All axes of one array differ in length; the large logits are quarters, exact in float32 as well."""
    yield Case("three logits", {"x": _logits(rng, (3,))})
    yield Case("two examples, the default axis", {"x": _logits(rng, (2, 3))})
    yield Case("axis 0", {"x": _logits(rng, (3, 4)), "axis": 0})
    yield Case("the middle axis of three", {"x": _logits(rng, (2, 3, 4)), "axis": 1})
    yield Case("axis -3 of three", {"x": _logits(rng, (4, 2, 3)), "axis": -3})
    yield Case("large logits", {"x": rng.choice([-1000.0, 1000.0]) + _logits(rng, (4,))})
    yield Case("one logit far above the others", {"x": _logits(rng, (2, 3)) + np.array([0.0, 1200.0, 0.0])})
    yield Case("rows far apart", {"x": _logits(rng, (3, 4)) + FAR_APART[:, None]})
    yield Case("columns far apart, axis 0", {"x": _logits(rng, (4, 3)) + FAR_APART, "axis": 0})


def _logits(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Distinct quarters between -3 and 3 for up to 24 logits."""
    return (rng.permutation(25)[: int(np.prod(shape))].reshape(shape) - 12) / 4


def maximum_not_subtracted(x, axis=-1):
    """Exponentiates the logits as they are: infinity by infinity at 1000, zero by zero at -1000."""
    exponentials = np.exp(x)
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)


def something_smaller_than_the_maximum_subtracted(x, axis=-1):
    """Shifts by the smallest logit (the mean does no better): a row with a large spread still overflows."""
    exponentials = np.exp(x - np.min(x, axis=axis, keepdims=True))
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)


def whole_array_summed_and_maximum_not_subtracted(x, axis=-1):
    """The formula as it stands, for one row: no axis, no keepdims, no shift."""
    exponentials = np.exp(x)
    return exponentials / np.sum(exponentials)


def keepdims_and_maximum_forgotten(x, axis=-1):
    """Sums along the axis but drops it, and does not shift."""
    exponentials = np.exp(x)
    return exponentials / np.sum(exponentials, axis=axis)


def one_maximum_for_the_whole_array(x, axis=-1):
    """Subtracts the largest logit of the array, so that a row far below it becomes zero by zero."""
    exponentials = np.exp(x - np.max(x))
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)


def axis_argument_ignored(x, axis=-1):
    """Always uses the last axis."""
    exponentials = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return exponentials / np.sum(exponentials, axis=-1, keepdims=True)


def always_along_the_first_axis(x, axis=-1):
    """Always uses axis 0: the columns add up to one instead of the rows."""
    exponentials = np.exp(x - np.max(x, axis=0, keepdims=True))
    return exponentials / np.sum(exponentials, axis=0, keepdims=True)


def normalised_over_the_whole_array(x, axis=-1):
    """Divides by the sum of all exponentials: one distribution for the whole batch."""
    exponentials = np.exp(x - np.max(x))
    return exponentials / np.sum(exponentials)


def keepdims_forgotten(x, axis=-1):
    """Drops the summed axis, so that the shapes no longer match."""
    exponentials = np.exp(x - np.max(x, axis=axis))
    return exponentials / np.sum(exponentials, axis=axis)


def logits_shared_out_without_exponentials(x, axis=-1):
    """Divides the logits themselves by their sum."""
    return x / np.sum(x, axis=axis, keepdims=True)


def one_sigmoid_per_logit(x, axis=-1):
    """Squashes every logit by itself, so that nothing makes the classes add up to one."""
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, decay) / (1 + decay)


EXERCISE = Exercise(
    number=9,
    title="Softmax along any axis, stable",
    section="1.6",
    points=4,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            maximum_not_subtracted,
            hint="What is e to the 1000 in float64, and e to the -1000? What happens to the quotients when "
            "you take the same number away from all logits of a row?",
        ),
        Misconception(
            something_smaller_than_the_maximum_subtracted,
            hint="Take the logits [0, 1200] and follow your shift. Which number goes into the exponential? "
            "Which shift makes sure that none of them is above 0?",
        ),
        Misconception(
            whole_array_summed_and_maximum_not_subtracted,
            hint="Two things to look at, one after the other. For a batch of two rows, what should each row add "
            "up to, and what does `np.sum` without an axis add up? Then: what is e to the 1000 in float64?",
        ),
        Misconception(
            keepdims_and_maximum_forgotten,
            hint="Two things to look at, one after the other. Which shapes do the exponentials and their sum "
            "have, and which argument of `np.sum` keeps the axis? Then: what is e to the 1000 in float64?",
        ),
        Misconception(
            one_maximum_for_the_whole_array,
            hint="Take the rows [1000, 1001] and [0, 1]. What is left of the second row after your shift? "
            "Which maximum should you subtract from it?",
        ),
        Misconception(
            axis_argument_ignored,
            hint="Call your function with axis=0 on a 2 by 3 array. Which sums are one: those of the rows "
            "or of the columns?",
        ),
        Misconception(
            always_along_the_first_axis,
            hint="One example per row: which numbers must add up to one? Check the sums of the rows of your result.",
        ),
        Misconception(
            normalised_over_the_whole_array,
            hint="What is the sum of all your values for a batch of two examples? How many distributions "
            "should there be?",
        ),
        Misconception(
            keepdims_forgotten,
            hint="Print the shapes of the exponentials and of their sum. "
            "Which argument of `np.sum` keeps the axis that was summed?",
        ),
        Misconception(
            logits_shared_out_without_exponentials,
            hint="What does yours give for the logits [2, -1]? Can a probability be negative? "
            "Which function turns any number into a positive one?",
        ),
        Misconception(
            one_sigmoid_per_logit,
            hint="Raise one logit. Should the other probabilities of the same example stay as they were? "
            "What do yours add up to?",
        ),
    ),
    hints=(
        "Three steps along one axis: shift, exponentiate, divide by the sum.",
        "`np.max` and `np.sum` both take axis and keepdims. Look at the shapes after each of them.",
        "softmax(x)_i = e^(x_i - m) / Σ_j e^(x_j - m), where m is the largest x along the axis.",
        "x = [1, 2, 3], m = 3: e^[-2, -1, 0] = [0.1353, 0.3679, 1], sum 1.5032, so [0.0900, 0.2447, 0.6652].",
    ),
    convention="axis counts as in NumPy and is -1 by default; PyTorch calls it dim and has no default.",
)
