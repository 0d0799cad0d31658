"""The optimiser of chapter 9, ready to use: chapters before it train with it without writing it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Adam"]

Array = NDArray[np.float64]


class Adam:
    """Steps that adapt to each parameter: adam = Adam(parameters, 0.01), then adam.step(gradients) after each batch.

    parameters     a flat list of arrays; a step changes the arrays themselves
    learning_rate  about the length of a step, for each single number; may be changed between steps
    Source: D. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
    """

    def __init__(
        self,
        parameters: Sequence[Array],
        learning_rate: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.steps = 0
        self.means = [np.zeros_like(one) for one in self.parameters]
        self.squares = [np.zeros_like(one) for one in self.parameters]

    def step(self, gradients: Sequence[Array]) -> None:
        """One step against the gradients, given in the order of the parameters."""
        self.steps += 1
        correct1, correct2 = 1 - self.beta1**self.steps, 1 - self.beta2**self.steps
        for parameter, grad, m, v in zip(self.parameters, gradients, self.means, self.squares, strict=True):
            m += (1 - self.beta1) * (grad - m)
            v += (1 - self.beta2) * (grad**2 - v)
            parameter -= self.learning_rate * (m / correct1) / (np.sqrt(v / correct2) + self.epsilon)
