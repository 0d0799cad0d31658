"""Exercise of section 4.6: one number per channel.

Source: Lin, Chen and Yan 2013, "Network in network", section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x):
    """PyTorch's adaptive_avg_pool2d with one cell left."""
    import torch

    return torch.nn.functional.adaptive_avg_pool2d(x, 1).flatten(start_dim=1)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One channel, all axes of different length, all of the same length, one row."""
    yield Case("one channel", {"x": rng.normal(1.0, 1.0, (1, 1, 2, 3))})
    yield Case("all axes different", {"x": rng.normal(0.5, 1.0, (2, 3, 4, 5))})
    yield Case("all axes equal", {"x": rng.normal(-0.5, 1.0, (3, 3, 3, 3))})
    yield Case("one row", {"x": rng.normal(0.5, 1.0, (2, 4, 1, 6))})


def over_the_batch_too(x):
    """Averages over the pictures as well."""
    return np.mean(x, axis=(0, 2, 3))


def over_the_channels_too(x):
    """Averages over the channels as well."""
    return np.mean(x, axis=(1, 2, 3))


def channels_last(x):
    """Averages over the axes 1 and 2, as for pictures whose channels come last."""
    return np.mean(x, axis=(1, 2))


def axes_of_length_one_kept(x):
    """Returns (N, C, 1, 1)."""
    return np.mean(x, axis=(2, 3), keepdims=True)


def over_the_rows_only(x):
    """Averages along one axis and leaves the columns."""
    return np.mean(x, axis=2)


def sum_instead_of_mean(x):
    """Adds up and does not divide."""
    return np.sum(x, axis=(2, 3))


def largest_instead_of_mean(x):
    """Takes the largest value."""
    return np.max(x, axis=(2, 3))


EXERCISE = Exercise(
    number=9,
    title="Global average pooling",
    section="4.6",
    points=2,
    minutes=5,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(over_the_batch_too, hint="How many pictures go in? For how many do you return numbers?"),
        Misconception(
            over_the_channels_too, hint="How many channels has x, and how many numbers do you give a picture?"
        ),
        Misconception(channels_last, hint="x is (N, C, H, W). Which two axes are rows and columns?"),
        Misconception(
            axes_of_length_one_kept,
            hint="The linear layer that follows wants (N, C). How many axes has your result?",
        ),
        Misconception(over_the_rows_only, hint="How many numbers should be left of one channel? How many are left?"),
        Misconception(sum_instead_of_mean, hint="A channel of ones: what is its mean, and what do you say?"),
        Misconception(largest_instead_of_mean, hint="A channel of one 1 and many zeros: what is its mean?"),
    ),
    hints=(
        "One channel of one picture is a table of numbers, and only its mean is kept.",
        "np.mean takes a tuple of axes. Which axes should be gone?",
        "y[n, c] = (1 / (H · W)) · Σ_i Σ_j x[n, c, i, j].",
        "A picture of one channel, [[1, 2, 3], [4, 5, 9]], gives [[24 / 6]] = [[4]].",
    ),
)
