"""A computation, one number at a time: forward the values, backward the gradients."""

from __future__ import annotations

import contextlib
import io
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Choice, Explorer, Graph, Slider, Time

__all__ = ["GRAPHS", "PRESETS", "Snapshot", "graph_stepper", "snapshot", "trace"]

Array = NDArray[np.float64]
Operation = tuple[str, str, tuple[int, ...]]
"""Name of the result, operation, places of its inputs; a leaf has the operation "" and a number in VALUES."""


@dataclass(frozen=True)
class Example:
    """A computation: operations in order, values of the leaves (the first one can be moved), places in the picture."""

    operations: tuple[Operation, ...]
    values: tuple[float, ...]
    places: tuple[tuple[float, float], ...]


GRAPHS: dict[str, Example] = {
    "a · a + a": Example(
        (("a", "", ()), ("b = a·a", "*", (0, 0)), ("c = b + a", "+", (1, 0))),
        (3.0,),
        ((0.05, 0.3), (0.5, 0.8), (0.95, 0.3)),
    ),
    "(a + b)(a b)": Example(
        (("a", "", ()), ("b", "", ()), ("s = a + b", "+", (0, 1)), ("p = a·b", "*", (0, 1)), ("c = s·p", "*", (2, 3))),
        (-2.0, 3.0),
        ((0.05, 0.85), (0.05, 0.15), (0.5, 0.85), (0.5, 0.15), (0.95, 0.5)),
    ),
    "a neuron": Example(
        (
            ("x", "", ()),
            ("w", "", ()),
            ("b", "", ()),
            ("w·x", "*", (1, 0)),
            ("z", "+", (3, 2)),
            ("h = tanh z", "tanh", (4,)),
            ("y", "", ()),
            ("h − y", "-", (5, 6)),
            ("loss", "square", (7,)),
        ),
        (2.0, 0.5, -0.4, 1.0),
        (
            (0.04, 0.9), (0.04, 0.45), (0.25, 0.08), (0.25, 0.68), (0.42, 0.4), (0.6, 0.68), (0.6, 0.08),
            (0.78, 0.4), (0.95, 0.7),
        ),
    ),
}  # fmt: skip
STEPS = 20
MOVES = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
PRESETS: dict[str, dict[str, object]] = {
    "two paths": {"graph": "a · a + a", "first": 3.0, "step": 6},
    "order matters": {"graph": "(a + b)(a b)", "first": -2.0, "step": 11},
    "a neuron learns": {"graph": "a neuron", "first": 2.0, "step": 19},
}


@dataclass(frozen=True)
class Snapshot:
    """The graph after some steps of the trace."""

    nodes: Array
    edges: Array
    active: Array  # (edges,) 1 where something flows now, NaN elsewhere
    gradients: Array  # (nodes,) for the colour, NaN before they begin
    texts: tuple[str, ...]
    names: tuple[str, ...]
    says: str


def _operate(kind: str, inputs: list[float]) -> tuple[float, tuple[float, ...]]:
    """The result and its slopes with respect to the inputs."""
    a, b = inputs[0], inputs[-1]
    if kind == "*":
        return a * b, (b, a)
    if kind == "+":
        return a + b, (1.0, 1.0)
    if kind == "-":
        return a - b, (1.0, -1.0)
    if kind == "tanh":
        return float(np.tanh(a)), (1 - float(np.tanh(a)) ** 2,)
    return a**2, (2 * a,)


Step = tuple[str, list[float], list[float], tuple[int, int] | None]


def trace(graph: str, first: float) -> list[Step]:
    """Every step: a sentence, the values and the gradients so far (NaN: not yet), and the edge in use."""
    example = GRAPHS[graph]
    values = [np.nan] * len(example.operations)
    grads = [np.nan] * len(example.operations)
    leaves = iter((first, *example.values[1:]))
    for place, (_, kind, _) in enumerate(example.operations):
        if not kind:
            values[place] = next(leaves)
    names = [name.partition(" = ")[0] for name, _, _ in example.operations]
    steps: list[Step] = [("The inputs have their values; nothing is computed yet.", list(values), list(grads), None)]
    slopes: dict[int, tuple[float, ...]] = {}
    for place, (name, kind, inputs) in enumerate(example.operations):
        if kind:
            values[place], slopes[place] = _operate(kind, [values[k] for k in inputs])
            steps.append((f"Forward: {name} is {_short(values[place])}.", list(values), list(grads), None))
    last = len(values) - 1
    grads[last] = 1.0
    told = f"Backward begins: {names[last]} changes by 1 when {names[last]} changes by 1."
    steps.append((told, list(values), list(grads), None))
    for place in range(last, -1, -1):
        for k, slope in zip(example.operations[place][2], slopes.get(place, ()), strict=True):
            before = 0.0 if np.isnan(grads[k]) else grads[k]
            grads[k] = before + slope * grads[place]
            told = (
                f"Backward: {names[k]} receives {_short(slope)} times {_short(grads[place])} from {names[place]}, "
                f"together {_short(grads[k])}."
            )
            steps.append((told, list(values), list(grads), (k, place)))
    return steps


