"""Recorded runs that learn wrong labels by heart, five remedies against it, and the epoch at which to stop.

The runs come from record_bench.py in this folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Bars, Choice, Curve, Dot, Explorer, Guide, Line, Slider

__all__ = [
    "DATA",
    "EPOCHS",
    "FILE",
    "NOISES",
    "PATIENCES",
    "PRESETS",
    "REMEDIES",
    "SEEDS",
    "Bench",
    "Run",
    "bench_state",
    "early_stopping",
    "overfitting_bench",
    "runs",
]

Array = NDArray[np.float64]
FILE = Path(__file__).with_name("bench.npz")
DATA = ("digits", "MNIST")
NOISES = (0.0, 0.3)
REMEDIES = ("none", "dropout", "batch norm", "weight decay", "augmentation")
SEEDS = 5
EPOCHS = 80
PATIENCES = (1, 2, 3, 5, 10, 20, 40)
T: Array = np.arange(1.0, EPOCHS + 1)
NAMES = ("none", "dropout", "batch norm", "weight decay", "turn, scale")
T_VALUE = 2.776  # of four degrees of freedom: five runs, seed by seed
TOLD = {"none": "no remedy", "augmentation": "turned and scaled pictures"}

_HEART: dict[str, object] = {"data": "digits", "noise": 0.3, "remedy": "none", "patience": 5}
PRESETS: dict[str, dict[str, object]] = {
    "learnt by heart": _HEART,
    "dropout holds it back": _HEART | {"remedy": "dropout"},
    "batch norm does not": _HEART | {"remedy": "batch norm"},
    "all labels right": _HEART | {"noise": 0.0, "remedy": "dropout"},
    "few pictures, turned": {"data": "MNIST", "noise": 0.0, "remedy": "augmentation", "patience": 40},
    "stopped too early": {"data": "MNIST", "noise": 0.3, "remedy": "dropout", "patience": 1},
}


class Run(NamedTuple):
    """One network over EPOCHS epochs; the entry k stands for the end of epoch k.

    train       (EPOCHS,) share of the given training labels that it answers
    valid       (EPOCHS,) the same of the validation labels
    valid_loss  (EPOCHS,) mean cross-entropy there, in nats
    test        (EPOCHS,) share of the true test labels
    """

    train: Array
    valid: Array
    valid_loss: Array
    test: Array


@dataclass(frozen=True)
class Bench:
    """SEEDS runs of one setting, the first of them drawn thick; all five remedies beside it."""

    train: Array  # (EPOCHS,) accuracy on the labels that it was given
    test: Array  # (EPOCHS,) on true labels that it never saw
    valid_loss: Array  # (EPOCHS,)
    other_train: Array  # (SEEDS - 1, EPOCHS) the same of the other runs
    other_test: Array
    other_loss: Array
    best: float  # epoch of the lowest validation loss before the stop, counted from 1
    stop: float
    best_test: float
    best_loss: float
    ends: Array  # (REMEDIES,) mean test accuracy after the last epoch
    stopped: Array  # (REMEDIES,) at the best epoch of each run
    chosen: float
    says: str


@cache
def runs() -> Run:
    """The recorded runs: each field (data, noises, remedies, seeds, epochs)."""
    with np.load(FILE) as stored:
        return Run(*(stored[name].astype(np.float64) for name in Run._fields))


def early_stopping(losses: Array, patience: int) -> tuple[int, int]:
    """The epoch of the lowest loss, counted from 0, and the one at which the waiting for a lower one ends."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best == patience:
            return best, epoch
    return best, len(losses) - 1


