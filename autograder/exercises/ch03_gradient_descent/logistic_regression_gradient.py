"""Exercise of section 3.4: the loss of one sigmoid neuron on a batch, and its gradient.

Source: derived in section 3.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x, y, weight, bias):
    """PyTorch's binary cross-entropy from logits, differentiated by autograd."""
    import torch

    weight = weight.clone().requires_grad_()
    bias = torch.tensor(bias, device=x.device, requires_grad=True)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(x @ weight + bias, y.to(x.dtype))
    loss.backward()
    return loss, weight.grad, bias.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, a batch, unequal classes, logits beyond 700 on either side."""
    yield Case("one example", _inputs(rng, 1, 2))
    yield Case("seven examples", _inputs(rng, 7, 3))
    yield Case("all of one class", _inputs(rng, 4, 2) | {"y": np.ones(4)})
    large = _inputs(rng, 6, 2)
    sizes = np.array([900.0, -900.0, 40.0, -40.0, 5.0, -5.0])
    yield Case("very large logits", large | {"x": np.column_stack([sizes, np.ones(6)]), "weight": np.array([1.0, 0.5])})


def _inputs(rng: np.random.Generator, n: int, size: int) -> dict[str, Any]:
    return {
        "x": rng.normal(0.5, 1.5, (n, size)),
        "y": np.where(np.arange(n) % 3 == 0, 1.0, 0.0),
        "weight": rng.normal(size=size),
        "bias": float(rng.uniform(0.3, 1.0)),
    }


def _sigmoid(z):
    decay = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, decay) / (1 + decay)


def _loss(z, y):
    return np.mean(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))


def answer_minus_probability(x, y, weight, bias):
    """Takes y - p, so that the gradient points downhill."""
    z = x @ weight + bias
    grad_z = (y - _sigmoid(z)) / len(y)
    return _loss(z, y), grad_z @ x, np.sum(grad_z)


def gradient_not_averaged(x, y, weight, bias):
    """Adds the examples' gradients up without dividing by their number."""
    z = x @ weight + bias
    grad_z = _sigmoid(z) - y
    return _loss(z, y), grad_z @ x, np.sum(grad_z)


def bias_gradient_averaged_twice(x, y, weight, bias):
    """Takes the mean of gradients that were divided by N already."""
    z = x @ weight + bias
    grad_z = (_sigmoid(z) - y) / len(y)
    return _loss(z, y), grad_z @ x, np.mean(grad_z)


def slope_of_the_sigmoid_on_top(x, y, weight, bias):
    """Multiplies by p (1 - p), which cross-entropy has cancelled."""
    z = x @ weight + bias
    p = _sigmoid(z)
    grad_z = (p - y) * p * (1 - p) / len(y)
    return _loss(z, y), grad_z @ x, np.sum(grad_z)


def loss_from_rounded_probabilities(x, y, weight, bias):
    """Adds 1e-12 inside the logarithm, so that no loss is larger than 27.6."""
    z = x @ weight + bias
    p = _sigmoid(z)
    loss = -np.mean(y * np.log(p + 1e-12) + (1 - y) * np.log(1 - p + 1e-12))
    grad_z = (p - y) / len(y)
    return loss, grad_z @ x, np.sum(grad_z)


def only_the_ones_count(x, y, weight, bias):
    """Leaves the examples of class 0 out of the loss."""
    z = x @ weight + bias
    grad_z = (_sigmoid(z) - y) / len(y)
    return np.mean(y * (np.maximum(-z, 0) + np.log1p(np.exp(-np.abs(z))))), grad_z @ x, np.sum(grad_z)


def squared_error(x, y, weight, bias):
    """Uses half the mean squared error of the probability."""
    p = _sigmoid(x @ weight + bias)
    grad_z = (p - y) * p * (1 - p) / len(y)
    return np.mean((p - y) ** 2) / 2, grad_z @ x, np.sum(grad_z)


def loss_not_averaged(x, y, weight, bias):
    """Returns the sum of the losses."""
    z = x @ weight + bias
    grad_z = (_sigmoid(z) - y) / len(y)
    return len(y) * _loss(z, y), grad_z @ x, np.sum(grad_z)


EXERCISE = Exercise(
    number=5,
    title="Logistic regression",
    section="3.4",
    points=4,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            answer_minus_probability,
            hint="One example, y = 1 and p = 0.2: should a larger z make the loss larger or smaller? Which sign has "
            "its slope?",
        ),
        Misconception(
            gradient_not_averaged, hint="Put every example in twice: should the gradient of the mean loss change?"
        ),
        Misconception(
            bias_gradient_averaged_twice, hint="Where do you divide by N? Does the gradient of the bias meet it twice?"
        ),
        Misconception(
            slope_of_the_sigmoid_on_top,
            hint="Section 3.4 put two slopes one after the other. What was left of the sigmoid's when they were "
            "multiplied?",
        ),
        Misconception(
            loss_from_rounded_probabilities,
            hint="The logit is −900 and the right answer 1: how large is the loss? Can yours be larger than 27.6?",
        ),
        Misconception(only_the_ones_count, hint="All answers are 0: is your loss 0, whatever the neuron says?"),
        Misconception(squared_error, hint="What is the loss for y = 1 and p = 0.5: ln 2, or 0.125?"),
        Misconception(loss_not_averaged, hint="Put every example in twice: should the loss change?"),
    ),
    hints=(
        "Three stages: the logits, the loss from the logits, and the way back.",
        "The gradient at the logits is as simple as in chapter 2. The weights and the bias add up over the examples.",
        "z = x w + b;  loss = mean(max(z, 0) − y z + ln(1 + e^(−|z|)));  grad_z = (p − y)/N;  grad_w = xᵀ grad_z;  "
        "grad_b = sum of grad_z.",
        "x = [[2]], y = [1], w = [0], b = 0: z = 0, p = 0.5, loss = ln 2 = 0.693, grad_w = [−0.5 · 2] = [−1], grad_b "
        "= −0.5.",
    ),
    convention="The mean over the batch, in nats, from logits: PyTorch's binary_cross_entropy_with_logits.",
)
