"""Records what forgetting_curve shows.

    python -m course.widgets.ch07_transfer_learning.record_forgetting

A network that has learned one task goes on with another, in batches that hold some pictures of the first one or none.
On the way it is asked about both.  The results lie in forgetting.npz beside this file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from course import cnn

from .record_transfer import HIDDEN, Task, first_task, fit, pretrained, second_task

__all__ = ["ASKED", "FILE", "NEW_TASKS", "RATES", "SEEDS", "SHARES", "STEP", "TIMES", "Run", "asked_old", "new_task",
           "record", "run"]  # fmt: skip

Array = NDArray[Any]
Integers = NDArray[np.int64]

FILE = Path(__file__).with_name("forgetting.npz")
NEW_TASKS = ("five more digits", "dark on light")
RATES = (3e-4, 1e-3, 3e-3)
SHARES = (0.0, 0.125, 0.25, 0.5)
TIMES = (0, 2, 5, 10, 20, 30, 50, 80, 120, 200)
SEEDS = 3
BATCH = 32
TESTED = 200
ASKED = 60  # the old pictures whose logits are kept, of the first seed
STEP = 0.5  # the logits are kept in steps of this size


class Run(NamedTuple):
    """One network at TIMES: accuracies on both tasks, and logits (TIMES, ASKED, 10) of old pictures."""

    old: Array
    new: Array
    logits: Array


def new_task(name: str) -> tuple[Task, Task]:
    """The old task and the new one; both have the labels 0 to 9, with the same meaning."""
    if name == "five more digits":
        new = second_task("other digits")
        return first_task("other digits"), new._replace(y_train=new.y_train + 5, y_test=new.y_test + 5)
    new = second_task("the same digits")  # none of these was in the first training
    return first_task("the same digits"), new._replace(x_train=1 - new.x_train, x_test=1 - new.x_test)


def asked_old(name: str) -> Integers:
    """Places in the old task's test set of the ASKED pictures: as many of each class, sorted by class."""
    labels = new_task(name)[0].y_test
    classes = int(labels.max()) + 1
    return np.concatenate([np.flatnonzero(labels == c)[: ASKED // classes] for c in range(classes)])


def run(name: str, rate: float, share: float, seed: int) -> Run:
    """One network that learns the new task; a share of every batch are old training pictures."""
    old, new = new_task(name)
    rng = np.random.default_rng((seed, NEW_TASKS.index(name)))
    known = 5 if name == "five more digits" else 10
    parameters = {key: array.copy() for key, array in pretrained(known, seed).items()}
    if known == 5:  # five more rows below those of the old classes, from zeros
        parameters["head.weight"] = np.concatenate([parameters["head.weight"], np.zeros((5, HIDDEN), np.float32)])
        parameters["head.bias"] = np.concatenate([parameters["head.bias"], np.zeros(5, np.float32)])
    mixed = round(BATCH * share)
    asked = asked_old(name)

    def gradients(rows: Integers) -> list[Array]:
        again = rng.integers(0, len(old.x_train), mixed)
        x = np.concatenate([new.x_train[rows[mixed:]], old.x_train[again]])
        y = np.concatenate([new.y_train[rows[mixed:]], old.y_train[again]])
        return list(cnn.loss_and_gradients(parameters, x, y)[1].values())

    seen: list[tuple[float, float]] = []
    told = []

    def look() -> None:
        seen.append(tuple(cnn.accuracy(parameters, t.x_test[:TESTED], t.y_test[:TESTED]) for t in (old, new)))  # type: ignore[arg-type]
        told.append(cnn.logits(parameters, old.x_test[asked]))

    fit(gradients, list(parameters.values()), len(new.x_train), TIMES, rate, rng, look)
    accuracies = np.array(seen)
    return Run(accuracies[:, 0], accuracies[:, 1], np.array(told))


def record() -> dict[str, Array]:
    """old, new (NEW_TASKS, RATES, SHARES, SEEDS, TIMES); logits (NEW_TASKS, RATES, SHARES, TIMES, ASKED, 10) in STEPs.

    The logits of an example are shifted so that their mean is 0: no softmax and no argmax sees that.
    """
    shape = (len(NEW_TASKS), len(RATES), len(SHARES))
    old, new = (np.empty((*shape, SEEDS, len(TIMES)), np.float32) for _ in range(2))
    logits = np.empty((*shape, len(TIMES), ASKED, 10), np.int8)
    for place in np.ndindex(shape):
        t, r, s = place
        for seed in range(SEEDS):
            found = run(NEW_TASKS[t], RATES[r], SHARES[s], seed)
            old[place][seed], new[place][seed] = found.old, found.new
            if seed == 0:
                centred = found.logits - found.logits.mean(axis=-1, keepdims=True)
                logits[place] = np.round(centred / STEP).clip(-127, 127)
        print(NEW_TASKS[t], RATES[r], SHARES[s], np.round(old[place].mean(axis=0), 2), file=sys.stderr)
    return {"old": old, "new": new, "logits": logits}


if __name__ == "__main__":
    np.savez_compressed(FILE, allow_pickle=False, **record())
