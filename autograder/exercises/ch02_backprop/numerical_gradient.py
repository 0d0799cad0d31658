"""Exercise of section 2.2: the gradient by central differences.

Source: derived in section 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception, Tolerance


def drive(numerical_gradient, cubic, x, h=1e-5):
    """The gradient of f(x) = sum of cubic * x**3 + sin(sum of x)."""

    def f(x):
        return float(np.sum(cubic * x**3) + np.sin(np.sum(x)))

    return numerical_gradient(f, x, h)


def reference(cubic, x, h=1e-5):
    """Central differences of cubes and sines in closed form: autograd of the function smoothed over the width 2 h."""
    import torch

    x = x.clone().requires_grad_()
    width = torch.tensor(h, device=x.device)
    smoothed = (cubic * (x**3 + h**2 * x)).sum() + torch.sin(x.sum()) * torch.sin(width) / width
    smoothed.backward()
    return x.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A single number, a vector, a matrix, and nudges so large that they show in the result."""
    yield Case("one number in an array of no axes", _inputs(rng, ()))
    yield Case("a vector", _inputs(rng, (4,)))
    yield Case("a matrix", _inputs(rng, (2, 3)))
    yield Case("a large nudge, h = 0.1", _inputs(rng, (3,)) | {"h": 0.1})


def _inputs(rng: np.random.Generator, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"cubic": np.array(rng.uniform(0.5, 2.0, shape)), "x": np.array(rng.uniform(0.5, 1.5, shape))}


def nudged_to_one_side(f, x, h=1e-5):
    """Compares with the middle instead of the other side."""
    grad = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up = x.copy()
        up[place] += h
        grad[place] = (f(up) - f(x)) / h
    return grad


def divided_by_h_alone(f, x, h=1e-5):
    """Forgets that the two places are 2 h apart."""
    grad = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += h
        down[place] -= h
        grad[place] = (f(up) - f(down)) / h
    return grad


def everything_nudged_at_once(f, x, h=1e-5):
    """Moves all elements together, so that they share one slope."""
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))


def whole_rows_nudged(f, x, h=1e-5):
    """Loops over the first axis only."""
    if x.ndim == 0:
        return np.array((f(x + h) - f(x - h)) / (2 * h))
    grad = np.zeros(x.shape)
    for k in range(len(x)):
        up, down = x.copy(), x.copy()
        up[k] += h
        down[k] -= h
        grad[k] = (f(up) - f(down)) / (2 * h)
    return grad


def width_ignored(f, x, h=1e-5):
    """Always nudges by 1e-5."""
    grad = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += 1e-5
        down[place] -= 1e-5
        grad[place] = (f(up) - f(down)) / 2e-5
    return grad


def nudges_stay(f, x, h=1e-5):
    """Nudges x itself and does not put it back."""
    grad = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        x[place] += h
        above = f(x)
        x[place] -= 2 * h
        grad[place] = (above - f(x)) / (2 * h)
    return grad


def result_without_its_shape(f, x, h=1e-5):
    """Returns a flat list of slopes."""
    slopes = []
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += h
        down[place] -= h
        slopes.append((f(up) - f(down)) / (2 * h))
    return np.array(slopes)


EXERCISE = Exercise(
    number=3,
    title="The gradient by nudging",
    section="2.2",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    tolerance=Tolerance(
        rtol=1e-8,
        atol=2e-9,
        float32=False,
        why="Differences of numbers near 10 over 2e-5 carry rounding of about 1e-10: honest answers miss by at most "
        "2.5e-10 over 40 seeds. One-sided differences miss by 8.7e-6 or more, which is within what float32 would be "
        "allowed: a result in single precision has no wider tolerance.",
    ),
    misconceptions=(
        Misconception(
            nudged_to_one_side,
            hint="Your result is off by about h. What would a second nudge, to the other side, do to the error?",
        ),
        Misconception(divided_by_h_alone, hint="How far apart are the two places where you ask for f?"),
        Misconception(
            everything_nudged_at_once, hint="Are all your slopes the same number? How many elements may move at a time?"
        ),
        Misconception(
            whole_rows_nudged,
            hint="In a matrix, how many elements does your loop move at a time? What does np.ndindex give?",
        ),
        Misconception(width_ignored, hint="Call your function with h = 0.1 and with h = 1e-5: do the results differ?"),
        Misconception(nudges_stay, hint="What does x hold after the call? Do you nudge x itself or a copy?"),
        Misconception(result_without_its_shape, hint="Which shape has x, and which shape has your result?"),
    ),
    hints=(
        "One element at a time: up, down, the difference, and on to the next.",
        "np.ndindex(x.shape) gives every place of an array, whatever its shape. Nudge copies.",
        "grad[place] = (f(x with +h there) − f(x with −h there)) / (2 h).",
        "f(x) = x³ at 2 with h = 0.1: (2.1³ − 1.9³) / 0.2 = (9.261 − 6.859) / 0.2 = 12.01; the slope is 12.",
    ),
    convention="Central differences: both sides, 2 h apart.",
)
