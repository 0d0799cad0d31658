"""A trained network from the inside: its filters, what each of them answers to a picture, and what it is good for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.data import digits
from course.widgets.kit import Bars, Choice, Explorer, Images, Mechanism, Slider, written

from .layers import Array, forward
from .record_digits_cnn import FILE, layers_of

__all__ = ["Inside", "Network", "feature_maps", "inside_state", "recorded_network"]

PER_DIGIT, HARDEST = 3, 3
Layers = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Network:
    """The layers, where in them the two convolutions answer, and what each filter is worth on the test pictures."""

    layers: Layers
    shown: tuple[int, int]  # the layers whose outputs are shown: the ReLUs after the first two convolutions
    filters: tuple[int, int]  # how many each has
    pictures: Array  # (P, 8, 8) three of each digit, then those that the network is least sure of
    labels: NDArray[np.int64]
    wrong: int  # test pictures that it gets wrong
    without: Array  # the same without filter 1, 2, ...; first those of layer 1, then those of layer 2

    def place(self, off: int) -> tuple[int, int] | None:
        """The convolution, 0 or 1, and the channel that a value of the control `off` stands for."""
        first = self.filters[0]
        return None if off == 0 else (0, off - 1) if off <= first else (1, off - 1 - first)


@dataclass(frozen=True)
class Inside:
    """One picture in the network, with one filter switched off or none."""

    picture: Array
    filters: Array  # (F1, 3, 3)
    first: Array  # (F1, H, W) what layer 1 answers
    first_names: tuple[str, ...]
    second: Array  # (F2, H, W)
    second_names: tuple[str, ...]
    logits: Array  # less their mean, which softmax does not see
    whole: Array  # the same with all filters
    answer: float
    without: Array
    off: float  # the switched-off filter's place in `without`; NaN for none
    says: str


@cache
def recorded_network() -> Layers:
    """The network that record_digits_cnn.py trained."""
    with np.load(FILE) as stored:
        return layers_of({name: stored[name].astype(np.float64) for name in stored.files})


def outputs_without(x: Array, layers: Layers, shown: Sequence[int], off: tuple[int, int] | None) -> list[Array]:
    """The outputs of every layer when one filter's answer is set to 0 everywhere."""
    if off is None:
        return forward(x, layers)
    outputs = forward(x, layers[: shown[off[0]] + 1])
    outputs[-1] = outputs[-1].copy()
    outputs[-1][:, off[1]] = 0
    return outputs + forward(outputs[-1], layers[len(outputs) :])


def opened(layers: Layers) -> Network:
    """What the widget needs to know of a network; raises ValueError for one that it cannot show."""
    kinds = [layer[0] for layer in layers]
    convolutions = [place for place, kind in enumerate(kinds) if kind == "conv"]
    if len(convolutions) < 2 or any(kinds[place + 1 : place + 2] != ["relu"] for place in convolutions[:2]):
        raise ValueError("this widget shows networks with two convolutions, each followed by a ReLU")
    shown = (convolutions[0] + 1, convolutions[1] + 1)
    data = digits()
    x, labels = data.x_test.reshape(-1, 1, 8, 8), data.y_test
    outputs = forward(x, layers)
    logits = outputs[-1]
    if logits.shape != (len(x), 10) or not np.isfinite(logits).all():
        raise ValueError(f"its last layer gave {logits.shape}; expected ({len(x)}, 10) finite numbers")
    filters = (outputs[shown[0]].shape[1], outputs[shown[1]].shape[1])
    without = []
    for which in (0, 1):
        after = layers[shown[which] + 1 :]
        for channel in range(filters[which]):
            maps = outputs[shown[which]].copy()
            maps[:, channel] = 0
            without.append(float(np.sum(forward(maps, after)[-1].argmax(axis=1) != labels)))
    ordered = np.sort(logits, axis=1)
    lead = logits[np.arange(len(x)), labels] - np.where(logits.argmax(axis=1) == labels, ordered[:, -2], ordered[:, -1])
    chosen = [place for digit in range(10) for place in np.flatnonzero(labels == digit)[:PER_DIGIT]]
    hardest = [place for place in np.argsort(lead) if place not in chosen][:HARDEST]
    rows = np.array(chosen + hardest)
    wrong = int(np.sum(logits.argmax(axis=1) != labels))
    return Network(layers, shown, filters, x[rows, 0], labels[rows], wrong, np.array(without))


def inside_state(network: Network, picture: int, off: int) -> Inside:
    """Picture number 1, 2, ... and the switched-off filter: 0 none, then those of layer 1, then those of layer 2."""
    x = network.pictures[picture - 1][None, None]
    place = network.place(off)
    whole = forward(x, network.layers)[-1][0]
    outputs = outputs_without(x, network.layers, network.shown, place)
    logits = outputs[-1][0]
    names = [
        tuple("off" if place == (which, k) else str(k + 1) for k in range(network.filters[which])) for which in (0, 1)
    ]
    return Inside(
        picture=network.pictures[picture - 1],
        filters=network.layers[network.shown[0] - 1][1][:, 0],
        first=outputs[network.shown[0]][0],
        first_names=names[0],
        second=outputs[network.shown[1]][0],
        second_names=names[1],
        logits=logits - logits.mean(),
        whole=whole - whole.mean(),
        answer=float(logits.argmax()),
        without=network.without,
        off=off - 1.0 if off else np.nan,
        says=_says(network, int(network.labels[picture - 1]), whole, logits, off),
    )


