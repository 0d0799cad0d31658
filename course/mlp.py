"""The network of chapter 2, ready to use: later chapters train it without writing it again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["accuracy", "draw_parameters", "logits", "loss_and_gradients"]

Array = NDArray[np.float64]


def draw_parameters(sizes: Sequence[int], rng: np.random.Generator) -> list[Array]:
    """Weights with variance 2 / fan-in and biases of 0, for layers of these sizes: [64, 32, 10].

    Returns a flat list: weight (D_out, D_in) and bias (D_out,) of the first layer, of the second, and so on.
    Source: He et al. 2015, equation (10), as in chapter 1.
    """
    parameters = []
    for fan_in, fan_out in pairwise(sizes):
        parameters.append(rng.normal(0, np.sqrt(2 / fan_in), size=(fan_out, fan_in)))
        parameters.append(np.zeros(fan_out))
    return parameters


def logits(parameters: Sequence[Array], x: Array) -> Array:
    """The scores (N, C) of the examples x (N, D): a ReLU follows every layer but the last."""
    h = x
    for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        h = np.maximum(h @ weight.T + bias, 0)
    return np.asarray(h @ parameters[-2].T + parameters[-1])


def loss_and_gradients(parameters: Sequence[Array], x: Array, labels: NDArray[np.int64]) -> tuple[float, list[Array]]:
    """The mean cross-entropy over the examples, in nats, and its gradient for each parameter.

    parameters  as draw_parameters gives them
    x           (N, D)
    labels      (N,) integers from 0 to C - 1
    Returns the loss and a flat list of arrays, shaped like the parameters.
    """
    inputs, h = [], x  # inputs: what goes into each layer
    for weight, bias in zip(parameters[::2], parameters[1::2], strict=True):
        inputs.append(h)
        z = h @ weight.T + bias  # (N, D_out)
        h = np.maximum(z, 0)

    rows = np.arange(len(labels))
    shifted = z - z.max(axis=1, keepdims=True)  # (N, C)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -float(np.mean(log_p[rows, labels]))

    grad_z = np.exp(log_p)
    grad_z[rows, labels] -= 1
    grad_z /= len(labels)
    gradients: list[Array] = []
    for weight, given in zip(reversed(parameters[::2]), reversed(inputs), strict=True):
        gradients = [grad_z.T @ given, grad_z.sum(axis=0), *gradients]
        grad_z = (grad_z @ weight) * (given > 0)  # through the ReLU that made `given`
    return loss, gradients


def accuracy(parameters: Sequence[Array], x: Array, labels: NDArray[np.int64]) -> float:
    """The share of examples whose largest score is that of the right class."""
    return float(np.mean(logits(parameters, x).argmax(axis=1) == labels))
