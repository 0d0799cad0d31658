"""Gradient descent on landscapes of two parameters: the path, the loss, and the error along each axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import (
    Arrow,
    Choice,
    Curve,
    Dot,
    Explorer,
    Field,
    Line,
    Mechanism,
    Paths,
    Point,
    Slider,
    StudentFunction,
    Time,
)
from course.widgets.landscapes import LANDSCAPES, SCRIPT, WINDOW, above_lowest, contours, ground, page_data, short, walk

__all__ = ["PRESETS", "Walk", "landscapes", "walk_state"]

Array = NDArray[np.float64]
STEPS = 100
T: Array = np.arange(STEPS + 1.0)
NOISE: Array = np.random.default_rng(0).normal(size=(STEPS, 2))
ARROW = 0.45  # its length in the picture: it tells the direction alone
OWN = ("own_x", "own_y", "own_loss", "at_x", "at_y", "tip_x", "tip_y", "says")

_VALLEY: dict[str, object] = {
    "landscape": "valley 1:100", "share": 0.95, "start": (-1.8, 1.0), "momentum": 0.0, "noise": 0.0, "step": 100,
}  # fmt: skip
_SADDLE = _VALLEY | {"landscape": "saddle", "share": 0.2, "start": (-1.8, 0.0)}
PRESETS: dict[str, dict[str, object]] = {
    "a narrow valley": _VALLEY,
    "with momentum": _VALLEY | {"momentum": 0.8},
    "one step too long": _VALLEY | {"share": 1.05, "step": 20},
    "stuck on a saddle": _SADDLE,
    "saved by noise": _SADDLE | {"noise": 0.1},
    "a plateau": _VALLEY | {"landscape": "plateau", "share": 0.5, "start": (-1.5, 1.2)},
    "a bent valley": _VALLEY | {"landscape": "Rosenbrock", "share": 0.5, "start": (-1.2, 0.0)},
    "four minima": _VALLEY | {"landscape": "Himmelblau", "share": 0.5, "start": (-0.2, -0.4), "step": 20},
}


@dataclass(frozen=True)
class Walk:
    """One walk of STEPS steps; the student's own beside it, NaN where there is none."""

    contour_x: Array
    contour_y: Array
    ground: Array
    minima_x: Array
    minima_y: Array
    x: Array
    y: Array
    loss: Array  # above the lowest
    error_x: Array  # distance to the nearest minimum along each axis; NaN where the landscape has no such axes
    error_y: Array
    own_x: Array
    own_y: Array
    own_loss: Array
    at_x: float
    at_y: float
    tip_x: float  # of an arrow from there against the gradient
    tip_y: float
    says: str


def walk_state(
    landscape: str, share: float, start: tuple[float, float], momentum: float, noise: float, step: int,
    own: StudentFunction | None = None,
) -> Walk:  # fmt: skip
    """The walk; share is the learning rate as a share of the largest that is stable at the minimum."""
    surface = LANDSCAPES[landscape]
    settings = (landscape, share * surface.edge, start, momentum, noise)
    path = _path(*settings)
    own_path = _path(*settings, own) if own else np.full(path.shape, np.nan)
    shown = own_path if own else path
    minima = np.array(surface.minima)
    target = _nearest(minima, path[np.isfinite(path[:, 0])][-1])
    error = np.abs(path - target) if surface.along else np.full(path.shape, np.nan)
    tip = _tip(landscape, shown[step])
    contour_x, contour_y = contours(landscape)
    return Walk(
        contour_x=contour_x,
        contour_y=contour_y,
        ground=ground(landscape),
        minima_x=minima[:, 0],
        minima_y=minima[:, 1],
        x=path[:, 0],
        y=path[:, 1],
        loss=above_lowest(landscape, path),
        error_x=error[:, 0],
        error_y=error[:, 1],
        own_x=own_path[:, 0],
        own_y=own_path[:, 1],
        own_loss=above_lowest(landscape, own_path),
        at_x=float(shown[step, 0]),
        at_y=float(shown[step, 1]),
        tip_x=float(tip[0]),
        tip_y=float(tip[1]),
        says=_says(landscape, share, noise, step, shown),
    )


def _path(
    landscape: str, rate: float, start: tuple[float, float], momentum: float, noise: float,
    own: StudentFunction | None = None,
) -> Array:  # fmt: skip
    velocity = np.zeros(2)

    def one_step(w: Array, gradient: Array, t: int) -> Array:
        nonlocal velocity
        velocity = momentum * velocity + gradient + noise * NOISE[t - 1]
        return own(w, velocity, rate, shape=(2,)) if own else w - rate * velocity

    return walk(landscape, start, STEPS, one_step)


