"""Exercise of section 2.1: the mean squared error.

Source: Gauss 1809; torch.nn.functional.mse_loss.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(y_hat, y):
    """PyTorch's mse_loss."""
    import torch

    return torch.nn.functional.mse_loss(y_hat, y)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One number, a batch, several numbers per example, errors of one sign only."""
    yield Case("one number", _inputs(rng, (1,)))
    yield Case("a batch", _inputs(rng, (5,)))
    yield Case("three numbers per example", _inputs(rng, (4, 3)))
    above = _inputs(rng, (6,))
    yield Case("always too high", above | {"y_hat": above["y"] + rng.uniform(0.5, 3.0, 6)})


def _inputs(rng: np.random.Generator, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {"y_hat": rng.normal(0.0, 2.0, shape), "y": rng.normal(1.0, 2.0, shape)}


def sum_of_squares(y_hat, y):
    """Adds up instead of averaging."""
    return np.sum((y_hat - y) ** 2)


def half_of_it(y_hat, y):
    """Divides by 2, as some books do to make the derivative tidier."""
    return np.mean((y_hat - y) ** 2) / 2


def mean_absolute_error(y_hat, y):
    """Takes sizes instead of squares."""
    return np.mean(np.abs(y_hat - y))


def square_of_the_mean_error(y_hat, y):
    """Averages first, so that errors of different signs cancel."""
    return np.mean(y_hat - y) ** 2


def root_taken(y_hat, y):
    """Returns the root mean square."""
    return np.sqrt(np.mean((y_hat - y) ** 2))


def averaged_over_the_examples_only(y_hat, y):
    """Divides by the number of rows and not by the number of elements."""
    return np.sum((y_hat - y) ** 2) / len(y)


EXERCISE = Exercise(
    number=1,
    title="Mean squared error",
    section="2.1",
    points=2,
    minutes=5,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(sum_of_squares, hint="Put every example in twice: should the loss double?"),
        Misconception(half_of_it, hint="One example, an error of 3: is the mean of its squared error 9 or 4.5?"),
        Misconception(
            mean_absolute_error,
            hint="Errors of 1 and of 3: how many times as much does the second one count?",
        ),
        Misconception(
            square_of_the_mean_error,
            hint="Errors of 2 and −2: is the loss 0? What comes first, the square or the mean?",
        ),
        Misconception(root_taken, hint="One example, an error of 3: is its squared error 9 or 3?"),
        Misconception(
            averaged_over_the_examples_only,
            hint="Four examples with three numbers each: over how many squares is the mean?",
        ),
    ),
    hints=(
        "The name read backwards: error, squared, mean.",
        "One mean over all elements, whatever the shape.",
        "loss = mean of (y_hat − y)².",
        "y_hat = (1, 5), y = (2, 2): errors −1 and 3, squares 1 and 9, mean 5.",
    ),
    convention="The mean over all elements, without a factor of ½, as in PyTorch.",
)
