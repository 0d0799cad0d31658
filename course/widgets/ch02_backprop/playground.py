"""A small network that learns while you look: its decision over the plane, every hidden unit, and the loss."""

from __future__ import annotations

import math
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
    Field,
    Images,
    Line,
    Mechanism,
    Paths,
    Run,
    Slider,
    StudentFunction,
)

__all__ = ["PRESETS", "Learning", "draw_data", "fields", "playground", "start", "step"]

Array = NDArray[np.float64]
State = dict[str, Any]
WIDEST, DEEPEST = 8, 3
TRAIN, TEST = 120, 80
GRID, SMALL = 41, 13
HISTORY = 400  # steps that the loss curve shows
DATA = ("two clouds", "XOR", "ring", "moons")
ACTIVATIONS = ("ReLU", "tanh", "sigmoid", "none")
PAGE, YOURS = "the page", "your functions"

_START: dict[str, object] = {"data": "ring", "depth": 1, "width": 4, "activation": "ReLU", "rate": 0.3, "decay": 0.0}
PRESETS: dict[str, dict[str, object]] = {
    "a ring, two units": _START | {"width": 2},
    "a ring, three units": _START | {"width": 3},
    "a ring, four units": _START,
    "XOR without activation": _START | {"data": "XOR", "activation": "none"},
    "XOR": _START | {"data": "XOR"},
    "too fast": _START | {"data": "moons", "rate": 10.0},
}


@dataclass(frozen=True)
class Learning:
    """What the picture shows of a state."""

    x0: Array
    x1: Array
    classes: Array
    field: Array  # (GRID, GRID) probability of class 1 minus that of class 0
    units: Array  # (depth * width, SMALL, SMALL) each hidden unit over the plane, scaled to -1 ... 1
    train: Array
    test: Array
    says: str


def draw_data(name: str) -> tuple[Array, NDArray[np.int64]]:
    """200 points in the window from -2 to 2, and their classes; the first 120 are for training."""
    rng = np.random.default_rng(0)
    labels = np.arange(TRAIN + TEST) % 2
    if name == "two clouds":
        x = rng.normal(0, 0.45, (len(labels), 2)) + np.where(labels[:, None] == 1, 0.7, -0.7)
    elif name == "XOR":
        x = rng.uniform(-1.7, 1.7, (len(labels), 2))
        x = np.where(np.abs(x) < 0.15, 0.15 * np.sign(x), x)
        labels = (x[:, 0] * x[:, 1] > 0).astype(int)
    elif name == "ring":
        angle = rng.uniform(0, 2 * np.pi, len(labels))
        radius = np.where(labels == 1, rng.uniform(1.2, 1.8, len(labels)), rng.uniform(0, 0.8, len(labels)))
        x = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    else:
        angle = rng.uniform(0, np.pi, len(labels))
        upper = np.column_stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25])
        x = np.where(labels[:, None] == 1, -upper, upper) * 1.1 + rng.normal(0, 0.12, (len(labels), 2))
    return x, labels


def _initial() -> Array:
    return np.random.default_rng(0).normal(size=(DEEPEST + 1, WIDEST, WIDEST))


def start(depth: int, width: int) -> State:
    """A fresh network of two inputs, `depth` hidden layers of `width`, two outputs; nothing learned yet."""
    draws = _initial()
    sizes = [2, *[width] * depth, 2]
    layers = []
    for k in range(depth + 1):
        weight = draws[k, : sizes[k + 1], : sizes[k]] * np.sqrt(2 / sizes[k])
        layers.append({"weight": weight.tolist(), "bias": [0.0] * sizes[k + 1]})
    return {"layers": layers, "train": [], "test": []}


def _activate(z: Array, name: str) -> tuple[Array, Array]:
    """Activations and slopes."""
    if name == "ReLU":
        return np.maximum(z, 0), (z > 0).astype(float)
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if name == "sigmoid":
        y = 1 / (1 + np.exp(-z))
        return y, y * (1 - y)
    return z, np.ones_like(z)


