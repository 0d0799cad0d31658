"""Exercise of section 9.1: a step divided by the root of all squared gradients so far.

Source: Duchi, Hazan and Singer 2011, "Adaptive subgradient methods for online learning", section 1 (diagonal form).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch09_adam._optimisers import inputs, run
from autograder.spec import Case, Exercise, Misconception


def drive(adagrad_step, w, grads, learning_rates, eps=1e-10):
    """Several steps, one after the other; the path and the sum after each."""
    s = np.zeros_like(w)
    path, sums = [], []
    for grad, rate in zip(grads, learning_rates, strict=True):
        w, s = adagrad_step(w, s, grad, rate, eps)
        path.append(w)
        sums.append(s)
    return {"w": np.array(path), "s": np.array(sums)}


def reference(w, grads, learning_rates, eps=1e-10):
    """torch.optim.Adagrad."""
    import torch

    return run(lambda own: torch.optim.Adagrad(own, eps=eps), w, grads, learning_rates, {"s": "sum"})


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One step, many, tiny gradients (where eps matters), a changing rate, and a large eps."""
    yield Case("one step from rest", inputs(rng, 1))
    yield Case("six steps", inputs(rng, 6))
    yield Case("tiny gradients", inputs(rng, 5, scale=1e-10))
    changing = inputs(rng, 5)
    yield Case("a changing learning rate", changing | {"learning_rates": np.array([0.5, 0.2, 0.1, 0.05, 0.02])})
    yield Case("eps = 0.3", inputs(rng, 5) | {"eps": 0.3})


def eps_inside_the_root(w, s, grad, learning_rate, eps=1e-10):
    """Adds eps before taking the root, where it weighs much more."""
    s = s + grad**2
    return w - learning_rate * grad / np.sqrt(s + eps), s


def root_forgotten(w, s, grad, learning_rate, eps=1e-10):
    """Divides by the sum of squares instead of its root."""
    s = s + grad**2
    return w - learning_rate * grad / (s + eps), s


def divides_by_the_old_sum(w, s, grad, learning_rate, eps=1e-10):
    """Leaves the gradient of this step out of the sum that it divides by."""
    return w - learning_rate * grad / (np.sqrt(s) + eps), s + grad**2


def keeps_the_last_square_only(w, s, grad, learning_rate, eps=1e-10):
    """Forgets the steps before, which leaves the sign of the gradient."""
    s = grad**2
    return w - learning_rate * grad / (np.sqrt(s) + eps), s


def adds_sizes_instead_of_squares(w, s, grad, learning_rate, eps=1e-10):
    """Sums |g| and takes no root."""
    s = s + np.abs(grad)
    return w - learning_rate * grad / (s + eps), s


def one_sum_for_all_parameters(w, s, grad, learning_rate, eps=1e-10):
    """Adds the squares of all parameters up, so that they share one rate."""
    s = s + np.sum(grad**2)
    return w - learning_rate * grad / (np.sqrt(s) + eps), s


def steps_uphill(w, s, grad, learning_rate, eps=1e-10):
    """Adds the step instead of subtracting it."""
    s = s + grad**2
    return w + learning_rate * grad / (np.sqrt(s) + eps), s


EXERCISE = Exercise(
    number=1,
    title="AdaGrad",
    section="9.1",
    points=2,
    minutes=8,
    difficulty="easy",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            eps_inside_the_root,
            hint="What is the root of eps = 1e-10? Is that still small beside a gradient of 1e-8? Where does eps "
            "stand?",
        ),
        Misconception(
            root_forgotten,
            hint="If all gradients were ten times as large, should the step change? What does yours do?",
        ),
        Misconception(
            divides_by_the_old_sum,
            hint="What do you divide by in the very first step? Does s already hold the gradient of this step?",
        ),
        Misconception(
            keeps_the_last_square_only,
            hint="Which gradients does s remember after the third step? Which should it remember?",
        ),
        Misconception(
            adds_sizes_instead_of_squares,
            hint="Gradients 3 and then 4: is your s 7 or 25? What is divided by, s or its root?",
        ),
        Misconception(
            one_sum_for_all_parameters,
            hint="One parameter has large gradients, its neighbour small ones. Should they share one s?",
        ),
        Misconception(
            steps_uphill,
            hint="The gradient points uphill. Which sign takes you down?",
        ),
    ),
    hints=(
        "Two lines: first remember this gradient, then step.",
        "s grows by the square of each gradient, element by element. The step divides by the root of the new s.",
        "s ← s + g²;  w ← w − η g / (√s + eps).",
        "w = 1, η = 0.1, gradients 3 and then 4: s = 9, w = 1 − 0.1 · 3/3 = 0.9; s = 25, w = 0.9 − 0.1 · 4/5 = 0.82.",
    ),
    convention="eps is added to the root, outside of it, as in PyTorch; s starts at 0.",
)
