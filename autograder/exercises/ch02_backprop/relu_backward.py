"""Exercise of section 2.5: the gradient on its way back through a ReLU.

Source: derived in section 2.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(grad_y, x):
    """PyTorch's autograd through torch.relu."""
    import torch

    x = x.clone().requires_grad_()
    torch.relu(x).backward(grad_y)
    return x.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Both signs of input and gradient in every combination, and exact zeros."""
    yield Case(
        "all signs", {"grad_y": np.array([2.0, -3.0, 4.0, -5.0]), "x": rng.uniform(0.5, 2.0, 4) * [1, 1, -1, -1]}
    )
    yield Case("a batch", {"grad_y": rng.normal(size=(4, 3)), "x": rng.normal(0.2, 1.0, (4, 3))})
    yield Case(
        "zeros among the inputs", {"grad_y": rng.uniform(1.0, 2.0, 5), "x": np.array([0.0, 1.0, 0.0, -1.0, 0.0])}
    )
    yield Case("three axes", _large(rng))


def _large(rng: np.random.Generator) -> dict[str, Any]:
    return {"grad_y": rng.normal(0.0, 5.0, (2, 3, 4)), "x": rng.normal(0.0, 3.0, (2, 3, 4))}


def slope_one_at_zero(grad_y, x):
    """Lets the gradient through where the input is exactly 0."""
    return np.where(x >= 0, grad_y, 0.0)


def negative_gradients_stopped(grad_y, x):
    """Looks at the sign of the gradient instead of the input's."""
    return np.maximum(grad_y, 0)


def both_signs_needed(grad_y, x):
    """Stops negative gradients as well as negative inputs."""
    return np.where(x > 0, np.maximum(grad_y, 0), 0.0)


def slope_without_the_incoming_gradient(grad_y, x):
    """Returns the local slope alone."""
    return (x > 0).astype(float)


def multiplied_by_the_output(grad_y, x):
    """Uses relu(x) where its slope belongs."""
    return grad_y * np.maximum(x, 0)


def gradient_passed_unchanged(grad_y, x):
    """Treats the ReLU as if it were not there."""
    return grad_y.copy()


def gradient_changed_in_place(grad_y, x):
    """Writes zeros into the gradient that it was given."""
    grad_y[x <= 0] = 0.0
    return grad_y


EXERCISE = Exercise(
    number=6,
    title="Backward through ReLU",
    section="2.5",
    points=2,
    minutes=5,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(slope_one_at_zero, hint="Which slope does the docstring give to x = 0?"),
        Misconception(
            negative_gradients_stopped,
            hint="May a gradient be negative? Whose sign decides whether it passes: its own or x's?",
        ),
        Misconception(both_signs_needed, hint="x is positive and the gradient −3: what should come out?"),
        Misconception(slope_without_the_incoming_gradient, hint="Double grad_y: does your result double, too?"),
        Misconception(
            multiplied_by_the_output,
            hint="At x = 5 the slope of the ReLU is 1. By what do you multiply there?",
        ),
        Misconception(gradient_passed_unchanged, hint="x is negative: does the output move when x moves a little?"),
        Misconception(gradient_changed_in_place, hint="What does grad_y hold after the call? Did you write into it?"),
    ),
    hints=(
        "Where the ReLU let the signal pass, it lets the gradient pass. Elsewhere it stops both.",
        "The sign of x decides, element by element. The gradient's own sign does not matter.",
        "grad_x = grad_y where x > 0, otherwise 0.",
        "x = (2, −1, 0), grad_y = (5, 6, 7): grad_x = (5, 0, 0).",
    ),
    convention="The slope at 0 is 0, as in PyTorch.",
)
