"""A signal through many layers: how the spread of the activations grows or dies with the initial scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course.widgets.kit import (
    Choice,
    Curve,
    Dot,
    Explorer,
    Guide,
    Histogram,
    Label,
    Line,
    Slider,
    StudentFunction,
)  # fmt: skip

from .functions import FLAT, Array, Function, function_named

__all__ = ["DEPTH", "PRESETS", "WIDTH", "Signal", "Spread", "run_signal", "signal_state"]

WIDTH = 512
DEPTH = 50
EXAMPLES = 16
SEED = 0
LAYER_NUMBERS: Array = np.arange(DEPTH + 1.0)
EDGES: Array = np.linspace(-3.0, 3.0, 41)
FLOAT32_LARGEST = 3.4e38
FLOAT32_SMALLEST = 1.2e-38
ACTIVATIONS = ("ReLU", "tanh", "sigmoid")
SCALES: dict[str, float] = {
    "0.01": 0.01,
    "1/√n": float(np.sqrt(1 / WIDTH)),
    "He: √(2/n)": float(np.sqrt(2 / WIDTH)),
    "1": 1.0,
}
PRESETS: dict[str, dict[str, object]] = {
    "it dies": {"start": "0.01", "activation": "ReLU", "depth": 20},
    "it lives": {"start": "He: √(2/n)", "activation": "ReLU", "depth": 20},
    "loud, but deaf": {"start": "1/√n", "activation": "sigmoid", "depth": 20},
}


@dataclass(frozen=True)
class Signal:
    """One run through all layers; entry 0 is the input, entry k the activations after layer k."""

    spread: Array  # (DEPTH + 1,) standard deviation of all activations of a layer
    between: Array  # (DEPTH + 1,) the part of it that differs from one input to the next; NaN below rounding
    zeros: Array  # (DEPTH + 1,) share of activations that are exactly 0
    flat: Array  # (DEPTH + 1,) share of units whose slope is below FLAT; 0 for the input
    counts: Array  # (DEPTH + 1, bins) share of activations per bin; what lies outside is in the outermost bins


@dataclass(frozen=True)
class Spread:
    """The picture for one depth: a prefix of the run, and the last layer's histogram."""

    spread: Array  # (DEPTH + 1,) nan behind `depth`
    between: Array
    others: Array  # (scales, DEPTH + 1) the spreads of all scales, for comparison
    name_x: Array  # where the names of the scales stand beside their lines
    name_y: Array
    names: tuple[str, ...]
    last_layer: float
    last_spread: float
    counts: Array
    says: str


def draw_weights() -> Array:
    """Standard normal weights for every layer, (DEPTH, WIDTH, WIDTH): one draw that all initial scales share."""
    return np.random.default_rng(SEED).standard_normal((DEPTH, WIDTH, WIDTH))


def student_weights(init: StudentFunction) -> Array | None:
    """The student's weights for every layer, (DEPTH, WIDTH, WIDTH), or None when there is any trouble."""
    rng = np.random.default_rng(SEED)
    weights = np.empty((DEPTH, WIDTH, WIDTH))
    for layer in range(DEPTH):
        weights[layer] = init(WIDTH, WIDTH, rng, shape=(WIDTH, WIDTH))
        if init.trouble:
            return None
    return weights


def run_signal(weights: Array, scale: float, activation: str) -> Signal:
    """Send EXAMPLES random inputs of spread 1 through all layers: h = activation(scale * h Wᵀ), without bias."""
    function = function_named(activation)
    h = np.random.default_rng(SEED + 1).standard_normal((EXAMPLES, WIDTH))
    with np.errstate(all="ignore"):  # a student's weights may be so large that squares overflow: that is the lesson
        return _layer_by_layer(h, weights, scale, function)


def _layer_by_layer(h: Array, weights: Array, scale: float, function: Function) -> Signal:
    """The statistics of the input h and of every layer behind it."""
    spread, between, zeros, flat, counts = [], [], [], [], []
    for layer in range(len(weights) + 1):
        saturated = 0.0
        if layer > 0:
            z = scale * (h @ weights[layer - 1].T)
            h = function.value(z)
            saturated = float(np.mean(function.slope(z) < FLAT))
        by_input = np.sqrt(h.var(axis=0).mean())
        visible = by_input > 1e-15 * np.sqrt(np.mean(h**2))  # below, float64 holds rounding errors only
        spread.append(h.std())
        between.append(by_input if visible else np.nan)
        zeros.append(np.mean(h == 0))
        flat.append(saturated)
        inside = np.clip(h, EDGES[0], EDGES[-1])
        counts.append(np.histogram(inside, EDGES)[0] / h.size)
    return Signal(np.array(spread), np.array(between), np.array(zeros), np.array(flat), np.array(counts))


