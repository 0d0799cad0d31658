"""Records what freeze_depth and labels_needed show.

    python -m course.widgets.ch07_transfer_learning.record_transfer

A small network learns a first task, and then a second one from a few labels: from its trained weights or from random
ones, with the first 0, 1, 2 or 3 of its 4 layers frozen.  All runs take the same number of steps of Adam at the same
rate.  The accuracies on unseen pictures are kept in transfer.npz beside this file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from course import cnn, mlp
from course.adam import Adam
from course.data import digits, mnist, textures

__all__ = [
    "CHANNELS", "DEPTHS", "FILE", "HIDDEN", "LABELS", "SEEDS", "SIDE", "STARTS", "TARGETS",
    "Parameters", "Task", "adapt", "before", "first_task", "fit", "pretrained", "record", "second_task", "shrunk",
]  # fmt: skip

Array = NDArray[Any]
Integers = NDArray[np.int64]
Generator = np.random.Generator
Parameters = dict[str, Any]
Step = Callable[[Integers], list[Any]]

FILE = Path(__file__).with_name("transfer.npz")
TARGETS = ("the same digits", "other hands", "on their side", "other digits", "textures")
STARTS = ("pretrained", "random")
DEPTHS = (0, 1, 2, 3)
LABELS = (1, 2, 5, 10, 20, 50)
SEEDS = 5
SIDE = 14
CHANNELS = (4, 8)
HIDDEN = 32
BATCH = 32
STEPS = 150
RATE = 3e-3
HEAD_RATE = 3e-2  # where nothing but the head is trained; at RATE it would not get far in STEPS
FIRST_EPOCHS = 8


class Task(NamedTuple):
    """Pictures (N, SIDE, SIDE), 0 to 1, with their classes 0, 1, ...: to learn from, and never seen before."""

    x_train: Array
    y_train: Integers
    x_test: Array
    y_test: Integers


def shrunk(x: NDArray[np.floating]) -> Array:
    """Pictures of 28 x 28 pixels, in rows or not, at half the size: the mean of every 2 x 2."""
    return np.asarray(x.reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4)), np.float32)


@cache
def first_task(target: str) -> Task:
    """What the network knew before: MNIST's digits, only 0 to 4 where the second task is the other five."""
    given = mnist()
    known = 5 if target == "other digits" else 10
    x, y = shrunk(given.x_train[:3000]), given.y_train[:3000]
    x_test, y_test = shrunk(given.x_test), given.y_test
    return Task(x[y < known], y[y < known], x_test[y_test < known], y_test[y_test < known])


@cache
def second_task(target: str) -> Task:
    """What it learns then; none of these pictures was in the first task's training."""
    if target == "other hands":
        own = digits()
        return Task(_enlarged(own.x_train), own.y_train, _enlarged(own.x_test), own.y_test)
    if target == "textures":
        cut = textures(2 * SIDE)
        return Task(shrunk(cut.x_train), cut.y_train, shrunk(cut.x_test), cut.y_test)
    given = mnist()
    x, y, x_test, y_test = shrunk(given.x_train), given.y_train, shrunk(given.x_test), given.y_test
    if target == "other digits":
        return Task(x[y >= 5], y[y >= 5] - 5, x_test[y_test >= 5], y_test[y_test >= 5] - 5)
    x, y, x_test, y_test = x[3000:], y[3000:], x_test[:400], y_test[:400]
    if target == "on their side":
        x, x_test = (np.rot90(one, axes=(1, 2)).copy() for one in (x, x_test))
    return Task(x, y, x_test, y_test)


def _enlarged(x: NDArray[np.float64]) -> Array:
    """Pictures of 8 x 8 pixels at 10 x 10, by straight lines between the pixels, in the middle of SIDE x SIDE."""
    places = (np.arange(10) + 0.5) * 0.8 - 0.5
    stretch = np.array([np.interp(places, np.arange(8), row) for row in np.eye(8)])  # (8, 10)
    return np.pad(stretch.T @ x.reshape(-1, 8, 8) @ stretch, ((0, 0), (2, 2), (2, 2))).astype(np.float32)


def fit(
    loss_and_gradients: Step,
    arrays: list[Array],
    size: int,
    steps: int | Sequence[int],
    rate: float,
    rng: Generator,
    look: Callable[[], None] | None = None,
) -> None:
    """Adam on the arrays, in place, by batches of at most BATCH of `size` examples, each in turn.

    steps  how many; or, rising, after how many to look
    """
    adam = Adam(arrays, rate)
    times = (steps,) if isinstance(steps, int) else steps
    order = np.empty(0, np.int64)
    for step in range(times[-1] + 1):
        if look is not None and step in times:
            look()
        if step == times[-1]:
            return
        if len(order) < min(BATCH, size):
            order = rng.permutation(size)
        rows, order = order[:BATCH], order[BATCH:]
        adam.step(loss_and_gradients(rows))


