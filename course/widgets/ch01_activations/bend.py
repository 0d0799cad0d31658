"""One layer bends the plane: a grid and the four clusters of XOR before and after W x + b and the activation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from contourpy import contour_generator

from course.widgets.kit import Choice, Dot, Explorer, Line, Paths, Slider, StudentFunction

from .functions import SHOWN_INSTEAD, Array, function_named

__all__ = ["CLASS", "LAYERS", "POINTS", "PRESETS", "Bent", "BestLine", "bent_state", "best_line", "layer_bends_space"]

REACH = 1.75  # the grid covers [-REACH, REACH] squared
GRID_LINES = 8
SAMPLES = 29  # points per grid line: a kink falls between neighbours that are 0.125 apart
BLENDS = 11  # steps from no activation to all of it
PER_CLUSTER = 8
DIRECTIONS: Array = np.linspace(0.0, 2 * np.pi, 240, endpoint=False)

# W and b.  "fold" solves XOR with ReLU: it sends one cluster of the first class far out along each axis, and ReLU
# folds the other class into the corner between them.
LAYERS: dict[str, tuple[Array, Array]] = {
    "turn": (np.array([[0.8, -0.6], [0.6, 0.8]]), np.array([0.0, 0.0])),
    "stretch and shear": (np.array([[1.3, 0.5], [0.0, 0.6]]), np.array([0.0, 0.3])),
    "fold": (np.array([[1.0, 0.5], [-0.5, -1.0]]), np.array([-0.2, -0.2])),
    "flatten": (np.array([[0.8, 0.8], [0.4, 0.4]]), np.array([0.0, 0.0])),
}
PRESETS: dict[str, dict[str, object]] = {  # with ReLU
    "without activation": {"layer": "fold", "blend": 0.0},
    "half way": {"layer": "fold", "blend": 0.5},
    "folded": {"layer": "fold", "blend": 1.0},
}


def _xor() -> tuple[Array, Array]:
    """Four clusters in the corners of a square, and their classes: equal signs 0, unequal signs 1."""
    corners = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
    spread = np.random.default_rng(4).uniform(-0.3, 0.3, (4 * PER_CLUSTER, 2))
    return np.repeat(corners, PER_CLUSTER, axis=0) + spread, np.repeat([0.0, 0.0, 1.0, 1.0], PER_CLUSTER)


POINTS, CLASS = _xor()


def _grid() -> Array:
    """Lines of the plane, (2 * GRID_LINES, SAMPLES, 2): first the upright ones, then the level ones."""
    places, along = np.linspace(-REACH, REACH, GRID_LINES), np.linspace(-REACH, REACH, SAMPLES)
    upright = np.stack(np.broadcast_arrays(places[:, None], along[None, :]), axis=-1)
    return np.concatenate([upright, upright[..., ::-1]])


GRID = _grid()


@dataclass(frozen=True)
class BestLine:
    """The straight line normal . h = offset with the fewest points on the wrong side, class 0 where it is larger."""

    normal: Array
    offset: float
    errors: int


@dataclass(frozen=True)
class Bent:
    """The plane behind the layer, the best straight line there, and the same line seen from before the layer."""

    grid_x: Array  # (lines, SAMPLES)
    grid_y: Array
    points_x: Array
    points_y: Array
    line_x: Array  # (2,) behind the layer, where the line is straight
    line_y: Array
    before_x: Array  # the same line in the input plane, pieces parted by nan
    before_y: Array
    says: str


def layer_output(x: Array, layer: str, blend: float, value: Callable[[Array], Array]) -> Array:
    """(1 - blend) z + blend f(z) with z = W x + b, for any number of points (..., 2)."""
    weight, bias = LAYERS[layer]
    z = x @ weight.T + bias
    return (1 - blend) * z + blend * value(z)


def best_line(h: Array) -> BestLine:
    """Of all lines in 240 directions the one with the fewest errors, and of those the one with the widest margin."""
    normals = np.stack([np.cos(DIRECTIONS), np.sin(DIRECTIONS)], axis=1)
    order = np.argsort(normals @ h.T, axis=1)
    along = np.take_along_axis(normals @ h.T, order, axis=1)
    first_class = CLASS[order] == 0
    # cutting behind place k: errors are the points of class 0 up to k and those of class 1 beyond it
    errors = np.cumsum(first_class, axis=1) + np.cumsum(~first_class[:, ::-1], axis=1)[:, ::-1] - ~first_class
    margin = np.diff(along, axis=1)
    worth = errors[:, :-1] - np.minimum(margin, 9.0) / 10
    worth[margin < 1e-9] = np.inf  # no line fits between two points at one place
    direction, cut = np.unravel_index(int(np.argmin(worth)), worth.shape)
    offset = float(along[direction, cut] + along[direction, cut + 1]) / 2
    return BestLine(normals[direction], offset, int(errors[direction, cut]))


def line_before(line: BestLine, layer: str, blend: float, value: Callable[[Array], Array]) -> Array:
    """The points of the input plane that the layer sends onto the line, (n, 2), pieces parted by nan."""
    ticks = np.linspace(-REACH, REACH, 57)
    x = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    height = layer_output(x, layer, blend, value) @ line.normal - line.offset
    pieces = contour_generator(ticks, ticks, height).lines(0.0)
    parted = [np.concatenate([np.asarray(piece)[::2], np.full((1, 2), np.nan)]) for piece in pieces]
    return np.concatenate(parted) if parted else np.full((1, 2), np.nan)


def bent_state(layer: str, blend: float, activation: str, value: Callable[[Array], Array]) -> Bent:
    """The grid, the points and the best line behind this layer with this share of the activation."""
    grid = layer_output(GRID, layer, blend, value)
    points = layer_output(POINTS, layer, blend, value)
    nothing = np.full(2, np.nan)
    line_x, line_y, before = nothing, nothing, nothing[None, :]
    errors = None
    if np.isfinite(points).all():
        line = best_line(points)
        errors = line.errors
        along = np.array([-line.normal[1], line.normal[0]]) * 8
        foot = line.normal * line.offset
        line_x, line_y = np.stack([foot - along, foot + along], axis=1)
        before = line_before(line, layer, blend, value)
    says = _says(layer, blend, activation, errors)
    return Bent(
        grid[..., 0], grid[..., 1], points[:, 0], points[:, 1], line_x, line_y, before[:, 0], before[:, 1], says
    )  # fmt: skip


def _says(layer: str, blend: float, activation: str, errors: int | None) -> str:
    """Whether a straight line parts the classes, and what that means."""
    share = "no activation" if blend == 0 else f"{blend:.0%} of {activation}" if blend < 1 else f"all of {activation}"
    says = f"{layer.capitalize()}, {share}: "
    if errors is None:
        return says + "the layer gives values that are not numbers."
    if errors == 0:
        return says + "a straight line parts the two classes; seen from before the layer, that line is bent."
    says += f"no straight line parts the two classes; the best one leaves {errors} of {len(CLASS)} on the wrong side."
    if blend == 0:
        says += " Straight grid lines stay straight."
    return says


def layer_bends_space(activation: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 1.3: a grid and the XOR points before and after one layer, from no activation to all of it.

    activation    the student's own: one more choice, and the one shown first
    """
    own = StudentFunction(activation, getattr(activation, "__name__", "activation"))
    values: dict[str, Callable[[Array], Array]] = {}
    folding = "ReLU"
    if np.isfinite(own(GRID, shape=GRID.shape)).any():
        mine = f"your {own.name}"
        folding = mine if own.name == "relu" else folding
        values[mine] = lambda z: own(z, shape=z.shape)
    elif own:
        own.trouble += SHOWN_INSTEAD
    for name in ("ReLU", "tanh", "sigmoid"):
        values[name] = function_named(name).value

    def model(layer: str, activation: str, blend: float) -> Bent:
        return bent_state(layer, blend, activation, values[activation])

    limits = (-3.0, 3.0)
    return Explorer(
        model,
        view=[
            Paths(
                Line(GRID[..., 0], GRID[..., 1], colour="ghost", width=1),
                Line("before_x", "before_y", colour="ink", style="dashed"),
                Dot(POINTS[:, 0], POINTS[:, 1], classes=CLASS, size=4.5),
                x=limits, y=limits, x_name="x₁", y_name="x₂", title="Before the layer: the input",
            ),
            Paths(
                Line("grid_x", "grid_y", colour="ghost", width=1),
                Line("line_x", "line_y", colour="ink", style="dashed"),
                Dot("points_x", "points_y", classes=CLASS, size=4.5),
                x=limits, y=limits, x_name="h₁", y_name="h₂", title="Behind the layer: W x + b, then the activation",
            ),
        ],
        layer=Choice(*LAYERS, start="fold", label="layer"),
        activation=Choice(*values),
        blend=Slider(0, 1, BLENDS, start=0.0, label="share of the activation", format=".0%"),
        notice=own,
        presets={name: dict(place, activation=folding) for name, place in PRESETS.items()},
        coarse=["grid_x", "grid_y", "points_x", "points_y", "line_x", "line_y", "before_x", "before_y"],
    )  # fmt: skip