def _says(network: Network, label: int, whole: Array, logits: Array, off: int) -> str:
    answer, before = int(logits.argmax()), int(whole.argmax())
    lead = written(float(np.sort(logits)[-1] - np.sort(logits)[-2]), ".1f")
    place = network.place(off)
    if place is None:
        says = f"A {label}: the network says {answer}, {lead} ahead of the next digit. "
        if answer != label:
            says = f"A {label}, and the network says {answer}: it is wrong here. "
        return says + f"Of the 360 test pictures it gets {network.wrong} wrong."
    says = f"Without filter {place[1] + 1} of layer {place[0] + 1} the network says {answer}, {lead} ahead"
    says += f", where it said {before} with all filters. " if answer != before else ", as with all filters. "
    without = int(network.without[off - 1])
    return says + f"Of the 360 test pictures {network.wrong} are wrong with it, {without} without."


def _presets(network: Network) -> dict[str, dict[str, object]]:
    """Places worth seeing in this network."""
    whole = forward(network.pictures[:, None], network.layers)[-1].argmax(axis=1)
    three = 3 * PER_DIGIT + 1
    costly = int(np.argmax(network.without)) + 1
    spare = int(np.argmin(network.without)) + 1
    fooled = outputs_without(network.pictures[:, None], network.layers, network.shown, network.place(costly))[-1]
    changed = np.flatnonzero((fooled.argmax(axis=1) != whole) & (whole == network.labels))
    return {
        "a three": {"picture": three, "off": 0},
        "the costliest filter off": {"picture": int(changed[0]) + 1 if changed.size else three, "off": costly},
        "a filter to spare off": {"picture": three, "off": spare},
        "the hardest picture": {"picture": len(network.pictures) - HARDEST + 1, "off": 0},
    }


def _page_data(network: Network) -> dict[str, Any]:
    """The network as the page's script takes it."""
    names = {"conv": ("weight", "bias", "stride", "padding"), "max_pool": ("size", "stride"),
             "linear": ("weight", "bias")}  # fmt: skip
    layers: dict[str, Mapping[str, Any]] = {}
    for place, (kind, *settings) in enumerate(network.layers):
        layers[str(place)] = {"kind": kind} | dict(zip(names.get(kind, ()), settings, strict=False))
    return {
        "layers": layers,
        "shown": list(network.shown),
        "pictures": network.pictures,
        "labels": network.labels.astype(float),
        "filters": np.ascontiguousarray(network.layers[network.shown[0] - 1][1][:, 0]),
        "wrong": network.wrong,
        "without": network.without,
    }


def feature_maps(network: Layers | None = None) -> Explorer:
    """Widget of section 4.8: what each filter of a network for 8 x 8 digits answers, and the logits without one.

    network  layers as cnn_forward takes them, with two convolutions; a recorded one when left out
    """
    notice = ""
    try:
        own = opened(recorded_network() if network is None else _as_arrays(network))
    except Exception as error:
        notice = (
            f"Your network cannot be shown: {str(error).strip().splitlines()[0] if str(error).strip() else error!r}."
        )
        notice += " You see a recorded one."
        own = opened(recorded_network())
    x = own.pictures[:, None]
    outputs = forward(x, own.layers)
    tops = [float(np.ceil(np.quantile(outputs[place], 0.995) * 10) / 10) or 1.0 for place in own.shown]
    logits = outputs[-1] - outputs[-1].mean(axis=1, keepdims=True)
    reach = float(np.ceil(np.abs(logits).max() / 5) * 5) or 5.0
    filters = own.layers[own.shown[0] - 1][1][:, 0]
    size = float(np.ceil(np.abs(filters).max() * 10) / 10) or 1.0
    options = {"none": 0}
    for off in range(1, sum(own.filters) + 1):
        place = own.place(off)
        assert place is not None
        options[f"layer {place[0] + 1}, filter {place[1] + 1}"] = off
    most = 5 * float(np.ceil((own.without.max() + 2) / 5))

    def model(picture: int, off: int) -> Inside:
        return inside_state(own, picture, off)

    return Explorer(
        model,
        view=[
            Images("picture", limits=(0, 1), size=232, title="The picture"),
            Bars("logits", limits=(-reach, reach), names=tuple("0123456789"), numbers=".1f", ghost="whole",
                 highlight="answer", title="Logits, less their mean (dashed: with all filters)", height=240),
            Images("filters", limits=(-size, size), names="first_names", across=8, size=88, wide=True,
                   title="The filters of layer 1 (vermilion positive, blue negative)"),
            Images("first", limits=(0, tops[0]), names="first_names", across=8, size=88, wide=True, pick="off",
                   pick_from=1, title="What they answer, after ReLU (click on one to switch it off)"),
            Images("second", limits=(0, tops[1]), names="second_names", across=8, size=88, wide=True, pick="off",
                   pick_from=1 + own.filters[0], title="What the filters of layer 2 answer to these"),
            Bars("without", limits=(0, most), numbers="d", wide=True, height=170, highlight="off",
                 names=[str(k + 1) for count in own.filters for k in range(count)],
                 title=f"Wrong test pictures without one filter: first layer 1, then layer 2 (with all: {own.wrong})"),
        ],
        picture=Slider(1, len(own.pictures), len(own.pictures), start=3 * PER_DIGIT + 1, format="d"),
        off=Choice(options=options, label="filter switched off"),
        mechanism=Mechanism([Path(__file__).with_suffix(".js")], data=_page_data(own)),
        notice=notice,
        presets=_presets(own),
    )  # fmt: skip


def _as_arrays(layers: Layers) -> Layers:
    """The student's layers with float64 arrays, so that a later change of theirs does not reach the widget."""
    return [
        tuple(np.array(part, dtype=np.float64) if isinstance(part, np.ndarray) else part for part in layer)
        for layer in layers
    ]
