"""Dropout as a network with holes: one mask after the other, and the mean of the outputs that they give."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import (
    Choice,
    Curve,
    Dot,
    Explorer,
    Graph,
    Line,
    Mechanism,
    Slider,
    StudentFunction,
    Time,
    Toggle,
    written,
)

__all__ = [
    "DRAWS",
    "PRESETS",
    "RATES",
    "Masks",
    "dropout",
    "dropout_masks",
    "expected_output",
    "judge",
    "masks_state",
    "network",
    "reference_masks",
]

Array = NDArray[np.float64]
DRAWS = 200
RATES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9)
SIZES = (4, 8, 8, 1)
UNITS = SIZES[1] + SIZES[2]  # that dropout may leave out
NAMES = ("input", "hidden", "hidden", "output")
LAYERS = ("both hidden layers", "the second hidden layer")
T: Array = np.arange(1.0, DRAWS + 1)
ENDS: Array = np.array([0.0, DRAWS])
SEED = 187  # of the masks

_HALF: dict[str, object] = {
    "rate": 0.5, "where": LAYERS[0], "divide": True, "training": True, "draw": 1,
}  # fmt: skip
PRESETS: dict[str, dict[str, object]] = {
    "one thinned network": _HALF,
    "the mean of two hundred": _HALF | {"where": LAYERS[1], "draw": DRAWS},
    "without the division": _HALF | {"where": LAYERS[1], "divide": False, "draw": DRAWS},
    "hardly anything left": _HALF | {"rate": 0.9, "draw": DRAWS},
    "evaluation mode": _HALF | {"training": False, "draw": DRAWS},
}


@dataclass(frozen=True)
class Network:
    """Weights of a small network without meaning, and one input for it; every hidden unit is active for it."""

    x: Array
    weights: tuple[Array, Array, Array]
    biases: tuple[Array, Array, Array]


@dataclass(frozen=True)
class Masks:
    """One mask on the network, and the outputs under all masks up to it."""

    values: Array  # (nodes,) what each unit hands on; NaN for one that is left out
    edges: Array  # (edges, 2); NaN where one of the ends is left out
    weights: Array  # (edges,)
    texts: tuple[str, ...]  # (nodes,)
    words: tuple[str, ...]  # the names of the layers
    outputs: Array  # (DRAWS,) of the masks drawn so far, NaN behind them
    mean: Array  # (DRAWS,) of the outputs up to each mask
    reference: Array  # (DRAWS,) the same with the course's own masks; NaN where there is no student's function
    evaluation: Array  # (2,) the output without any mask, at both ends of the axis
    at: float
    at_output: float
    says: str


def _places() -> Array:
    columns = []
    for size, x in zip(SIZES, (0.03, 0.35, 0.67, 0.97), strict=True):
        heights = 0.54 + 0.92 * ((size - 1) / 2 - np.arange(size)) / (max(SIZES) - 1)
        columns.append(np.stack([np.full(size, x), heights], axis=1))
    return np.concatenate(columns)


def _edges() -> Array:
    starts = np.cumsum([0, *SIZES])
    pairs = [(starts[k] + a, starts[k + 1] + b) for k in range(3) for a in range(SIZES[k]) for b in range(SIZES[k + 1])]
    return np.array(pairs, dtype=np.float64)


NODES, EDGES = _places(), _edges()
WORDS: Array = np.array([[0.03, -0.02], [0.35, -0.02], [0.67, -0.02], [0.97, -0.02]])


def network() -> Network:
    """The network that is drawn."""
    rng = np.random.default_rng(9)
    first = rng.normal(0.35, 0.4, (SIZES[1], SIZES[0]))
    second = rng.normal(0.12, 0.22, (SIZES[2], SIZES[1]))
    third = rng.normal(0.12, 0.12, (SIZES[3], SIZES[2]))
    return Network(
        x=np.array([0.9, 0.5, 1.2, 0.7]),
        weights=(first.round(3), second.round(3), third.round(3)),
        biases=(np.full(SIZES[1], 0.3), np.full(SIZES[2], 0.1), np.array([0.1])),
    )


def dropout(x: Array, p: float, rng: np.random.Generator, training: bool = True) -> tuple[Array, Array]:
    """The course's own: x times a mask of 0 and 1 / (1 - p), and the mask."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = np.zeros_like(x) if p == 1 else (rng.random(x.shape) >= p) / (1 - p)
    return x * mask, mask


def reference_masks() -> Array:
    """(RATES, DRAWS, UNITS) factors that the course's own dropout puts on each unit."""
    ones = np.ones((DRAWS, UNITS))
    return np.array([dropout(ones, rate, np.random.default_rng(SEED))[0] for rate in RATES])


