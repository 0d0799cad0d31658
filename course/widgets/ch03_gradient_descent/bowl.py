"""Gradient descent in a bowl of one parameter, from rates that creep to rates that run away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Curve, Dot, Explorer, Guide, Line, Slider, StudentFunction, Time

__all__ = ["PRESETS", "Descent", "bowl", "bowl_state"]

Array = NDArray[np.float64]
STEPS = 30
W: Array = np.linspace(-2.5, 2.5, 101)
T: Array = np.arange(STEPS + 1.0)
RATES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2)
CURVATURES = (0.5, 1.0, 2.0, 4.0)

PRESETS: dict[str, dict[str, object]] = {
    "slow": {"rate": 0.1, "curvature": 2.0, "step": 10},
    "at once": {"rate": 0.5, "curvature": 2.0, "step": 10},
    "zigzag": {"rate": 0.9, "curvature": 2.0, "step": 10},
    "for ever": {"rate": 1.0, "curvature": 2.0, "step": 10},
    "away": {"rate": 1.1, "curvature": 2.0, "step": 10},
}


@dataclass(frozen=True)
class Descent:
    """The bowl, and a descent from w = 1: one place and one error for each step."""

    loss: Array
    w: Array
    height: Array
    error: Array
    reference: Array
    seen_w: Array  # (STEPS + 1, STEPS + 1): the places up to each step, NaN beyond it
    seen_height: Array
    at: Array
    at_height: Array
    says: tuple[str, ...]


def bowl_state(rate: float, curvature: float, own: StudentFunction | None = None) -> Descent:
    """A descent of STEPS steps in the bowl curvature * w**2 / 2, from w = 1."""
    right = (1.0 - rate * curvature) ** T
    w = right
    if own:
        path = [np.ones(1)]
        for _ in range(STEPS):
            path.append(own(path[-1], curvature * path[-1], rate, shape=(1,)))
        found = np.concatenate(path)
        w = found if np.isfinite(found).all() else right
    height = curvature * w**2 / 2
    past = T[None, :] <= T[:, None]
    return Descent(
        loss=curvature * W**2 / 2,
        w=w,
        height=height,
        error=np.maximum(np.abs(w), 1e-12),
        reference=np.maximum(np.abs(right), 1e-12),
        seen_w=np.where(past, w, np.nan),
        seen_height=np.where(past, height, np.nan),
        at=w,
        at_height=height,
        says=tuple(_says(rate, curvature, step, w[step], right[step]) for step in range(STEPS + 1)),
    )


def _says(rate: float, curvature: float, step: int, w: float, right: float) -> str:
    factor = 1.0 - rate * curvature
    begin = f"Rate {rate:.2f}, the edge is at {2 / curvature:.2f}: each step multiplies the error by {factor:.2f}."
    if not np.isclose(w, right, rtol=1e-6, atol=1e-9):
        return f"{begin} Step {step}: your w is {w:.3g} where {right:.3g} is right."
    if abs(factor) < 1e-12:
        verdict = "one step reaches the minimum"
    elif abs(abs(factor) - 1) < 1e-12:
        verdict = "it jumps to and fro for ever"
    elif abs(factor) > 1:
        verdict = "every step leads further away"
    else:
        verdict = "it comes closer from one side" if factor > 0 else "it comes closer, from side to side"
    size = f"{0.0 if abs(w) < 1e-12 else w:.3g}"  # rounding leaves 1e-17 where 0 is meant
    return f"{begin} Step {step}: w = {size}; {verdict}."


def bowl(gradient_step: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 3.2: a bowl of one parameter and the error over the steps.

    gradient_step  the student's own makes the steps; the right error stays as a dashed line
    """
    own = StudentFunction(gradient_step, "gradient_step")

    def model(rate: float, curvature: float) -> Descent:
        return bowl_state(rate, curvature, own if own else None)

    return Explorer(
        model,
        view=[
            Curve(
                Line(W, "loss", colour="ghost"),
                Line("w", "height", colour="vermilion", width=1.25, until="step"),
                Dot("seen_w", "seen_height", colour="vermilion", size=3),
                Dot("at", "at_height", colour="vermilion", size=6),
                x=(-2.5, 2.5),
                y=(0, 8),
                title="The bowl",
                x_name="parameter w",
                y_name="loss",
            ),
            Curve(
                Guide(y=1.0),
                Line(T, "reference", style="ghost", colour="ghost"),
                Line(T, "error", colour="blue", until="step", label="|w|"),
                x=(0, STEPS),
                y=(1e-6, 1e3),
                y_scale="log",
                title="Distance to the minimum",
                x_name="step",
            ),
        ],
        rate=Slider(values=RATES, start=0.1, label="learning rate", format=".2f"),
        curvature=Slider(values=CURVATURES, start=2.0, format=".1f"),
        step=Time(STEPS + 1, over=("seen_w", "seen_height", "at", "at_height", "says"), start=10, seconds=6),
        notice=own,
        presets=PRESETS,
    )
