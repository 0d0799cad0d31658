"""Exercise of section 1.5: the slope of the sigmoid.

Source: derived in section 1.5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x):
    """What PyTorch's automatic differentiation gives for its own sigmoid."""
    import torch

    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_(True)
        (slope,) = torch.autograd.grad(torch.sigmoid(leaf).sum(), leaf)
    return slope


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """The middle, the saturated ends, and numbers whose exponential does not fit into a float64."""
    yield Case("zero and four numbers", {"x": np.append(0.0, _both_signs(rng, (4,)))})
    yield Case("a matrix", {"x": _both_signs(rng, (2, 3))})
    yield Case("three axes", {"x": _both_signs(rng, (2, 3, 4))})
    yield Case("almost saturated", {"x": _both_signs(rng, (6,)) * 3})
    yield Case("large positive numbers", {"x": _and_two_more(rng, 800, 1000)})
    yield Case("large negative numbers", {"x": _and_two_more(rng, -1000, -800)})


def _both_signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of size 0.5 to 4 in random order, half of them negative."""
    size = rng.uniform(0.5, 4.0, shape)
    signs = np.resize([1.0, -1.0], size.size)
    return size * rng.permutation(signs).reshape(shape)


def _and_two_more(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """A moderate number of either sign, then two between low and high."""
    return np.append(_both_signs(rng, (2,)), rng.uniform(low, high, 2))


def _sigmoid(x):
    """The right sigmoid, so that only the slope is wrong."""
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, decay) / (1 + decay)


def argument_taken_for_the_output(x):
    """Computes x (1 - x), as if x were already a sigmoid."""
    return x * (1 - x)


def sigmoid_applied_twice(x):
    """Takes the sigmoid of the sigmoid before s (1 - s)."""
    s = _sigmoid(_sigmoid(x))
    return s * (1 - s)


def rule_of_tanh(x):
    """Computes 1 - s²."""
    return 1 - _sigmoid(x) ** 2


def factors_in_the_wrong_order(x):
    """Computes s (s - 1), which is negative."""
    s = _sigmoid(x)
    return s * (s - 1)


def value_in_place_of_the_slope(x):
    """Returns the sigmoid itself."""
    return _sigmoid(x)


def overflow_for_large_negative_numbers(x):
    """Writes e^-x / (1 + e^-x)², which is infinity by infinity at x = -1000."""
    return np.exp(-x) / (1 + np.exp(-x)) ** 2


EXERCISE = Exercise(
    number=7,
    title="Slope of the sigmoid",
    section="1.5",
    points=3,
    minutes=7,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            argument_taken_for_the_output,
            hint="In s (1 - s), what does s stand for? Is it what your function receives?",
        ),
        Misconception(
            sigmoid_applied_twice,
            hint="How often is the sigmoid applied to x before it is multiplied? The slope at 0 should be "
            "0.25; what is yours?",
        ),
        Misconception(
            rule_of_tanh,
            hint="What does yours give at x = -5, where the curve is almost flat? To which function does "
            "this rule belong?",
        ),
        Misconception(
            factors_in_the_wrong_order,
            hint="The sigmoid rises everywhere. Which sign must its slope have, and which has yours?",
        ),
        Misconception(
            value_in_place_of_the_slope,
            hint="What should come out at x = 5, where the curve is almost flat? What comes out of yours?",
        ),
        Misconception(
            overflow_for_large_negative_numbers,
            hint="How large is e^-x at x = -1000? Can you write the slope with the value of the sigmoid instead?",
        ),
    ),
    hints=(
        "The slope can be written with nothing but the value of the sigmoid at the same place.",
        "You have a stable sigmoid already. Call it once, keep its value, and use it twice.",
        "sigmoid_grad(x) = s (1 - s) with s = sigmoid(x).",
        "x = 2: s = 0.8808, and 0.8808 · 0.1192 = 0.1050.",
    ),
    convention="The argument is x, as in most books; PyTorch's backward pass keeps the output s and works with that.",
    uses=("sigmoid",),
)
