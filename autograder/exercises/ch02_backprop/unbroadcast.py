"""Exercise of section 2.5: the gradient of an array that broadcasting has stretched.

Source: derived in section 2.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(grad, shape):
    """PyTorch's autograd through expand."""
    import torch

    small = torch.zeros(tuple(shape), device=grad.device, dtype=grad.dtype, requires_grad=True)
    small.expand(grad.shape).backward(grad)
    return small.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A bias, a column, a number, axes of both kinds, axes of length 1 that were not stretched, nothing to do."""
    yield Case("a bias", _inputs(rng, (4, 3), (3,)))
    yield Case("a column", _inputs(rng, (4, 3), (4, 1)))
    yield Case("a single number", _inputs(rng, (2, 3), ()))
    yield Case("both kinds of axes", _inputs(rng, (5, 2, 3), (2, 1)))
    yield Case("axes of length 1 that stay", _inputs(rng, (2, 1, 3), (1, 1, 3)))
    yield Case("nothing to do", _inputs(rng, (2, 3), (2, 3)))


def _inputs(rng: np.random.Generator, large: tuple[int, ...], small: tuple[int, ...]) -> dict[str, Any]:
    return {"grad": rng.normal(1.0, 1.0, large), "shape": small}


def _right(grad, shape, reduce):
    grad = reduce(grad, axis=tuple(range(grad.ndim - len(shape))))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1 and grad.shape[axis] > 1)
    return reduce(grad, axis=stretched, keepdims=True)


def copies_averaged(grad, shape):
    """Takes the mean over the copies instead of their sum."""
    return _right(grad, shape, np.mean)


def first_copy_taken(grad, shape):
    """Keeps the gradient of one copy and forgets the others."""
    grad = grad[(0,) * (grad.ndim - len(shape))]
    picked = [slice(0, 1) if size == 1 else slice(None) for size in shape]
    return np.array(grad[tuple(picked)])


def everything_summed(grad, shape):
    """Fills the shape with the sum over the whole array."""
    return np.full(shape, np.sum(grad))


def stretched_axes_lost(grad, shape):
    """Sums stretched axes away without keeping them as axes of length 1."""
    grad = np.sum(grad, axis=tuple(range(grad.ndim - len(shape))))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1 and grad.shape[axis] > 1)
    return np.sum(grad, axis=stretched)


def only_new_axes_summed(grad, shape):
    """Removes the axes in front and forgets those of length 1."""
    return np.sum(grad, axis=tuple(range(grad.ndim - len(shape))))


def only_stretched_axes_summed(grad, shape):
    """Sums where the shape has a 1 and leaves the new axes in front."""
    new = grad.ndim - len(shape)
    stretched = tuple(new + axis for axis, size in enumerate(shape) if size == 1)
    return np.sum(grad, axis=stretched, keepdims=True)


def axes_matched_from_the_left(grad, shape):
    """Looks for missing axes at the end instead of in front."""
    grad = np.sum(grad, axis=tuple(range(len(shape), grad.ndim)))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1 and grad.shape[axis] > 1)
    return np.sum(grad, axis=stretched, keepdims=True)


EXERCISE = Exercise(
    number=10,
    title="Undo broadcasting",
    section="2.5",
    points=3,
    minutes=15,
    difficulty="hard",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            copies_averaged,
            hint="A bias is used by four examples: what do the gradients of the four paths do?",
        ),
        Misconception(
            first_copy_taken,
            hint="A bias is used by four examples: which of them does your result depend on?",
        ),
        Misconception(
            everything_summed,
            hint="Does each number of the small array get the gradients of its own copies only?",
        ),
        Misconception(stretched_axes_lost, hint="The array had the shape (4, 1). Which shape has your result?"),
        Misconception(only_new_axes_summed, hint="The array had the shape (4, 1). Which shape has your result?"),
        Misconception(
            only_stretched_axes_summed,
            hint="The array had one axis and the gradient has two. How many has your result?",
        ),
        Misconception(
            axes_matched_from_the_left, hint="A shape (3,) meets a shape (4, 3): which of the two axes did NumPy add?"
        ),
    ),
    hints=(
        "Broadcasting does two things: it adds axes in front, and it stretches axes of length 1. Undo both.",
        "First sum the axes in front away. Then sum every stretched axis, and keep it as an axis of length 1.",
        "new axes: the first grad.ndim − len(shape); stretched: size 1 in shape, larger in grad. np.sum takes a "
        "tuple of axes.",
        "grad of shape (4, 3): for the shape (3,) sum over axis 0; for (4, 1) sum over axis 1 with keepdims; for () "
        "sum all.",
    ),
)