def bench_state(data: str, noise: float, remedy: str, patience: int) -> Bench:
    """One setting, and what stopping by the validation loss with this patience would have kept."""
    found = runs()
    d, n, chosen = DATA.index(data), NOISES.index(noise), REMEDIES.index(remedy)
    ends, kept = found.test[d, n, :, :, -1], np.empty((len(REMEDIES), SEEDS))
    for r, seed in np.ndindex(kept.shape):
        best, _ = early_stopping(found.valid_loss[d, n, r, seed], patience)
        kept[r, seed] = found.test[d, n, r, seed, best]
    train, test, loss = (field[d, n, chosen] for field in (found.train, found.test, found.valid_loss))
    best, stop = early_stopping(loss[0], patience)
    return Bench(
        train=train[0],
        test=test[0],
        valid_loss=loss[0],
        other_train=train[1:],
        other_test=test[1:],
        other_loss=loss[1:],
        best=best + 1.0,
        stop=stop + 1.0,
        best_test=float(test[0, best]),
        best_loss=float(loss[0, best]),
        ends=ends.mean(axis=1),
        stopped=kept.mean(axis=1),
        chosen=float(chosen),
        says=_says(remedy, patience, float(train[:, -1].mean()), ends, kept, chosen, best + 1, stop + 1),
    )


def _says(remedy: str, patience: int, train: float, ends: Array, kept: Array, chosen: int, best: int, stop: int) -> str:
    name = TOLD.get(remedy, remedy)
    says = (
        f"{name[0].upper()}{name[1:]}: after {EPOCHS} epochs it answers {train:.3f} of the given training labels and "
    )
    says += f"{_spread(ends[chosen])} of the test"
    if remedy != "none":
        says += f", {_compared(ends[chosen] - ends[0], 'no remedy')}"
    says += f". Patience {patience} stops the thick run after epoch {stop} and keeps epoch {best}; so stopped, "
    says += f"the five runs give {_spread(kept[chosen])}, {_compared(kept[chosen] - ends[chosen], 'at the end')}."
    if kept[chosen].std(ddof=1) > 0.1:
        says += f" The worst of them keeps {kept[chosen].min():.3f}."
    return says


def _spread(accuracies: Array) -> str:
    return f"{accuracies.mean():.3f} ± {accuracies.std(ddof=1):.3f}"


def _compared(differences: Array, than: str) -> str:
    """A mean difference over the runs in words; what Student's t test at 95 % does not see is called none."""
    mean = float(differences.mean())
    error = float(differences.std(ddof=1) / np.sqrt(len(differences)))
    if abs(mean) <= T_VALUE * error:
        return f"no sure difference from {'none' if than == 'no remedy' else 'the end'}"
    return f"{abs(mean):.3f} {'better' if mean > 0 else 'worse'} than {than}"


def overfitting_bench() -> Explorer:
    """Widget of section 8.1: curves of 100 recorded runs, and where early stopping would have ended them."""
    return Explorer(
        bench_state,
        view=[
            Curve(
                Line(T, "other_train", colour="vermilion", width=0.75),
                Line(T, "other_test", colour="blue", width=0.75),
                Guide(x="stop", label=""),
                Line(T, "train", colour="vermilion", label="training"),
                Line(T, "test", colour="blue", label="test"),
                Dot("best", "best_test", colour="blue", size=7),
                x=(1, EPOCHS), y=(0, 1), title="Accuracy: given training labels, true test labels", x_name="epoch",
            ),
            Curve(
                Line(T, "other_loss", colour="green", width=0.75),
                Guide(x="stop", label="stop"),
                Line(T, "valid_loss", colour="green", label="validation"),
                Dot("best", "best_loss", colour="green", size=7),
                x=(1, EPOCHS), y=(0.05, 5), y_scale="log", title="Validation loss: the lowest is kept", x_name="epoch",
            ),
            Bars(
                "ends", limits=(0, 1), names=NAMES, numbers=".3f", highlight="chosen", upright=False, height=210,
                title=f"Test accuracy after epoch {EPOCHS}, mean of five runs",
            ),
            Bars(
                "stopped", limits=(0, 1), names=NAMES, numbers=".3f", highlight="chosen", upright=False,
                height=210, title="And where the validation loss says stop",
            ),
        ],
        data=Choice(options={"1077 small digits": "digits", "200 of MNIST": "MNIST"}, label="training pictures"),
        noise=Choice(options={"30 % wrong": 0.3, "all right": 0.0}, label="labels"),
        remedy=Choice(*REMEDIES),
        patience=Slider(values=PATIENCES, start=5, label="patience (epochs)", format="d"),
        presets=PRESETS,
        coarse=["train", "test", "valid_loss", "other_train", "other_test", "other_loss"],
    )  # fmt: skip
