"""An activation function, its slope at one input, and what ten layers of that slope leave of a small change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course.widgets.kit import Band, Bars, Choice, Curve, Dot, Explorer, Line, Slider, StudentFunction, Tangent

from .functions import FLAT, SHOWN_INSTEAD, Array, Function, derivative_from_the_left, function_named, largest_gap

__all__ = ["PRESETS", "Slope", "activation_explorer", "slope_state"]

X: Array = np.linspace(-6.0, 6.0, 193)  # step 1/16: every stop of the slider lies on it
LAYERS: Array = np.arange(1.0, 11.0)
KINDS = ("sigmoid", "tanh", "ReLU", "leaky ReLU")
PRESETS: dict[str, dict[str, object]] = {
    "the sigmoid at its steepest": {"kind": "sigmoid", "x0": 0.0},
    "the sigmoid at 3": {"kind": "sigmoid", "x0": 3.0},
    "ReLU, switched off": {"kind": "ReLU", "x0": -1.0},
}


@dataclass(frozen=True)
class Slope:
    """A function and its derivative over X, and both at one input."""

    y: Array
    dy: Array
    ghost_y: Array  # the reference behind the student's function; nan where there is none
    ghost_dy: Array
    at: float
    value: float
    slope: float
    flat_from: Array  # (2,) where the zones begin in which |slope| < FLAT; nan where there is none
    flat_to: Array
    chain: Array  # (10,) |slope| to the power 1 ... 10
    says: str


@dataclass(frozen=True)
class Own:
    """The student's function over X, and the reference it is meant to be."""

    name: str
    reference: Function | None
    y: Array
    dy: Array


def slope_state(function: Function, x0: float, own: Own | None = None) -> Slope:
    """The picture of `function` at x0, or of the student's own with `function` as its ghost."""
    y, dy = (function.value(X), function.slope(X)) if own is None else (own.y, own.dy)
    at = int(np.argmin(np.abs(X - x0)))
    slope = float(dy[at])
    chain = np.abs(slope) ** LAYERS
    ghost_y, ghost_dy = np.full(X.shape, np.nan), np.full(X.shape, np.nan)
    if own is not None and own.reference is not None:
        ghost_y, ghost_dy = own.reference.value(X), own.reference.slope(X)
    name = function.name[0].upper() + function.name[1:] if own is None else f"Your {own.name}"
    says = _says(name, x0, float(y[at]), slope, chain[-1])
    if own is not None:
        says += _compare(own)
    flat_from, flat_to = flat_zones(dy)
    return Slope(
        y, broken_at_jumps(dy), ghost_y, broken_at_jumps(ghost_dy), x0, float(y[at]), slope,
        flat_from, flat_to, chain, says,
    )  # fmt: skip


def flat_zones(dy: Array) -> tuple[Array, Array]:
    """Begin and end of the zones at the two ends of X in which the slope is smaller than FLAT; nan for none."""
    flat = np.abs(dy) < FLAT
    begin, end = np.full(2, np.nan), np.full(2, np.nan)
    if flat.all():
        begin[0], end[0] = X[0], X[-1]
    else:
        first, last = np.argmin(flat), len(X) - 1 - np.argmin(flat[::-1])  # first and last steep point
        if first > 0:
            begin[0], end[0] = X[0], X[first - 1]
        if last < len(X) - 1:
            begin[1], end[1] = X[last + 1], X[-1]
    return begin, end


def broken_at_jumps(dy: Array) -> Array:
    """dy with a gap where it jumps, so that no upright line pretends to be part of the curve."""
    with np.errstate(invalid="ignore"):
        jumps = np.abs(np.diff(dy, append=dy[-1])) > 0.5
    return np.where(jumps, np.nan, dy)


def _says(name: str, x0: float, value: float, slope: float, tenth: float) -> str:
    """Value, slope, and what ten layers leave of a small change."""
    if np.isnan(value):
        return f"{name} gives no number at {_short(x0)}."
    says = f"{name} at {_short(x0)}: value {_short(value)}, slope {_short(slope)}. "
    if np.isnan(slope):
        return says
    if slope == 0:
        return says + "No change passes: what stands before it in the network does not learn from this example."
    if tenth == 1:
        return says + "A small change passes unchanged, through ten such layers too."
    return says + f"Ten such layers multiply a small change by {_short(tenth)}."


