"""Exercise of section 1.4: ReLU with a small slope on the negative side.

Source: Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x, slope=0.01):
    """PyTorch's own leaky ReLU."""
    from torch.nn import functional

    return functional.leaky_relu(x, negative_slope=slope)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """The default slope and others, two of them above 1, where a maximum no longer does."""
    yield Case("the default slope", {"x": np.append(_both_signs(rng, (5,)), 0.0)})
    yield Case("slope 0.2", {"x": _both_signs(rng, (2, 3)), "slope": 0.2})
    yield Case("slope 1.5", {"x": _both_signs(rng, (4,)), "slope": 1.5})
    yield Case("slope 0", {"x": _both_signs(rng, (3, 2)), "slope": 0.0})
    yield Case("three axes, slope 2", {"x": _both_signs(rng, (2, 3, 4)), "slope": 2.0})
    yield Case("large numbers, slope 0.05", {"x": _both_signs(rng, (6,)) * 1000, "slope": 0.05})


def _both_signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of size 0.5 to 3 in random order, half of them negative."""
    size = rng.uniform(0.5, 3.0, shape)
    signs = np.resize([1.0, -1.0], size.size)
    return size * rng.permutation(signs).reshape(shape)


def larger_of_x_and_slope_times_x(x, slope=0.01):
    """Takes max(x, slope x), which picks the wrong one when slope > 1."""
    return np.maximum(x, slope * x)


def slope_argument_ignored(x, slope=0.01):
    """Always uses 0.01."""
    return np.where(x > 0, x, 0.01 * x)


def no_leak_at_all(x, slope=0.01):
    """Returns the plain ReLU."""
    return np.maximum(x, 0)


def slope_on_the_positive_side(x, slope=0.01):
    """Scales the positive side and passes the negative one."""
    return np.where(x > 0, slope * x, x)


def leak_turned_positive(x, slope=0.01):
    """Returns slope |x| on the negative side."""
    return np.where(x > 0, x, slope * np.abs(x))


def slope_used_as_a_value(x, slope=0.01):
    """Puts the number slope itself where x is not positive."""
    return np.where(x > 0, x, slope)


def leak_added_on_both_sides(x, slope=0.01):
    """Adds slope x to the ReLU everywhere, so that the positive side has the slope 1 + slope."""
    return np.maximum(x, 0) + slope * x


EXERCISE = Exercise(
    number=5,
    title="Leaky ReLU",
    section="1.4",
    points=2,
    minutes=5,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            larger_of_x_and_slope_times_x,
            hint="Take slope = 1.5 and x = -1. Which is larger, x or slope · x, and which of the two is wanted?",
        ),
        Misconception(
            slope_argument_ignored,
            hint="Call your function with slope = 0.5. Does anything change?",
        ),
        Misconception(
            no_leak_at_all,
            hint="What should come out for x = -100 with slope = 0.01? What should a leak let through?",
        ),
        Misconception(
            slope_on_the_positive_side,
            hint="Which half of the number line should pass unchanged? Try your function on [-1, 1].",
        ),
        Misconception(
            leak_turned_positive,
            hint="On the negative side, should the value fall or rise as x moves to the left?",
        ),
        Misconception(
            slope_used_as_a_value,
            hint="Should x = -1 and x = -100 give the same value? What does the word slope say about that?",
        ),
        Misconception(
            leak_added_on_both_sides,
            hint="What does yours give for x = 1 with slope = 0.2? On which side should the leak act?",
        ),
    ),
    hints=(
        "There are two cases, and each is a straight line through zero.",
        "NumPy can choose element by element between two arrays, by a condition. What is the condition?",
        "leaky_relu(x) = x where x > 0, and slope · x elsewhere.",
        "slope = 0.1, x = [-2, 0, 3]: [0.1 · (-2), 0.1 · 0, 3] = [-0.2, 0, 3].",
    ),
    convention="slope is the factor itself (0.01 by default), as in PyTorch; some papers call it alpha, or "
    "use 1 / alpha.",
)
