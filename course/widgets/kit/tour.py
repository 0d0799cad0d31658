"""A tour of the kit: one explorer with most controls and marks and every panel, to look at and to test with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import (
    Arrow,
    Band,
    Bars,
    Choice,
    Curve,
    Dot,
    Explorer,
    Graph,
    Guide,
    Heat,
    Histogram,
    Images,
    Label,
    Line,
    Paths,
    Point,
    Ramp,
    Slider,
    Tangent,
    Time,
    Toggle,
    Tokens,
)

Array = NDArray[Any]
X = np.linspace(-6, 6, 121)
WORDS = ("the", "cat", "sat", "on", "the", "mat")
STEPS = 21
NORMAL = np.random.default_rng(0).normal(size=(4, 400))


@dataclass(frozen=True)
class Tour:
    """One state of the tour through all panels."""

    y: Array
    ghost: Array
    at: float
    value: float
    slope: float
    tails_from: Array
    tails_to: Array
    chain: Array
    ramp_start: Array
    ramp_end: Array
    ramp: Array
    grid_x: Array
    grid_y: Array
    matrix: Array
    box: Array
    nodes: Array
    edges: Array
    weights: Array
    node_texts: tuple[str, ...]
    attention: Array
    focus: float
    picture: Array
    counts: Array
    path_x: Array
    path_y: Array
    says: tuple[str, ...]


def function(kind: str, x: Array) -> Array:
    """The activation function of that name."""
    return np.tanh(x) if kind == "tanh" else np.maximum(x, 0)


def tour(kind: str, at: float, w: tuple[float, float], bend: bool) -> Tour:
    """All panels at once; time is stored."""
    slope = 1 - np.tanh(at) ** 2 if kind == "tanh" else float(at > 0)
    value = float(function(kind, np.array(at)))
    along = np.array(w) / max(np.hypot(*w), 1e-9) * 4
    lines = np.linspace(-2, 2, 9)
    flat_x = np.concatenate([np.repeat(lines[:, None], 25, 1), np.tile(np.linspace(-2, 2, 25), (9, 1))])
    flat_y = np.concatenate([np.tile(np.linspace(-2, 2, 25), (9, 1)), np.repeat(lines[:, None], 25, 1)])
    scores = np.sin(np.arange(6) * (1 + at / 6))
    attention = np.exp(scores) / np.exp(scores).sum()
    width = 5 if bend else 3
    nodes = np.array([(0, y) for y in (0.2, 0.8)] + [(0.5, (k + 0.5) / width) for k in range(width)] + [(1, 0.5)])
    edges = [(a, 2 + k) for a in (0, 1) for k in range(width)] + [(2 + k, 2 + width) for k in range(width)]
    steps = np.arange(STEPS)
    loss = 2 * 0.85**steps
    shape = "bent" if bend else "straight"
    draws = NORMAL * (1 + abs(at) / 3) ** -np.arange(4)[:, None]
    return Tour(
        y=function(kind, X),
        ghost=1 / (1 + np.exp(-X)),
        at=at,
        value=value,
        slope=slope,
        tails_from=np.array([-6.0, 3.0]) if kind == "tanh" else np.array([-6.0, np.nan]),
        tails_to=np.array([-3.0, 6.0]) if kind == "tanh" else np.array([0.0, np.nan]),
        chain=np.array([slope**k for k in range(1, 9)]),
        ramp_start=-along,
        ramp_end=along,
        ramp=function(kind, np.linspace(-4, 4, 33) * np.hypot(*w)).clip(-1, 1),
        grid_x=function(kind, flat_x) if bend else flat_x,
        grid_y=function(kind, flat_y) if bend else flat_y,
        matrix=np.outer(np.linspace(-1, 1, 4), np.cos(np.arange(6) + at)),
        box=np.array([[1, round(at) % 6, 1, 1]]),
        nodes=nodes,
        edges=np.array(edges),
        weights=np.sin(np.arange(len(edges)) + at),
        node_texts=tuple(f"{k}" for k in range(len(nodes))),
        attention=attention,
        focus=float(attention.argmax()),
        picture=np.add.outer(np.arange(8), np.arange(8))[None].repeat(3, 0) % np.array([2, 4, 8])[:, None, None],
        counts=np.array([np.histogram(row, np.linspace(-3, 3, 25))[0] for row in draws]),
        path_x=steps.astype(float),
        path_y=loss,
        says=tuple(
            f"{kind} at {at:.1f} has slope {slope:.3f}; the weights are {w[0]:.2f} and {w[1]:.2f}, "
            f"the grid is {shape}; after {k} of {STEPS - 1} steps the loss is {loss[k]:.2f}."
            for k in range(STEPS)
        ),
    )


def all_panels() -> Explorer:
    """The explorer; its controls are kind, at, w, bend and step."""
    return Explorer(
        tour,
        view=[
            Curve(
                Band("tails_from", "tails_to", label="saturated"),
                Line(X, "ghost", style="ghost", label="reference"),
                Line(X, "y", label="yours"),
                Tangent("at", "value", "slope"),
                Guide(x="at"),
                Dot("at", "value", colour="vermilion", label="here"),
                x=(-6, 6),
                y=(-1.5, 3),
                title="A function and its slope",
                x_name="input x",
                y_name="output",
                drag="at",
            ),
            Bars(
                "chain",
                limits=(0, 1),
                title="Slope, multiplied layer by layer",
                value_name="share of the gradient",
            ),
            Paths(
                Ramp("ramp_start", "ramp_end", "ramp", limits=(-1, 1)),
                Dot(np.array([-1.0, 1.0, 1.5]), np.array([1.0, -1.0, 0.5]), classes=np.array([0.0, 1.0, 2.0])),
                x=(-2, 2),
                y=(-2, 2),
                title="A half-plane",
                x_name="feature 1",
                y_name="feature 2",
                drag="w",
                arrow=True,
            ),
            Paths(
                Line("grid_x", "grid_y", width=1),
                Arrow(1.0, 1.0, label="e"),
                Label(-1.0, -1.7, text="a grid"),
                x=(-2, 2),
                y=(-2, 2),
                title="A layer",
                axes=False,
            ),
            Heat(
                "matrix",
                limits=(-1, 1),
                rows=("a", "b", "c", "d"),
                columns=WORDS,
                numbers=".1f",
                boxes="box",
                title="Scores",
            ),
            Graph("nodes", "edges", weights="weights", texts="node_texts", title="A network"),
            Tokens(WORDS, "attention", title="Weights", focus="focus", pick="at", limits=(0, 0.5)),
            Images("picture", limits=(0, 7), names=("fine", "medium", "coarse"), title="Pictures"),
            Histogram(
                "counts",
                np.linspace(-3, 3, 25),
                limits=(0, 130),
                names=("1", "2", "3", "4"),
                title="Spread by layer",
                x_name="activation",
            ),
            Curve(
                Line("path_x", "path_y", until="step", label="loss"),
                x=(0, 20),
                y=(0.01, 10),
                y_scale="log",
                title="Loss",
                x_name="step",
            ),
        ],
        title="A tour of the kit",
        presets={"deep in the tail": {"kind": "tanh", "at": -5}, "straight": {"bend": False}},
        kind=Choice("tanh", "ReLU", label="function"),
        at=Slider(-6, 6, 13, start=1, label="input x", format=".1f"),
        w=Point(
            x=Slider(-1.5, 1.5, 5, start=1, label="weight 1"),
            y=Slider(-1.5, 1.5, 5, start=0.5, label="weight 2"),
        ),
        bend=Toggle(True, label="bend the grid"),
        step=Time(STEPS, over=("says",), seconds=2, label="step"),
    )
