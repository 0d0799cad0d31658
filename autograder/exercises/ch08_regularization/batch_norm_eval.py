"""Exercise of section 8.4: batch normalisation when the network is in use.

Source: Ioffe and Szegedy 2015, "Batch normalization", section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x, gamma, beta, running_mean, running_var, eps=1e-5):
    """PyTorch's batch_norm, not training."""
    import torch

    return torch.nn.functional.batch_norm(x, running_mean, running_var, gamma, beta, training=False, eps=eps)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, five, a batch from elsewhere, small variances with a large eps."""
    yield Case("one example", _inputs(rng, 1, 3))
    yield Case("five examples", _inputs(rng, 5, 4))
    elsewhere = _inputs(rng, 3, 2)
    yield Case("a batch from elsewhere", elsewhere | {"x": elsewhere["x"] + 10.0})
    small = _inputs(rng, 4, 3)
    yield Case(
        "small numbers, eps 0.1",
        small
        | {"x": 1e-3 * small["x"], "running_mean": 1e-3 * small["running_mean"], "running_var": 1e-6 * np.ones(3)}
        | {"eps": 0.1},
    )


def _inputs(rng: np.random.Generator, n: int, size: int) -> dict[str, Any]:
    return {
        "x": rng.normal(2.0, 1.5, (n, size)),
        "gamma": rng.normal(1.5, 0.3, size),
        "beta": rng.normal(-0.5, 0.3, size),
        "running_mean": rng.normal(1.0, 0.5, size),
        "running_var": rng.uniform(2.0, 4.0, size),
    }


def statistics_of_the_batch(x, gamma, beta, running_mean, running_var, eps=1e-5):
    """Normalises by the batch, as in training."""
    return gamma * (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + eps) + beta


def averages_still_move(x, gamma, beta, running_mean, running_var, eps=1e-5):
    """Lets the batch into the running statistics first."""
    mean = 0.9 * running_mean + 0.1 * np.mean(x, axis=0)
    variance = 0.9 * running_var + 0.1 * np.var(x, axis=0)
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


def divided_by_the_variance(x, gamma, beta, running_mean, running_var, eps=1e-5):
    """Takes the running variance for a standard deviation."""
    return gamma * (x - running_mean) / (running_var + eps) + beta


def eps_outside_the_root(x, gamma, beta, running_mean, running_var, eps=1e-5):
    """Adds eps to the standard deviation."""
    return gamma * (x - running_mean) / (np.sqrt(running_var) + eps) + beta


def shifted_before_it_is_scaled(x, gamma, beta, running_mean, running_var, eps=1e-5):
    """Adds beta first and multiplies by gamma afterwards."""
    return gamma * ((x - running_mean) / np.sqrt(running_var + eps) + beta)


def scale_and_shift_left_out(x, gamma, beta, running_mean, running_var, eps=1e-5):
    """Stops at the normalised numbers."""
    return (x - running_mean) / np.sqrt(running_var + eps)


def variance_left_out(x, gamma, beta, running_mean, running_var, eps=1e-5):
    """Subtracts the mean only."""
    return gamma * (x - running_mean) + beta


EXERCISE = Exercise(
    number=6,
    title="Batch normalisation in use",
    section="8.4",
    points=2,
    minutes=5,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            statistics_of_the_batch,
            hint="One example comes alone: what are the mean and the variance of a batch of one? What is left of it?",
        ),
        Misconception(
            averages_still_move,
            hint="Ask the same question twice, with other examples beside it: may the answer differ? What may still "
            "move when training is over?",
        ),
        Misconception(
            divided_by_the_variance,
            hint="What was collected in training, the variance or its root? What do you divide by?",
        ),
        Misconception(eps_outside_the_root, hint="Where did eps stand in training: inside the root, or outside?"),
        Misconception(
            shifted_before_it_is_scaled,
            hint="If gamma is 0, what should every y be: beta, or 0? In which order do the two act?",
        ),
        Misconception(
            scale_and_shift_left_out,
            hint="The layers behind have learned with gamma and beta: where are they in your y?",
        ),
        Misconception(
            variance_left_out, hint="Of mean and variance, what have you used? What spread does your y have?"
        ),
    ),
    hints=(
        "The same formula as in training, with other statistics.",
        "The batch has no say: use the running mean and the running variance, whatever the examples are.",
        "y = γ (x − running mean) / √(running variance + eps) + β.",
        "x = 5, running mean 1, running variance 4, γ = 3, β = 0.5: 3 · (5 − 1) / 2 + 0.5 = 6.5.",
    ),
    convention="eps is added to the variance, inside the root.",
)
