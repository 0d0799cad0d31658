"""Exercise of section 1.5: the slope of tanh.

Source: derived in section 1.5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x):
    """What PyTorch's automatic differentiation gives for its own tanh."""
    import torch

    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_(True)
        (slope,) = torch.autograd.grad(torch.tanh(leaf).sum(), leaf)
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
    """Numbers of size 0.3 to 2.5 in random order, half of them negative."""
    size = rng.uniform(0.3, 2.5, shape)
    signs = np.resize([1.0, -1.0], size.size)
    return size * rng.permutation(signs).reshape(shape)


def _and_two_more(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """A moderate number of either sign, then two between low and high."""
    return np.append(_both_signs(rng, (2,)), rng.uniform(low, high, 2))


def argument_taken_for_the_output(x):
    """Computes 1 - x², as if x were already a tanh."""
    return 1 - x**2


def tanh_applied_twice(x):
    """Takes the tanh of the tanh before 1 - t²."""
    return 1 - np.tanh(np.tanh(x)) ** 2


def square_forgotten(x):
    """Computes 1 - t."""
    return 1 - np.tanh(x)


def difference_squared(x):
    """Computes (1 - t)²: the square is outside the bracket."""
    return (1 - np.tanh(x)) ** 2


def rule_of_the_sigmoid(x):
    """Computes t (1 - t)."""
    t = np.tanh(x)
    return t * (1 - t)


def value_in_place_of_the_slope(x):
    """Returns tanh itself."""
    return np.tanh(x)


def overflow_on_both_sides(x):
    """Builds tanh from raw exponentials, which is infinity by infinity at x = ±1000."""
    t = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    return 1 - t**2


EXERCISE = Exercise(
    number=8,
    title="Slope of tanh",
    section="1.5",
    points=2,
    minutes=4,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            argument_taken_for_the_output,
            hint="Can a curve that rises everywhere have a slope of -3? In 1 - t², what does t stand for?",
        ),
        Misconception(
            tanh_applied_twice,
            hint="How often is tanh applied to x before the square? At x = 2 the slope should be 0.0707; "
            "what is yours?",
        ),
        Misconception(
            square_forgotten,
            hint="The curve looks the same, turned about the origin. What does yours give for x = 2 and for x = -2?",
        ),
        Misconception(
            difference_squared,
            hint="What does yours give at x = -5, where the curve is almost flat? What exactly is squared?",
        ),
        Misconception(
            rule_of_the_sigmoid,
            hint="The curve is steepest at x = 0. What does yours give there, and to which function does "
            "this rule belong?",
        ),
        Misconception(
            value_in_place_of_the_slope,
            hint="What should come out at x = 5, where the curve is almost flat? What comes out of yours?",
        ),
        Misconception(
            overflow_on_both_sides,
            hint="How large is e to the 1000? Have you already written a tanh that survives it?",
        ),
    ),
    hints=(
        "The slope can be written with nothing but the value of tanh at the same place.",
        "You have a stable tanh already. Call it once and keep its value. The slope at 0 is 1, and far out it is 0.",
        "tanh_grad(x) = 1 - t² with t = tanh(x).",
        "x = 2: t = 0.9640, t² = 0.9293, and 1 - 0.9293 = 0.0707.",
    ),
    convention="The argument is x, as in most books; PyTorch's backward pass keeps the output t and works with that.",
    uses=("tanh",),
)
