"""A network from its sizes: its units and their activations for one input, and its parameters by layer."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Bars, Choice, Explorer, Graph, Slider, StudentFunction

from .functions import SHOWN_INSTEAD, Array, function_named, largest_gap, softmax

__all__ = ["PRESETS", "Forward", "Network", "count_parameters", "network_builder", "network_state", "sizes_of"]

INPUTS = (2, 3, 4, 8, 64, 784)
WIDTHS = (2, 3, 4, 8, 32, 128)
HIDDEN_LAYERS = 5  # 0 to 4
OUTPUTS = (1, 2, 3, 10)
ACTIVATIONS = ("ReLU", "tanh", "sigmoid")
SLOTS = 10  # units drawn per layer; a larger layer shows its first four and last four, and dots between them
MOST_LAYERS = HIDDEN_LAYERS + 1  # with the input and the output
SEED = 3
PRESETS: dict[str, dict[str, object]] = {
    "logistic regression": {"inputs": 2, "hidden_layers": 0, "outputs": 1},
    "solves XOR": {"inputs": 2, "width": 2, "hidden_layers": 1, "outputs": 1, "activation": "ReLU"},
    "reads digits": {"inputs": 784, "width": 128, "hidden_layers": 2, "outputs": 10, "activation": "ReLU"},
}


def _all_edges() -> Array:
    """From and to of every edge that can be drawn: slot s of column k is node SLOTS * k + s."""
    left, start, end = np.meshgrid(np.arange(MOST_LAYERS - 1), np.arange(SLOTS), np.arange(SLOTS), indexing="ij")
    edges = np.stack([SLOTS * left + start, SLOTS * (left + 1) + end], axis=-1)
    return edges.reshape(-1, 2).astype(np.float64)


EDGES = _all_edges()


@dataclass(frozen=True)
class Network:
    """One network as a drawing, and its parameters as arithmetic."""

    nodes: Array  # (MOST_LAYERS * SLOTS, 2) places of the drawn units in the unit square; nan where there is none
    values: Array  # their activations, each layer divided by its largest size; a probability as it is
    texts: tuple[str, ...]  # the output layer's activations as percentages
    words: Array  # (2 * MOST_LAYERS, 2) places of the dots of each layer, then of each layer's name
    word_texts: tuple[str, ...]
    share: Array  # (MOST_LAYERS - 1,) of all parameters, in each layer after the input; nan where there is none
    arithmetic: tuple[str, ...]  # "784 × 128 + 128 = 100,480"
    says: str


@dataclass
class Forward:
    """The activations of random networks for one fixed input, by the student's function where there is one.

    Networks with the same beginning share their first layers, so each is computed once.
    """

    own: StudentFunction
    kept: dict[tuple[object, ...], Array] = field(default_factory=dict)

    def layer(self, place: int, fan_in: int, fan_out: int) -> tuple[Array, Array]:
        """Weight (fan_out, fan_in) and bias (fan_out,) of the layer at this place."""
        key = (place, fan_in, fan_out)
        if key not in self.kept:
            rng = np.random.default_rng((SEED, *key))
            self.kept[key] = rng.normal(0.0, np.sqrt(2 / fan_in), (fan_out, fan_in))
            self.kept[*key, "bias"] = rng.normal(0.0, 0.2, fan_out)
        return self.kept[key], self.kept[*key, "bias"]

    def input(self, size: int) -> Array:
        """The fixed input with this many features."""
        return np.random.default_rng((SEED, size)).normal(0.0, 1.0, size)

    def right(self, sizes: tuple[int, ...], activation: str, output: bool) -> Array:
        """The activations of the last of these layers, by the reference; `output` says that it is the output layer."""
        key = ("right", sizes, activation, output)
        if key not in self.kept:
            if len(sizes) == 1:
                self.kept[key] = self.input(sizes[0])
            else:
                weight, bias = self.layer(len(sizes) - 1, sizes[-2], sizes[-1])
                z = weight @ self.right(sizes[:-1], activation, False) + bias
                last = function_named("sigmoid").value if sizes[-1] == 1 else softmax
                self.kept[key] = last(z) if output else function_named(activation).value(z)
        return self.kept[key]

    def yours(self, sizes: tuple[int, ...], activation: str, output: bool) -> Array:
        """The same by the student's forward(x, layers, hidden, output).

        That function gives outputs only.  A hidden layer's activations come out of it too, when the layer is
        followed by one with ones on the diagonal and no output activation.
        """
        key = ("yours", sizes, activation, output)
        if key not in self.kept:
            layers = [self.layer(k, sizes[k - 1], sizes[k]) for k in range(1, len(sizes))]
            name = "sigmoid" if sizes[-1] == 1 else "softmax"
            if not output:
                layers.append((np.eye(sizes[-1]), np.zeros(sizes[-1])))
                name = "identity"
            x, hidden = self.input(sizes[0])[None, :], function_named(activation).key
            self.kept[key] = self.own(x, layers, hidden, name, shape=(1, sizes[-1]))[0]
        return self.kept[key]

    def activations(self, sizes: tuple[int, ...], activation: str) -> list[Array]:
        """The activations of every layer, the input first."""
        by = self.yours if self.own else self.right
        hidden = [by(sizes[:k], activation, False) for k in range(2, len(sizes))]
        return [self.input(sizes[0]), *hidden, by(sizes, activation, True)]


def sizes_of(inputs: int, width: int, hidden_layers: int, outputs: int) -> tuple[int, ...]:
    """Units per layer, the input first."""
    return (inputs, *[width] * hidden_layers, outputs)


def count_parameters(sizes: tuple[int, ...]) -> Array:
    """(layers, 2) weights and biases of every layer after the input: fan_in * fan_out and fan_out."""
    return np.array([[fan_in * fan_out, fan_out] for fan_in, fan_out in itertools.pairwise(sizes)])


def network_state(
    inputs: int, width: int, hidden_layers: int, outputs: int, activation: str, forward: Forward
) -> Network:
    """The network with these sizes as a drawing."""
    sizes = sizes_of(inputs, width, hidden_layers, outputs)
    layers = forward.activations(sizes, activation)
    nodes = np.full((MOST_LAYERS, SLOTS, 2), np.nan)
    values = np.full((MOST_LAYERS, SLOTS), np.nan)
    texts = [[""] * SLOTS for _ in range(MOST_LAYERS)]
    words = np.full((2, MOST_LAYERS, 2), np.nan)
    word_texts = [""] * (2 * MOST_LAYERS)
    for place, size in enumerate(sizes):
        x = 0.08 + 0.84 * place / (len(sizes) - 1)
        units, heights = drawn_units(size)
        nodes[place, : len(units), 0], nodes[place, : len(units), 1] = x, heights
        last = place == len(sizes) - 1
        largest = 1.0 if last else max(float(np.abs(layers[place]).max()), 1e-9)
        values[place, : len(units)] = np.round(layers[place][units] / largest, 2)
        if last:
            texts[place][: len(units)] = [f"{value:.0%}" for value in layers[place][units]]
        if size > SLOTS:
            words[0, place], word_texts[place] = (x, 0.55), "⋮"
        words[1, place], word_texts[MOST_LAYERS + place] = (x, 0.02), _written(place, size, last)
    share, arithmetic = _parameters(sizes)
    says = _says(sizes, activation) + _compare(layers[-1], forward.right(sizes, activation, True))
    flat_texts = tuple(text for column in texts for text in column)
    return Network(
        nodes.reshape(-1, 2), values.ravel(), flat_texts,
        words.reshape(-1, 2), tuple(word_texts), share, arithmetic, says,
    )  # fmt: skip


def drawn_units(size: int) -> tuple[NDArray[np.int64], Array]:
    """Which units of a layer are drawn, and at what height between 0 and 1."""
    if size <= SLOTS:
        units, slots = np.arange(size, dtype=np.int64), np.arange(size) + (SLOTS - size) / 2
    else:
        first = np.arange(4, dtype=np.int64)
        units = np.concatenate([first, size - 4 + first])
        slots = np.concatenate([first, SLOTS - 4 + first]).astype(np.float64)
    return units, 0.55 + 0.8 * ((SLOTS - 1) / 2 - slots) / (SLOTS - 1)


def _written(place: int, size: int, last: bool) -> str:
    """The layer's size under its column, short enough for six columns on a telephone."""
    return f"{size} in" if place == 0 else f"{size} out" if last else str(size)


