"""Records what feature_maps_2d shows; EfficientNet-lite0 must be installed (python -m autograder weights).

    python -m course.widgets.ch07_transfer_learning.record_features

Pictures go through a body with trained weights and through the same body with random ones.  Of the features, each
picture's at length 1, are kept: their first two principal components, and which class a picture gets that is answered
like the labelled picture nearest to it.  The results lie in features.npz beside this file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from course import cnn, efficientnet, weights
from course.data import textures

from .record_transfer import CHANNELS, HIDDEN, SIDE, pretrained, second_task

__all__ = ["BODIES", "CASES", "CLASSES", "DRAWS", "FILE", "LABELS", "POOL", "SHOWN", "Case", "case", "directions",
           "labelled_rows", "nearest", "pictures_of", "principal", "record", "through"]  # fmt: skip

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

FILE = Path(__file__).with_name("features.npz")
CASES = ("surfaces, large", "surfaces, small", "same digits", "other digits")
CLASSES = {
    "surfaces, large": ("brick", "grass", "gravel"),
    "surfaces, small": ("brick", "grass", "gravel"),
    "same digits": ("3", "5", "7", "8"),
    "other digits": ("5", "6", "8", "9"),
}
BODIES = ("trained", "random", "pixels")
LABELS = (1, 2, 5, 10, 20)
DRAWS = 20
POOL = 60  # pictures of a class that may get a label
SHOWN = 30  # pictures of a class that are drawn, and asked for


class Case(NamedTuple):
    """Features of each body (CLASSES * POOL, D) and (CLASSES * SHOWN, D), sorted by class."""

    pool: dict[str, Array]
    shown: dict[str, Array]


def pictures_of(name: str) -> tuple[Array, Array]:
    """The pictures that may get labels, CLASSES * POOL of them, and those that are shown, both sorted by class."""
    if name == "surfaces, large":
        cut = textures(32)
        x, y, x_test, y_test = cut.x_train, cut.y_train, cut.x_test, cut.y_test
        wanted = [0, 1, 2]
    else:
        target = {"surfaces, small": "textures", "same digits": "the same digits"}.get(name, "other digits")
        x, y, x_test, y_test = second_task(target)
        shift = 5 if name == "other digits" else 0
        wanted = [0, 1, 2] if target == "textures" else [int(one) - shift for one in CLASSES[name]]
    rng = np.random.default_rng(0)
    pool = np.concatenate([rng.permutation(np.flatnonzero(y == c))[:POOL] for c in wanted])
    shown = np.concatenate([rng.permutation(np.flatnonzero(y_test == c))[:SHOWN] for c in wanted])
    return x[pool], x_test[shown]


def case(name: str) -> Case:
    """The pictures of one case through both bodies, and as they are."""
    pool, shown = pictures_of(name)
    pictures = np.concatenate([pool, shown])
    found = {"pixels": pictures.reshape(len(pictures), -1)}
    for body in ("trained", "random"):
        found[body] = through(name, body, pictures)
    ends = len(pool)
    return Case({b: f[:ends] for b, f in found.items()}, {b: f[ends:] for b, f in found.items()})


def through(name: str, body: str, pictures: Array) -> Array:
    """The features of pictures (N, H, W) behind one body."""
    rng = np.random.default_rng(0)
    if name != "surfaces, large":
        known = 5 if name == "other digits" else 10
        small = pretrained(known, 0) if body == "trained" else cnn.draw_parameters(SIDE, known, rng, CHANNELS, HIDDEN)
        return np.asarray(cnn.features(small, pictures), np.float64)
    from PIL import Image

    large = weights.efficientnet_lite0()
    if large is None:
        raise SystemExit(weights.HOW)
    if body == "random":
        large = efficientnet.draw_weights(large, rng)
    found = []
    for picture in pictures:
        grown = Image.fromarray((picture * 255).round().astype(np.uint8)).resize((96, 96), Image.Resampling.BILINEAR)
        colours = np.repeat(np.asarray(grown, np.float32)[None, None] / 255, 3, axis=1)
        found.append(efficientnet.features(large, colours)[0])
    return np.asarray(found, np.float64)


def directions(features: Array) -> Array:
    """Every row at length 1: the nearest is then the one at the smallest angle, and strong ink is no nearness."""
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True).clip(1e-9))


def principal(features: Array) -> tuple[Array, float]:
    """The first two principal components (N, 2), the largest number 1, and the share of the variance in them."""
    centred = features - features.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    places = left[:, :2] * sizes[:2]
    return places / np.abs(places).max(), float(np.sum(sizes[:2] ** 2) / np.sum(sizes**2))


def nearest(known: Array, labels: Integers, asked: Array) -> Integers:
    """The label of the nearest of the known for each asked one."""
    distances = np.sum(known**2, axis=1) - 2 * asked @ known.T  # (M, N), up to what all of a row share
    return np.asarray(labels[distances.argmin(axis=1)])


def labelled_rows(classes: int, draw: int) -> Integers:
    """(classes, POOL) places in the pool: the first columns of a row are the ones that get labels first."""
    rng = np.random.default_rng(draw)
    return np.array([POOL * c + rng.permutation(POOL) for c in range(classes)])


def record() -> dict[str, NDArray[Any]]:
    """For each case (4 classes at most; NaN or 255 where there are three) and body.

    places    (CASES, 2, 4 * SHOWN, 2)             trained and random: the shown pictures in the plane
    labelled  (CASES, 2, 4 * 20, 2)                those that get labels in the first draw, in turn of the classes
    share     (CASES, 2)                           of the variance that the plane holds
    answers   (CASES, 2, LABELS, 4 * SHOWN)        classes given in the first draw
    accuracy  (CASES, 3, LABELS, DRAWS)            with the pixels' too
    flat      (CASES, 2, LABELS)                   mean accuracy when the two components are all that is known
    """
    most = LABELS[-1]
    places = np.full((len(CASES), 2, 4 * SHOWN, 2), np.nan, np.float32)
    labelled = np.full((len(CASES), 2, 4 * most, 2), np.nan, np.float32)
    share = np.empty((len(CASES), 2), np.float32)
    answers = np.full((len(CASES), 2, len(LABELS), 4 * SHOWN), 255, np.uint8)
    accuracy = np.empty((len(CASES), 3, len(LABELS), DRAWS), np.float32)
    flat = np.empty((len(CASES), 2, len(LABELS)), np.float32)
    for k, name in enumerate(CASES):
        found, classes = case(name), len(CLASSES[name])
        truth = np.repeat(np.arange(classes), SHOWN)
        for b, body in enumerate(BODIES):
            known, asked = directions(found.pool[body]), directions(found.shown[body])
            plane, held = principal(np.concatenate([known, asked]))
            if b < 2:
                share[k, b] = round(held, 4)
                places[k, b, : classes * SHOWN] = np.round(plane[len(known) :], 3)
            two = np.empty((len(LABELS), DRAWS))
            for draw in range(DRAWS):
                order = labelled_rows(classes, draw)
                if draw == 0 and b < 2:
                    labelled[k, b, : classes * most] = np.round(plane[order[:, :most].T.ravel()], 3)
                for n, count in enumerate(LABELS):
                    rows, labels = order[:, :count].ravel(), np.repeat(np.arange(classes), count)
                    told = nearest(known[rows], labels, asked)
                    accuracy[k, b, n, draw] = np.round(np.mean(told == truth), 4)
                    two[n, draw] = np.mean(nearest(plane[rows], labels, plane[len(known) :]) == truth)
                    if draw == 0 and b < 2:
                        answers[k, b, n, : classes * SHOWN] = told
            if b < 2:
                flat[k, b] = np.round(two.mean(axis=1), 4)
            print(name, body, np.round(accuracy[k, b].mean(axis=1), 3), file=sys.stderr)
    return {"places": places, "labelled": labelled, "share": share, "answers": answers, "accuracy": accuracy,
            "flat": flat}  # fmt: skip


if __name__ == "__main__":
    np.savez_compressed(FILE, allow_pickle=False, **record())
