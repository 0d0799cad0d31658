"""Exercise of section 8.4: batch normalisation of pictures, channel by channel.

Source: Ioffe and Szegedy 2015, "Batch normalization", section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x, gamma, beta, eps=1e-5):
    """PyTorch's batch_norm."""
    import torch

    return torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Two small pictures, all axes different, as many channels as columns, one picture, a large eps."""
    yield Case("two small pictures", _inputs(rng, 2, 3, 1, 2))
    yield Case("all axes different", _inputs(rng, 4, 2, 3, 5))
    yield Case("as many channels as columns", _inputs(rng, 2, 3, 4, 3))
    yield Case("one picture", _inputs(rng, 1, 2, 4, 3))
    small = _inputs(rng, 3, 2, 2, 4)
    yield Case("small numbers, eps 0.1", small | {"x": 1e-3 * small["x"], "eps": 0.1})


def _inputs(rng: np.random.Generator, n: int, channels: int, height: int, width: int) -> dict[str, Any]:
    return {
        "x": rng.normal(1.0, 1.0, (n, channels, height, width)) * np.array([2.0, 0.5, 1.0])[:channels, None, None],
        "gamma": rng.normal(1.5, 0.3, channels),
        "beta": rng.normal(-0.5, 0.3, channels),
    }


def _normalised(x, gamma, beta, eps, axis, ddof=0):
    mean, variance = np.mean(x, axis=axis, keepdims=True), np.var(x, axis=axis, keepdims=True, ddof=ddof)
    return gamma[:, None, None] * (x - mean) / np.sqrt(variance + eps) + beta[:, None, None]


def each_picture_by_itself(x, gamma, beta, eps=1e-5):
    """One mean per picture and channel, which is instance normalisation."""
    return _normalised(x, gamma, beta, eps, (2, 3))


def each_pixel_by_itself(x, gamma, beta, eps=1e-5):
    """One mean per channel, row and column."""
    return _normalised(x, gamma, beta, eps, (0,))


def each_example_over_its_channels(x, gamma, beta, eps=1e-5):
    """One mean per picture, which is layer normalisation."""
    return _normalised(x, gamma, beta, eps, (1, 2, 3))


def one_mean_for_all_channels(x, gamma, beta, eps=1e-5):
    """One mean for everything."""
    return _normalised(x, gamma, beta, eps, (0, 1, 2, 3))


def divides_by_one_less(x, gamma, beta, eps=1e-5):
    """Uses the unbiased variance."""
    return _normalised(x, gamma, beta, eps, (0, 2, 3), ddof=1)


def gamma_along_the_columns(x, gamma, beta, eps=1e-5):
    """Lets gamma and beta meet the last axis, which is that of the columns."""
    plain = _normalised(x, np.ones(x.shape[1]), np.zeros(x.shape[1]), eps, (0, 2, 3))
    return gamma * plain + beta


def eps_outside_the_root(x, gamma, beta, eps=1e-5):
    """Adds eps to the standard deviation."""
    mean, std = np.mean(x, axis=(0, 2, 3), keepdims=True), np.std(x, axis=(0, 2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / (std + eps) + beta[:, None, None]


def scale_and_shift_left_out(x, gamma, beta, eps=1e-5):
    """Stops at mean 0 and variance 1."""
    return _normalised(x, np.ones(x.shape[1]), np.zeros(x.shape[1]), eps, (0, 2, 3))


EXERCISE = Exercise(
    number=8,
    title="Batch normalisation of pictures",
    section="8.4",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            each_picture_by_itself,
            hint="How many means do you have: C, or N times C? Over which axes does a batch's statistic reach?",
        ),
        Misconception(
            each_pixel_by_itself,
            hint="A kernel looks at every place with the same weights. Should two places of a channel have two means?",
        ),
        Misconception(
            each_example_over_its_channels,
            hint="Which axis must keep its own statistics, the pictures or the channels?",
        ),
        Misconception(
            one_mean_for_all_channels,
            hint="What is the mean of one channel of your x_hat: 0? How many means are there?",
        ),
        Misconception(
            divides_by_one_less,
            hint="By how many numbers does your variance divide: N · H · W, or one less?",
        ),
        Misconception(
            gamma_along_the_columns,
            hint="NumPy lines shapes up from the right: which axis of x does gamma meet as it is?",
        ),
        Misconception(eps_outside_the_root, hint="To what is eps added: to the variance, or to its root?"),
        Misconception(scale_and_shift_left_out, hint="What are gamma and beta for? Does your y change with them?"),
    ),
    hints=(
        "As before, with one difference: what counts as an example of a channel?",
        "np.mean takes several axes at once: axis=(…), keepdims=True. gamma needs the shape (C, 1, 1).",
        "Mean and variance over the axes 0, 2 and 3; y = γ_c (x − m_c) / √(v_c + eps) + β_c.",
        "Shapes: x (2, 3, 4, 5), mean (1, 3, 1, 1) over 2 · 4 · 5 = 40 numbers each, gamma[:, None, None] (3, 1, 1).",
    ),
    convention="Variance with N · H · W; eps inside the root, as in PyTorch.",
)
