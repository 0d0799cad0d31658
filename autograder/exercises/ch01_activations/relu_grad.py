"""Exercise of section 1.5: the slope of ReLU.

Source: derived in section 1.5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x):
    """What PyTorch's automatic differentiation gives for its own ReLU."""
    import torch

    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_(True)
        (slope,) = torch.autograd.grad(torch.relu(leaf).sum(), leaf)
    return slope


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Every case holds both signs, so that neither ones nor zeros are the answer."""
    yield Case("four numbers", {"x": _both_signs(rng, (4,))})
    yield Case("a zero among them", {"x": np.append(_both_signs(rng, (5,)), 0.0)})
    yield Case("a matrix", {"x": _both_signs(rng, (2, 3))})
    yield Case("three axes", {"x": _both_signs(rng, (2, 3, 4))})
    yield Case("close to zero", {"x": _both_signs(rng, (6,)) / 1e6})
    yield Case("large numbers", {"x": _both_signs(rng, (3, 2)) * 1000})


def _both_signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of size 0.5 to 3 in random order, half of them negative, no 1 among them."""
    size = rng.choice([0.5, 0.75, 1.25, 1.5, 2.0, 2.5, 3.0], shape)
    signs = np.resize([1.0, -1.0], size.size)
    return size * rng.permutation(signs).reshape(shape)


def one_at_zero(x):
    """The slope from the right at x = 0."""
    return np.where(x >= 0, 1.0, 0.0)


def one_half_at_zero(x):
    """The mean of the two slopes at x = 0."""
    return np.heaviside(x, 0.5)


def value_in_place_of_the_slope(x):
    """Returns ReLU itself."""
    return np.maximum(x, 0)


def sign_in_place_of_the_slope(x):
    """Returns -1 on the negative side: the slope of |x|."""
    return np.sign(x)


def slope_one_everywhere(x):
    """Differentiates x and forgets the maximum."""
    return np.ones_like(x)


def slope_of_the_other_half(x):
    """Swaps the two branches."""
    return np.where(x > 0, 0.0, 1.0)


def leaky_slope_on_the_negative_side(x):
    """Returns 0.01 where x is not positive: the slope of leaky ReLU."""
    return np.where(x > 0, 1.0, 0.01)


def value_divided_by_x(x):
    """Takes relu(x) / x for the slope, which has no value at zero."""
    return np.maximum(x, 0) / x


EXERCISE = Exercise(
    number=6,
    title="Slope of ReLU",
    section="1.5",
    points=2,
    minutes=4,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            value_in_place_of_the_slope,
            hint="Move x from 2 to 3. By how much does ReLU rise, and what is that divided by the step? "
            "Does the answer depend on where you started?",
        ),
        Misconception(
            sign_in_place_of_the_slope,
            hint="How steep is ReLU at x = -2: does it fall there, rise, or neither?",
        ),
        Misconception(
            slope_one_everywhere,
            hint="Move x from -3 to -2. By how much does ReLU change?",
        ),
        Misconception(
            slope_of_the_other_half,
            hint="On which side of zero is ReLU flat? What does yours give at x = 5?",
        ),
        Misconception(
            leaky_slope_on_the_negative_side,
            hint="Which of the functions of section 1.4 has a small slope on the left? Is it this one?",
        ),
        Misconception(
            value_divided_by_x,
            hint="What does your division give at x = 0? Do you need the value of ReLU to know its slope?",
        ),
    ),
    hints=(
        "Look at the curve: it consists of two straight lines. How steep is each?",
        "The answer depends only on the sign of x. A comparison gives True and False; which numbers should "
        "they become?",
        "relu_grad(x) = 1 where x > 0, and 0 elsewhere.",
        "x = [-2, 0.5, 3]: [0, 1, 1].",
    ),
    convention="At x = 0 ReLU has no single slope. PyTorch says 0, and so do we; 1 and 0.5 pass as well, "
    "if every call makes the same choice.",
    alternatives=(one_at_zero, one_half_at_zero),
)
