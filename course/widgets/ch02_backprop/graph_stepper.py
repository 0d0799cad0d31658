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

__all__ = ["GRAPHS", "PRESETS", "Snapshot", "Verdict", "graph_stepper", "judge", "snapshot", "trace"]

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
        ((0.05, 0.9), (0.05, 0.25), (0.5, 0.9), (0.5, 0.25), (0.95, 0.58)),
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
            (0.0, 0.95), (0.0, 0.5), (0.2, 0.22), (0.2, 0.74), (0.4, 0.48), (0.6, 0.74), (0.6, 0.22), (0.8, 0.48),
            (1.0, 0.74),
        ),
    ),
}  # fmt: skip
STEPS = 15  # as many as the longest trace has
MOVES = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
PRESETS: dict[str, dict[str, object]] = {
    "two paths": {"graph": "a · a + a", "first": 3.0, "step": 0},
    "order matters": {"graph": "(a + b)(a b)", "first": -2.0, "step": 0},
    "a neuron learns": {"graph": "a neuron", "first": 2.0, "step": 0},
}


@dataclass(frozen=True)
class Snapshot:
    """The graph after some steps of the trace."""

    nodes: Array
    edges: Array
    active: Array  # (edges,) -1 (vermilion) where a gradient flows now, NaN elsewhere
    reached: Array  # (nodes,) -1 (blue) with a value, 1 (vermilion) with a gradient too, NaN before
    texts: tuple[str, ...]  # the values
    names: tuple[str, ...]
    notes: Array  # (nodes + 1, 2) places of the gradients, and of the local slope in use
    note_texts: tuple[str, ...]
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


Step = tuple[str, list[float], list[float], tuple[int, int, float] | None]


def trace(graph: str, first: float) -> list[Step]:
    """Every step: a sentence, values and gradients so far (NaN: not yet), the edge in use (input, result, slope)."""
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
            steps.append((told, list(values), list(grads), (k, place, slope)))
    return steps


@dataclass(frozen=True)
class Verdict:
    """What the student's class made of a graph."""

    says: str
    grads: tuple[float, ...] = ()
    wrong: tuple[int, ...] = ()  # nodes whose gradient is not right
    trouble: bool = False  # it did not run to the end


def snapshot(graph: str, first: float, step: int, own: Verdict | None = None) -> Snapshot:
    """The graph after `step` steps; at the end, what the student's class says about it."""
    example = GRAPHS[graph]
    steps = trace(graph, first)
    at = min(step, len(steps) - 1)
    told, values, grads, edge = steps[at]
    edges = sorted({(k, place) for place, (_, _, inputs) in enumerate(example.operations) for k in inputs})
    ended = own is not None and at == len(steps) - 1
    reached = np.where(np.isnan(grads), np.where(np.isnan(values), np.nan, -1.0), 1.0)
    places = np.array(example.places)
    note_places = places - np.array([0.0, 0.19])
    note_texts = ["" if np.isnan(grad) else f"← {_short(grad)}" for grad in grads]
    if ended and own is not None:
        for k in own.wrong:
            note_texts[k] += f" ✗ yours {_short(own.grads[k])}"
    between = np.full(2, np.nan) if edge is None else places[[edge[0], edge[1]]].mean(axis=0)
    return Snapshot(
        nodes=places,
        edges=np.array(edges, dtype=float),
        active=np.array([-1.0 if edge is not None and one == edge[:2] else np.nan for one in edges]),
        reached=reached,
        texts=tuple("" if np.isnan(value) else _short(value) for value in values),
        names=tuple(name for name, _, _ in example.operations),
        notes=np.vstack([note_places, between]),
        note_texts=(*note_texts, "" if edge is None else f"× {_short(edge[2])}"),
        says=f"Step {at} of {len(steps) - 1}. {told}" + (f" {own.says}" if ended and own is not None else ""),
    )


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def judge(value_class: Callable[..., Any], graph: str, first: float) -> Verdict:
    """Build the graph with the student's class and compare its values and gradients with the right ones."""
    example = GRAPHS[graph]
    names = [name.partition(" = ")[0] for name, _, _ in example.operations]
    _, values, right, _ = trace(graph, first)[-1]
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
            data = [float(node.data) for node in nodes]
            found = [float(node.grad) for node in nodes]
    except NotImplementedError:
        return Verdict("Your Value is not finished yet. Until it works you see the reference.", trouble=True)
    except Exception as error:
        first_line = (str(error).splitlines() or [""])[0]
        told = f"Your Value raised {type(error).__name__}: {first_line}. Until it works you see the reference."
        return Verdict(told, trouble=True)
    for k, name in enumerate(names):
        if not np.isclose(data[k], values[k]):
            return Verdict(f"Your Value computes {_short(data[k])} for {name} where {_short(values[k])} is right.")
    wrong = tuple(k for k in range(len(nodes)) if not np.isclose(found[k], right[k]))
    if wrong:
        k = wrong[-1]
        says = f"Your Value gives the gradient {_short(found[k])} for {names[k]} where {_short(right[k])} is right."
    else:
        says = "Your Value gives the same gradients."
    return Verdict(says, tuple(found), wrong)


def graph_stepper(value_class: Callable[..., Any] | None = None) -> Explorer:
    """Widget of sections 2.3 and 2.4: three computations, forward and backward one step at a time.

    value_class  the student's Value: at the end its gradients are compared, and marked where they are wrong
    """
    verdicts: dict[tuple[str, float], Verdict] = {}
    if value_class is not None:
        verdicts = {(graph, first): judge(value_class, graph, first) for graph in GRAPHS for first in MOVES}
    unfinished = next((verdict.says for verdict in verdicts.values() if verdict.trouble), "")
    return Explorer(
        lambda graph, first, step: snapshot(graph, first, step, verdicts.get((graph, first))),
        view=[
            Graph(
                "nodes",
                "edges",
                values="reached",
                limits=(-2.5, 2.5),
                weights="active",
                notes="notes",
                note_texts="note_texts",
                texts="texts",
                names="names",
                title="Forward: values in the circles (blue). Backward: gradients below, ← (vermilion)",
                radius=23,
                height=360,
                wide=True,
            )
        ],
        graph=Choice(*GRAPHS),
        first=Slider(values=MOVES, start=3.0, label="first input", format="g"),
        step=Time(STEPS, start=0, seconds=12),
        notice=unfinished,
        presets=PRESETS,
    )
