"""Sinusoidal positions: the encodings, their dot products over the distance, and a sentence in another order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from course.widgets.kit import (
    Choice,
    Curve,
    Dot,
    Explorer,
    Field,
    Guide,
    Heat,
    Line,
    Mechanism,
    Slider,
    StudentFunction,
    Toggle,
    written,
)

from .attention import SHOWN_INSTEAD, Array, attention, short

__all__ = [
    "ORDERS",
    "PRESETS",
    "SIZES",
    "Positions",
    "encoding",
    "outputs",
    "positions",
    "positions_state",
    "verdict",
]

LENGTH = 64
SIZES = (4, 8, 16, 32, 64)
WORDS = ("dog", "bites", "man")
ORDERS = ("man bites dog", "bites man dog")
STARTS = tuple(range(0, LENGTH, 9))  # positions whose dot products are drawn over the distance
HEADS = ("", "usual", "", "", "", "other", "")
FEATURES = 3  # of each output that are shown
PLACES: Array = np.arange(float(LENGTH))
ENDS = (-0.5, LENGTH - 0.5)

_SAME: dict[str, object] = {"d_model": 32, "first": 20, "second": 25, "add": True, "order": ORDERS[0]}
PRESETS: dict[str, dict[str, object]] = {
    "five apart": _SAME,
    "five apart elsewhere": _SAME | {"first": 40, "second": 45},
    "far apart": _SAME | {"first": 4, "second": 60},
    "four features: far looks near": _SAME | {"d_model": 4, "first": 10, "second": 54},
    "a bag of words": _SAME | {"add": False},
}


@dataclass(frozen=True)
class Positions:
    """The encodings, two positions in them, and three words in two orders."""

    encoding: Array  # (d_model, LENGTH)
    dots: Array  # (LENGTH,) dot products with the first position; 1 is that with itself, d_model / 2
    right_dots: Array  # (LENGTH,) with the course's own encodings where the student's differ, NaN elsewhere
    at_first: float
    at_second: float
    dot: float
    apart: float
    distances: Array  # (8, LENGTH) of all positions from eight of them
    spread: Array  # (8, LENGTH) their dot products
    words: Array  # (3, 7) outputs in both orders, a gap between
    word_texts: tuple[str, ...]
    heads: tuple[str, ...]
    says: str


def encoding(length: int, d_model: int) -> Array:
    """The course's own sinusoidal_positional_encoding."""
    angle = np.arange(length)[:, None] / 10000.0 ** (np.arange(0, d_model, 2) / d_model)
    return np.asarray(np.stack([np.sin(angle), np.cos(angle)], axis=2).reshape(length, d_model))


def over_distance(d_model: int) -> Array:
    """(LENGTH,) what the dot product of right encodings is at each distance, 1 at distance 0."""
    angle = PLACES[:, None] / 10000.0 ** (np.arange(0, d_model, 2) / d_model)
    return np.asarray(np.cos(angle).mean(axis=1))


@cache
def embeddings() -> Array:
    """A vector of 64 features for each of the three words."""
    return np.random.default_rng(4).normal(0, 0.6, (len(WORDS), SIZES[-1]))


def outputs(encodings: Array, add: bool, order: str) -> Array:
    """(3, d_model) what self-attention gives for dog, bites and man, when they stand in this order."""
    d_model = encodings.shape[1]
    places = [WORDS.index(word) for word in order.split()]
    x = embeddings()[places, :d_model]
    if add:
        x = x + encodings[: len(WORDS)]
    y = np.empty_like(x)
    y[places] = attention(x, x, x)
    return y


def both_orders(encodings: Array, add: bool, order: str) -> Array:
    """(3, 7) the first features of the outputs in the usual order, a gap, and those in the other order."""
    pair = [outputs(encodings, add, one)[:, :FEATURES] for one in (" ".join(WORDS), order)]
    return np.concatenate([pair[0], np.full((len(WORDS), 1), np.nan), pair[1]], axis=1)


def apart_by(encodings: Array, add: bool, order: str) -> float:
    """The largest difference of an output between the two orders."""
    return float(np.abs(outputs(encodings, add, " ".join(WORDS)) - outputs(encodings, add, order)).max())


def verdict(found: Array) -> str:
    """What is wrong with these encodings; nothing where they are right."""
    right = encoding(*found.shape)
    if np.allclose(found, right, atol=1e-6):
        return ""
    place, feature = (int(one) for one in np.argwhere(~np.isclose(found, right, atol=1e-6))[0])
    return (
        f" Your encoding of position {place} has {short(found[place, feature])} at feature {feature} where "
        f"{short(right[place, feature])} is right."
    )