def _short(number: float) -> str:
    """Three digits that count; plain where plain is short."""
    text = f"{number:.3g}" if abs(number) >= 1e-3 or number == 0 else f"{number:.1e}"
    return text.replace("e-0", "e-").replace("-", "−")


def _compare(own: Own) -> str:
    """Whether the student's function is the reference, and if not, where it is farthest off."""
    if own.reference is None:
        return ""
    where = largest_gap(own.y, own.reference.value(X))
    if where is not None:
        right = float(own.reference.value(X)[where])
        return (
            f" It leaves the dashed line most at {_short(X[where])}: {_short(own.y[where])} "
            f"where {_short(right)} is right."
        )
    right_slope = own.reference.slope(X)
    where = largest_gap(own.dy, right_slope)
    if where is not None:
        return (
            f" Its values are right, its slope is not: at {_short(X[where])} it gives {_short(own.dy[where])} "
            f"where {_short(float(right_slope[where]))} is right."
        )
    return " It agrees with the reference everywhere here."


def own_function(function: StudentFunction, derivative: StudentFunction) -> Own:
    """The student's function and derivative over X; what is missing comes from the reference or from differences."""
    name = function.name if function else derivative.name.removesuffix("_grad")
    try:
        reference: Function | None = function_named(name)
    except KeyError:
        reference = None
    if function:
        y = function(X, shape=X.shape)
    elif reference is not None:
        y = reference.value(X)
    else:
        raise ValueError(f"activation_explorer got the derivative {derivative.name} alone; give its function too")
    if derivative:
        dy = derivative(X, shape=X.shape)
    elif np.isnan(y).all():
        dy = np.full(X.shape, np.nan)
    else:
        dy = derivative_from_the_left(lambda x: function(x, shape=x.shape), X)
        dy = np.where(np.abs(dy) < 1e-8, 0.0, dy)  # differences of equal numbers leave rounding behind
    return Own(name, reference, y, dy)


def activation_explorer(
    function: Callable[..., Any] | None = None, derivative: Callable[..., Any] | None = None
) -> Explorer:
    """Widget of section 1.4: a function, its derivative, the tangent at x, and slope to the power of 1 to 10 layers.

    function, derivative    the student's own: drawn solid, with the reference of the same name as a dashed ghost;
                            without a derivative the slope comes from differences of the function
    """
    called = StudentFunction(function, getattr(function, "__name__", "function"))
    sloped = StudentFunction(derivative, getattr(derivative, "__name__", "derivative"))
    own = own_function(called, sloped) if called or sloped else None
    mine = f"your {own.name}" if own is not None and np.isfinite(own.y).any() else ""
    if own is not None and not mine:
        called.trouble += SHOWN_INSTEAD
    meant = own.reference if own is not None else None
    kinds = ((mine,) if mine else ()) + KINDS

    def model(kind: str, x0: float) -> Slope:
        if own is not None and kind == mine:
            return slope_state(own.reference or function_named("identity"), x0, own)
        return slope_state(function_named(kind), x0)

    return Explorer(
        model,
        view=[
            Curve(
                Band("flat_from", "flat_to", label="saturated"),
                Line(X, "ghost_y", style="ghost", colour="ghost", label="reference"),
                Line(X, "y", label="f(x)"),
                Tangent("at", "value", "slope", label="tangent"),
                Dot("at", "value", colour="vermilion"),
                x=(-6, 6), y=(-1.25, 2.5), title="The function", x_name="x", drag="x0",
            ),
            Curve(
                Band("flat_from", "flat_to"),
                Line(X, "ghost_dy", style="ghost", colour="ghost"),
                Line(X, "dy", label="slope of f", colour="vermilion"),
                Dot("at", "slope", colour="vermilion"),
                x=(-6, 6), y=(-0.1, 1.1), title="Its derivative", x_name="x", drag="x0",
            ),
            Bars(
                "chain", limits=(0, 1.1), names=[f"{int(k)}" for k in LAYERS], numbers=".1g",
                title="What is left of a small change after 1 to 10 such layers: slope to the power k",
                height=200, wide=True,
            ),
        ],
        kind=Choice(*kinds, label="function"),
        x0=Slider(-6, 6, 97, start=1.0, label="x", format=".3g"),
        notice=(called, sloped),
        presets={
            # the student's own sigmoid is as steep at 3 as the reference, or should be
            name: dict(place, kind=mine) if meant is not None and mine and place["kind"] == meant.name else place
            for name, place in PRESETS.items()
        },
    )  # fmt: skip