def _forward(layers: list[Any], x: Array, activation: str) -> tuple[list[Array], list[Array], Array]:
    """What goes into each layer, the slopes of the hidden ones, and the logits."""
    inputs, slopes, h = [], [], x
    for k, layer in enumerate(layers):
        inputs.append(h)
        z = h @ np.array(layer["weight"]).T + np.array(layer["bias"])
        if k < len(layers) - 1:
            h, slope = _activate(z, activation)
            slopes.append(slope)
    return inputs, slopes, z


def _loss(logits: Array, labels: NDArray[np.int64]) -> tuple[float, Array]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    return -float(np.mean(log_p[rows, labels])), grad / len(labels)


def step(state: State, data: str, activation: str, rate: float, decay: float) -> State:
    """One step on all training points, with weight decay."""
    x, labels = draw_data(data)
    layers = state["layers"]
    inputs, slopes, logits = _forward(layers, x[:TRAIN], activation)
    train, grad = _loss(logits, labels[:TRAIN])
    test, _grad = _loss(_forward(layers, x[TRAIN:], activation)[2], labels[TRAIN:])
    gradients: list[tuple[Array, Array]] = []
    for k in range(len(layers) - 1, -1, -1):
        gradients.append((grad.T @ inputs[k], grad.sum(axis=0)))
        if k:
            grad = (grad @ np.array(layers[k]["weight"])) * slopes[k - 1]
    return _moved(state, gradients[::-1], rate, decay, train, test)


def _moved(state: State, gradients: list[Any], rate: float, decay: float, train: float, test: float) -> State:
    moved = []
    for layer, (grad_weight, grad_bias) in zip(state["layers"], gradients, strict=True):
        weight, bias = np.array(layer["weight"]), np.array(layer["bias"])
        moved.append(
            {
                "weight": (weight - rate * (grad_weight + decay * weight)).tolist(),
                "bias": (bias - rate * grad_bias).tolist(),
            }
        )
    history = [*state["train"], train][-HISTORY:], [*state["test"], test][-HISTORY:]
    return {"layers": moved, "train": history[0], "test": history[1]}


def fields(state: State, data: str, activation: str) -> Learning:
    """The picture of a state."""
    x, labels = draw_data(data)
    layers = state["layers"]
    logits = _forward(layers, _plane(GRID), activation)[2]
    difference = np.tanh((logits[:, 1] - logits[:, 0]) / 2).reshape(GRID, GRID)
    inputs = _forward(layers, _plane(SMALL), activation)[0][1:]
    units = np.concatenate([one.T.reshape(-1, SMALL, SMALL) for one in inputs])[:, ::-1]
    scale = np.maximum(np.abs(units).max(axis=(1, 2), keepdims=True), 1e-9)
    padded = np.full((DEEPEST * WIDEST, SMALL, SMALL), np.nan)
    padded[: len(units)] = units / scale
    test_logits = _forward(layers, x[TRAIN:], activation)[2]
    right = float(np.mean(test_logits.argmax(axis=1) == labels[TRAIN:]))
    loss = _loss(_forward(layers, x[:TRAIN], activation)[2], labels[:TRAIN])[0]
    count = len(state["train"])
    return Learning(
        x0=x[:, 0],
        x1=x[:, 1],
        classes=labels.astype(float),
        field=difference,
        units=padded[: len(units)],
        train=np.array(state["train"] + [np.nan] * (HISTORY - count)),
        test=np.array(state["test"] + [np.nan] * (HISTORY - count)),
        # Half a per cent is rounded up, as the page does.
        says=f"Training loss {loss:.3f}; {math.floor(100 * right + 0.5)}% of the test points are on the right side.",
    )


def _plane(size: int) -> Array:
    axis = np.linspace(-2, 2, size)
    first, second = np.meshgrid(axis, axis)
    return np.column_stack([first.ravel(), second.ravel()])


