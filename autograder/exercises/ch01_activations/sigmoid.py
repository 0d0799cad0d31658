"""Exercise of section 1.4: the logistic sigmoid, stable for any input.

Source: derived in section 1.4.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x):
    """PyTorch's own sigmoid."""
    import torch

    return torch.sigmoid(x)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Moderate numbers of both signs, then numbers whose exponential does not fit into a float64."""
    yield Case("zero and four numbers", {"x": np.append(0.0, _both_signs(rng, (4,)))})
    yield Case("a matrix", {"x": _both_signs(rng, (2, 3))})
    yield Case("three axes", {"x": _both_signs(rng, (2, 3, 4))})
    yield Case("large positive numbers", {"x": _and_two_more(rng, 800, 1000)})
    yield Case("large negative numbers", {"x": _and_two_more(rng, -1000, -800)})
    yield Case("-1000, 0 and 1000", {"x": np.array([[-1000.0, 0.0, 1000.0]])})


def _both_signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of size 0.5 to 4 in random order, half of them negative."""
    size = rng.uniform(0.5, 4.0, shape)
    signs = np.resize([1.0, -1.0], size.size)
    return size * rng.permutation(signs).reshape(shape)


def _and_two_more(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """A moderate number of either sign, then two between low and high."""
    return np.append(_both_signs(rng, (2,)), rng.uniform(low, high, 2))


def overflow_for_large_positive_numbers(x):
    """Divides e^x by 1 + e^x, which is infinity by infinity at x = 1000."""
    return np.exp(x) / (1 + np.exp(x))


def sign_of_the_exponent_lost(x):
    """Writes 1 / (1 + e^x), which falls instead of rising."""
    return 1 / (1 + np.exp(x))


def both_sides_treated_as_positive(x):
    """Uses e^-|x| against the overflow and forgets the sign of x."""
    return 1 / (1 + np.exp(-np.abs(x)))


def tanh_in_place_of_the_sigmoid(x):
    """Squashes to (-1, 1) instead of (0, 1)."""
    return np.tanh(x)


def slope_in_place_of_the_value(x):
    """Returns s (1 - s), the derivative."""
    s = 1 / (1 + np.exp(-x))
    return s * (1 - s)


def all_values_share_one_sum(x):
    """Normalises over the array, as a softmax does."""
    exponentials = np.exp(x - np.max(x))
    return exponentials / np.sum(exponentials)


EXERCISE = Exercise(
    number=3,
    title="Sigmoid, stable",
    section="1.4",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            overflow_for_large_positive_numbers,
            hint="What does NumPy give for e to the 1000, and what is that number divided by itself? "
            "Which form of the same fraction has no large exponential when x is positive?",
        ),
        Misconception(
            sign_of_the_exponent_lost,
            hint="Should the curve rise or fall from left to right? What does yours give for x = 5?",
        ),
        Misconception(
            both_sides_treated_as_positive,
            hint="What does yours give for x = 2 and for x = -2? What should the two add up to?",
        ),
        Misconception(
            tanh_in_place_of_the_sigmoid,
            hint="Between which two numbers should every value lie, so that it can be read as a probability?",
        ),
        Misconception(
            slope_in_place_of_the_value,
            hint="What does yours give at x = 0 and at x = 5? Does the curve in the figure come down again?",
        ),
        Misconception(
            all_values_share_one_sum,
            hint="If one number of the array changes, should the values of the others change as well?",
        ),
    ),
    hints=(
        "First write the formula as it stands. Then ask for which x its exponential becomes too large.",
        "e^-x is harmless for x ≥ 0, and e^x for x < 0. Both are e^-|x|. What is the fraction in each of "
        "the two halves?",
        "x ≥ 0: 1 / (1 + e^-x).  x < 0: e^x / (1 + e^x).  Both have the denominator 1 + e^-|x|.",
        "x = -2: e^-2 = 0.1353, and 0.1353 / 1.1353 = 0.1192.  x = 2: 1 / 1.1353 = 0.8808.",
    ),
    convention="“Sigmoid” means the logistic function 1 / (1 + e^-x), as in PyTorch; some books call every "
    "S-shaped curve a sigmoid.",
)
