"""Exercise of section 2.7: move every parameter against its gradient, in place.

Source: derived in section 2.7; torch.optim.SGD.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def drive(train_step, parameters, xs, labels, learning_rate):
    """A step on each batch; the losses, and what the very same arrays hold in the end."""
    own = [(weight.copy(), bias.copy()) for weight, bias in parameters]
    losses = [train_step(own, x, right, learning_rate) for x, right in zip(xs, labels, strict=True)]
    return {"losses": np.array(losses), "parameters": own}


def reference(parameters, xs, labels, learning_rate):
    """torch.optim.SGD and autograd."""
    import torch

    own = [torch.nn.Parameter(one.clone()) for layer in parameters for one in layer]
    optimizer = torch.optim.SGD(own, lr=learning_rate)
    losses = []
    for x, right in zip(xs, labels, strict=True):
        h = x
        for k in range(0, len(own), 2):
            h = torch.nn.functional.linear(torch.relu(h) if k else h, own[k], own[k + 1])
        loss = torch.nn.functional.cross_entropy(h, right)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    trained = [one.detach() for one in own]
    return {"losses": torch.stack(losses), "parameters": list(zip(trained[::2], trained[1::2], strict=True))}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One step and several, one layer and several, a large rate."""
    yield Case("one layer, one step", _inputs(rng, [4, 3], 1, 0.1))
    yield Case("two layers, one step", _inputs(rng, [3, 5, 2], 1, 0.3))
    yield Case("two layers, three steps", _inputs(rng, [3, 4, 3], 3, 0.2))
    yield Case("three layers, two steps, a large rate", _inputs(rng, [2, 5, 4, 3], 2, 1.5))


def _inputs(rng: np.random.Generator, sizes: list[int], steps: int, learning_rate: float) -> dict[str, Any]:
    parameters = []
    for fan_in, fan_out in pairwise(sizes):
        weight = rng.normal(0.0, np.sqrt(2 / fan_in), (fan_out, fan_in))
        parameters.append((weight, rng.normal(0.5, 0.3, fan_out)))
    return {
        "parameters": parameters,
        "xs": [rng.normal(size=(6, sizes[0])) for _ in range(steps)],
        "labels": [rng.integers(0, sizes[-1], 6) for _ in range(steps)],
        "learning_rate": learning_rate,
    }


def _loss_and_gradients(parameters, x, labels):
    inputs, h = [], x
    for weight, bias in parameters:
        inputs.append(h)
        z = h @ weight.T + bias
        h = np.maximum(z, 0)
    shifted = z - np.max(z, axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    rows = np.arange(len(labels))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    grad /= len(labels)
    gradients = []
    for (weight, _), given in zip(reversed(parameters), reversed(inputs), strict=True):
        gradients.append((grad.T @ given, np.sum(grad, axis=0)))
        grad = (grad @ weight) * (given > 0)
    return -np.mean(log_p[rows, labels]), gradients[::-1]


def new_arrays_instead_of_the_old_ones(parameters, x, labels, learning_rate):
    """Computes new arrays that nobody keeps."""
    loss, gradients = _loss_and_gradients(parameters, x, labels)
    for (weight, bias), (grad_weight, grad_bias) in zip(parameters, gradients, strict=True):
        weight = weight - learning_rate * grad_weight
        bias = bias - learning_rate * grad_bias
    return loss


def steps_uphill(parameters, x, labels, learning_rate):
    """Adds the gradients."""
    loss, gradients = _loss_and_gradients(parameters, x, labels)
    for (weight, bias), (grad_weight, grad_bias) in zip(parameters, gradients, strict=True):
        weight += learning_rate * grad_weight
        bias += learning_rate * grad_bias
    return loss


def biases_left_alone(parameters, x, labels, learning_rate):
    """Moves the weights only."""
    loss, gradients = _loss_and_gradients(parameters, x, labels)
    for (weight, _), (grad_weight, _) in zip(parameters, gradients, strict=True):
        weight -= learning_rate * grad_weight
    return loss


def loss_after_the_step(parameters, x, labels, learning_rate):
    """Returns the loss of the new parameters."""
    _, gradients = _loss_and_gradients(parameters, x, labels)
    for (weight, bias), (grad_weight, grad_bias) in zip(parameters, gradients, strict=True):
        weight -= learning_rate * grad_weight
        bias -= learning_rate * grad_bias
    return _loss_and_gradients(parameters, x, labels)[0]


def one_layer_after_the_other(parameters, x, labels, learning_rate):
    """Moves the last layer first and lets the gradients of the others flow through the new weights."""
    loss, _ = _loss_and_gradients(parameters, x, labels)
    for layer in reversed(range(len(parameters))):
        _, gradients = _loss_and_gradients(parameters, x, labels)
        for parameter, grad in zip(parameters[layer], gradients[layer], strict=True):
            parameter -= learning_rate * grad
    return loss


def only_the_last_layer_learns(parameters, x, labels, learning_rate):
    """Moves the output layer and no other."""
    loss, gradients = _loss_and_gradients(parameters, x, labels)
    for parameter, grad in zip(parameters[-1], gradients[-1], strict=True):
        parameter -= learning_rate * grad
    return loss


def rate_divided_by_the_batch(parameters, x, labels, learning_rate):
    """Divides by N although the gradients are those of a mean."""
    loss, gradients = _loss_and_gradients(parameters, x, labels)
    for (weight, bias), (grad_weight, grad_bias) in zip(parameters, gradients, strict=True):
        weight -= learning_rate / len(x) * grad_weight
        bias -= learning_rate / len(x) * grad_bias
    return loss


EXERCISE = Exercise(
    number=12,
    title="One step of training",
    section="2.7",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            new_arrays_instead_of_the_old_ones,
            hint="What do the given arrays hold after the call? What is the difference between w -= step and w = w - "
            "step?",
        ),
        Misconception(steps_uphill, hint="The gradient points to where the loss grows. Which way do you want to go?"),
        Misconception(biases_left_alone, hint="Which arrays does a layer have? Which of them change in your step?"),
        Misconception(
            loss_after_the_step,
            hint="Which parameters does the loss belong to that the docstring asks for?",
        ),
        Misconception(
            one_layer_after_the_other,
            hint="Through which weights did the first layer's gradient flow: those before the step, or those after it?",
        ),
        Misconception(only_the_last_layer_learns, hint="How many layers does your loop visit?"),
        Misconception(
            rate_divided_by_the_batch,
            hint="Where does the 1/N of the mean live? Do you divide by N once more?",
        ),
    ),
    hints=(
        "Ask for the loss and all gradients once. Only then touch the parameters.",
        "weight -= … changes the array itself; weight = weight − … makes a new one and leaves the old one as it was.",
        "w ← w − η · grad_w and b ← b − η · grad_b, for every layer; return the loss from before.",
        "w = 3, grad = 4, η = 0.1: the same array then holds 2.6.",
    ),
    convention="The arrays are changed in place, as an optimiser of PyTorch does it.",
    uses=("mlp_loss_and_gradients",),
)
