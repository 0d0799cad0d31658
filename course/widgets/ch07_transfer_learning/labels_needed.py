"""How many labels each way of using a pretrained network needs, and how many a network from scratch needs for the same.

The runs come from record_transfer.py in this folder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Arrow, Bars, Choice, Curve, Dot, Explorer, Line, Slider

from .transfer import CHOICES, LABELS, TARGETS, TOLD, compared, plural, runs, spread, sure

__all__ = ["PRESETS", "WAYS", "Needed", "labels_for", "labels_needed", "labels_state", "ways_of"]

Array = NDArray[np.float64]
WAYS = ("frozen", "last layers", "full", "scratch")
PLACES = ((0, 3), (0, 2), (0, 0), (1, 0))  # start and depth of each way in the recording
X: Array = np.array(LABELS, dtype=float)

PRESETS: dict[str, dict[str, object]] = {
    "one label is enough": {"target": "the same digits", "way": "frozen", "labels": 1},
    "where the curves cross": {"target": "other hands", "way": "frozen", "labels": 5},
    "many labels": {"target": "other hands", "way": "full", "labels": 50},
    "too different to freeze": {"target": "on their side", "way": "frozen", "labels": 10},
    "it does not always help": {"target": "other digits", "way": "full", "labels": 10},
    "far away, and yet": {"target": "textures", "way": "full", "labels": 5},
}


@dataclass(frozen=True)
class Needed:
    """Mean accuracy of four ways over the number of labels; the spread of the chosen one and of scratch."""

    frozen: Array  # (LABELS,)
    last: Array
    full: Array
    scratch: Array
    around: Array  # (2, LABELS) one standard deviation below and above the chosen way
    around_scratch: Array
    at: float
    here: float
    reach: float  # labels that scratch needs for the same; NaN where it is not reached, or the difference not sure
    ways: Array  # (WAYS,) at the chosen number of labels
    chosen: float
    says: str


def ways_of(target: str) -> Array:
    """Accuracies (WAYS, LABELS, SEEDS)."""
    found = runs()[TARGETS.index(target)]
    return np.array([found[start, depth] for start, depth in PLACES])


def labels_for(accuracy: float, curve: Array) -> float:
    """Where a curve over LABELS first comes to an accuracy, between two of them on the log axis; NaN for nowhere."""
    above = np.flatnonzero(curve >= accuracy)
    if not len(above):
        return np.nan
    k = int(above[0])
    if k == 0:
        return float(X[0])
    part = (accuracy - curve[k - 1]) / (curve[k] - curve[k - 1])
    return float(np.exp(np.log(X[k - 1]) + part * np.log(X[k] / X[k - 1])))


def labels_state(target: str, way: str, labels: int) -> Needed:
    """One way at one number of labels, beside all others."""
    found = ways_of(target)
    w, n = WAYS.index(way), LABELS.index(labels)
    means, spreads = found.mean(axis=-1), found.std(axis=-1, ddof=1)
    here = float(means[w, n])
    reach = labels_for(here, means[3])
    return Needed(
        frozen=means[0],
        last=means[1],
        full=means[2],
        scratch=means[3],
        around=np.array([means[w] - spreads[w], means[w] + spreads[w]]).clip(0, 1),
        around_scratch=np.array([means[3] - spreads[3], means[3] + spreads[3]]).clip(0, 1),
        at=float(labels),
        here=here,
        reach=reach if reach > labels and sure(found[w, n] - found[3, n]) else np.nan,
        ways=np.array([float(f"{mean:.3f}") for mean in means[:, n]]),  # as the sentence rounds
        chosen=float(w),
        says=_says(target, way, labels, found[w, n], found[3, n], reach, means[:, n]),
    )


def _says(target: str, way: str, labels: int, own: Array, scratch: Array, reach: float, means: Array) -> str:
    how = {"frozen": "frozen body", "last layers": "last two layers", "full": "whole network"}[way]
    says = f"{TOLD[target]}, {plural(labels)}, {how}: {spread(own)} of unseen pictures are right. "
    says += f"From scratch it is {spread(scratch)}: {compared(own - scratch)}."
    if sure(own - scratch) and np.isnan(reach):
        says += f" From scratch, {LABELS[-1]} labels a class do not come so far."
    elif sure(own - scratch) and reach > labels:
        says += f" From scratch that takes about {reach:.1f} labels a class."
    best = int(means.argmax())
    named = {"frozen": "the frozen body", "last layers": "training the last two layers",
             "full": "training the whole network", "scratch": "starting from scratch"}  # fmt: skip
    return f"{says} Highest mean here: {named[WAYS[best]]}, {means[best]:.3f}."


def labels_needed() -> Explorer:
    """Widget of chapter 7: accuracy against the number of labels, for four ways and five targets."""
    return Explorer(
        labels_state,
        view=[
            Curve(
                Line(X, "around_scratch", colour="ink", width=0.75, style="dashed"),
                Line(X, "around", colour="vermilion", width=0.75),
                Line(X, "scratch", colour="ink", style="dashed", label="scratch"),
                Line(X, "full", colour="green", label="full"),
                Line(X, "last", colour="purple", label="last layers"),
                Line(X, "frozen", colour="blue", label="frozen"),
                Arrow("reach", "here", x0="at", y0="here", colour="vermilion", width=1.5),
                Dot("at", "here", colour="vermilion", size=6),
                x=(1, 50), y=(0, 1), x_scale="log", x_at=LABELS, drag="labels", height=320,
                title="Accuracy: means of five runs; thin: one standard deviation",
                x_name="labels a class (arrow: scratch needs so many)",
            ),
            Bars(
                "ways", limits=(0, 1), names=WAYS, numbers=".3f", highlight="chosen", upright=False, height=220,
                title="At this number of labels",
            ),
        ],
        target=Choice(options=CHOICES, label="first task → second task", start="other hands"),
        way=Choice(options={"frozen: the head alone": "frozen", "last layers: hidden and head": "last layers",
                            "full: the whole network": "full"}, label="what learns"),
        labels=Slider(values=LABELS, start=1, label="labels a class", format="d"),
        presets=PRESETS,
        coarse=["frozen", "last", "full", "scratch", "around", "around_scratch"],
    )  # fmt: skip
