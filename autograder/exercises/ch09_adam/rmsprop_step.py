"""Exercise of section 9.2: a step divided by the root of a moving average of squared gradients.

Source: Tieleman and Hinton 2012, lecture 6.5 of "Neural networks for machine learning".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch09_adam._optimisers import inputs, run
from autograder.spec import Case, Exercise, Misconception


def drive(rmsprop_step, w, grads, learning_rates, alpha=0.99, eps=1e-8):
    """Several steps, one after the other; the path and the average after each."""
    v = np.zeros_like(w)
    path, averages = [], []
    for grad, rate in zip(grads, learning_rates, strict=True):
        w, v = rmsprop_step(w, v, grad, rate, alpha, eps)
        path.append(w)
        averages.append(v)
    return {"w": np.array(path), "v": np.array(averages)}


def reference(w, grads, learning_rates, alpha=0.99, eps=1e-8):
    """torch.optim.RMSprop."""
    import torch

    return run(
        lambda own: torch.optim.RMSprop(own, alpha=alpha, eps=eps), w, grads, learning_rates, {"v": "square_avg"}
    )


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One step, many, tiny gradients, another alpha with a changing rate, and a large eps."""
    yield Case("one step from rest", inputs(rng, 1))
    yield Case("six steps", inputs(rng, 6))
    yield Case("tiny gradients", inputs(rng, 5, scale=1e-8))
    changing = inputs(rng, 6) | {"learning_rates": np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.02])}
    yield Case("alpha = 0.8, a changing rate", changing | {"alpha": 0.8})
    yield Case("eps = 0.3", inputs(rng, 5) | {"alpha": 0.9, "eps": 0.3})


def shares_swapped(w, v, grad, learning_rate, alpha=0.99, eps=1e-8):
    """Keeps 1 - alpha of the old average."""
    v = (1 - alpha) * v + alpha * grad**2
    return w - learning_rate * grad / (np.sqrt(v) + eps), v


def eps_inside_the_root(w, v, grad, learning_rate, alpha=0.99, eps=1e-8):
    """Adds eps before taking the root, where it weighs much more."""
    v = alpha * v + (1 - alpha) * grad**2
    return w - learning_rate * grad / np.sqrt(v + eps), v


def root_forgotten(w, v, grad, learning_rate, alpha=0.99, eps=1e-8):
    """Divides by the average of the squares instead of its root."""
    v = alpha * v + (1 - alpha) * grad**2
    return w - learning_rate * grad / (v + eps), v


def never_forgets(w, v, grad, learning_rate, alpha=0.99, eps=1e-8):
    """Sums all squares up, as AdaGrad does."""
    v = v + grad**2
    return w - learning_rate * grad / (np.sqrt(v) + eps), v


def divides_by_the_old_average(w, v, grad, learning_rate, alpha=0.99, eps=1e-8):
    """Leaves the gradient of this step out of the average that it divides by."""
    return w - learning_rate * grad / (np.sqrt(v) + eps), alpha * v + (1 - alpha) * grad**2


def averages_sizes_instead_of_squares(w, v, grad, learning_rate, alpha=0.99, eps=1e-8):
    """Averages |g| and takes no root."""
    v = alpha * v + (1 - alpha) * np.abs(grad)
    return w - learning_rate * grad / (v + eps), v


def alpha_left_at_its_default(w, v, grad, learning_rate, alpha=0.99, eps=1e-8):
    """Writes 0.99 into the formula and ignores the argument."""
    v = 0.99 * v + 0.01 * grad**2
    return w - learning_rate * grad / (np.sqrt(v) + eps), v


EXERCISE = Exercise(
    number=3,
    title="RMSProp",
    section="9.2",
    points=2,
    minutes=8,
    difficulty="easy",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(shares_swapped, hint="With alpha = 0.99, how much of the old average stays after one step?"),
        Misconception(
            eps_inside_the_root,
            hint="What is the root of eps = 1e-8? Is that still small beside a gradient of 1e-8? Where does eps stand?",
        ),
        Misconception(
            root_forgotten,
            hint="If all gradients were ten times as large, should the step change? What does yours do?",
        ),
        Misconception(never_forgets, hint="Can your v ever become smaller? What distinguishes RMSProp from AdaGrad?"),
        Misconception(
            divides_by_the_old_average,
            hint="What do you divide by in the very first step? Does v already hold the gradient of this step?",
        ),
        Misconception(
            averages_sizes_instead_of_squares,
            hint="RMS stands for root mean square. What is averaged, and what happens after?",
        ),
        Misconception(
            alpha_left_at_its_default,
            hint="Call your function with alpha = 0.8 and with alpha = 0.99: do the results differ?",
        ),
    ),
    hints=(
        "As AdaGrad, with one change: v is a moving average and no sum.",
        "Update v first, with the square of this gradient. Then divide by its root.",
        "v ← α v + (1 − α) g²;  w ← w − η g / (√v + eps).",
        "w = 1, η = 0.01, α = 0.9, g = 2: v = 0.1 · 4 = 0.4, √v = 0.632, w = 1 − 0.01 · 2 / 0.632 = 0.968.",
    ),
    convention="eps is added to the root, outside of it, and there is no bias correction, as in PyTorch.",
)
