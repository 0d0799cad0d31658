"""Exercise of section 8.4: batch normalisation in training.

Source: Ioffe and Szegedy 2015, "Batch normalization", algorithm 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """PyTorch's batch_norm, which changes the running statistics that it is given."""
    import torch

    mean, var = running_mean.clone(), running_var.clone()
    y = torch.nn.functional.batch_norm(x, mean, var, gamma, beta, training=True, momentum=momentum, eps=eps)
    return y, mean, var


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Two examples (where N and N - 1 differ most), five, another momentum, small numbers with a large eps."""
    yield Case("two examples", _inputs(rng, 2, 3))
    yield Case("five examples", _inputs(rng, 5, 4))
    yield Case("momentum 0.3", _inputs(rng, 6, 2) | {"momentum": 0.3})
    small = _inputs(rng, 4, 3)
    yield Case("small numbers, eps 0.1", small | {"x": 1e-3 * small["x"], "eps": 0.1})


def _inputs(rng: np.random.Generator, n: int, size: int) -> dict[str, Any]:
    return {
        "x": rng.normal(2.0, 1.0, (n, size)) * np.array([3.0, 0.5, 1.0, 2.0][:size]),
        "gamma": rng.normal(1.5, 0.3, size),
        "beta": rng.normal(-0.5, 0.3, size),
        "running_mean": rng.normal(1.0, 0.5, size),
        "running_var": rng.uniform(2.0, 4.0, size),
    }


def _normalised(x, gamma, beta, mean, variance, eps):
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


def _updated(x, running_mean, running_var, momentum):
    mean, variance = np.mean(x, axis=0), np.var(x, axis=0, ddof=1)
    return (1 - momentum) * running_mean + momentum * mean, (1 - momentum) * running_var + momentum * variance


def output_divides_by_n_minus_one(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Normalises with the unbiased variance."""
    y = _normalised(x, gamma, beta, np.mean(x, axis=0), np.var(x, axis=0, ddof=1), eps)
    return y, *_updated(x, running_mean, running_var, momentum)


def running_variance_divides_by_n(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Lets the biased variance into the running average, as many books do."""
    mean, variance = np.mean(x, axis=0), np.var(x, axis=0)
    new = (1 - momentum) * running_mean + momentum * mean, (1 - momentum) * running_var + momentum * variance
    return _normalised(x, gamma, beta, mean, variance, eps), *new


def momentum_the_other_way_round(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Takes momentum for the share of the old average, as in the momentum of an optimiser."""
    y = _normalised(x, gamma, beta, np.mean(x, axis=0), np.var(x, axis=0), eps)
    return y, *_updated(x, running_mean, running_var, 1 - momentum)


def each_example_by_itself(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Normalises along the features, which is layer normalisation."""
    mean, variance = np.mean(x, axis=1, keepdims=True), np.var(x, axis=1, keepdims=True)
    return _normalised(x, gamma, beta, mean, variance, eps), *_updated(x, running_mean, running_var, momentum)


def one_mean_for_all_features(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Measures over the whole array."""
    y = _normalised(x, gamma, beta, np.mean(x), np.var(x), eps)
    return y, *_updated(x, running_mean, running_var, momentum)


def eps_outside_the_root(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Adds eps to the standard deviation."""
    y = gamma * (x - np.mean(x, axis=0)) / (np.std(x, axis=0) + eps) + beta
    return y, *_updated(x, running_mean, running_var, momentum)


def divided_by_the_variance(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Forgets the root."""
    y = gamma * (x - np.mean(x, axis=0)) / (np.var(x, axis=0) + eps) + beta
    return y, *_updated(x, running_mean, running_var, momentum)


def scale_and_shift_left_out(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Stops at mean 0 and variance 1."""
    y = _normalised(x, 1.0, 0.0, np.mean(x, axis=0), np.var(x, axis=0), eps)
    return y, *_updated(x, running_mean, running_var, momentum)


def running_statistics_used_in_training(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Updates first and normalises by the averages."""
    new_mean, new_var = _updated(x, running_mean, running_var, momentum)
    return _normalised(x, gamma, beta, new_mean, new_var, eps), new_mean, new_var


def running_statistics_replaced(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Returns the statistics of this batch alone."""
    y = _normalised(x, gamma, beta, np.mean(x, axis=0), np.var(x, axis=0), eps)
    return y, *_updated(x, running_mean, running_var, 1.0)


def running_statistics_changed_in_place(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Writes the new averages into the arrays that it was given."""
    y = _normalised(x, gamma, beta, np.mean(x, axis=0), np.var(x, axis=0), eps)
    running_mean[:], running_var[:] = _updated(x, running_mean, running_var, momentum)
    return y, running_mean, running_var


EXERCISE = Exercise(
    number=5,
    title="Batch normalisation in training",
    section="8.4",
    points=4,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            output_divides_by_n_minus_one,
            hint="Normalise 1 and 3: do you get −1 and 1? By which number of examples does your variance divide?",
        ),
        Misconception(
            running_variance_divides_by_n,
            hint="Two variances are in play: one for y and one for the average. Which of them divides by N − 1?",
        ),
        Misconception(
            momentum_the_other_way_round,
            hint="Momentum 0.1: after one batch, is the running mean still near the old one, or near the batch's?",
        ),
        Misconception(
            each_example_by_itself,
            hint="Look at one column of your y before gamma and beta: is its mean 0? Which axis holds the examples?",
        ),
        Misconception(
            one_mean_for_all_features,
            hint="How many means has a batch with D features? Over how many numbers is each of them taken?",
        ),
        Misconception(
            eps_outside_the_root,
            hint="To what is eps added: to the variance, or to its root? When does that make a difference?",
        ),
        Misconception(
            divided_by_the_variance,
            hint="What is the spread of your x_hat: 1? Which of variance and standard deviation has the unit of x?",
        ),
        Misconception(scale_and_shift_left_out, hint="What are gamma and beta for? Does your y change with them?"),
        Misconception(
            running_statistics_used_in_training,
            hint="In training, whose mean is subtracted: that of this batch, or the average over many?",
        ),
        Misconception(
            running_statistics_replaced,
            hint="What is left of the batches before in your running mean? What does momentum decide?",
        ),
        Misconception(
            running_statistics_changed_in_place,
            hint="What do running_mean and running_var hold after the call? Can the new ones be new arrays?",
        ),
    ),
    hints=(
        "Two jobs: normalise the batch by its own statistics; then move the averages a little towards them.",
        "np.mean and np.var with axis=0 give one number for each feature. The running variance wants another divisor.",
        "y = γ (x − m) / √(v + eps) + β; new = (1 − momentum) · old + momentum · batch, with v · N / (N − 1) for the "
        "running variance.",
        "Column 1, 3: m = 2, v = 1, so x̂ = −1, 1. From 0 and 1 with momentum 0.1: mean 0.2, variance "
        "0.9 + 0.1 · 2 = 1.1.",
    ),
    convention="As in PyTorch: momentum is the share of the new batch; y divides by N, the running variance by N − 1. "
    "Many books use N for both, and 0.9 for the old share.",
)
