"""What the memory of a trained character LSTM follows: letters of first names coloured by one cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.data import first_names
from course.widgets.ch05_lstm.cells import draw_lstm, lstm_forward
from course.widgets.kit import Choice, Curve, Dot, Explorer, Guide, Heat, Slider

__all__ = [
    "MEANINGS",
    "NAMES",
    "Cell",
    "Search",
    "best_units",
    "cell_memory",
    "cell_state",
    "recorded",
    "searched",
    "untrained",
]

Array = NDArray[np.float64]
SYMBOLS = ".abcdefghijklmnopqrstuvwxyz"  # the full stop begins and ends a name
SAMPLE = 600  # names in which units are searched for meanings
LONGEST = 9
PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

NAMES: dict[str, tuple[str, ...]] = {
    "of all lengths": ("al", "amy", "emma", "clara", "joshua", "william", "benjamin", "alexander"),
    "full of vowels": ("mia", "naomi", "louie", "isaiah", "eloise", "aurelia", "eugenia", "aaliyah"),
    "full of consonants": ("lynn", "scott", "frank", "kristy", "martha", "bertha", "gwyneth", "sylvester"),
    "that end alike": ("anna", "hanna", "joanna", "susanna", "maria", "mario", "marion", "marian"),
}

MEANINGS: dict[str, str] = {
    "the place in the name": "it counts",
    "vowels": "vowels",
    "letters after a vowel": "after a vowel",
    "consonants after a consonant": "two consonants",
    "an l came by": "an l came by",
    "the last letter": "the end, in vain",
}
"""What a unit may follow -> the preset that shows the unit that follows it most closely."""


@dataclass(frozen=True)
class Cell:
    """One unit of the network over eight names, and one meaning over all units."""

    values: Array  # (8, LONGEST) the memory in parts of the unit's largest; NaN behind a name's end
    letters: tuple[str, ...]
    boxes: Array  # (n, 4) around the letters that the meaning is about
    found: Array  # (H,) the correlation of each unit with the meaning
    before: Array  # (2,) plus and minus the closest unit's before training
    at: float
    here: float
    says: str


Network = Mapping[str, Any]


@cache
def recorded() -> dict[str, Array]:
    """The course's own network: an LSTM of 64 units, trained once by train_letters.py in this folder."""
    with np.load(Path(__file__).with_name("letters.npz")) as stored:
        return {name: np.asarray(stored[name], dtype=np.float64) for name in stored.files}


def memories(network: Network, names: Sequence[str]) -> list[Array]:
    """The memory c after each letter of each name: a list of (letters, H)."""
    longest = max(len(name) for name in names)
    tokens = np.zeros((len(names), longest + 1), dtype=np.int64)
    for row, name in enumerate(names):
        tokens[row, 1 : len(name) + 1] = [SYMBOLS.index(letter) for letter in name]
    parameters = [np.asarray(network[key], dtype=float) for key in PARAMETERS]
    zeros = np.zeros((len(names), parameters[1].shape[1]))
    cs = lstm_forward(np.eye(len(SYMBOLS))[tokens], zeros, zeros, *parameters)[1]
    return [cs[row, 1 : len(name) + 1] for row, name in enumerate(names)]


@cache
def _sample() -> tuple[str, ...]:
    names = first_names()
    return tuple(names[k] for k in np.random.default_rng(1).permutation(len(names))[:SAMPLE])


def _meanings(name: str) -> Array:
    """What each letter of a name is: one column for each of MEANINGS."""
    vowel = np.array([letter in "aeiouy" for letter in name])
    before = np.append(False, vowel[:-1])
    place = np.arange(1, len(name) + 1)
    passed = np.cumsum([letter == "l" for letter in name]) > 0
    return np.column_stack(
        [place, vowel, before, ~vowel & ~before & (place > 1), passed, place == len(name)]
    ).astype(float)  # fmt: skip


@dataclass(frozen=True)
class Search:
    """Each unit against each meaning over all letters of SAMPLE names."""

    r: Array  # (H, meanings) correlations
    slopes: Array  # (H, meanings) change of the memory for one more place, or where the meaning holds
    scale: Array  # (H,) nearly the largest size of each unit's memory


def searched(network: Network) -> Search:
    """Correlations of the memory with the meanings; for all but the place, among letters at the same place."""
    names = _sample()
    c, told = np.concatenate(memories(network, names)), np.concatenate([_meanings(name) for name in names])
    place = np.eye(int(told[:, 0].max()) + 1)[told[:, 0].astype(int)]

    def at_equal_place(values: Array) -> Array:
        return np.asarray(values - place @ ((place.T @ values) / np.maximum(place.sum(axis=0), 1)[:, None]))

    rest_c, rest = at_equal_place(c), at_equal_place(told)
    scale = np.maximum(np.quantile(np.abs(c), 0.99, axis=0), 1e-9)
    c, count = c - c.mean(axis=0), told[:, 0] - told[:, 0].mean()
    spread, wide = np.maximum(rest_c.std(axis=0), 1e-12), np.maximum(rest.std(axis=0), 1e-12)
    r = rest_c.T @ rest / len(c) / spread[:, None] / wide
    slopes = r * spread[:, None] / wide
    r[:, 0] = c.T @ count / len(c) / np.maximum(c.std(axis=0), 1e-12) / count.std()
    slopes[:, 0] = r[:, 0] * c.std(axis=0) / count.std()
    return Search(r, slopes, scale)


