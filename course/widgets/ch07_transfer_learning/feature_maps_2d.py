"""What trained features make near and far: pictures in the plane, behind trained and behind random weights.

The features come from record_features.py in this folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Choice, Curve, Dot, Explorer, Guide, Label, Line, Paths, Slider

from .record_features import CASES, CLASSES, FILE, LABELS, SHOWN

__all__ = ["CHOICES", "PRESETS", "FeatureMaps", "feature_maps_2d", "maps_state", "recorded"]

Array = NDArray[np.float64]
X: Array = np.array(LABELS, dtype=float)
MOST = 4  # classes
KEY: Array = np.array([-1.0, -0.45, 0.1, 0.65])

CHOICES = {
    "surfaces: EfficientNet-lite0": "surfaces, large",
    "surfaces: small network of digits": "surfaces, small",
    "digits: small network of digits 0–9": "same digits",
    "5, 6, 8, 9: small network of digits 0–4": "other digits",
}
TOLD = {
    "surfaces, large": "Brick, grass, gravel behind a network of 1.3 million photographs",
    "surfaces, small": "Brick, grass, gravel behind a small network of digits",
    "same digits": "New pictures of 3, 5, 7, 8 behind a network that knows all ten digits",
    "other digits": "The digits 5, 6, 8, 9 behind a network that knows 0 to 4",
}
PRESETS: dict[str, dict[str, object]] = {
    "one label a class": {"case": "surfaces, large", "labels": 1},
    "features of digits are no help": {"case": "surfaces, small", "labels": 20},
    "digits it has learned": {"case": "same digits", "labels": 1},
    "digits it has not": {"case": "other digits", "labels": 20},
}


@dataclass(frozen=True)
class FeatureMaps:
    """Two planes of the same pictures, and how well the nearest labelled picture answers."""

    trained_x: Array  # (MOST * SHOWN,) NaN where a case has three classes
    trained_y: Array
    random_x: Array
    random_y: Array
    classes: Array
    known_x: Array  # (MOST * 20,) the labelled pictures
    known_y: Array
    known_random_x: Array
    known_random_y: Array
    known_classes: Array
    wrong_x: Array  # the pictures that get a wrong answer, NaN for the others
    wrong_y: Array
    wrong_random_x: Array
    wrong_random_y: Array
    key: Array  # (MOST,) where each class's mark and name stand
    key_names: Array
    names: tuple[str, ...]
    trained: Array  # (LABELS,) mean share of right answers
    random: Array
    pixels: Array
    chance: float
    at: float
    here: float
    says: str


@cache
def recorded() -> dict[str, Array]:
    """What record_features.py stored."""
    with np.load(FILE) as stored:
        return {name: np.asarray(stored[name], np.float64) for name in stored.files}


def maps_state(case: str, labels: int) -> FeatureMaps:
    """One case, with so many labelled pictures of each class."""
    found = recorded()
    k, n, count = CASES.index(case), LABELS.index(labels), len(CLASSES[case])
    places, known = _framed(found["places"][k], found["labelled"][k])  # (2, MOST * SHOWN, 2), (2, MOST * 20, 2)
    classes = np.repeat(np.arange(float(MOST)), SHOWN)
    wrong = np.where((found["answers"][k, :, n] != classes)[..., None], places, np.nan)
    used = np.where(np.arange(known.shape[1])[:, None] < count * labels, known, np.nan)
    right = found["accuracy"][k].mean(axis=-1)  # (3, LABELS)
    spread = found["accuracy"][k, 0, n].std(ddof=1)
    share, flat = found["share"][k, 0], found["flat"][k, 0, n]
    says = f"{TOLD[case]}, {labels} label{'s' if labels > 1 else ''} a class: {right[0, n]:.2f} ± {spread:.2f} of the "
    says += "unseen pictures are nearest to a labelled one of their own class; behind random weights "
    says += f"{right[1, n]:.2f}, by the bare pixels {right[2, n]:.2f}. The left plane holds {100 * share:.0f} % of the "
    says += f"variance; by its two numbers alone it would be {flat:.2f}."
    return FeatureMaps(
        trained_x=places[0, :, 0],
        trained_y=places[0, :, 1],
        random_x=places[1, :, 0],
        random_y=places[1, :, 1],
        classes=classes,
        known_x=used[0, :, 0],
        known_y=used[0, :, 1],
        known_random_x=used[1, :, 0],
        known_random_y=used[1, :, 1],
        known_classes=np.arange(float(known.shape[1])) % count,
        wrong_x=wrong[0, :, 0],
        wrong_y=wrong[0, :, 1],
        wrong_random_x=wrong[1, :, 0],
        wrong_random_y=wrong[1, :, 1],
        key=np.where(np.arange(MOST) < count, KEY, np.nan),
        key_names=KEY + 0.07,
        names=(*CLASSES[case], *("" for _ in range(MOST - count))),
        trained=right[0],
        random=right[1],
        pixels=right[2],
        chance=1 / count,
        at=float(labels),
        here=float(right[0, n]),
        says=says,
    )


def _framed(places: Array, known: Array) -> tuple[Array, Array]:
    """Both planes moved and scaled, x and y alike, so that all their points fill the panel from -1 to 1."""
    both = np.concatenate([places, known], axis=1)  # (2, n, 2)
    low, high = np.nanmin(both, axis=1, keepdims=True), np.nanmax(both, axis=1, keepdims=True)
    half = np.max(high - low, axis=2, keepdims=True) / 2
    return (places - (low + high) / 2) / half, (known - (low + high) / 2) / half


def feature_maps_2d() -> Explorer:
    """Widget of chapter 7: the first two principal components of features, trained and random."""
    key = (
        Dot("key", 1.25, classes=np.arange(float(MOST)), size=6),
        Label("key_names", 1.25, field="names", align="left"),
    )
    return Explorer(
        maps_state,
        view=[
            Paths(
                Dot("wrong_x", "wrong_y", colour="ink", hollow=True, size=8),
                Dot("trained_x", "trained_y", classes="classes", size=4),
                Dot("known_x", "known_y", classes="known_classes", size=8),
                *key,
                x=(-1.1, 1.1), y=(-1.1, 1.4), axes=False,
                title="Trained weights (large: labelled; ring: answered wrong)",
            ),
            Paths(
                Dot("wrong_random_x", "wrong_random_y", colour="ink", hollow=True, size=8),
                Dot("random_x", "random_y", classes="classes", size=4),
                Dot("known_random_x", "known_random_y", classes="known_classes", size=8),
                *key,
                x=(-1.1, 1.1), y=(-1.1, 1.4), axes=False, title="The same network, random weights",
            ),
            Curve(
                Guide(y="chance"),
                Guide(x="at"),
                Line(X, "pixels", style="ghost", label="pixels"),
                Line(X, "random", colour="vermilion", style="dashed", label="random"),
                Line(X, "trained", colour="blue", label="trained"),
                Dot("at", "here", colour="blue", size=6),
                x=(1, LABELS[-1]), y=(0, 1), x_scale="log", x_at=LABELS, drag="labels", wide=True, height=230,
                title="Right answers of the nearest labelled picture, all features used",
                x_name="labels a class (level line: guessing)",
            ),
        ],
        case=Choice(options=CHOICES, label="pictures: network"),
        labels=Slider(values=LABELS, start=1, label="labels a class", format="d"),
        presets=PRESETS,
        coarse=["trained_x", "trained_y", "random_x", "random_y", "known_x", "known_y", "wrong_x", "wrong_y",
                "known_random_x", "known_random_y", "wrong_random_x", "wrong_random_y", "trained", "random", "pixels"],
    )  # fmt: skip
