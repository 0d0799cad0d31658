"""Exercise of section 3.1: one step against the gradient.

Source: Cauchy 1847; torch.optim.SGD without momentum.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(w, grad, learning_rate):
    """torch.optim.SGD, one step."""
    import torch

    parameter = torch.nn.Parameter(w.clone())
    parameter.grad = grad.clone()
    torch.optim.SGD([parameter], lr=learning_rate).step()
    return parameter.detach()


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One number, a vector, a matrix, a rate above 1."""
    yield Case("one parameter", _inputs(rng, (1,), 0.1))
    yield Case("a vector", _inputs(rng, (4,), 0.3))
    yield Case("a matrix", _inputs(rng, (2, 3), 0.05))
    yield Case("a large rate", _inputs(rng, (3,), 1.7))


def _inputs(rng: np.random.Generator, shape: tuple[int, ...], learning_rate: float) -> dict[str, object]:
    return {
        "w": rng.normal(0.0, 2.0, shape),
        "grad": rng.normal(0.0, 3.0, shape) + 0.5,
        "learning_rate": learning_rate,
    }


def steps_uphill(w, grad, learning_rate):
    """Adds the gradient."""
    return w + learning_rate * grad


def rate_left_out(w, grad, learning_rate):
    """Steps by the whole gradient."""
    return w - grad


def only_the_direction_counts(w, grad, learning_rate):
    """Divides the gradient by its length, so that every step is equally long."""
    return w - learning_rate * grad / np.sqrt(np.sum(grad**2))


def only_the_signs_count(w, grad, learning_rate):
    """Moves every parameter by the learning rate."""
    return w - learning_rate * np.sign(grad)


def returns_the_change(w, grad, learning_rate):
    """Gives the step and not the place where it ends."""
    return -learning_rate * grad


def changes_its_input(w, grad, learning_rate):
    """Overwrites the parameters that it was given."""
    w -= learning_rate * grad
    return w


EXERCISE = Exercise(
    number=1,
    title="One step downhill",
    section="3.1",
    points=1,
    minutes=3,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(steps_uphill, hint="The gradient points to where the loss grows. Which way do you want to go?"),
        Misconception(rate_left_out, hint="Where does learning_rate stand in your line?"),
        Misconception(
            only_the_direction_counts,
            hint="Near the minimum the gradient gets small. Do your steps get small there too?",
        ),
        Misconception(
            only_the_signs_count, hint="One gradient is a hundred times the other: are your two steps equally long?"
        ),
        Misconception(returns_the_change, hint="Is your result a place or a way? Where does w stand in your line?"),
        Misconception(
            changes_its_input,
            hint="What does w hold after the call? What is the difference between w -= s and w = w - s?",
        ),
    ),
    hints=(
        "One line, and it is the formula above.",
        "The step is the learning rate times the gradient. From where do you go, and in which direction?",
        "w_new = w − η · gradient.",
        "w = 3, gradient = 4, η = 0.1: 3 − 0.1 · 4 = 2.6.",
    ),
)
