"""Exercise of section 2.5: the gradient on its way back through a sigmoid.

Source: derived in section 2.5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(grad_y, x):
    """PyTorch's autograd through torch.sigmoid."""
    import torch

    x = x.clone().requires_grad_()
    torch.sigmoid(x).backward(grad_y)
    return x.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Small inputs, a batch, saturated ones, inputs of a thousand."""
    yield Case("small inputs", {"grad_y": rng.normal(1.0, 2.0, 4), "x": rng.normal(size=4)})
    yield Case("a batch", {"grad_y": rng.normal(size=(3, 5)), "x": rng.normal(0.0, 3.0, (3, 5))})
    yield Case("saturated", {"grad_y": rng.uniform(1e3, 1e4, 4), "x": np.array([8.0, -8.0, 12.0, -12.0])})
    yield Case("inputs of a thousand", {"grad_y": rng.normal(1.0, 1.0, 3), "x": np.array([1000.0, -1000.0, 0.5])})


def _sigmoid(x):
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, decay) / (1 + decay)


def input_taken_for_the_output(grad_y, x):
    """Uses x (1 - x), the formula in terms of the output."""
    return grad_y * x * (1 - x)


def slope_without_the_incoming_gradient(grad_y, x):
    """Returns the local slope alone."""
    y = _sigmoid(x)
    return y * (1 - y)


def slope_of_tanh(grad_y, x):
    """Uses 1 - y², with the sigmoid as y."""
    return grad_y * (1 - _sigmoid(x) ** 2)


def output_instead_of_the_slope(grad_y, x):
    """Multiplies by the sigmoid itself."""
    return grad_y * _sigmoid(x)


def half_of_the_product(grad_y, x):
    """Multiplies by 1 - y alone."""
    return grad_y * (1 - _sigmoid(x))


def exponential_overflows(grad_y, x):
    """Takes e to the power of -x whatever the sign of x."""
    with np.errstate(all="ignore"):
        return grad_y * np.exp(-x) / (1 + np.exp(-x)) ** 2


EXERCISE = Exercise(
    number=7,
    title="Backward through the sigmoid",
    section="2.5",
    points=2,
    minutes=6,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            input_taken_for_the_output,
            hint="The formula y (1 − y) wants the sigmoid's output. What did you put into it?",
        ),
        Misconception(slope_without_the_incoming_gradient, hint="Double grad_y: does your result double, too?"),
        Misconception(
            slope_of_tanh,
            hint="What is the slope of the sigmoid at 0: 0.25 or 0.75? Whose slope is 1 − y²?",
        ),
        Misconception(
            output_instead_of_the_slope,
            hint="What is the slope of the sigmoid at x = 12: nearly 1, or nearly 0?",
        ),
        Misconception(half_of_the_product, hint="What is the slope of the sigmoid at x = −12: nearly 1, or nearly 0?"),
        Misconception(
            exponential_overflows,
            hint="What is e to the power of 1000? Which sign may an exponent safely have?",
        ),
    ),
    hints=(
        "Chapter 1 has the slope. What is new is the gradient that comes in.",
        "Compute y = sigmoid(x) in the stable way, then multiply.",
        "grad_x = grad_y · y (1 − y), with y = sigmoid(x).",
        "x = 0: y = 0.5 and the slope 0.25. grad_y = 8 becomes 2.",
    ),
)
