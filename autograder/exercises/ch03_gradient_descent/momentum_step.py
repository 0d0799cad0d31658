"""Exercise of section 3.3: momentum, and Nesterov's look ahead.

Source: Polyak 1964; Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning";
in the form of torch.optim.SGD.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def drive(momentum_step, w, grads, learning_rates, momentum, nesterov=False):
    """Several steps, one after the other; the path and the velocity after each."""
    velocity = np.zeros_like(w)
    path, velocities = [], []
    for grad, rate in zip(grads, learning_rates, strict=True):
        w, velocity = momentum_step(w, velocity, grad, rate, momentum, nesterov)
        path.append(w)
        velocities.append(velocity)
    return {"w": np.array(path), "velocity": np.array(velocities)}


def reference(w, grads, learning_rates, momentum, nesterov=False):
    """torch.optim.SGD."""
    import torch

    parameter = torch.nn.Parameter(w.clone())
    optimizer = torch.optim.SGD([parameter], lr=0.1, momentum=momentum, nesterov=nesterov)
    path, velocities = [], []
    for grad, rate in zip(grads, learning_rates, strict=True):
        optimizer.param_groups[0]["lr"] = float(rate)
        parameter.grad = grad.clone()
        optimizer.step()
        path.append(parameter.detach().clone())
        velocities.append(optimizer.state[parameter]["momentum_buffer"].clone())
    return {"w": torch.stack(path), "velocity": torch.stack(velocities)}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One step, many, with and without looking ahead, and a rate that changes on the way."""
    yield Case("one step from rest", _inputs(rng, (3,), [0.1], 0.9))
    yield Case("six steps", _inputs(rng, (3,), [0.1] * 6, 0.9))
    yield Case("Nesterov", _inputs(rng, (2, 2), [0.1] * 5, 0.8) | {"nesterov": True})
    yield Case("a changing rate", _inputs(rng, (4,), [0.1, 0.1, 0.01, 0.3, 0.05], 0.7))
    yield Case("Nesterov, a changing rate", _inputs(rng, (3,), [0.3, 0.1, 0.02, 0.2], 0.6) | {"nesterov": True})


def _inputs(rng: np.random.Generator, shape: tuple[int, ...], rates: list[float], momentum: float) -> dict[str, Any]:
    return {
        "w": rng.normal(0.0, 2.0, shape),
        "grads": rng.normal(0.3, 2.0, (len(rates), *shape)),
        "learning_rates": np.array(rates),
        "momentum": momentum,
    }


def velocity_as_a_moving_average(w, velocity, grad, learning_rate, momentum, nesterov=False):
    """Weights the new gradient with 1 - momentum, as many books do."""
    velocity = momentum * velocity + (1 - momentum) * grad
    direction = grad + momentum * velocity if nesterov else velocity
    return w - learning_rate * direction, velocity


def rate_inside_the_velocity(w, velocity, grad, learning_rate, momentum, nesterov=False):
    """Multiplies by the learning rate before the gradient enters the velocity."""
    velocity = momentum * velocity + learning_rate * grad
    direction = learning_rate * grad + momentum * velocity if nesterov else velocity
    return w - direction, velocity


def never_looks_ahead(w, velocity, grad, learning_rate, momentum, nesterov=False):
    """Ignores the argument nesterov."""
    velocity = momentum * velocity + grad
    return w - learning_rate * velocity, velocity


def always_looks_ahead(w, velocity, grad, learning_rate, momentum, nesterov=False):
    """Uses Nesterov's step whatever was asked for."""
    velocity = momentum * velocity + grad
    return w - learning_rate * (grad + momentum * velocity), velocity


def velocity_forgotten(w, velocity, grad, learning_rate, momentum, nesterov=False):
    """Starts from rest at every step."""
    velocity = grad
    direction = grad + momentum * velocity if nesterov else velocity
    return w - learning_rate * direction, velocity


def steps_with_the_old_velocity(w, velocity, grad, learning_rate, momentum, nesterov=False):
    """Moves first and learns the gradient afterwards."""
    new = momentum * velocity + grad
    direction = grad + momentum * new if nesterov else velocity
    return w - learning_rate * direction, new


def friction_forgotten(w, velocity, grad, learning_rate, momentum, nesterov=False):
    """Keeps the whole old velocity."""
    velocity = velocity + grad
    direction = grad + momentum * velocity if nesterov else velocity
    return w - learning_rate * direction, velocity


EXERCISE = Exercise(
    number=4,
    title="Momentum",
    section="3.3",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            velocity_as_a_moving_average,
            hint="In the first step from rest, is your velocity the gradient or a tenth of it? Which form is asked "
            "for?",
        ),
        Misconception(
            rate_inside_the_velocity,
            hint="The rate is cut to a tenth. Should the velocity gathered before still carry the old rate?",
        ),
        Misconception(
            never_looks_ahead,
            hint="Call your function with nesterov=True and without: do the results differ?",
        ),
        Misconception(
            always_looks_ahead,
            hint="With nesterov=False, is your first step one gradient long, or 1.9 of them?",
        ),
        Misconception(
            velocity_forgotten,
            hint="What happens to the velocity that you were handed? How much of it is kept?",
        ),
        Misconception(
            steps_with_the_old_velocity, hint="From rest, do you move in the first step? Which velocity moves you?"
        ),
        Misconception(
            friction_forgotten,
            hint="Gradients of 1 for ever: should the velocity grow without end? What stops it?",
        ),
    ),
    hints=(
        "Two lines: first the velocity, then the parameters.",
        "Keep a share of the old velocity and add the whole gradient. Nesterov only changes the direction of the step.",
        "v ← μ v + g;  w ← w − η v, or with Nesterov w ← w − η (g + μ v).",
        "From rest, g = 1 three times, η = 0.1, μ = 0.9: v = 1, 1.9, 2.71 and w = −0.1, −0.29, −0.561.",
    ),
    convention="PyTorch's form: the gradient enters the velocity whole, and the rate multiplies the velocity.",
)
