"""Exercise of section 1.4: the hyperbolic tangent from exponentials, stable for any input.

Source: LeCun, Bottou, Orr and Müller 1998, "Efficient BackProp"; the stable form is derived in section 1.4.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x):
    """PyTorch's own tanh."""
    import torch

    return torch.tanh(x)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Moderate numbers of both signs, then each side where an exponential overflows."""
    yield Case("zero and four numbers", {"x": np.append(0.0, _both_signs(rng, (4,)))})
    yield Case("a matrix", {"x": _both_signs(rng, (2, 3))})
    yield Case("three axes", {"x": _both_signs(rng, (2, 3, 4))})
    yield Case("large positive numbers", {"x": _and_two_more(rng, 800, 1000)})
    yield Case("large negative numbers", {"x": _and_two_more(rng, -1000, -800)})
    yield Case("-1000, 0 and 1000", {"x": np.array([[-1000.0, 0.0, 1000.0]])})


def _both_signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of size 0.3 to 2.5 in random order, half of them negative."""
    size = rng.uniform(0.3, 2.5, shape)
    signs = np.resize([1.0, -1.0], size.size)
    return size * rng.permutation(signs).reshape(shape)


def _and_two_more(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """A moderate number of either sign, then two between low and high."""
    return np.append(_both_signs(rng, (2,)), rng.uniform(low, high, 2))


def overflow_on_both_sides(x):
    """Writes the definition with raw exponentials: infinity by infinity at x = ±1000."""
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


def stable_on_the_negative_side_alone(x):
    """Writes (e^2x - 1) / (e^2x + 1), which overflows for large positive x."""
    return (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1)


def stable_on_the_positive_side_alone(x):
    """Writes (1 - e^-2x) / (1 + e^-2x), which overflows for large negative x."""
    return (1 - np.exp(-2 * x)) / (1 + np.exp(-2 * x))


def sign_of_x_lost(x):
    """Uses e^-2|x| against the overflow and forgets the sign of x."""
    decay = np.exp(-2 * np.abs(x))
    return (1 - decay) / (1 + decay)


def argument_not_doubled(x):
    """Takes 2 sigmoid(x) - 1 for tanh; that is tanh of x / 2."""
    decay = np.exp(-np.abs(x))
    return np.sign(x) * (1 - decay) / (1 + decay)


def sum_over_difference(x):
    """Turns the fraction round: the hyperbolic cotangent."""
    return (np.exp(x) + np.exp(-x)) / (np.exp(x) - np.exp(-x))


def divided_by_two(x):
    """Halves e^x - e^-x instead of dividing by the sum: the hyperbolic sine."""
    return (np.exp(x) - np.exp(-x)) / 2


EXERCISE = Exercise(
    number=4,
    title="Tanh from exponentials, stable",
    section="1.4",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            overflow_on_both_sides,
            hint="What does NumPy give for e to the 1000, and for infinity divided by infinity? By which "
            "exponential could you divide numerator and denominator, so that none of them is large?",
        ),
        Misconception(
            stable_on_the_negative_side_alone,
            hint="Your function is right for x = -1000. Which exponential is too large at x = +1000, "
            "and what does the symmetry tanh(-x) = -tanh(x) offer?",
        ),
        Misconception(
            stable_on_the_positive_side_alone,
            hint="Your function is right for x = +1000. Which exponential is too large at x = -1000, "
            "and what does the symmetry tanh(-x) = -tanh(x) offer?",
        ),
        Misconception(
            sign_of_x_lost,
            hint="What does yours give for x = -1? Where in your lines does the sign of x come back?",
        ),
        Misconception(
            argument_not_doubled,
            hint="Compare your value at x = 1 with 0.7616. Which argument must the sigmoid get to become a tanh?",
        ),
        Misconception(
            sum_over_difference,
            hint="What should tanh be at x = 0? Which part of your fraction is zero there?",
        ),
        Misconception(
            divided_by_two,
            hint="Is there an x for which yours exceeds 1? What should the difference be divided by, to prevent that?",
        ),
    ),
    hints=(
        "First write the definition with e^x and e^-x. Then ask which of the two is too large for large |x|.",
        "Numerator and denominator may be divided by the same number. Which one leaves only small "
        "exponentials for x ≥ 0? And for x < 0?",
        "tanh(x) = (e^x - e^-x) / (e^x + e^-x) = sign(x) · (1 - e^-2|x|) / (1 + e^-2|x|).",
        "x = -1: e^-2 = 0.1353, (1 - 0.1353) / (1 + 0.1353) = 0.7616, with the sign of x: -0.7616.",
    ),
)
