"""How large each step is beside the parameters it moves, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Bars, Choice, Curve, Dot, Explorer, Guide, Line, Time

__all__ = ["Ratios", "small_runs", "update_ratios"]

Array = NDArray[np.float64]
SHOWN = 60


@dataclass(frozen=True)
class Ratios:
    """Update size over parameter size, (layers, steps), and those of the step shown."""

    ratio: Array
    now: Array  # (SHOWN, layers)
    at: Array
    says: tuple[str, ...]


def small_runs() -> dict[str, Array]:
    """The ratios of two short runs on drawn data: a 2-16-16-2 network under SGD and under Adam."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 2))
    labels = (x[:, 0] * x[:, 1] > 0).astype(int)
    runs = {}
    for name in ("SGD", "Adam"):
        draw = np.random.default_rng(1)
        weights = [draw.normal(0, np.sqrt(2 / a), (b, a)) for a, b in ((2, 16), (16, 16), (16, 2))]
        m = [np.zeros_like(one) for one in weights]
        v = [np.zeros_like(one) for one in weights]
        ratios = []
        for t in range(1, SHOWN + 1):
            steps = []
            for k, grad in enumerate(_gradients(weights, x, labels)):
                m[k] = 0.9 * m[k] + 0.1 * grad
                v[k] = 0.999 * v[k] + 0.001 * grad**2
                adam = 0.01 * (m[k] / (1 - 0.9**t)) / (np.sqrt(v[k] / (1 - 0.999**t)) + 1e-8)
                steps.append(adam if name == "Adam" else 0.1 * grad)
            ratios.append(
                [np.linalg.norm(step) / np.linalg.norm(one) for step, one in zip(steps, weights, strict=True)]
            )
            weights = [one - step for one, step in zip(weights, steps, strict=True)]
        runs[name] = np.array(ratios).T
    return runs


def _gradients(weights: list[Array], x: Array, labels: NDArray[np.int64]) -> list[Array]:
    inputs, h = [], x
    for weight in weights:
        inputs.append(h)
        z = h @ weight.T
        h = np.maximum(z, 0)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(x)), labels] -= 1
    grad = p / len(x)
    found: list[Array] = []
    for weight, given in zip(reversed(weights), reversed(inputs), strict=True):
        found.insert(0, grad.T @ given)
        grad = (grad @ weight) * (given > 0)
    return found


def update_ratios(runs: Mapping[str, Any] | None = None) -> Explorer:
    """Widget of section 9.7: size of the update over size of the weights, for each layer and step.

    runs  name of an optimiser -> array (layers, steps), at most four layers; two short runs of our own if left out
    """
    given = {name: np.asarray(run, dtype=float) for name, run in (runs or small_runs()).items()}
    layers, length = next(iter(given.values())).shape
    picked = np.unique(np.linspace(0, length - 1, min(SHOWN, length)).astype(int))
    steps = picked + 1.0
    names = [f"layer {k + 1}" for k in range(layers)]

    def model(optimiser: str) -> Ratios:
        ratio = np.maximum(given[optimiser][:, picked], 1e-12)
        says = []
        for k, step in enumerate(picked):
            each = ", ".join(f"{value:.1e}" for value in ratio[:, k])
            says.append(f"{optimiser}, step {step + 1}: the update is {each} of the weights, first layer first.")
        return Ratios(ratio, ratio.T, steps, tuple(says))

    return Explorer(
        model,
        view=[
            Curve(
                Guide(y=1e-3, label="1e-3, a rule of thumb"),
                Line(steps, "ratio", colour="blue", until="step"),
                Dot("at", 1e-5, colour="ink", size=4),
                x=(1, float(steps[-1])),
                y=(1e-5, 1),
                y_scale="log",
                title="Update over weights, one line for each layer",
                x_name="step",
            ),
            Bars("now", limits=(1e-5, 1), scale="log", names=names, numbers=".0e", title="At this step"),
        ],
        optimiser=Choice(*given),
        step=Time(len(picked), over=("now", "at", "says"), start=len(picked) - 1, label="place in the run", seconds=5),
    )
