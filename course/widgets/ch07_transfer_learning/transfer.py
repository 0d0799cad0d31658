"""The recorded runs behind freeze_depth and labels_needed, and how they are told."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .record_transfer import CHANNELS, DEPTHS, FILE, HIDDEN, LABELS, SEEDS, SIDE, STARTS, TARGETS

__all__ = ["CHOICES", "CLASSES", "DEPTHS", "LABELS", "SEEDS", "STARTS", "TARGETS", "TOLD", "compared", "counts",
           "multiplications", "plural", "runs", "spread", "sure"]  # fmt: skip

Array = NDArray[np.float64]
T_VALUE = 2.776  # of four degrees of freedom: five runs, seed by seed

CHOICES = {
    "digits 0–9 → the same, new pictures": "the same digits",
    "digits 0–9 → digits of other people": "other hands",
    "digits 0–9 → digits on their side": "on their side",
    "digits 0–4 → digits 5–9": "other digits",
    "digits 0–9 → brick, grass, gravel": "textures",
}
TOLD = {
    "the same digits": "The same ten digits",
    "other hands": "Digits of other people",
    "on their side": "Digits on their side",
    "other digits": "Five other digits",
    "textures": "Brick, grass, gravel",
}
CLASSES = {"the same digits": 10, "other hands": 10, "on their side": 10, "other digits": 5, "textures": 3}


@cache
def runs() -> Array:
    """Accuracies on unseen pictures (TARGETS, STARTS, DEPTHS, LABELS, SEEDS)."""
    with np.load(FILE) as stored:
        return np.asarray(stored["accuracy"], np.float64)


def counts(target: str) -> tuple[int, int, int, int]:
    """How many numbers each layer has, the head with one row a class."""
    first, second = CHANNELS
    places = second * (SIDE // 2) ** 2
    return 10 * first, (9 * first + 1) * second, (places + 1) * HIDDEN, (HIDDEN + 1) * CLASSES[target]


def multiplications(target: str, frozen: int) -> int:
    """How many a step takes for each picture when the features in front of the layers that learn are kept.

    A layer multiplies as often for its output, for the gradient at its weights, and, unless it is the first that
    learns, for the gradient at its input.
    """
    first, second = CHANNELS
    pixels = SIDE**2
    each = (9 * first * pixels, 9 * first * second * pixels, second * pixels // 4 * HIDDEN, HIDDEN * CLASSES[target])
    return 2 * sum(each[frozen:]) + sum(each[frozen + 1 :])


def spread(accuracies: Array) -> str:
    """Mean and standard deviation over the runs."""
    return f"{accuracies.mean():.3f} ± {accuracies.std(ddof=1):.3f}"


def sure(differences: Array) -> bool:
    """Whether Student's t test at 95 % sees a difference over the runs."""
    error = float(differences.std(ddof=1) / np.sqrt(len(differences)))
    return abs(float(differences.mean())) > T_VALUE * error


def compared(differences: Array) -> str:
    """A mean difference over the runs in words."""
    mean = float(differences.mean())
    if not sure(differences):
        return "no sure difference"
    return f"this {'gains' if mean > 0 else 'costs'} {abs(mean):.3f}"


def plural(labels: int) -> str:
    """So many labels a class, in words."""
    return "1 label a class" if labels == 1 else f"{labels} labels a class"
