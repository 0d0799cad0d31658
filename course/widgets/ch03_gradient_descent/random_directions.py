"""The gradient step against a hundred steps of the same length in random directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Arrow, Curve, Dot, Explorer, Guide, Label, Line, Paths, Slider, StudentFunction

__all__ = ["PRESETS", "Directions", "directions_state", "loss", "random_directions"]

Array = NDArray[np.float64]
HESSIAN: Array = np.array([[2.0, 0.9], [0.9, 1.0]])
COUNT = 100
ANGLES: Array = np.sort(np.random.default_rng(0).uniform(-180.0, 180.0, COUNT))  # degrees
LENGTHS = (0.01, 0.1, 0.3, 0.6, 1.0, 1.5, 2.0, 3.0)
PLACES = (0.0, 60.0, 120.0, 180.0, 240.0, 300.0)

PRESETS: dict[str, dict[str, object]] = {
    "a small step": {"length": 0.1, "place": 60.0},
    "a longer step": {"length": 1.5, "place": 60.0},
    "much too long": {"length": 3.0, "place": 60.0},
}


@dataclass(frozen=True)
class Directions:
    """What steps of one length in many directions do to the loss, per unit of length."""

    x: float
    y: float
    tips_x: Array
    tips_y: Array
    change: Array  # (COUNT,) change of the loss over the length of the step
    down_x: float
    down_y: float
    ray_x: Array  # from the place straight against the gradient, however short the step
    ray_y: Array
    angle: float
    down_change: float
    best: float  # the change of the random step that falls most
    label_x: float
    label_y: float
    says: str


def loss(w: Array) -> Array:
    """A tilted bowl: w @ HESSIAN @ w / 2, for w (..., 2)."""
    return np.asarray(np.sum(w @ HESSIAN * w, axis=-1) / 2)


def directions_state(length: float, place: float, own: StudentFunction | None = None) -> Directions:
    """Steps from the point at angle `place` on a circle of radius 1.5."""
    here = 1.5 * _unit(place)
    grad = HESSIAN @ here
    tips = here + length * _unit(ANGLES)
    change = (loss(tips) - loss(here)) / length
    rate = length / float(np.linalg.norm(grad))
    down = own(here, grad, rate, shape=(2,)) if own else here - rate * grad
    if np.isnan(down).any():
        down = here - rate * grad
    moved = down - here
    angle = float(np.degrees(np.arctan2(moved[1], moved[0])))
    down_change = float((loss(down) - loss(here)) / length)
    ray = np.stack([here, here - 1.6 * grad / np.linalg.norm(grad)], axis=1)
    better = int(np.sum(change < down_change - 1e-12))
    counted = {0: "none of the random steps falls more", 1: "1 of the random steps falls more"}
    ending = counted.get(better, f"{better} of the random steps fall more")
    return Directions(
        x=float(here[0]),
        y=float(here[1]),
        tips_x=tips[:, 0],
        tips_y=tips[:, 1],
        change=change,
        down_x=float(down[0]),
        down_y=float(down[1]),
        ray_x=ray[0],
        ray_y=ray[1],
        angle=angle,
        down_change=down_change,
        best=float(change.min()),
        label_x=float(np.clip(angle, -110, 110)),
        label_y=down_change + (1.0 if down_change > 0 else -1.0),
        says=f"Step length {length:g}: the gradient step changes the loss by {down_change:.2f} per unit of length; "
        f"{ending} (of {COUNT}).",
    )


def _unit(degrees: float | Array) -> Array:
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=-1)


def random_directions(gradient_step: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 3.1: a hundred random steps of one length, and the gradient step among them.

    gradient_step  the student's own makes the step that is marked
    """
    own = StudentFunction(gradient_step, "gradient_step")
    circle = _unit(np.linspace(0, 360, 121))
    values, axes = np.linalg.eigh(HESSIAN)
    rings = [circle * np.sqrt(2 * level / values) @ axes.T for level in (0.25, 1.0, 2.25, 4.0, 6.25, 9.0)]
    ring_x = np.concatenate([np.append(ring[:, 0], np.nan) for ring in rings])
    ring_y = np.concatenate([np.append(ring[:, 1], np.nan) for ring in rings])
    return Explorer(
        lambda length, place: directions_state(length, place, own if own else None),
        view=[
            Paths(
                Line(ring_x, ring_y, colour="ghost", width=1.0),
                Line("ray_x", "ray_y", colour="vermilion", style="dashed", width=1.5),
                Dot("x", "y", colour="ink", size=3),
                Dot("tips_x", "tips_y", size=3),
                Arrow("down_x", "down_y", x0="x", y0="y"),
                x=(-3.5, 3.5),
                y=(-3.5, 3.5),
                title="Steps of one length from one place",
                x_name="first parameter",
                y_name="second parameter",
            ),
            Curve(
                Guide(y=0.0),
                Dot(ANGLES, "change", size=3.5),
                Dot("angle", "down_change", colour="vermilion", size=7),
                Label("label_x", "label_y", text="gradient step", colour="vermilion"),
                x=(-180, 180),
                x_at=(-120, -60, 0, 60, 120),
                y=(-5, 8),
                title="Change of the loss per unit of length",
                x_name="direction of the step, in degrees",
            ),
        ],
        length=Slider(values=LENGTHS, start=0.1, label="length of the step", format="g"),
        place=Slider(values=PLACES, start=60.0, label="place on a circle", unit="degrees", format=".0f"),
        notice=own,
        presets=PRESETS,
    )
