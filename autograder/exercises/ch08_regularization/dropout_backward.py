"""Exercise of section 8.2: the way back takes the same doors.

Source: derived in section 8.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(grad_y, mask):
    """PyTorch's autograd through the product."""
    import torch

    x = torch.ones_like(grad_y).requires_grad_()
    (x * mask).backward(grad_y)
    return x.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A row, a matrix, pictures with most numbers dropped, nothing dropped."""
    yield Case("one row, p = 0.2", _inputs(rng, (6,), 0.2))
    yield Case("a matrix, p = 0.4", _inputs(rng, (3, 5), 0.4))
    yield Case("pictures, p = 0.7", _inputs(rng, (2, 3, 4, 5), 0.7))
    yield Case("not training", {"grad_y": rng.normal(size=(2, 4)), "mask": np.ones((2, 4))})


def _inputs(rng: np.random.Generator, shape: tuple[int, ...], p: float) -> dict[str, Any]:
    kept = rng.random(shape) >= p
    kept.flat[:2] = (True, False)  # at least one of each
    return {"grad_y": rng.normal(0.4, 1.0, shape), "mask": kept / (1 - p)}


def mask_forgotten(grad_y, mask):
    """Lets the gradient through everywhere."""
    return grad_y.copy()


def scale_left_out(grad_y, mask):
    """Stops what was dropped, but does not rescale the rest."""
    return grad_y * (mask > 0)


def scaled_twice(grad_y, mask):
    """Multiplies by the mask twice."""
    return grad_y * mask * mask


def divided_by_the_mask(grad_y, mask):
    """Undoes the scaling, as if the way back were the inverse."""
    return np.where(mask > 0, grad_y / np.where(mask > 0, mask, 1.0), 0.0)


def dropped_ones_let_through(grad_y, mask):
    """Sends the gradient to the numbers that were dropped."""
    return grad_y * (mask == 0)


def averaged_over_the_batch(grad_y, mask):
    """Divides by the number of examples once more."""
    return grad_y * mask / len(grad_y)


EXERCISE = Exercise(
    number=3,
    title="Backward through dropout",
    section="8.2",
    points=2,
    minutes=4,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            mask_forgotten,
            hint="A number that was multiplied by 0: how does the loss react when it changes a little?",
        ),
        Misconception(scale_left_out, hint="y = 1.25 x: how large is the slope of y? What does your way back say?"),
        Misconception(scaled_twice, hint="How often was x multiplied by the mask on the way forward?"),
        Misconception(
            divided_by_the_mask,
            hint="Is the way back the inverse of the function, or its slope? What is the slope of y = 1.25 x?",
        ),
        Misconception(
            dropped_ones_let_through,
            hint="Which numbers had a part in the loss: those that were kept, or those that were dropped?",
        ),
        Misconception(
            averaged_over_the_batch,
            hint="Where does the 1/N of a mean loss live: in grad_y already, or in every layer again?",
        ),
    ),
    hints=(
        "y = x · mask, number by number, and the mask is a constant.",
        "The chain rule: the incoming gradient times the local slope. What is the local slope of y = m x?",
        "grad_x = grad_y · mask.",
        "mask = (1.25, 0), grad_y = (4, 7): grad_x = (5, 0).",
    ),
    convention="The mask already holds 1 / (1 − p), as `dropout` returned it.",
)