def _parameters(sizes: tuple[int, ...]) -> tuple[Array, tuple[str, ...]]:
    """Each layer's share of all parameters, and its count as arithmetic, for MOST_LAYERS - 1 rows."""
    counts = count_parameters(sizes)
    share, arithmetic = np.full(MOST_LAYERS - 1, np.nan), [""] * (MOST_LAYERS - 1)
    share[: len(counts)] = counts.sum(axis=1) / counts.sum()
    for row, (weights, biases) in enumerate(counts):
        arithmetic[row] = f"{sizes[row]} × {sizes[row + 1]} + {biases} = {weights + biases:,}"
    return share, tuple(arithmetic)


def _says(sizes: tuple[int, ...], activation: str) -> str:
    """What the network is, how many numbers it learns, and where most of them are."""
    counts = count_parameters(sizes).sum(axis=1)
    hidden = len(sizes) - 2
    chain = " → ".join(str(size) for size in sizes)
    total = f"{int(counts.sum()):,} parameters"
    if hidden == 0:
        return f"{chain}: no hidden layer, {total}, and no bend, so every border it draws is straight."
    says = f"{chain}, {activation}: {total}"
    if hidden > 0 and len(counts) > 1:
        largest = int(np.argmax(counts))
        says += f"; layer {largest + 1} holds {counts[largest] / counts.sum():.0%} of them"
    ends = "one sigmoid for two classes" if sizes[-1] == 1 else f"a softmax over {sizes[-1]} classes"
    return f"{says}. At the end stands {ends}."