def positions_state(
    d_model: int, first: int, second: int, add: bool, order: str, found: Array | None = None
) -> Positions:
    """Two positions and two orders; found: the student's encodings (64, d_model)."""
    here = encoding(LENGTH, d_model) if found is None else found
    products = here @ here.T / (d_model / 2)
    words = both_orders(here, add, order)
    wrong = verdict(here)
    return Positions(
        encoding=here.T,
        dots=products[first],
        right_dots=over_distance(d_model)[np.abs(np.arange(LENGTH) - first)] if wrong else np.full(LENGTH, np.nan),
        at_first=float(first),
        at_second=float(second),
        dot=float(products[first, second]),
        apart=float(abs(first - second)),
        distances=np.abs(np.array(STARTS)[:, None] - PLACES),
        spread=products[list(STARTS)],
        words=words,
        word_texts=tuple("" if np.isnan(value) else written(value, ".2f") for value in words.flat),
        heads=HEADS,
        says=_says(d_model, first, second, add, order, products, apart_by(here, add, order)) + wrong,
    )


def _says(d_model: int, first: int, second: int, add: bool, order: str, products: Array, moved: float) -> str:
    apart = abs(first - second)
    half = d_model // 2
    dot = written(products[first, second] * half, ".2f")
    text = f"Positions {first} and {second} are {apart} apart, their dot product is {dot} of {half}. "
    line = np.diagonal(products, apart) * half
    low, high = float(line.min()), float(line.max())
    if high - low < 1e-6:
        if len(line) > 1:
            text += f"The same holds for all {len(line)} pairs that are {apart} apart. "
    else:
        text += f"Of pairs that are {apart} apart it goes from {written(low, '.2f')} to {written(high, '.2f')}. "
    if add:
        return text + f"With positions added, “{order}” gives every word another output, by up to {moved:.2f}."
    return text + f"Without positions, “{order}” gives each word the output that it had: attention sees no order."


def positions(sinusoidal_positional_encoding: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 6.5: a heat map of positions, dot products over the distance, and words in another order.

    sinusoidal_positional_encoding  the student's own is drawn, and added to the words
    """
    own = StudentFunction(sinusoidal_positional_encoding, "sinusoidal_positional_encoding")
    right = {d: encoding(LENGTH, d) for d in SIZES}
    found = {d: own(LENGTH, d, shape=(LENGTH, d)) for d in SIZES} if own else right
    if own.trouble:
        own.trouble += SHOWN_INSTEAD
        found = right

    def model(d_model: int, first: int, second: int, add: bool, order: str) -> Positions:
        return positions_state(d_model, first, second, add, order, found[d_model])

    settings = [(d, add, order) for d in SIZES for add in (False, True) for order in ORDERS]
    return Explorer(
        model,
        view=[
            Curve(
                Field("encoding", limits=(-1, 1)),
                Guide(x="at_first", label="first"),
                Guide(x="at_second", colour="vermilion"),
                x=ENDS, y=(0, 1), y_at=(), x_at=(), drag="second", height=220, wide=True,
                title="The encodings: positions to the right, features upwards, sine and cosine in turn",
            ),
            Curve(
                Guide(x="at_first"),
                Guide(x="at_second", colour="vermilion"),
                *([Line(PLACES, "right_dots", style="ghost", label="ours")] if own and not own.trouble else []),
                Line(PLACES, "dots", colour="blue"),
                Dot("at_second", "dot", label="second", colour="vermilion", size=6),
                x=ENDS, y=(-0.1, 1.08), y_at=(0, 0.5, 1), x_name="position", drag="second", height=210, wide=True,
                title="Dot product of the first with every position (1: with itself)",
            ),
            Curve(
                Dot("distances", "spread", colour="blue", size=2.5),
                Dot("apart", "dot", label="this pair", colour="vermilion", size=6),
                x=ENDS, y=(-0.1, 1.08), y_at=(0, 0.5, 1), x_name="distance", height=240,
                title="The same over the distance, from eight positions",
            ),
            Heat("words", limits=(-2, 2), rows=WORDS, columns="heads", texts="word_texts",
                 title="Three numbers of each word’s output, in both orders"),
        ],
        d_model=Slider(values=SIZES, start=32, label="features d"),
        first=Slider(0, LENGTH - 1, LENGTH, start=20, label="first position"),
        second=Slider(0, LENGTH - 1, LENGTH, start=25, label="second position"),
        add=Toggle(start=True, label="add positions to the words"),
        order=Choice(*ORDERS, label="other order"),
        mechanism=Mechanism(
            [Path(__file__).with_suffix(".js")],
            data={
                "encodings": {str(d): found[d] for d in SIZES},
                "starts": list(STARTS),
                "words": {f"{d} {int(a)} {o}": both_orders(found[d], a, o) for d, a, o in settings},
                "moved": {f"{d} {int(a)} {o}": apart_by(found[d], a, o) for d, a, o in settings},
                "verdicts": {str(d): verdict(found[d]) for d in SIZES},
                "right": {str(d): over_distance(d) if verdict(found[d]) else None for d in SIZES},
                "heads": list(HEADS),
            },
        ),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