def snapshot(graph: str, first: float, step: int, verdict: str = "") -> Snapshot:
    """The graph after `step` steps; verdict is added to the sentence at the end."""
    example = GRAPHS[graph]
    steps = trace(graph, first)
    at = min(step, len(steps) - 1)
    told, values, grads, edge = steps[at]
    edges = sorted({(k, place) for place, (_, _, inputs) in enumerate(example.operations) for k in inputs})
    ending = f" {verdict}" if verdict and at == len(steps) - 1 else ""
    return Snapshot(
        nodes=np.array(example.places),
        edges=np.array(edges, dtype=float),
        active=np.array([1.0 if one == edge else np.nan for one in edges]),
        gradients=np.array(grads),
        texts=tuple("" if np.isnan(value) else _short(value) for value in values),
        names=tuple(
            name if np.isnan(grad) else f"{name}; gradient {_short(grad)}"
            for (name, _, _), grad in zip(example.operations, grads, strict=True)
        ),
        says=f"Step {at} of {len(steps) - 1}. {told}{ending}",
    )


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _verdict(value_class: Callable[..., Any], graph: str, first: float) -> str:
    """Build the graph with the student's class and compare its gradients; a sentence, "" where all are right."""
    example = GRAPHS[graph]
    names = [name.partition(" = ")[0] for name, _, _ in example.operations]
    right = trace(graph, first)[-1][2]
    nodes: list[Any] = []
    leaves = iter((first, *example.values[1:]))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for _, kind, inputs in example.operations:
                given = [nodes[k] for k in inputs]
                if not kind:
                    nodes.append(value_class(next(leaves)))
                elif kind == "tanh":
                    nodes.append(given[0].tanh())
                elif kind == "square":
                    nodes.append(given[0] ** 2)
                else:
                    nodes.append({"*": operator.mul, "+": operator.add, "-": operator.sub}[kind](*given))
            nodes[-1].backward()
            found = [float(node.grad) for node in nodes]
    except NotImplementedError:
        return "Your Value is not finished yet."
    except Exception as error:
        return f"Your Value raised {type(error).__name__}: {error}"
    wrong = [k for k in range(len(nodes)) if not np.isclose(found[k], right[k])]
    if wrong:
        k = wrong[-1]
        return f"Your Value gives {_short(found[k])} for {names[k]} where {_short(right[k])} is right."
    return "Your Value gives the same gradients."


def graph_stepper(value_class: Callable[..., Any] | None = None) -> Explorer:
    """Widget of sections 2.3 and 2.4: three computations, forward and backward one step at a time.

    value_class  the student's Value: at the end its gradients are compared
    """
    verdicts: dict[tuple[str, float], str] = {}
    if value_class is not None:
        verdicts = {(graph, first): _verdict(value_class, graph, first) for graph in GRAPHS for first in MOVES}
    unfinished = next((text for text in verdicts.values() if "raised" in text or "not finished" in text), "")
    return Explorer(
        lambda graph, first, step: snapshot(graph, first, step, verdicts.get((graph, first), "")),
        view=[
            Graph(
                "nodes",
                "edges",
                values="gradients",
                limits=(-12.0, 12.0),
                weights="active",
                texts="texts",
                names="names",
                title="Values in the circles, gradients below them",
                radius=24,
                height=340,
                wide=True,
            )
        ],
        graph=Choice(*GRAPHS),
        first=Slider(values=MOVES, start=3.0, label="first input", format="g"),
        step=Time(STEPS, start=0, seconds=12),
        notice=unfinished,
        presets=PRESETS,
    )
