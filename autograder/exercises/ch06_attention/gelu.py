"""Exercise of section 6.6: the Gaussian error linear unit.

Source: Hendrycks and Gimpel 2016, "Gaussian error linear units (GELUs)", section 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch06_attention._attention import bent
from autograder.spec import Case, Exercise, Misconception


def reference(x):
    """PyTorch's gelu."""
    import torch

    return torch.nn.functional.gelu(x)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Four numbers with 0 among them, a table, three axes, left of 0 where the forms differ, the far ends."""
    yield Case("four numbers", {"x": np.array([-1.0, 0.0, 1.0, float(rng.uniform(1.5, 2.5))])})
    yield Case("a table", {"x": rng.normal(0.0, 1.0, (2, 3))})
    yield Case("three axes", {"x": rng.normal(0.0, 2.0, (2, 3, 4))})
    yield Case("left of 0", {"x": rng.uniform(-3.0, -0.3, 12)})
    yield Case("far out", {"x": np.array([-800.0, -40.0, 40.0, 800.0]) * rng.uniform(1.0, 1.2, 4)})


def _by_erf(x):
    return np.vectorize(math.erf, otypes=[float])(x)


def form_with_tanh(x):
    """Takes the approximation with tanh, as GPT-2 does."""
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def sigmoid_form(x):
    """Takes the approximation x times the sigmoid of 1.702 x."""
    return x * 0.5 * (1 + np.tanh(0.5 * 1.702 * x))


def silu(x):
    """Takes x times the sigmoid of x."""
    return x * 0.5 * (1 + np.tanh(0.5 * x))


def relu(x):
    """Takes the larger one of x and 0."""
    return np.maximum(x, 0.0)


def root_of_two_forgotten(x):
    """Takes the error function of x itself."""
    return 0.5 * x * (1 + _by_erf(x))


def divided_by_two(x):
    """Divides by 2 instead of its root."""
    return 0.5 * x * (1 + _by_erf(x / 2))


def multiplied_by_the_root(x):
    """Multiplies x by the root of 2 inside."""
    return 0.5 * x * (1 + _by_erf(x * math.sqrt(2)))


def half_forgotten(x):
    """Leaves the factor 1/2 out."""
    return 2 * bent(x)


def one_forgotten(x):
    """Takes the error function alone, which is negative to the left of 0."""
    return 0.5 * x * _by_erf(x / math.sqrt(2))


def the_share_alone(x):
    """Returns the share of the bell curve and does not multiply by x."""
    return 0.5 * (1 + _by_erf(x / math.sqrt(2)))


def times_the_bell_curve(x):
    """Multiplies x by the height of the bell curve instead of the area to its left."""
    return x * np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)


def share_to_the_right(x):
    """Takes the area to the right of x."""
    return x - bent(x)


def written_into_x(x):
    """Overwrites the caller's array."""
    x *= 0.5 * (1 + _by_erf(x / math.sqrt(2)))
    return x


EXERCISE = Exercise(
    number=9,
    title="GELU",
    section="6.6",
    points=1,
    minutes=4,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            form_with_tanh,
            hint="The form with tanh is close, and off by up to 0.0005. Which function does the exact one use?",
        ),
        Misconception(
            sigmoid_form,
            hint="The form with 1.702 is close, and off by up to 0.02. Which function does the exact one use?",
        ),
        Misconception(silu, hint="A sigmoid looks like the bell curve's share. Is it the same?"),
        Misconception(relu, hint="What should come out for −1: exactly 0? How much of the bell curve lies left of −1?"),
        Misconception(
            root_of_two_forgotten,
            hint="x = 1: the share left of 1 is 0.8413. Which share do you get? What is divided by √2?",
        ),
        Misconception(
            divided_by_two, hint="x = 1: the share left of 1 is 0.8413. Which share do you get? Is it 2, or its root?"
        ),
        Misconception(
            multiplied_by_the_root,
            hint="x = 1: the share left of 1 is 0.8413. Which share do you get? Multiply, or divide?",
        ),
        Misconception(half_forgotten, hint="For a large x the result should be close to x. What is yours?"),
        Misconception(one_forgotten, hint="For a large x the result should be close to x. What is yours, and for −1?"),
        Misconception(the_share_alone, hint="For a large x the result should be close to x. What is yours?"),
        Misconception(
            times_the_bell_curve,
            hint="For a large x the result should be close to x. Is it the height of the curve that is asked for, or "
            "the area?",
        ),
        Misconception(
            share_to_the_right, hint="For a large x the result should be close to x. On which side is your area?"
        ),
        Misconception(written_into_x, hint="What does x hold after the call? What does *= do to an array?"),
    ),
    hints=(
        "x times the probability that a normally distributed number is smaller than x.",
        "erf takes one number; np.vectorize(erf, otypes=[float]) takes an array.",
        "gelu(x) = x · ½ · (1 + erf(x / √2)).",
        "x = 1: erf(0.7071) = 0.6827, so 1 · ½ · 1.6827 = 0.8413.",
    ),
    convention="The exact form, PyTorch's default; GPT-2 used the form with tanh, which is off by up to 0.0005.",
)
