"""Exercise of section 9.6: the rate falls when the validation loss has stopped falling.

Source: torch.optim.lr_scheduler.ReduceLROnPlateau, with a threshold of 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch09_adam._schedules import rates
from autograder.spec import Case, Exercise, Misconception


def reference(losses, learning_rate, factor=0.1, patience=10):
    """PyTorch's ReduceLROnPlateau."""
    import torch

    def make(own):
        return torch.optim.lr_scheduler.ReduceLROnPlateau(own, factor=factor, patience=patience, threshold=0.0, eps=0.0)

    return rates(make, learning_rate, len(losses), losses)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Losses that fall, stop, fall again, repeat themselves, and rise and fall without a new lowest one."""
    yield Case("always falling", _inputs(rng, [5, 4, 3, 2, 1], 0.1, 2))
    yield Case("a plateau", _inputs(rng, [3, 3.5, 2, 2.5, 1, 1.2, 1.1, 1.3, 1.2, 0.9, 1.0], 0.3, 2))
    yield Case("no patience", _inputs(rng, [3, 2, 2.5, 1, 1.5, 1.4, 0.5], 0.5, 0))
    yield Case("equal losses", _inputs(rng, [2, 1, 1, 1, 1, 1, 1, 1], 0.2, 2))
    yield Case("up and down above the lowest", _inputs(rng, [1, 3, 2, 3, 2, 3, 2, 3, 2, 0.5, 0.7], 0.4, 3))


def _inputs(rng: np.random.Generator, losses: list[float], factor: float, patience: int) -> dict[str, Any]:
    scale = rng.uniform(0.5, 2.0)
    return {
        "losses": scale * np.array(losses),
        "learning_rate": float(rng.uniform(0.2, 2.0)),
        "factor": factor,
        "patience": patience,
    }


def reduces_one_epoch_early(losses, learning_rate, factor=0.1, patience=10):
    """Reduces as soon as the bad epochs reach patience, instead of exceeding it."""
    best, bad, rates = np.inf, 0, []
    for loss in losses:
        if loss < best:
            best, bad = loss, 0
        else:
            bad += 1
            if bad >= max(patience, 1):  # no epoch can be early by one when patience is 0
                learning_rate, bad = factor * learning_rate, 0
        rates.append(learning_rate)
    return np.array(rates)


def count_never_starts_again(losses, learning_rate, factor=0.1, patience=10):
    """Keeps the count after a reduction, so that every further bad epoch reduces again."""
    best, bad, rates = np.inf, 0, []
    for loss in losses:
        if loss < best:
            best, bad = loss, 0
        else:
            bad += 1
        if bad > patience:
            learning_rate = factor * learning_rate
        rates.append(learning_rate)
    return np.array(rates)


def compares_with_the_epoch_before(losses, learning_rate, factor=0.1, patience=10):
    """Calls an epoch good when it is better than the last one, not than the best."""
    before, bad, rates = np.inf, 0, []
    for loss in losses:
        bad = 0 if loss < before else bad + 1
        before = loss
        if bad > patience:
            learning_rate, bad = factor * learning_rate, 0
        rates.append(learning_rate)
    return np.array(rates)


def equal_counts_as_better(losses, learning_rate, factor=0.1, patience=10):
    """Uses <= where < is meant."""
    best, bad, rates = np.inf, 0, []
    for loss in losses:
        if loss <= best:
            best, bad = loss, 0
        else:
            bad += 1
        if bad > patience:
            learning_rate, bad = factor * learning_rate, 0
        rates.append(learning_rate)
    return np.array(rates)


def good_epochs_do_not_clear_the_count(losses, learning_rate, factor=0.1, patience=10):
    """Counts bad epochs over the whole run, whatever happens in between."""
    best, bad, rates = np.inf, 0, []
    for loss in losses:
        if loss < best:
            best = loss
        else:
            bad += 1
        if bad > patience:
            learning_rate, bad = factor * learning_rate, 0
        rates.append(learning_rate)
    return np.array(rates)


def lowest_loss_forgotten_after_a_reduction(losses, learning_rate, factor=0.1, patience=10):
    """Starts looking for a lowest loss anew at the lower rate."""
    best, bad, rates = np.inf, 0, []
    for loss in losses:
        if loss < best:
            best, bad = loss, 0
        else:
            bad += 1
        if bad > patience:
            learning_rate, bad, best = factor * learning_rate, 0, np.inf
        rates.append(learning_rate)
    return np.array(rates)


def rate_noted_before_the_reduction(losses, learning_rate, factor=0.1, patience=10):
    """Writes each epoch's rate down before it looks at the loss."""
    best, bad, rates = np.inf, 0, []
    for loss in losses:
        rates.append(learning_rate)
        if loss < best:
            best, bad = loss, 0
        else:
            bad += 1
        if bad > patience:
            learning_rate, bad = factor * learning_rate, 0
    return np.array(rates)


EXERCISE = Exercise(
    number=13,
    title="Reduce on a plateau",
    section="9.6",
    points=4,
    minutes=15,
    difficulty="hard",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            reduces_one_epoch_early,
            hint="With patience 2, how many bad epochs are forgiven, and which one reduces the rate?",
        ),
        Misconception(
            count_never_starts_again,
            hint="The rate has just been reduced. How many bad epochs may follow before the next time?",
        ),
        Misconception(
            compares_with_the_epoch_before,
            hint="Losses 1, 3, 2, 3, 2: does anything get better than it was at the start? With what do you compare?",
        ),
        Misconception(equal_counts_as_better, hint="Is a loss that repeats the lowest one a new lowest loss?"),
        Misconception(
            good_epochs_do_not_clear_the_count,
            hint="Two bad epochs, then a new lowest loss: how many bad epochs are counted now?",
        ),
        Misconception(
            lowest_loss_forgotten_after_a_reduction,
            hint="After a reduction, is a loss of 1.2 a new lowest one when 1.0 was reached before?",
        ),
        Misconception(
            rate_noted_before_the_reduction,
            hint="Is it the rate before or after looking at the epoch's loss that is asked for?",
        ),
    ),
    hints=(
        "Three things are remembered from epoch to epoch: the lowest loss, a count of bad epochs, and the rate.",
        "A new lowest loss clears the count, every other epoch adds one to it. When does the count become too large?",
        "loss < best: best ← loss, bad ← 0;  otherwise bad ← bad + 1;  bad > patience: η ← factor · η, bad ← 0.",
        "patience 1, factor 0.5, losses 2, 1, 1.5, 1.2: bad is 0, 0, 1, 2 > 1, so the rates are η, η, η, η/2.",
    ),
    convention="Every lower loss counts (PyTorch's default asks for 0.01 % less).",
)
