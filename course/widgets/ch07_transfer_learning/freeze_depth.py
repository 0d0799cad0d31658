"""Recorded runs of a pretrained network that learns a second task with its first layers frozen, more and more of them.

The runs come from record_transfer.py in this folder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Choice, Curve, Dot, Explorer, Graph, Guide, Heat, Line, Slider

from .transfer import (
    CHOICES,
    DEPTHS,
    LABELS,
    SEEDS,
    TARGETS,
    TOLD,
    compared,
    counts,
    multiplications,
    plural,
    runs,
    spread,
)

__all__ = ["PRESETS", "Depth", "depth_state", "freeze_depth"]

Array = NDArray[np.float64]
LAYERS = ("conv1", "conv2", "hidden", "head")
X: Array = np.arange(len(DEPTHS), dtype=float)
FROZEN, LEARNS = -0.35, 0.6  # cold and warm
ASIDE = 0.06  # the runs stand left of their means, those of both starts side by side
NODES: Array = np.column_stack([np.linspace(0, 1, 5), np.full(5, 0.5)])
EDGES: Array = np.array([(k, k + 1) for k in range(4)], dtype=float)
NOTES: Array = np.concatenate([NODES + np.array([0, 0.48]), [[0.5, -0.2], [0.5, -0.38]]])

PRESETS: dict[str, dict[str, object]] = {
    "one label, all but the head frozen": {"target": "the same digits", "labels": 1, "frozen": 3},
    "the same, nothing frozen": {"target": "the same digits", "labels": 1, "frozen": 0},
    "fifty labels, thaw": {"target": "other hands", "labels": 50, "frozen": 0},
    "frozen too deep": {"target": "on their side", "labels": 20, "frozen": 3},
    "it does not always help": {"target": "other digits", "labels": 10, "frozen": 0},
}


@dataclass(frozen=True)
class Depth:
    """All depths at one number of labels, the chosen one marked; the network with its frozen layers."""

    values: Array  # (5,) FROZEN or LEARNS, NaN for the pictures
    texts: tuple[str, ...]
    words: tuple[str, ...]
    sizes: tuple[str, ...]
    pretrained: Array  # (DEPTHS,) mean accuracy
    random: Array
    each_pretrained: Array  # (DEPTHS * SEEDS,)
    each_random: Array
    frozen: float
    here: float
    scratch: float
    gain: Array  # (DEPTHS, LABELS) mean accuracy minus that from scratch
    box: Array
    says: str


def depth_state(target: str, labels: int, frozen: int) -> Depth:
    """The runs of one target and number of labels, and what is trained with so many layers frozen."""
    all_labels = runs()[TARGETS.index(target)]  # (STARTS, DEPTHS, LABELS, SEEDS)
    n = LABELS.index(labels)
    found = all_labels[:, :, n]
    numbers = counts(target)
    trained = sum(numbers[frozen:])
    work = f"{100 * multiplications(target, frozen) / multiplications(target, 0):.2g} %".replace("1e+02", "100")
    scratch, chosen = found[1, 0], found[0, frozen]
    whole = {0: "nothing frozen", 3: "all but the head frozen"}.get(frozen, f"{frozen} of 4 layers frozen")
    says = f"{TOLD[target]}, {plural(labels)}, {whole}: {trained:,} of {sum(numbers):,} numbers learn "
    says += f"at {work} of the multiplications, and {spread(chosen)} of unseen pictures are right. "
    says += f"From scratch it is {spread(scratch)}: "
    says += f"{compared(chosen - scratch)}. "
    other = 0 if frozen == 3 else 3
    says += f"{'Nothing' if other == 0 else 'All but the head'} frozen: {found[0, other].mean():.3f}."
    return Depth(
        values=np.array([np.nan] + [LEARNS if k >= frozen else FROZEN for k in range(4)]),
        texts=("x", *("frozen" if k < frozen else "learns" for k in range(4))),
        words=("pictures", *LAYERS, f"{trained:,} of {sum(numbers):,} numbers learn",
               f"a step: {work} of the multiplications, features kept"),
        sizes=("", *(f"{number:,}" for number in numbers)),
        pretrained=found[0].mean(axis=1),
        random=found[1].mean(axis=1),
        each_pretrained=found[0].ravel(),
        each_random=found[1].ravel(),
        frozen=float(frozen),
        here=float(chosen.mean()),
        scratch=float(scratch.mean()),
        gain=(all_labels[0] - all_labels[1, :1]).mean(axis=-1),
        box=np.array([[frozen, n, 1, 1]], dtype=float),
        says=says,
    )  # fmt: skip


def freeze_depth() -> Explorer:
    """Widget of chapter 7: accuracy over the number of frozen layers, by target and number of labels."""
    x_each = np.repeat(X, SEEDS)
    return Explorer(
        depth_state,
        view=[
            Graph(
                NODES, EDGES, values="values", limits=(-1, 1), texts="texts", names="sizes", notes=NOTES,
                note_texts="words", radius=24, arrows=True, height=220, wide=True,
                title="What learns, and how many numbers that is",
            ),
            Curve(
                Guide(y="scratch", label="scratch", colour="vermilion"),
                Dot(x_each - 2 * ASIDE, "each_random", colour="vermilion", size=3.5, hollow=True),
                Dot(x_each - ASIDE, "each_pretrained", colour="blue", size=4),
                Line(X, "random", colour="vermilion", style="dashed", label="random"),
                Line(X, "pretrained", colour="blue", label="pretrained"),
                Dot("frozen", "here", colour="blue", size=7),
                x=(-0.3, 3.1), y=(0, 1), x_at=(0, 1, 2, 3), drag="frozen", height=260,
                title="Accuracy: mean and each of five runs", x_name="frozen layers",
            ),
            Heat(
                "gain", limits=(-0.4, 0.4), rows=("none frozen", "1 layer", "2 layers", "all but head"),
                columns=tuple(str(n) for n in LABELS), numbers="+.2f", boxes="box",
                title="Better (+) or worse (−) than from scratch", column_name="labels a class",
            ),
        ],
        target=Choice(options=CHOICES, label="first task → second task", start="the same digits"),
        labels=Slider(values=LABELS, start=1, label="labels a class", format="d"),
        frozen=Slider(values=DEPTHS, start=0, label="frozen layers", format="d"),
        presets=PRESETS,
        coarse=["pretrained", "random", "each_pretrained", "each_random", "gain"],
    )  # fmt: skip
