"""Trains the network that reads the gallery's digits.

    python -m course.widgets.ch08_regularization.record_reader

784-32-10 by Adam on the 4000 training pictures of MNIST, upright as they are.  Its weights, in steps of 1/64, are kept
in reader.npz beside this file, with what it answers for each of the 1000 test pictures when they are turned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from course.adam import Adam
from course.data import mnist
from course.mlp import draw_parameters, logits, loss_and_gradients

from .augmentation_gallery import ANGLES, READER, STEP
from .pictures import Array, rotate

__all__ = ["record", "turned_answers"]

EPOCHS = 15
BATCH = 50
RATE = 0.002
DECAY = 2e-4


def record() -> list[NDArray[np.int8]]:
    """The weights and biases of the trained network, in units of STEP."""
    given = mnist()
    rng = np.random.default_rng(0)
    parameters = draw_parameters((784, 32, 10), rng)
    adam = Adam(parameters, RATE)
    for _ in range(EPOCHS):
        order = rng.permutation(len(given.y_train))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            _, gradients = loss_and_gradients(parameters, given.x_train[rows], given.y_train[rows])
            adam.step([gradient + DECAY * parameter for gradient, parameter in zip(gradients, parameters, strict=True)])
    return [np.round(parameter / STEP).clip(-128, 127).astype(np.int8) for parameter in parameters]


def turned_answers(parameters: list[Array]) -> Array:
    """(classes, ANGLES, classes) share of the test pictures of a class that get each answer when they are turned."""
    given = mnist()
    shares = np.zeros((10, len(ANGLES), 10))
    for k, degrees in enumerate(ANGLES):
        turned = np.array([rotate(x.reshape(28, 28), degrees).ravel() for x in given.x_test])
        answers = logits(parameters, turned).argmax(axis=1)
        for label in range(10):
            shares[label, k] = np.bincount(answers[given.y_test == label], minlength=10) / np.sum(given.y_test == label)
    return shares


if __name__ == "__main__":
    weights = record()
    told = turned_answers([np.asarray(weight * STEP) for weight in weights])
    named = dict(zip(("w1", "b1", "w2", "b2"), weights, strict=True))
    np.savez_compressed(READER, allow_pickle=False, turned=told.astype(np.float32), **named)