def _compare(yours: Array, right: Array) -> str:
    """A sentence where the student's output differs from the reference; nothing where they agree."""
    if np.isnan(yours).all():
        return ""
    worst = largest_gap(yours, right)
    if worst is None:
        return ""
    return f" Your forward gives {yours[worst]:.3g} at output {worst + 1} where {right[worst]:.3g} is right."


def network_builder(forward: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 1.7: sizes become a drawn network and a count of its parameters.

    forward    the student's own forward(x, layers, hidden, output): the colours are its activations
    """
    own = StudentFunction(forward, getattr(forward, "__name__", "forward"))
    computed = Forward(own)
    if own:
        computed.yours((2, 2, 1), ACTIVATIONS[0], output=True)
        if own.trouble:
            own.trouble += SHOWN_INSTEAD
            computed = Forward(StudentFunction(None, own.name))

    def model(inputs: int, width: int, hidden_layers: int, outputs: int, activation: str) -> Network:
        return network_state(inputs, width, hidden_layers, outputs, activation, computed)

    return Explorer(
        model,
        view=[
            Graph(
                "nodes", EDGES, values="values", limits=(-1, 1), texts="texts", notes="words", note_texts="word_texts",
                title="Activations for one input (colourless: 0)", radius=14, height=400,
            ),
            Bars(
                "share", limits=(0, 1), names="arithmetic", numbers=".0%", upright=False,
                title="Parameters by layer: weights + biases",
            ),
        ],
        inputs=Slider(values=INPUTS, start=4, label="inputs", format="d"),
        hidden_layers=Slider(0, HIDDEN_LAYERS - 1, HIDDEN_LAYERS, start=2, label="hidden layers", format="d"),
        width=Slider(values=WIDTHS, start=8, label="units in each", format="d"),
        outputs=Slider(values=OUTPUTS, start=3, label="outputs", format="d"),
        activation=Choice(*ACTIVATIONS),
        notice=own,
        presets=PRESETS,
        coarse=["nodes", "words", "values", "share"],
    )  # fmt: skip