def student_masks(own: StudentFunction) -> tuple[Array, Array] | None:
    """The same by the student's dropout, and its factors (UNITS,) in evaluation mode; None after any trouble."""
    ones = np.ones((DRAWS, UNITS))
    drawn = np.empty((len(RATES), DRAWS, UNITS))
    for k, rate in enumerate(RATES):
        drawn[k] = own(ones, rate, np.random.default_rng(SEED), shape=(2, DRAWS, UNITS))[0]
    evaluation = own(ones, 0.5, np.random.default_rng(SEED), training=False, shape=(2, DRAWS, UNITS))[0, 0]
    return None if own.trouble else (drawn, evaluation)


def judge(drawn: Array, evaluation: Array) -> str:
    """What is wrong with these factors, or that they are right."""
    if not np.array_equal(evaluation, np.ones_like(evaluation)):
        return "Your dropout changes its input in evaluation mode too."
    for rate, masks in zip(RATES, drawn, strict=True):
        if 0 < np.mean(masks == 0) < 1 and (masks == masks[0]).all():
            return "Your dropout gives every row the same mask."
        kept = masks[masks != 0]
        missing = 1 - kept.size / masks.size
        off = abs(missing - rate)
        if off > 5 * np.sqrt(rate * (1 - rate) / masks.size) + 1e-9:
            return f"With p = {rate:g} your dropout leaves out {missing:.0%} of the units; {rate:.0%} is right."
        if kept.size and not np.allclose(kept, 1 / (1 - rate)):
            wrong = kept[~np.isclose(kept, 1 / (1 - rate))][0]
            return f"With p = {rate:g} your dropout multiplies by {wrong:.3g}; {1 / (1 - rate):.3g} is right."
    return "Your dropout is right: its masks differ from ours, their mean does not."


def expected_output(rate: float, where: str, divide: bool) -> float:
    """The mean output over all masks, each weighed by its chance: exact, by going through the first layer's 256.

    Behind the second hidden layer nothing bends, so its mean mask is enough there.
    """
    net = network()
    (w1, w2, w3), (b1, b2, b3) = net.weights, net.biases
    factor = 1.0 if divide else 1 - rate  # the mean of a mask
    kept = 1 / (1 - rate) if divide else 1.0
    first = np.maximum(w1 @ net.x + b1, 0)
    if where == LAYERS[1]:
        second = np.maximum(w2 @ first + b2, 0)
    else:
        masks = np.array(list(itertools.product((0.0, 1.0), repeat=SIZES[1])))
        chance = np.prod(np.where(masks == 1, 1 - rate, rate), axis=1)
        second = chance @ np.maximum((masks * kept * first) @ w2.T + b2, 0)
    return float(w3[0] @ second * factor + b3[0])


def masks_state(
    rate: float, where: str, divide: bool, training: bool, draw: int,
    drawn: Array, evaluation_factors: Array | None = None, reference: Array | None = None, verdict: str = "",
) -> Masks:  # fmt: skip
    """The network under mask number `draw`, and the outputs of the masks before it.

    drawn                (RATES, DRAWS, UNITS) the factors in training mode
    evaluation_factors   (UNITS,) those in evaluation mode, ones if left out
    reference            factors for the dashed line, none if left out
    """
    net = network()
    ones = np.ones(UNITS) if evaluation_factors is None else evaluation_factors
    k = RATES.index(rate)
    factors = _factors(drawn[k], where, divide, training, ones)
    handed, outputs = _forward(net, factors)
    mean = np.cumsum(outputs) / T
    _, whole = _forward(net, np.ones((1, UNITS)))
    reference_mean = np.full(DRAWS, np.nan)
    if reference is not None:
        _, theirs = _forward(net, _factors(reference[k], where, divide, training, np.ones(UNITS)))
        reference_mean = np.cumsum(theirs) / T
    here = draw - 1
    gone = factors[here] == 0
    values = np.concatenate([net.x, np.where(gone, np.nan, handed[here]), outputs[here : here + 1]])
    lost = np.concatenate([np.zeros(SIZES[0], bool), gone, np.zeros(1, bool)])
    ends = EDGES.astype(int)
    edges = np.where((lost[ends[:, 0]] | lost[ends[:, 1]])[:, None], np.nan, EDGES)
    shown = draw >= T
    return Masks(
        values=values,
        edges=edges,
        weights=np.concatenate([weight.T.ravel() for weight in net.weights]),
        texts=tuple("0" if gone_ else _short(value) for value, gone_ in zip(values, lost, strict=True)),
        words=NAMES,
        outputs=np.where(shown, outputs, np.nan),
        mean=mean,
        reference=reference_mean,
        evaluation=np.repeat(whole, 2),
        at=float(draw),
        at_output=float(outputs[here]),
        says=_says(rate, where, divide, training, draw, int(gone.sum()), float(mean[here]), float(whole[0]))
        + (f" {verdict}" if verdict else ""),
    )


def _factors(drawn: Array, where: str, divide: bool, training: bool, evaluation: Array) -> Array:
    """(DRAWS, UNITS) what each unit is multiplied by under each mask."""
    factors = drawn if training else np.broadcast_to(evaluation, drawn.shape)
    if training and not divide:
        factors = (factors != 0).astype(float)  # a kept unit as it is
    if where == LAYERS[1]:
        factors = np.concatenate([np.ones((DRAWS, SIZES[1])), factors[:, SIZES[1] :]], axis=1)
    return np.asarray(factors)