@cache
def untrained(units: int) -> Array:
    """Size of the closest unit's correlation with each meaning in networks that have learned nothing: mean of three."""
    found = []
    for seed in range(3):
        drawn = draw_lstm(len(SYMBOLS), units, 1.0, np.random.default_rng(seed))
        found.append(np.abs(searched(dict(zip(PARAMETERS, drawn, strict=True))).r).max(axis=0))
    return np.asarray(np.mean(found, axis=0))


def best_units(search: Search) -> dict[str, int]:
    """Meaning -> the unit that follows it most closely."""
    return {meaning: int(np.abs(search.r[:, k]).argmax()) for k, meaning in enumerate(MEANINGS)}


def cell_state(unit: int, meaning: str, names: str, network: Network | None = None) -> Cell:
    """One unit of a network over one of the lists of names."""
    chosen = recorded() if network is None else network
    return _cell(unit, meaning, names, memories(chosen, NAMES[names]), searched(chosen))


def _cell(unit: int, meaning: str, names: str, cs: Sequence[Array], search: Search) -> Cell:
    values = np.full((len(cs), LONGEST), np.nan)
    which = list(MEANINGS).index(meaning)
    for row, c in enumerate(cs):
        values[row, : len(c)] = c[:, unit] / search.scale[unit]
    return Cell(
        values=values,
        letters=tuple(name[k] if k < len(name) else "" for name in NAMES[names] for k in range(LONGEST)),
        boxes=_boxes(which, names),
        found=search.r[:, which],
        before=untrained(len(search.r))[which] * np.array([1.0, -1.0]),
        at=float(unit),
        here=float(search.r[unit, which]),
        says=_says(unit, meaning, search),
    )


@cache
def _boxes(which: int, names: str) -> Array:
    """Row, column, height and width around each letter of which a meaning holds; nothing around a place."""
    if not which:
        return np.full((1, 4), np.nan)
    held = np.zeros((len(NAMES[names]), LONGEST), dtype=bool)
    for row, name in enumerate(NAMES[names]):
        held[row, : len(name)] = _meanings(name)[:, which]
    places = np.argwhere(held).astype(float)
    return np.concatenate([places, np.ones_like(places)], axis=1)


def _says(unit: int, meaning: str, search: Search) -> str:
    which = list(MEANINGS).index(meaning)
    r, slope = float(search.r[unit, which]), float(search.slopes[unit, which])
    closest = best_units(search)[meaning]
    says = f"Cell {unit} and “{meaning}”: correlation {r:z.2f}"
    if abs(r) >= 0.3:
        up = slope > 0
        if which == 0:
            says += f"; with each letter its memory {'rises' if up else 'falls'} by about {abs(slope):.2f}"
        else:
            says += f"; there its memory is about {abs(slope):.2f} {'higher' if up else 'lower'}"
    if unit != closest:
        return f"{says}. Cell {closest} comes closest, with {search.r[closest, which]:.2f}."
    if meaning == "the last letter":
        return f"{says}, and no cell comes closer: nobody knows the last letter before the full stop is read."
    before = float(untrained(len(search.r))[which])
    if abs(r) < before + 0.1:
        return f"{says}. No cell comes closer, but before training one has {before:.2f} already: no sign of learning."
    return f"{says}. No cell comes closer, and before training the closest has {before:.2f}: this was learned."


def _trouble(network: Network) -> str:
    """One line where the network cannot be read, "" where it can."""
    try:
        shapes = {name: np.shape(network[name]) for name in PARAMETERS}
        units = shapes["weight_hh"][1]
    except (KeyError, TypeError, IndexError):
        return f"Your network needs the arrays {', '.join(PARAMETERS)}; you see the recorded one."
    wanted = dict(
        zip(PARAMETERS, ((4 * units, len(SYMBOLS)), (4 * units, units), (4 * units,), (4 * units,)), strict=True)
    )
    for name in PARAMETERS:
        if shapes[name] != wanted[name]:
            return f"Your network's {name} has shape {shapes[name]}; expected {wanted[name]}. You see the recorded one."
    if not all(np.isfinite(np.asarray(network[name], dtype=float)).all() for name in PARAMETERS):
        return "Your network holds NaN or infinity; you see the recorded one."
    return ""


def cell_memory(network: Network | None = None) -> Explorer:
    """Widget of section 5.8: first names, each letter coloured by the memory of one cell after it was read.

    network  a trained character LSTM over "." and a to z: weight_ih (4H, 27), weight_hh (4H, H), bias_ih and bias_hh.
             The presets find their cells in it by correlation
    """
    notice = "" if network is None else _trouble(network)
    chosen = recorded() if network is None or notice else network
    search = searched(chosen)
    cs = {names: memories(chosen, NAMES[names]) for names in NAMES}
    best = best_units(search)
    first, count = next(iter(NAMES)), len(search.r)
    return Explorer(
        lambda meaning, unit, names: _cell(unit, meaning, names, cs[names], search),
        view=[
            Heat(
                "values", limits=(-1.0, 1.0), texts="letters", boxes="boxes",
                title="Its memory after each letter: blue below 0",
            ),
            Curve(
                Guide(y="before"),
                Dot(np.arange(float(count)), "found", size=3.5),
                Dot("at", "here", colour="vermilion", size=7),
                x=(-1, count), y=(-1, 1), drag="unit", x_name="cell",
                title="Every cell's correlation; dashed: the best untrained",
            ),
        ],
        meaning=Choice(*MEANINGS, label="look for"),
        unit=Slider(0, count - 1, count, start=best[next(iter(MEANINGS))], label="cell"),
        names=Choice(*NAMES, label="names"),
        coarse=("values",),
        notice=notice,
        presets={
            MEANINGS[meaning]: {"meaning": meaning, "unit": unit, "names": first} for meaning, unit in best.items()
        },
    )  # fmt: skip
