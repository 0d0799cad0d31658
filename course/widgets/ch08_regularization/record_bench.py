"""Records what the overfitting bench shows.

    python -m course.widgets.ch08_regularization.record_bench

Every run trains a small network by momentum on real digits, with a part of the labels wrong or none, with one remedy or
none.  Training and validation labels are wrong alike, as they would be in life; only the test labels are all true.
The runs are kept in bench.npz beside this file: a run takes about a second, all of them a few minutes.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from course.data import Digits, digits, mnist
from course.mlp import draw_parameters

from .overfitting_bench import DATA, EPOCHS, FILE, NOISES, REMEDIES, SEEDS, Run

__all__ = ["Network", "Task", "record", "task", "train", "turned_and_scaled"]

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
HIDDEN = (128, 128)
BATCH = 32
RATE = 0.02
MOMENTUM = 0.9
DROPOUT = 0.5
DECAY = 5e-3
DEGREES = 15.0
FACTOR = 1.15


class Task(NamedTuple):
    """Pictures in rows, and labels of which a part is wrong in the first two parts."""

    x_train: Array
    y_train: Integers
    x_valid: Array
    y_valid: Integers
    x_test: Array
    y_test: Integers


def task(data: str, noise: float, seed: int) -> Task:
    """The digits in three parts: 1077, 360 and 360 small ones, or 200, 200 and 1000 of MNIST.

    A share `noise` of the labels of the first two parts is replaced by one of the nine wrong ones.
    """
    rng = np.random.default_rng((seed, 1))
    source = _source(data)
    order = rng.permutation(len(source.y_train))
    sizes = (360, 1077) if data == "digits" else (200, 200)
    valid, train = order[: sizes[0]], order[sizes[0] : sum(sizes)]
    told: list[Integers] = []
    for rows in (train, valid):
        labels = source.y_train[rows].copy()
        wrong = rng.permutation(len(labels))[: round(noise * len(labels))]
        labels[wrong] = (labels[wrong] + rng.integers(1, 10, len(wrong))) % 10
        told.append(labels)
    x_train, x_valid = source.x_train[train], source.x_train[valid]
    return Task(x_train, told[0], x_valid, told[1], source.x_test, source.y_test)


@cache
def _source(data: str) -> Digits:
    return digits() if data == "digits" else mnist()


def turned_and_scaled(x: Array, rng: np.random.Generator) -> Array:
    """Each picture of x (N, side * side) turned by up to DEGREES and scaled by up to FACTOR, by chance."""
    side = round(np.sqrt(x.shape[1]))
    angle = np.radians(rng.uniform(-DEGREES, DEGREES, len(x)))[:, None]
    factor = rng.uniform(1 / FACTOR, FACTOR, len(x))[:, None]
    middle = (side - 1) / 2
    rows, columns = (place.ravel() - middle for place in np.mgrid[:side, :side])
    # where each pixel of the new picture comes from
    row = (np.cos(angle) * rows + np.sin(angle) * columns) / factor + middle + 1
    column = (np.cos(angle) * columns - np.sin(angle) * rows) / factor + middle + 1
    padded = np.pad(x.reshape(-1, side, side), ((0, 0), (1, 2), (1, 2)))  # what lies outside is 0
    row, column = row.clip(0, side + 1), column.clip(0, side + 1)
    r, c = row.astype(int), column.astype(int)
    down, right = row - r, column - c
    n = np.arange(len(x))[:, None]
    above = padded[n, r, c] * (1 - right) + padded[n, r, c + 1] * right
    below = padded[n, r + 1, c] * (1 - right) + padded[n, r + 1, c + 1] * right
    return np.asarray(above * (1 - down) + below * down)


class Network:
    """Two hidden layers of ReLU units, with dropout or batch norm where the remedy says so."""

    def __init__(self, inputs: int, remedy: str, rng: np.random.Generator) -> None:
        self.remedy = remedy
        self.rng = rng
        self.parameters = draw_parameters((inputs, *HIDDEN, 10), rng)
        self.running: list[tuple[Array, Array]] = []
        if remedy == "batch norm":
            for size in HIDDEN:
                self.parameters += [np.ones(size), np.zeros(size)]
                self.running.append((np.zeros(size), np.ones(size)))
        self.velocity = [np.zeros_like(parameter) for parameter in self.parameters]

    def logits(self, x: Array) -> Array:
        """The scores (N, 10) in evaluation mode."""
        h = x
        for layer in range(len(HIDDEN)):
            z = h @ self.parameters[2 * layer].T + self.parameters[2 * layer + 1]
            if self.running:
                mean, variance = self.running[layer]
                gamma, beta = self.parameters[6 + 2 * layer : 8 + 2 * layer]
                z = gamma * (z - mean) / np.sqrt(variance + 1e-5) + beta
            h = np.maximum(z, 0)
        return np.asarray(h @ self.parameters[4].T + self.parameters[5])

    def step(self, x: Array, labels: Integers) -> None:
        """One step on one batch, in training mode."""
        inputs, kept, h = [], [], x  # kept: what the way back through each hidden layer needs
        for layer in range(len(HIDDEN)):
            inputs.append(h)
            z = h @ self.parameters[2 * layer].T + self.parameters[2 * layer + 1]
            normal, spread = z, np.ones(z.shape[1])
            if self.running:
                mean, variance = z.mean(axis=0), z.var(axis=0)
                before, n = self.running[layer], len(z)
                self.running[layer] = (
                    0.9 * before[0] + 0.1 * mean,
                    0.9 * before[1] + 0.1 * variance * n / (n - 1),
                )
                spread = np.sqrt(variance + 1e-5)
                normal = (z - mean) / spread
                z = self.parameters[6 + 2 * layer] * normal + self.parameters[7 + 2 * layer]
            slope = (z > 0).astype(float)
            if self.remedy == "dropout":
                slope *= (self.rng.random(z.shape) >= DROPOUT) / (1 - DROPOUT)
            kept.append((normal, spread, slope))
            h = z * slope
        scores = h @ self.parameters[4].T + self.parameters[5]
        grad = np.exp(scores - scores.max(axis=1, keepdims=True))
        grad /= grad.sum(axis=1, keepdims=True)
        grad[np.arange(len(labels)), labels] -= 1
        grad /= len(labels)

        gradients: list[Array] = [np.empty(0)] * len(self.parameters)
        gradients[4], gradients[5] = grad.T @ h, grad.sum(axis=0)
        grad = grad @ self.parameters[4]
        for layer in reversed(range(len(HIDDEN))):
            normal, spread, slope = kept[layer]
            grad = grad * slope
            if self.running:
                gradients[6 + 2 * layer], gradients[7 + 2 * layer] = (grad * normal).sum(axis=0), grad.sum(axis=0)
                grad = grad * self.parameters[6 + 2 * layer]
                grad = (grad - grad.mean(axis=0) - normal * (grad * normal).mean(axis=0)) / spread
            gradients[2 * layer], gradients[2 * layer + 1] = grad.T @ inputs[layer], grad.sum(axis=0)
            grad = grad @ self.parameters[2 * layer]

        for parameter, gradient, velocity in zip(self.parameters, gradients, self.velocity, strict=True):
            if self.remedy == "weight decay" and parameter.ndim > 1:
                gradient = gradient + DECAY * parameter
            velocity *= MOMENTUM
            velocity += gradient
            parameter -= RATE * velocity


def train(data: str, noise: float, remedy: str, seed: int, epochs: int = EPOCHS) -> Run:
    """One run from the start, or its first `epochs` epochs."""
    given = task(data, noise, seed)
    rng = np.random.default_rng((seed, 2))
    network = Network(given.x_train.shape[1], remedy, rng)
    told: list[tuple[float, float, float, float]] = []
    for _ in range(epochs):
        x = turned_and_scaled(given.x_train, rng) if remedy == "augmentation" else given.x_train
        order = rng.permutation(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            rows = order[start : start + BATCH]
            network.step(x[rows], given.y_train[rows])
        valid, loss = _judged(network, given.x_valid, given.y_valid)
        train, _ = _judged(network, given.x_train, given.y_train)
        test, _ = _judged(network, given.x_test, given.y_test)
        told.append((train, valid, loss, test))
    return Run(*np.array(told).T)


def _judged(network: Network, x: Array, labels: Integers) -> tuple[float, float]:
    """Share of the labels that the network answers, and its mean cross-entropy."""
    scores = network.logits(x)
    scores = scores - scores.max(axis=1, keepdims=True)
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(labels)), labels]
    return float(np.mean(scores.argmax(axis=1) == labels)), float(losses.mean())


def record() -> dict[str, NDArray[np.float32]]:
    """All runs: for each field of Run an array (data, noises, remedies, seeds, epochs), rounded to four decimals."""
    shape = (len(DATA), len(NOISES), len(REMEDIES), SEEDS)
    fields = {name: np.empty((*shape, EPOCHS), dtype=np.float32) for name in Run._fields}
    for place in np.ndindex(shape):
        d, n, r, seed = place
        run = train(DATA[d], NOISES[n], REMEDIES[r], seed)
        for name, values in run._asdict().items():
            fields[name][place] = np.round(values, 4)
        print(DATA[d], NOISES[n], REMEDIES[r], seed, *(f"{values[-1]:.3f}" for values in run), file=sys.stderr)
    return fields


if __name__ == "__main__":
    np.savez_compressed(FILE, allow_pickle=False, **record())