def _forward(net: Network, factors: Array) -> tuple[Array, Array]:
    """What each hidden unit hands on (draws, UNITS), and the output (draws,)."""
    (w1, w2, w3), (b1, b2, b3) = net.weights, net.biases
    first = np.maximum(w1 @ net.x + b1, 0) * factors[:, : SIZES[1]]
    second = np.maximum(first @ w2.T + b2, 0) * factors[:, SIZES[1] :]
    return np.concatenate([first, second], axis=1), second @ w3[0] + b3[0]


def _short(value: float) -> str:
    return written(value, ".0f" if abs(value) >= 9.95 else ".1f")


def _says(
    rate: float, where: str, divide: bool, training: bool, draw: int, gone: int, mean: float, whole: float
) -> str:
    if not training:
        return f"Evaluation mode: no unit is left out and nothing is scaled. The output is {whole:.2f}, always."
    of = SIZES[2] if where == LAYERS[1] else UNITS
    says = f"Rate p = {rate:g}, mask {draw}: {gone} of {of} units are left out. "
    if not rate:
        return says + f"With p = 0 every mask gives the output of evaluation mode, {whole:.2f}."
    means = "The output is" if draw == 1 else f"The mean of {draw} outputs is"
    says += f"{means} {written(mean, '.2f')}, evaluation mode gives {whole:.2f}. "
    exact = written(expected_output(rate, where, divide), ".2f")
    if not divide:
        return (
            says + f"Without the division by 1 − p, the mean over all masks is {exact}: too small by what is missing."
        )
    if where == LAYERS[1]:
        return says + f"Over all masks the mean is {exact}: each kept unit counts {1 / (1 - rate):.3g} times."
    return says + f"Over all masks the mean is {exact}; the ReLU between the layers keeps it from being exact."


def dropout_masks(dropout: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 8.2: a small network under two hundred masks, and the mean of their outputs.

    dropout  the student's own: its masks are drawn, and the course's mean stays as a dashed line
    """

    def stacked(x: Array, p: float, rng: np.random.Generator, training: bool = True) -> Array:
        assert dropout is not None
        y, mask = dropout(x, p, rng, training=training) if not training else dropout(x, p, rng)
        return np.array([np.asarray(y, dtype=float), np.asarray(mask, dtype=float)])

    own = StudentFunction(None if dropout is None else stacked, "dropout")
    right = reference_masks()
    found = student_masks(own) if own else None
    if own.trouble:
        own.trouble += " Until it works you see the reference."
    drawn, evaluation = (right, np.ones(UNITS)) if found is None else found
    verdict = "" if found is None else judge(drawn, evaluation)
    net = network()

    def model(rate: float, where: str, divide: bool, training: bool, draw: int) -> Masks:
        return masks_state(
            rate, where, divide, training, draw, drawn, evaluation, None if found is None else right, verdict
        )

    ghost = [] if found is None else [Line(T, "reference", style="ghost", until="draw", label="ours")]
    return Explorer(
        model,
        view=[
            Graph(
                NODES, "edges", values="values", limits=(-3, 3), weights="weights", texts="texts",
                notes=WORDS, note_texts="words",
                title="The network that this mask leaves", radius=14, height=360,
            ),
            Curve(
                Dot(T, "outputs", colour="blue", size=2.5),
                Line(ENDS, "evaluation", colour="ink", style="dashed", width=1.5, label="evaluation"),
                *ghost,
                Line(T, "mean", colour="vermilion", until="draw", label="mean"),
                Dot("at", "at_output", colour="blue", size=6),
                x=(0, DRAWS), y=(-1, 7), title="Outputs of the masks so far, and their mean", x_name="masks drawn",
            ),
        ],
        rate=Slider(values=RATES, start=0.5, label="rate p", format=".1f"),
        where=Choice(*LAYERS, label="dropout behind"),
        training=Toggle(start=True, label="training mode"),
        divide=Toggle(start=True, label="divide by 1 − p"),
        draw=Time(DRAWS, first=1, start=0, label="mask", seconds=8),
        mechanism=Mechanism(
            [Path(__file__).with_suffix(".js")],
            data={
                "rates": list(RATES),
                "layers": list(LAYERS),
                "sizes": list(SIZES),
                "x": net.x,
                "weights": {f"w{k + 1}": weight for k, weight in enumerate(net.weights)},
                "biases": {f"b{k + 1}": bias for k, bias in enumerate(net.biases)},
                "drawn": drawn,
                "evaluation": evaluation,
                "reference": None if found is None else right,
                "edges": EDGES,
                "words": list(NAMES),
                "expected": {
                    f"{where} {int(divide)}": [expected_output(rate, where, divide) for rate in RATES]
                    for where in LAYERS
                    for divide in (True, False)
                },
                "verdict": verdict,
            },
        ),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
