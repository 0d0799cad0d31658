"""Exercise of section 9.6: the rate falls in steps.

Source: torch.optim.lr_scheduler.StepLR.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch09_adam._schedules import rates
from autograder.spec import Case, Exercise, Misconception


def drive(step_decay, epochs, learning_rate, step_size, gamma):
    """The rates of the epochs 0 to epochs - 1."""
    return np.array([step_decay(epoch, learning_rate, step_size, gamma) for epoch in range(epochs)])


def reference(epochs, learning_rate, step_size, gamma):
    """PyTorch's StepLR."""
    import torch

    return rates(lambda own: torch.optim.lr_scheduler.StepLR(own, step_size, gamma), learning_rate, epochs)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Several lengths of a step, joints included."""
    yield Case("the first epoch", _inputs(rng, 1, 3, 0.1))
    yield Case("every 3 epochs, a tenth", _inputs(rng, 10, 3, 0.1))
    yield Case("every 4 epochs, 0.7", _inputs(rng, 14, 4, 0.7))
    yield Case("every epoch", _inputs(rng, 5, 1, 0.8))


def _inputs(rng: np.random.Generator, epochs: int, step_size: int, gamma: float) -> dict[str, float]:
    return {
        "epochs": epochs,
        "learning_rate": float(rng.uniform(0.1, 2.0)),
        "step_size": step_size,
        "gamma": gamma,
    }


def drops_one_epoch_early(epoch, learning_rate, step_size, gamma):
    """Counts epochs from 1, so that the first step is one epoch short."""
    return learning_rate * gamma ** ((epoch + 1) // step_size)


def drops_one_epoch_late(epoch, learning_rate, step_size, gamma):
    """Keeps the rate for one epoch too many before each drop."""
    return learning_rate * gamma ** (max(epoch - 1, 0) // step_size)


def falls_a_little_every_epoch(epoch, learning_rate, step_size, gamma):
    """Divides without rounding down, which is a smooth decay."""
    return learning_rate * gamma ** (epoch / step_size)


def falls_by_the_share_gamma(epoch, learning_rate, step_size, gamma):
    """Takes the share gamma away instead of keeping it."""
    return learning_rate * (1 - gamma) ** (epoch // step_size)


def multiplies_once_only(epoch, learning_rate, step_size, gamma):
    """Multiplies by gamma after the first step_size epochs and never again."""
    return learning_rate * gamma if epoch >= step_size else learning_rate


def falls_at_every_epoch(epoch, learning_rate, step_size, gamma):
    """Ignores step_size."""
    return learning_rate * gamma**epoch


EXERCISE = Exercise(
    number=8,
    title="Step decay",
    section="9.6",
    points=1,
    minutes=4,
    difficulty="easy",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            drops_one_epoch_early, hint="With step_size 3, which epochs have the first rate: 0 and 1, or 0, 1 and 2?"
        ),
        Misconception(
            drops_one_epoch_late,
            hint="With step_size 3, does epoch 3 still have the first rate? How many epochs had it before?",
        ),
        Misconception(
            falls_a_little_every_epoch,
            hint="Should the rates of epochs 0 and 1 differ? What does // do that / does not?",
        ),
        Misconception(falls_by_the_share_gamma, hint="With gamma = 0.7, is the next rate 0.7 or 0.3 of the old one?"),
        Misconception(
            multiplies_once_only, hint="What is the rate after two steps' worth of epochs? How often was it multiplied?"
        ),
        Misconception(
            falls_at_every_epoch,
            hint="Where does step_size stand in your formula? Should the rate change at every epoch?",
        ),
    ),
    hints=(
        "How many drops have happened before this epoch? That number is an exponent.",
        "Whole steps only: Python's // rounds down.",
        "η_e = η₀ · γ^⌊e / s⌋.",
        "η₀ = 0.5, s = 3, γ = 0.1: epochs 0, 1, 2 have 0.5; epochs 3, 4, 5 have 0.05.",
    ),
    convention="Epochs count from 0, as in PyTorch's StepLR.",
)
