"""Exercise of section 9.6: the rate falls by the same factor after every epoch.

Source: torch.optim.lr_scheduler.ExponentialLR.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch09_adam._schedules import rates
from autograder.spec import Case, Exercise, Misconception


def drive(exponential_decay, epochs, learning_rate, gamma):
    """The rates of the epochs 0 to epochs - 1."""
    return np.array([exponential_decay(epoch, learning_rate, gamma) for epoch in range(epochs)])


def reference(epochs, learning_rate, gamma):
    """PyTorch's ExponentialLR."""
    import torch

    return rates(lambda own: torch.optim.lr_scheduler.ExponentialLR(own, gamma), learning_rate, epochs)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """The first epoch, and several factors."""
    yield Case("the first epoch", _inputs(rng, 1, 0.9))
    yield Case("gamma = 0.9", _inputs(rng, 8, 0.9))
    yield Case("gamma = 0.6", _inputs(rng, 8, 0.6))


def _inputs(rng: np.random.Generator, epochs: int, gamma: float) -> dict[str, float]:
    return {"epochs": epochs, "learning_rate": float(rng.uniform(0.1, 2.0)), "gamma": gamma}


def falls_before_the_first_epoch(epoch, learning_rate, gamma):
    """Counts epochs from 1."""
    return learning_rate * gamma ** (epoch + 1)


def falls_by_the_share_gamma(epoch, learning_rate, gamma):
    """Takes the share gamma away instead of keeping it."""
    return learning_rate * (1 - gamma) ** epoch


def gamma_in_the_exponent_of_e(epoch, learning_rate, gamma):
    """Uses e to the power of -gamma times epoch."""
    return learning_rate * np.exp(-gamma * epoch)


def falls_along_a_straight_line(epoch, learning_rate, gamma):
    """Subtracts the same amount after every epoch."""
    return learning_rate * (1 - (1 - gamma) * epoch)


def one_over_time(epoch, learning_rate, gamma):
    """Divides by 1 + (1 - gamma) * epoch."""
    return learning_rate / (1 + (1 - gamma) * epoch)


EXERCISE = Exercise(
    number=9,
    title="Exponential decay",
    section="9.6",
    points=1,
    minutes=3,
    difficulty="easy",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            falls_before_the_first_epoch, hint="Which rate does the first epoch have, and what is its number?"
        ),
        Misconception(falls_by_the_share_gamma, hint="With gamma = 0.9, is the next rate 0.9 or 0.1 of the old one?"),
        Misconception(
            gamma_in_the_exponent_of_e,
            hint="Is gamma what the rate is multiplied by, or how fast it falls? Try epoch 1.",
        ),
        Misconception(
            falls_along_a_straight_line, hint="Divide each rate by the one before: is the quotient always the same?"
        ),
        Misconception(one_over_time, hint="Divide each rate by the one before: is the quotient always gamma?"),
    ),
    hints=(
        "Step decay whose step is one epoch.",
        "How often has the rate been multiplied by gamma before this epoch?",
        "η_e = η₀ · γ^e.",
        "η₀ = 0.5, γ = 0.9: 0.5, 0.45, 0.405.",
    ),
    convention="Epochs count from 0, as in PyTorch's ExponentialLR.",
)
