"""How exact a slope by nudging is: the error of one-sided and central differences against the width of the nudge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Choice, Curve, Dot, Explorer, Line, Slider, StudentFunction
from course.widgets.kit.mechanism import written

__all__ = ["FUNCTIONS", "PRESETS", "Nudge", "finite_difference", "nudge_state"]

Array = NDArray[np.float64]
WIDTHS: Array = np.geomspace(1e-12, 1.0, 25)
X0 = 2.0
X: Array = np.linspace(0.0, 4.0, 81)
FLOOR = 1e-16  # errors below it are drawn there

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "x³": (lambda x: x**3, 12.0),
    "10 sin x": (lambda x: 10 * np.sin(x), 10 * float(np.cos(X0))),
    "e^x": (np.exp, float(np.exp(X0))),
}
PRESETS: dict[str, dict[str, object]] = {
    "too wide": {"function": "x³", "precision": "float64", "h": 1.0},
    "good": {"function": "x³", "precision": "float64", "h": 1e-5},
    "too narrow": {"function": "x³", "precision": "float64", "h": 1e-12},
    "in float32": {"function": "x³", "precision": "float32", "h": 1e-5},
}


@dataclass(frozen=True)
class Nudge:
    """A function, the nudged places on it, and the errors over all widths."""

    y: Array
    places: Array
    heights: Array
    chord_one: Array  # over X: the line through x and x + h
    chord_central: Array  # over X: the line through x - h and x + h
    one_sided: Array
    central: Array
    own: Array
    at: float
    at_one: float
    at_central: float
    says: str


def nudge_state(function: str, precision: str, h: float, own: Array | None = None) -> Nudge:
    """The relative errors of the slope at x = 2."""
    f, slope = FUNCTIONS[function]
    widths = WIDTHS.astype(precision)
    x = np.full_like(widths, X0)
    here, up, down = f(x), f(x + widths), f(x - widths)
    one_sided = _error((up - here) / widths, slope)
    central = _error((up - down) / (2 * widths), slope)
    at = int(np.argmin(np.abs(np.log(WIDTHS / h))))
    shown = np.full(WIDTHS.shape, np.nan) if own is None or precision != "float64" else own
    places = np.array([X0 - h, X0, X0 + h])
    low, middle, high = (float(height) for height in f(places))
    yours = "" if np.isnan(shown[at]) else f" Yours misses it by {power(shown[at])}."
    return Nudge(
        y=f(X),
        places=places,
        heights=np.array([low, middle, high]),
        chord_one=middle + (high - middle) / h * (X - X0),
        chord_central=low + (high - low) / (2 * h) * (X - X0 + h),
        one_sided=one_sided,
        central=central,
        own=shown,
        at=float(WIDTHS[at]),
        at_one=float(one_sided[at]),
        at_central=float(central[at]),
        says=f"{function} at 2 in {precision}, h = {power(WIDTHS[at])}: one-sided differences miss the slope by "
        f"{power(one_sided[at])} of it, central ones by {power(central[at])}.{yours}",
    )


def power(value: float) -> str:
    """One digit and a power of ten, as the chapter writes them: 6e−1, 5e−6, 1."""
    return written(value, ".0e").removesuffix("e+00").removesuffix("e+0")


def _error(found: Any, slope: float) -> Array:
    with np.errstate(all="ignore"):
        error = np.abs(np.asarray(found, dtype=np.float64) - slope) / abs(slope)
    return np.asarray(np.clip(error, FLOOR, None))


def finite_difference(numerical_gradient: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 2.2: the V of the error: truncation on the right, rounding on the left.

    numerical_gradient  the student's own: its error in float64 is drawn in ink
    """
    own = StudentFunction(numerical_gradient, "numerical_gradient")
    errors: dict[str, Array | None] = dict.fromkeys(FUNCTIONS)
    if own:
        for name, (f, slope) in FUNCTIONS.items():
            found = [own(lambda x, f=f: float(f(x[0])), np.array([X0]), float(h), shape=(1,))[0] for h in WIDTHS]
            errors[name] = _error(np.array(found), slope)
    own_lines = [Line(WIDTHS, "own", colour="ink", width=1.5, label="yours")] if own else []
    return Explorer(
        lambda function, precision, h: nudge_state(function, precision, h, errors[function]),
        view=[
            Curve(
                Line(X, "y", colour="ink", width=1.5),
                Line(X, "chord_one", colour="blue", style="dashed", width=1.5),
                Line(X, "chord_central", colour="vermilion", width=1.5),
                Dot("places", "heights", colour="vermilion"),
                x=(0, 4),
                y=(-15, 30),
                title="Lines through the nudged places",
                x_name="x",
            ),
            Curve(
                Line(WIDTHS, "one_sided", colour="blue", style="dashed", label="one-sided"),
                Line(WIDTHS, "central", colour="vermilion", label="central"),
                *own_lines,
                Dot("at", "at_one", colour="blue"),
                Dot("at", "at_central", colour="vermilion", size=6),
                x=(1e-12, 1),
                y=(1e-15, 10),
                x_scale="log",
                y_scale="log",
                title="Relative error of the slope",
                x_name="width h of the nudge",
            ),
        ],
        function=Choice(*FUNCTIONS),
        precision=Choice("float64", "float32"),
        h=Slider(1e-12, 1.0, 25, start=1e-5, label="width h", format=".0e", log=True),
        notice=own,
        presets=PRESETS,
    )
