"""One neuron: the line it draws through the plane, and the sum it makes of one input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from course.widgets.kit import (
    Arrow,
    Bars,
    Choice,
    Dot,
    Explorer,
    Label,
    Line,
    Paths,
    Point,
    Ramp,
    Slider,
    StudentFunction,
)  # fmt: skip

from .functions import SHOWN_INSTEAD, Array, function_named

__all__ = ["CLASS", "POINTS", "PRESETS", "HalfPlane", "neuron", "neuron_state"]

REACH = 3.0  # the plane shown is [-REACH, REACH] squared
FAR = 6.0  # |z| at which an unbounded activation has its full colour
Z: Array = np.linspace(-14.0, 14.0, 113)  # no |z| in the plane is larger: 2 * 3 + 2 * 3 + 2
START: dict[str, float] = {"w1": 1.0, "w2": -0.5, "b": 0.5}
PRESETS: Mapping[str, Mapping[str, object]] = {
    "turned": START | {"w1": 0.5, "w2": 1.0},  # a right angle to the start, the same length
    "shifted": START | {"b": 2.0},
    "sharpened": {name: 2 * value for name, value in START.items()},  # the same line
}


def _data() -> tuple[Array, Array]:
    """Two classes of ten points that a line can separate, and their classes 0 and 1."""
    rng = np.random.default_rng(2)
    below = rng.uniform((-2.6, -2.4), (1.2, 0.2), (10, 2))
    above = rng.uniform((-0.4, 0.6), (2.6, 2.6), (10, 2))
    return np.concatenate([below, above]), np.repeat([0.0, 1.0], 10)


POINTS, CLASS = _data()


@dataclass(frozen=True)
class Profile:
    """An activation along the sum: its answers over Z, and the same as colours from -1 to 1."""

    name: str
    answers: Array
    colours: Array


@dataclass(frozen=True)
class HalfPlane:
    """The neuron's answer over the plane, and its sum for one input."""

    w1: float  # (w1, w2) is the arrow: where the sum grows fastest
    w2: float
    ramp_start: Array  # (2,) where z = Z[0], and below where z = Z[-1], along the arrow
    ramp_end: Array
    colours: Array  # the answer over Z, as a colour: 0 neutral, -1 and 1 full
    line_x: Array  # (2,) the line z = 0; nan where both weights are 0
    line_y: Array
    terms: Array  # (4,) w1 x1, w2 x2, b, and their sum z
    sum_place: int  # the place of z among them
    point_x: float
    label_y: float  # above the point
    answer: str  # the neuron's answer there
    says: str


def neuron_state(w1: float, w2: float, b: float, point: tuple[float, float], profile: Profile) -> HalfPlane:
    """The neuron with this activation over the plane, and its sum at one point."""
    first, second = w1 * point[0], w2 * point[1]
    z = first + second + b
    answer = float(np.interp(z, Z, profile.answers))
    start, end, line_x, line_y = zero_line(w1, w2, b)
    terms = np.array([first, second, b, z])
    says = _says(w1, w2, b, z, answer, profile.name)
    return HalfPlane(
        w1, w2, start, end, profile.colours, line_x, line_y, terms, 3, point[0], point[1] + 0.4, f"{answer:.2f}", says
    )  # fmt: skip


@cache
def zero_line(w1: float, w2: float, b: float) -> tuple[Array, Array, Array, Array]:
    """Where along the arrow z is Z[0] and Z[-1], and two points of the line z = 0 (x and y; nan without weights)."""
    weights = np.array([w1, w2])
    length = float(np.hypot(w1, w2))
    if length == 0:
        # z is b everywhere; a weight too small to see gives the ramp a direction
        weights, length = np.array([1e-3, 0.0]), 1e-3
    across = weights / length
    start, end = across * (Z[0] - b) / length, across * (Z[-1] - b) / length
    foot = -b * across / length
    along = np.array([-across[1], across[0]]) * 3 * REACH
    line = np.stack([foot - along, foot + along])
    if w1 == w2 == 0:
        line = np.full((2, 2), np.nan)
    return start, end, line[:, 0], line[:, 1]


def as_colour(answer: Array) -> Array:
    """The answers scaled so that 1 is the full colour: bounded ones as they are, growing ones divided by FAR."""
    bounded = np.nanmax(np.abs(answer), initial=0.0) <= 1.0
    return np.clip(answer if bounded else answer / FAR, -1.0, 1.0)


@cache
def right_sides(w1: float, w2: float, b: float) -> int:
    """How many of POINTS lie on their side: class 1 where z > 0, class 0 elsewhere."""
    return int(np.sum((POINTS @ np.array([w1, w2]) + b > 0) == (CLASS == 1)))


def _says(w1: float, w2: float, b: float, z: float, answer: float, name: str) -> str:
    """The sum of the chosen input, the neuron's answer, and how well the line parts the classes."""
    side = "on the line" if z == 0 else f"on the {'positive' if z > 0 else 'negative'} side"
    says = f"z = {z:g}: the input lies {side}"
    says += "." if name == "none" or np.isnan(answer) else f", and {name} makes {answer:.2f} of it."
    if w1 == w2 == 0:
        return says + " Both weights are 0: the neuron does not look at its input."
    right = right_sides(w1, w2, b)
    if right == len(POINTS):
        return says + f" All {right} examples lie on their side of the line."
    return says + f" {right} of {len(POINTS)} examples lie on their side of the line."


def neuron(activation: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 1.1: two weights and a bias as a half-plane, and the sum for one input.

    activation    the student's own, on top of the sum; the sigmoid when left out
    """
    own = StudentFunction(activation, getattr(activation, "__name__", "activation"))
    name = "the sigmoid"
    values = function_named("sigmoid").value(Z)
    yours = own(Z, shape=Z.shape)
    if np.isfinite(yours).any():
        name, values = f"your {own.name}", yours
    elif own:
        own.trouble += SHOWN_INSTEAD
    profiles = {"none": Profile("none", Z, as_colour(Z)), name: Profile(name, values, as_colour(values))}

    def model(w1: float, w2: float, b: float, activation: str, point: tuple[float, float]) -> HalfPlane:
        return neuron_state(w1, w2, b, point, profiles[activation])

    half_steps = Slider(-2, 2, 9, format="g")
    return Explorer(
        model,
        view=[
            Paths(
                Ramp("ramp_start", "ramp_end", "colours", limits=(-1, 1)),
                Line("line_x", "line_y", colour="ink", width=1.75),
                Dot(POINTS[:, 0], POINTS[:, 1], classes=CLASS, size=4.5),
                Arrow("w1", "w2", label="w", colour="ink"),
                Label("point_x", "label_y", field="answer"),
                x=(-REACH, REACH), y=(-REACH, REACH), x_name="x₁", y_name="x₂",
                title="The neuron's answer (colourless: 0)", drag="point",
            ),
            Bars(
                "terms", limits=(-11, 11), names=("w₁x₁", "w₂x₂", "b", "sum z"), numbers=".3g", highlight="sum_place",
                title="The sum for one input",
            ),
        ],
        w1=replace(half_steps, start=START["w1"], label="w₁"),
        w2=replace(half_steps, start=START["w2"], label="w₂"),
        b=replace(half_steps, start=START["b"], label="b"),
        activation=Choice("none", name, start=name),
        point=Point(
            Slider(-2, 2, 5, start=2, label="x₁", format="d"), Slider(-2, 2, 5, start=1, label="x₂", format="d")
        ),
        notice=own,
        presets=PRESETS,
        coarse=["line_x", "line_y", "ramp_start", "ramp_end", "colours"],
    )  # fmt: skip
