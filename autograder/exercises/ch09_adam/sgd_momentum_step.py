"""Exercise of section 9.3: momentum as in chapter 3, with L2 weight decay inside the gradient.

Source: Polyak 1964; in the form of torch.optim.SGD.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch09_adam._optimisers import inputs, run
from autograder.spec import Case, Exercise, Misconception


def drive(sgd_momentum_step, w, grads, learning_rates, momentum=0.9, weight_decay=0.0):
    """Several steps, one after the other; the path and the velocity after each."""
    velocity = np.zeros_like(w)
    path, velocities = [], []
    for grad, rate in zip(grads, learning_rates, strict=True):
        w, velocity = sgd_momentum_step(w, velocity, grad, rate, momentum, weight_decay)
        path.append(w)
        velocities.append(velocity)
    return {"w": np.array(path), "velocity": np.array(velocities)}


def reference(w, grads, learning_rates, momentum=0.9, weight_decay=0.0):
    """torch.optim.SGD."""
    import torch

    return run(
        lambda own: torch.optim.SGD(own, lr=0.1, momentum=momentum, weight_decay=weight_decay),
        w,
        grads,
        learning_rates,
        {"velocity": "momentum_buffer"},
    )


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """With and without decay, with another momentum and a changing rate, and with gradients of 0."""
    yield Case("one step from rest", inputs(rng, 1))
    yield Case("six steps", inputs(rng, 6))
    yield Case("weight decay", inputs(rng, 5) | {"weight_decay": 0.4})
    changing = inputs(rng, 6) | {"learning_rates": np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.02])}
    yield Case("momentum 0.6, a changing rate", changing | {"momentum": 0.6, "weight_decay": 0.1})
    still = inputs(rng, 5)
    yield Case("decay alone", still | {"grads": np.zeros_like(still["grads"]), "weight_decay": 0.3})


def velocity_as_a_moving_average(w, velocity, grad, learning_rate, momentum=0.9, weight_decay=0.0):
    """Weights the new gradient with 1 - momentum, as many books do."""
    velocity = momentum * velocity + (1 - momentum) * (grad + weight_decay * w)
    return w - learning_rate * velocity, velocity


def rate_inside_the_velocity(w, velocity, grad, learning_rate, momentum=0.9, weight_decay=0.0):
    """Multiplies by the learning rate before the gradient enters the velocity."""
    velocity = momentum * velocity + learning_rate * (grad + weight_decay * w)
    return w - velocity, velocity


def decay_beside_the_velocity(w, velocity, grad, learning_rate, momentum=0.9, weight_decay=0.0):
    """Shrinks w directly, so that the decay gathers no momentum."""
    velocity = momentum * velocity + grad
    return w - learning_rate * (velocity + weight_decay * w), velocity


def decay_forgotten(w, velocity, grad, learning_rate, momentum=0.9, weight_decay=0.0):
    """Ignores weight_decay."""
    velocity = momentum * velocity + grad
    return w - learning_rate * velocity, velocity


def decay_doubled(w, velocity, grad, learning_rate, momentum=0.9, weight_decay=0.0):
    """Differentiates λw² instead of λw²/2."""
    velocity = momentum * velocity + grad + 2 * weight_decay * w
    return w - learning_rate * velocity, velocity


def decay_pushes_away_from_zero(w, velocity, grad, learning_rate, momentum=0.9, weight_decay=0.0):
    """Subtracts the decay from the gradient."""
    velocity = momentum * velocity + grad - weight_decay * w
    return w - learning_rate * velocity, velocity


def velocity_forgotten(w, velocity, grad, learning_rate, momentum=0.9, weight_decay=0.0):
    """Starts from rest at every step."""
    velocity = grad + weight_decay * w
    return w - learning_rate * velocity, velocity


EXERCISE = Exercise(
    number=4,
    title="SGD with momentum and weight decay",
    section="9.3",
    points=2,
    minutes=8,
    difficulty="easy",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            velocity_as_a_moving_average,
            hint="In the first step from rest, is your velocity the gradient or a tenth of it? Which form does the "
            "docstring name?",
        ),
        Misconception(
            rate_inside_the_velocity,
            hint="The learning rate is cut in half. Should the velocity that was gathered before still carry the old "
            "rate?",
        ),
        Misconception(
            decay_beside_the_velocity,
            hint="By the docstring the decay is added to the gradient. Does it then enter the velocity?",
        ),
        Misconception(decay_forgotten, hint="All gradients are 0 and weight_decay is 0.3: should w move?"),
        Misconception(
            decay_doubled,
            hint="Which multiple of w is added to the gradient, by the docstring: weight_decay or twice that?",
        ),
        Misconception(
            decay_pushes_away_from_zero,
            hint="All gradients are 0: does w move towards 0 or away from it? What is decay?",
        ),
        Misconception(
            velocity_forgotten, hint="What happens to the velocity that you were handed? How much of it is kept?"
        ),
    ),
    hints=(
        "Chapter 3's momentum step, with one more term in the gradient.",
        "Add weight_decay * w to the gradient first. All that follows is as before.",
        "g ← g + λ w;  velocity ← μ · velocity + g;  w ← w − η · velocity.",
        "w = 2, g = 1, λ = 0.5, μ = 0.9, η = 0.1, from rest: g = 2, velocity = 2, w = 2 − 0.2 = 1.8.",
    ),
    convention="PyTorch's form: velocity = momentum · velocity + gradient, and the rate multiplies the velocity. "
    "weight_decay · w is the gradient of weight_decay · w² / 2.",
)
