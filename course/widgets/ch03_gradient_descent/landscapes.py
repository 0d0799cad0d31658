"""Gradient descent on landscapes of two parameters: the path, the loss, and the error along each axis."""

from __future__ import annotations

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
    Line,
    Mechanism,
    Paths,
    Point,
    Slider,
    StudentFunction,
    Time,
)
from course.widgets.landscapes import LANDSCAPES, SCRIPT, WINDOW, contours

__all__ = ["PRESETS", "Walk", "landscapes", "walk_state"]

Array = NDArray[np.float64]
STEPS = 100
NOISE: Array = np.random.default_rng(0).normal(size=(STEPS, 2))
FAR = 1e3  # beyond it a walk has run away, and is not drawn any more
NAMES = tuple(LANDSCAPES)

PRESETS: dict[str, dict[str, object]] = {
    "a narrow valley": {
        "landscape": "valley 1:100", "share": 0.95, "start": (-1.8, 1.0), "momentum": 0.0, "noise": 0.0, "step": 100,
    },
    "with momentum": {
        "landscape": "valley 1:100", "share": 0.95, "start": (-1.8, 1.0), "momentum": 0.8, "noise": 0.0, "step": 100,
    },
    "one step too long": {
        "landscape": "valley 1:100", "share": 1.05, "start": (-1.8, 1.0), "momentum": 0.0, "noise": 0.0, "step": 60,
    },
    "stuck on a saddle": {
        "landscape": "saddle", "share": 0.2, "start": (-1.8, 0.0), "momentum": 0.0, "noise": 0.0, "step": 100,
    },
    "saved by noise": {
        "landscape": "saddle", "share": 0.2, "start": (-1.8, 0.0), "momentum": 0.0, "noise": 0.1, "step": 100,
    },
    "a plateau": {
        "landscape": "plateau", "share": 0.5, "start": (-1.2, 0.8), "momentum": 0.0, "noise": 0.0, "step": 100,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Walk:
    """One walk of STEPS steps; the student's own beside it, NaN where there is none."""

    contour_x: Array
    contour_y: Array
    x: Array
    y: Array
    loss: Array
    error_x: Array
    error_y: Array
    own_x: Array
    own_y: Array
    own_loss: Array
    at_x: float
    at_y: float
    says: str


def walk_state(
    landscape: str, share: float, start: tuple[float, float], momentum: float, noise: float, step: int,
    own: StudentFunction | None = None,
) -> Walk:  # fmt: skip
    """The walk; share is the learning rate as a share of the largest stable one at the minimum."""
    settings = (landscape, share * LANDSCAPES[landscape].edge, start, momentum, noise)
    path = _path(*settings)
    own_path = _path(*settings, own) if own else np.full(path.shape, np.nan)
    shown = own_path if own and np.isfinite(own_path).any() else path
    target = _nearest_minimum(landscape, path)
    contour_x, contour_y = contours(landscape)
    return Walk(
        contour_x=contour_x,
        contour_y=contour_y,
        x=path[:, 0],
        y=path[:, 1],
        loss=_above_the_lowest(landscape, path),
        error_x=np.abs(path[:, 0] - target[0]),
        error_y=np.abs(path[:, 1] - target[1]),
        own_x=own_path[:, 0],
        own_y=own_path[:, 1],
        own_loss=_above_the_lowest(landscape, own_path),
        at_x=float(shown[step, 0]),
        at_y=float(shown[step, 1]),
        says=_says(landscape, share, step, shown),
    )


def _path(
    name: str, rate: float, start: tuple[float, float], momentum: float, noise: float,
    own: StudentFunction | None = None,
) -> Array:  # fmt: skip
    landscape = LANDSCAPES[name]
    w, velocity = np.array(start, dtype=float), np.zeros(2)
    path = [w]
    for draw in NOISE:
        velocity = momentum * velocity + np.array(landscape.gradient(*w)) + noise * draw
        w = own(w, velocity, rate, shape=(2,)) if own else w - rate * velocity
        if not np.abs(w).max() < FAR:
            break
        path.append(w)
    return np.array(path + [np.full(2, np.nan)] * (STEPS + 1 - len(path)))


def _above_the_lowest(name: str, path: Array) -> Array:
    return np.asarray(LANDSCAPES[name].loss(path[:, 0], path[:, 1]) - LANDSCAPES[name].lowest)


def _nearest_minimum(name: str, path: Array) -> Array:
    """The minimum next to where the walk ends."""
    end = path[np.isfinite(path[:, 0])][-1]
    minima = np.array(LANDSCAPES[name].minima)
    return np.asarray(minima[np.argmin(np.sum((minima - end) ** 2, axis=1))])


def _says(name: str, share: float, step: int, path: Array) -> str:
    rate = share * LANDSCAPES[name].edge
    intro = f"Rate {rate:.4f}, {share:.2f} of the largest stable one, step {step}: "
    if np.isnan(path[step, 0]):
        return intro + "the walk has run away."
    height = float(_above_the_lowest(name, path[step : step + 1])[0])
    return intro + f"at ({path[step, 0]:.2f}, {path[step, 1]:.2f}), {height:.4f} above the lowest loss."


def landscapes(gradient_step: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 3.3: walks on seven landscapes.

    gradient_step  the student's own: its walk is drawn solid, the reference as a dashed line
    """
    own = StudentFunction(gradient_step, "gradient_step")

    def model(**controls: Any) -> Walk:
        return walk_state(**controls, own=own if own else None)

    def answer(**controls: Any) -> dict[str, Any]:
        walk = model(**controls)
        return {name: getattr(walk, name) for name in ("own_x", "own_y", "own_loss", "at_x", "at_y", "says")}

    style: Any = "ghost" if own else "solid"
    steps = np.arange(STEPS + 1.0)
    own_lines = [Line("own_x", "own_y", colour="vermilion", until="step")] if own else []
    own_losses = [Line(steps, "own_loss", colour="vermilion", until="step", label="yours")] if own else []
    data: dict[str, Any] = {"noise": NOISE}
    for name, landscape in LANDSCAPES.items():
        data |= {f"contour {name}": np.array(contours(name)), f"minima {name}": landscape.minima}
        data[f"numbers {name}"] = (landscape.edge, landscape.lowest)
    return Explorer(
        model,
        view=[
            Paths(
                Line("contour_x", "contour_y", colour="ghost", width=1.0),
                Line("x", "y", colour="blue" if own else "vermilion", style=style, until="step"),
                *own_lines,
                Dot("at_x", "at_y", colour="vermilion", size=6),
                x=WINDOW, y=WINDOW, title="The path over lines of equal loss", x_name="first parameter",
                y_name="second parameter", drag="start",
            ),
            Curve(
                Line(steps, "error_x", colour="green", style="dashed", width=1.5, until="step", label="first"),
                Line(steps, "error_y", colour="purple", style="dashed", width=1.5, until="step", label="second"),
                Line(steps, "loss", style=style, until="step", label="loss"),
                *own_losses,
                x=(0, STEPS), y=(1e-6, 1e4), y_scale="log", title="Loss, and distance to the minimum along each axis",
                x_name="step",
            ),
        ],
        landscape=Choice(*NAMES, start="valley 1:100"),
        share=Slider(0.05, 1.2, 24, start=0.95, label="learning rate (1 = largest stable)", format=".2f"),
        momentum=Slider(values=(0.0, 0.5, 0.8, 0.9), start=0.0, format=".1f"),
        noise=Slider(values=(0.0, 0.1, 0.3, 1.0), start=0.0, label="noise in the gradient", format=".1f"),
        start=Point(Slider(-2, 2, 41, start=-1.8, label="start, first"), Slider(-2, 2, 41, start=1.0, label="second")),
        step=Time(STEPS + 1, start=STEPS, seconds=5),
        mechanism=Mechanism(
            "walk", [SCRIPT, Path(__file__).with_suffix(".js")], data=data, own=answer if own else None
        ),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