def signal_state(run: Signal, depth: int, start: str, activation: str, others: Array) -> Spread:
    """The run up to `depth`, before the spreads of all scales, and the sentence on what became of the signal."""
    name_x, name_y, names = name_places(others, start)
    shown = np.arange(DEPTH + 1) <= depth
    spread, between = run.spread[depth], run.between[depth]
    weights = f"weights from {start}" if start.startswith("your") else f"scale {start}"
    says = f"{_layers(depth)} of {WIDTH} {activation} units, {weights}: the spread is {spread:.2g}. "
    says = says.replace("/", "/\u2060").replace("e-", "e−")  # no line ends inside a number
    return Spread(
        spread=np.where(shown, run.spread, np.nan),
        between=np.where(shown, run.between, np.nan),
        others=others,
        name_x=name_x,
        name_y=name_y,
        names=names,
        last_layer=float(depth),
        last_spread=float(spread),
        counts=run.counts[depth],
        says=says + _verdict(spread, between, run.zeros[depth], run.flat[depth], activation),
    )


def name_places(others: Array, start: str) -> tuple[Array, Array, tuple[str, ...]]:
    """Where the names of the scales stand beside their lines, and the names; lines that lie together share one.

    The chosen scale needs none: its line is the thick one.
    """
    places: list[tuple[float, float, str]] = []
    for name, spreads in zip(SCALES, others, strict=True):
        if name == start:
            continue
        at = min(43, int(np.flatnonzero((spreads > 1e-26) & (spreads < 1e28))[-1]))
        # names of lines that fall stand below them, the others above
        height = float(np.log10(spreads[at])) + (-6 if 1e-20 < spreads[at] < 1e-4 else 5)
        short = name.split(":")[0]
        near = [k for k, (x, y, _) in enumerate(places) if x == at and abs(y - height) < 6]
        if near:
            _, first, before = places[near[0]]
            places[near[0]] = (at, max(first, height), f"{before}, {short}")
        else:
            places.append((at, height, short))
    columns = np.array([place[:2] for place in places], dtype=np.float64)
    return columns[:, 0], 10.0 ** columns[:, 1], tuple(name for _, _, name in places)


def _layers(depth: int) -> str:
    return "After 1 layer" if depth == 1 else f"After {depth} layers"


def _verdict(spread: float, between: float, zeros: float, flat: float, activation: str) -> str:
    """What the numbers mean, the gravest first."""
    if not np.isfinite(spread) or spread > FLOAT32_LARGEST:
        return "No float32 number is that large: the network would answer inf or nan."
    if spread < FLOAT32_SMALLEST:
        return "In float32 this is 0 or nearly so: nothing is left of the input."
    if np.isnan(between):
        return "Yet all inputs give the same values up to rounding: the signal is dead."
    if spread < 1e-3:
        return "The signal dies: every further layer shrinks it again."
    if spread > 1e3:
        return "The signal explodes: every further layer stretches it again."
    if between < 0.01 * spread:
        return f"Yet between two inputs the values differ by {between:.1g} only: the network hardly sees its input."
    if activation != "ReLU" and flat > 0.5:
        return f"It survives, but {flat:.0%} of the units are saturated: their slope is below {FLAT}."
    if activation == "ReLU":
        return f"The signal lives; {zeros:.0%} of the activations are exactly 0."
    return f"The signal lives: {between:.2g} of the spread comes from the input."


def signal_through_depth(init: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 1.8: the spread of the activations over 1 to 50 layers, and the last layer's histogram.

    init    the student's own init(fan_in, fan_out, rng): one more choice, and the one shown first
    """
    own = StudentFunction(init, getattr(init, "__name__", "init"))
    weights = draw_weights()
    runs: dict[tuple[str, str], Signal] = {}
    for activation in ACTIVATIONS:
        for start, scale in SCALES.items():
            runs[start, activation] = run_signal(weights, scale, activation)
    choices, shown_first = list(SCALES), "1/√n"
    drawn = student_weights(own) if own else None
    if drawn is not None:
        mine = f"your {own.name}"
        choices.insert(0, mine)
        shown_first = mine
        for activation in ACTIVATIONS:
            runs[mine, activation] = run_signal(drawn, 1.0, activation)

    others = {name: np.stack([runs[scale, name].spread for scale in SCALES]) for name in ACTIVATIONS}

    def model(start: str, activation: str, depth: int) -> Spread:
        return signal_state(runs[start, activation], depth, start, activation, others[activation])

    return Explorer(
        model,
        view=[
            Curve(
                Line(LAYER_NUMBERS, "others", colour="ghost", width=1.25),
                Guide(y=FLOAT32_LARGEST, label="largest float32"),
                Guide(y=FLOAT32_SMALLEST, label="smallest normal float32"),
                Label("name_x", "name_y", field="names"),
                Line(LAYER_NUMBERS, "spread", label="all values"),
                Line(LAYER_NUMBERS, "between", label="between inputs", colour="vermilion", style="dashed"),
                Dot("last_layer", "last_spread"),
                x=(0, DEPTH), y=(1e-42, 1e42), y_scale="log", title="Spread of the activations, layer by layer",
                x_name="layer", drag="depth",
            ),
            Histogram(
                "counts", EDGES, limits=(0, 1), title="Activations of the last layer",
                x_name="activation (the outermost bins hold all that lies beyond)",
            ),
        ],
        start=Choice(*choices, label="standard deviation of the initial weights", start=shown_first),
        activation=Choice(*ACTIVATIONS),
        depth=Slider(1, DEPTH, DEPTH, start=20, unit="layers"),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