def playground(loss_and_gradients: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 2.7: train a network on points in the plane.

    loss_and_gradients  the student's mlp_loss_and_gradients(parameters, x, labels) trains it too, where ReLU is chosen
    """
    own = StudentFunction(loss_and_gradients, "mlp_loss_and_gradients")

    def own_step(state: State, data: str, rate: float, decay: float) -> State:
        assert loss_and_gradients is not None
        x, labels = draw_data(data)
        parameters = [(np.array(one["weight"]), np.array(one["bias"])) for one in state["layers"]]
        train, gradients = loss_and_gradients(parameters, x[:TRAIN], labels[:TRAIN])
        test, _grads = loss_and_gradients(parameters, x[TRAIN:], labels[TRAIN:])
        return _moved(state, list(gradients), rate, decay, float(train), float(test))

    notice = _trouble(loss_and_gradients) if own else ""
    usable = own and not notice
    arrays: dict[str, Any] = {"initial": _initial()}
    for name in DATA:
        x, labels = draw_data(name)
        arrays[f"points {name}"] = np.column_stack([x, labels])
    trained_by = (YOURS, PAGE) if usable else (PAGE,)
    return Explorer(
        fields,
        view=[
            Paths(
                Field("field", limits=(-1.0, 1.0)),
                Dot("x0", "x1", classes="classes", size=4),
                x=(-2, 2), y=(-2, 2), title="The network's decision, and the points", axes=False,
            ),
            Curve(
                Line(np.arange(HISTORY + 0.0), "train", colour="blue", label="training"),
                Line(np.arange(HISTORY + 0.0), "test", colour="vermilion", style="dashed", label="test"),
                x=(0, HISTORY), y=(0.001, 10), y_scale="log", title="Loss over the last 400 steps", x_name="step",
            ),
            Images("units", limits=(-1.0, 1.0), title="Each hidden unit over the same plane, first layer first",
                   across=8, size=112, wide=True),
        ],
        data=Choice(*DATA, start="ring"),
        depth=Slider(1, DEEPEST, DEEPEST, start=1, label="hidden layers"),
        width=Slider(1, WIDEST, WIDEST, start=4, label="units in each"),
        activation=Choice(*ACTIVATIONS),
        rate=Slider(values=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0), start=0.3, label="learning rate", format="g"),
        decay=Slider(values=(0.0, 0.001, 0.01, 0.1), start=0.0, label="weight decay", format="g"),
        trained_by=Choice(*trained_by, label="trained by"),
        mechanism=Mechanism(
            [Path(__file__).with_suffix(".js")], data=arrays,
            run=Run(
                start, step, restart=("data", "depth", "width", "activation", "trained_by"), per_frame=2,
                own=own_step if usable else None, own_when=("trained_by", YOURS),
            ),
        ),
        notice=notice,
        presets=PRESETS,
    )  # fmt: skip


def _trouble(function: Callable[..., Any] | None) -> str:
    """One line where the student's function cannot train, "" where it can."""
    x, labels = draw_data("ring")
    parameters = [(np.array(one["weight"]), np.array(one["bias"])) for one in start(1, 3)["layers"]]
    try:
        assert function is not None
        loss, gradients = function(parameters, x[:TRAIN], labels[:TRAIN])
        shapes = [(np.shape(weight), np.shape(bias)) for weight, bias in gradients]
    except NotImplementedError:
        return "Your mlp_loss_and_gradients is not written yet; the page trains the network instead."
    except Exception as error:
        return (
            f"Your mlp_loss_and_gradients raised {type(error).__name__}: {error}. The page trains the network instead."
        )
    wanted = [(weight.shape, bias.shape) for weight, bias in parameters]
    if shapes != wanted or not np.isfinite(float(loss)):
        return f"Your mlp_loss_and_gradients gave shapes {shapes}; expected {wanted}. The page trains instead."
    return ""