@cache
def pretrained(known: int, seed: int) -> Parameters:
    """The network after its first task: the digits 0 to known - 1."""
    task = first_task(TARGETS[3] if known == 5 else TARGETS[0])
    rng = np.random.default_rng((seed, known))
    parameters = cnn.draw_parameters(SIDE, known, rng, CHANNELS, HIDDEN)

    def gradients(rows: Integers) -> list[Array]:
        return list(cnn.loss_and_gradients(parameters, task.x_train[rows], task.y_train[rows])[1].values())

    steps = FIRST_EPOCHS * (len(task.x_train) // BATCH)
    for rate in (RATE, RATE / 3, RATE / 10):
        fit(gradients, list(parameters.values()), len(task.x_train), steps // 3, rate, rng)
    return parameters


@cache
def before(target: str, start: str, seed: int) -> Parameters:
    """The network as the second task gets it: a head of the right size, drawn with variance 1 / D, and a body."""
    classes = int(second_task(target).y_train.max()) + 1
    drawn = cnn.draw_parameters(SIDE, classes, np.random.default_rng((seed, 1)), CHANNELS, HIDDEN)
    drawn["head.weight"] /= np.float32(np.sqrt(2))
    if start == "pretrained":
        body = pretrained(5 if target == "other digits" else 10, seed)
        drawn |= {name: array for name, array in body.items() if not name.startswith("head")}
    return drawn


@cache
def frozen_features(target: str, start: str, frozen: int, seed: int) -> tuple[Array, Array]:
    """What the first 2 or 3 layers say of the second task's pictures, computed once: (N, D) and (M, D)."""
    parameters = dict(before(target, start, seed))
    if frozen == 2:  # what goes into the hidden layer is not negative, so this one hands it on as it is
        size = parameters["hidden.weight"].shape[1]
        parameters["hidden.weight"], parameters["hidden.bias"] = np.eye(size, dtype=np.float32), np.zeros(size)
    task = second_task(target)
    return cnn.features(parameters, task.x_train), cnn.features(parameters, task.x_test)


def adapt(target: str, start: str, frozen: int, labels: int, seed: int) -> float:
    """The accuracy on the second task's test pictures after learning from so many labels a class."""
    task = second_task(target)
    rng = np.random.default_rng((seed, labels))
    classes = range(int(task.y_train.max()) + 1)
    chosen = np.concatenate([rng.choice(np.flatnonzero(task.y_train == c), labels, replace=False) for c in classes])
    y = task.y_train[chosen]
    parameters = {name: array.copy() for name, array in before(target, start, seed).items()}
    names = [name for name in parameters if name.split(".")[0] in cnn.LAYERS[frozen:]]
    trained = [parameters[name] for name in names]
    if frozen >= 2:
        known, unseen = frozen_features(target, start, frozen, seed)
        x = known[chosen]
        rate = HEAD_RATE if frozen == 3 else RATE
        fit(lambda rows: mlp.loss_and_gradients(trained, x[rows], y[rows])[1], trained, len(y), STEPS, rate, rng)
        return mlp.accuracy(trained, unseen, task.y_test)
    x = task.x_train[chosen]

    def gradients(rows: Integers) -> list[Array]:
        return list(cnn.loss_and_gradients(parameters, x[rows], y[rows], names)[1].values())

    fit(gradients, trained, len(y), STEPS, RATE, rng)
    return cnn.accuracy(parameters, task.x_test, task.y_test)


def record() -> dict[str, NDArray[np.float32]]:
    """accuracy (TARGETS, STARTS, DEPTHS, LABELS, SEEDS), and first (2, SEEDS): after all ten digits, and after five."""
    accuracy = np.empty((len(TARGETS), len(STARTS), len(DEPTHS), len(LABELS), SEEDS), np.float32)
    for place in np.ndindex(accuracy.shape):
        t, s, d, n, seed = place
        accuracy[place] = np.round(adapt(TARGETS[t], STARTS[s], DEPTHS[d], LABELS[n], seed), 4)
        if seed == SEEDS - 1:
            print(TARGETS[t], STARTS[s], DEPTHS[d], LABELS[n], f"{accuracy[t, s, d, n].mean():.3f}", file=sys.stderr)
    first = np.empty((2, SEEDS), np.float32)
    for k, seed in np.ndindex(first.shape):
        task = first_task(TARGETS[3 * k])
        first[k, seed] = np.round(cnn.accuracy(pretrained((10, 5)[k], seed), task.x_test, task.y_test), 4)
    return {"accuracy": accuracy, "first": first}


if __name__ == "__main__":
    np.savez_compressed(FILE, allow_pickle=False, **record())