def _tip(landscape: str, w: Array) -> Array:
    """The end of an arrow from w against the gradient; NaN where there is no slope."""
    gradient = np.array(LANDSCAPES[landscape].gradient(*w))
    size = np.hypot(*gradient)
    return w - ARROW * gradient / size if size > 1e-3 else np.full(2, np.nan)


def _nearest(minima: Array, w: Array) -> Array:
    return np.asarray(minima[np.argmin(np.sum((minima - w) ** 2, axis=1))])


def _says(landscape: str, share: float, noise: float, step: int, path: Array) -> str:
    surface, w = LANDSCAPES[landscape], path[step]
    says = f"Rate {short(share * surface.edge)}, {share:.2f} of the largest stable one. "
    if np.isnan(w[0]):
        return says + f"The walk has run away: it is off the map after {int(np.isfinite(path[:, 0]).sum()) - 1} steps."
    slope = float(np.hypot(*surface.gradient(*w)))
    away = float(np.hypot(*(w - _nearest(np.array(surface.minima), w))))
    loss = short(float(above_lowest(landscape, w)))
    says += f"Step {step}: the loss is {loss} above the lowest, the slope {short(slope)}. "
    if away < 0.05 and not noise:
        return says + "The walk has arrived."
    if away < 0.4 and noise:
        return says + "The noise does not let it rest in the minimum."
    if slope < 1e-3:
        return says + "There is no slope to follow, and this is no minimum."
    if np.abs(w).max() > 2:
        return says + "The walk has left the picture."
    if surface.along and not surface.lowest and path[0].all():
        x, y = np.abs(w / path[0])
        return says + f"Of the first distance {x:.1%} is left along x and {y:.1%} along y."
    return says + f"The nearest minimum is {away:.2f} away."


def landscapes(gradient_step: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 3.3: walks on eight landscapes.

    gradient_step  the student's own: its walk is drawn solid, the reference as a dashed line
    """
    own = StudentFunction(gradient_step, "gradient_step")
    usable = bool(own) and bool(np.isfinite(own(np.ones(2), np.ones(2), 0.1, shape=(2,))).all())
    if own and not usable:
        own.trouble += " Until it works you see the reference."

    def model(**controls: Any) -> Walk:
        return walk_state(**controls, own=own if usable else None)

    style: Any = "ghost" if usable else "solid"
    reference: Any = "ink" if usable else "vermilion"
    own_path = [Line("own_x", "own_y", colour="vermilion", until="step", width=1.75)] if usable else []
    own_loss = [Line(T, "own_loss", colour="vermilion", until="step", label="yours")] if usable else []
    return Explorer(
        model,
        view=[
            Paths(
                Field("ground", limits=(0, 1)),
                Line("contour_x", "contour_y", colour="ghost", width=0.75),
                Dot("minima_x", "minima_y", colour="green", size=4, hollow=True),
                Line("x", "y", colour=reference, style=style, until="step", width=1.75),
                *own_path,
                Arrow("tip_x", "tip_y", "at_x", "at_y", colour="ink", width=1.75),
                Dot("at_x", "at_y", colour="vermilion", size=6),
                x=WINDOW, y=WINDOW, title="The walk; the arrow points down the steepest slope", x_name="x", y_name="y",
                drag="start",
            ),
            Curve(
                Line(T, "error_x", colour="green", style="dashed", width=1.5, until="step", label="|x| error"),
                Line(T, "error_y", colour="purple", style="dashed", width=1.5, until="step", label="|y| error"),
                Line(T, "loss", colour="blue", style=style, until="step", label="loss"),
                *own_loss,
                x=(0, STEPS), y=(1e-6, 1e4), y_scale="log", title="Loss above the lowest, and error along each axis",
                x_name="step",
            ),
        ],
        landscape=Choice(*LANDSCAPES, start="valley 1:100"),
        share=Slider(0.05, 1.2, 24, start=0.95, label="rate / largest stable", format=".2f"),
        momentum=Slider(values=(0.0, 0.5, 0.8, 0.9), start=0.0, format=".1f"),
        noise=Slider(values=(0.0, 0.1, 0.3, 1.0), start=0.0, label="gradient noise", format=".1f"),
        start=Point(Slider(-2, 2, 41, start=-1.8, label="start x"), Slider(-2, 2, 41, start=1.0, label="start y")),
        step=Time(STEPS + 1, start=STEPS, seconds=5),
        mechanism=Mechanism(
            [SCRIPT, Path(__file__).with_suffix(".js")],
            data={"landscapes": page_data(), "noise": NOISE},
            own=OWN if usable else (),
        ),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
