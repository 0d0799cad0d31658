"""Exercise of section 1.4: the rectified linear unit.

Source: Nair and Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x):
    """PyTorch's own ReLU."""
    import torch

    return torch.relu(x)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Every case holds both signs, so that neither x nor 0 is the answer."""
    yield Case("five numbers and a zero", {"x": np.append(_both_signs(rng, (5,)), 0.0)})
    yield Case("a matrix", {"x": _both_signs(rng, (2, 3))})
    yield Case("one column", {"x": _both_signs(rng, (4, 1))})
    yield Case("three axes", {"x": _both_signs(rng, (2, 3, 4))})
    yield Case("close to zero", {"x": _both_signs(rng, (7,)) / 1000})
    yield Case("large numbers", {"x": _both_signs(rng, (3, 2)) * 1000})


def _both_signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of size 0.5 to 3 in random order, half of them negative."""
    size = rng.uniform(0.5, 3.0, shape)
    signs = np.resize([1.0, -1.0], size.size)
    return size * rng.permutation(signs).reshape(shape)


def absolute_value(x):
    """Turns negative numbers positive instead of into zero."""
    return np.abs(x)


def negative_side_kept(x):
    """Takes the minimum with zero: the wrong half is kept."""
    return np.minimum(x, 0)


def largest_value_along_an_axis(x):
    """Calls np.max(x, 0), where 0 is an axis, not a number to compare with."""
    return np.asarray(np.max(x, 0))


def negative_values_dropped(x):
    """Selects the positive entries, which loses the shape."""
    return x[x > 0]


def mask_in_place_of_values(x):
    """Returns whether the neuron is active, not how much."""
    return (x > 0).astype(x.dtype)


def small_slope_on_the_negative_side(x):
    """Leaks 0.01 x on the negative side: leaky ReLU."""
    return np.where(x > 0, x, 0.01 * x)


def capped_at_one(x):
    """Clips to [0, 1], as if every activation had to be bounded."""
    return np.clip(x, 0, 1)


EXERCISE = Exercise(
    number=2,
    title="ReLU",
    section="1.4",
    points=2,
    minutes=3,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(absolute_value, hint="What should come out for x = -3? What comes out of yours?"),
        Misconception(
            negative_side_kept,
            hint="Which half of the number line should pass unchanged? Try your function on [-1, 1].",
        ),
        Misconception(
            largest_value_along_an_axis,
            hint="What is the second argument of `np.max`: a number to compare with, or something else? "
            "Which NumPy function compares element by element?",
        ),
        Misconception(
            negative_values_dropped,
            hint="How many numbers go in, and how many come out? What should stand where a negative number was?",
        ),
        Misconception(
            mask_in_place_of_values,
            hint="What should come out for x = 2 and for x = 3? Can the next layer tell them apart in yours?",
        ),
        Misconception(
            small_slope_on_the_negative_side,
            hint="What is ReLU of -100, exactly? Which of the four functions of this section have you written?",
        ),
        Misconception(
            capped_at_one,
            hint="The curve of ReLU: does it ever become flat on the right-hand side?",
        ),
    ),
    hints=(
        "Positive numbers pass; the others become zero. The shape stays.",
        "NumPy has one function for the larger of two numbers, element by element, and another for the "
        "largest of many.",
        "relu(x) = max(x, 0), for every element.",
        "x = [-2, 0, 3]: [max(-2, 0), max(0, 0), max(3, 0)] = [0, 0, 3].",
    ),
    convention="The value at x = 0 is 0 in every book; only the slope there is a matter of choice.",
)
