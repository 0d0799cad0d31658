"""How large each step is beside the parameters it moves, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Bars, Choice, Curve, Explorer, Guide, Label, Line, Time
from course.widgets.kit.marks import Colour

__all__ = ["Ratios", "ratios_state", "small_runs", "update_ratios"]

Array = NDArray[np.float64]
SHOWN = 120
STEPS = 60
RULE = 1e-3
COLOURS: tuple[Colour, ...] = ("blue", "vermilion", "green", "purple")
LAYERS = ("first", "second", "third", "fourth")


@dataclass(frozen=True)
class Ratios:
    """Update size over parameter size: one line for each layer, NaN for layers that are not there."""

    first: Array  # (steps,)
    second: Array
    third: Array
    fourth: Array
    now: Array  # (steps, layers)
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
        for t in range(1, STEPS + 1):
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


def ratios_state(name: str, ratio: Array, steps: Array) -> Ratios:
    """What is drawn of one run: ratio (layers, steps)."""
    lines = np.full((len(LAYERS), len(steps)), np.nan)
    lines[: len(ratio)] = ratio
    says = tuple(_says(name, int(step), now) for step, now in zip(steps, ratio.T, strict=True))
    return Ratios(lines[0], lines[1], lines[2], lines[3], ratio.T, says)


def _says(name: str, step: int, now: Array) -> str:
    if not np.isfinite(now).all():
        return f"{name}, step {step}: the run has broken, some updates are no numbers."
    low, high = int(np.argmin(now)), int(np.argmax(now))
    return (
        f"{name}, step {step}: the update is between {now[low]:.2g} (layer {low + 1}) and {now[high]:.2g} "
        f"(layer {high + 1}) of the weights; the rule of thumb says {RULE:g}."
    )


def _checked(runs: Mapping[str, Any]) -> dict[str, Array]:
    """The runs as arrays (layers, steps) of one shape, or an error that says what came."""
    given = {name: np.asarray(run, dtype=float) for name, run in runs.items()}
    shapes = {run.shape for run in given.values()}
    shape = next(iter(shapes), ())
    if len(shapes) != 1 or len(shape) != 2 or not 1 <= shape[0] <= len(LAYERS) or shape[1] < 2:
        raise ValueError(f"the runs have shapes {sorted(shapes)}; expected one shape (layers, steps), at most 4 layers")
    return given


def update_ratios(runs: Mapping[str, Any] | None = None) -> Explorer:
    """Widget of section 9.7: size of the update over size of the weights, for each layer and step.

    runs  name of an optimiser -> array (layers, steps), at most four layers; two short runs of our own if left out
    """
    given = _checked(small_runs() if runs is None else runs)
    layers, length = next(iter(given.values())).shape
    picked = np.unique(np.linspace(0, length - 1, min(SHOWN, length)).astype(int))
    steps = picked + 1.0
    names = [f"layer {k + 1}" for k in range(layers)]
    lines = [
        Line(steps, field, colour=colour, until="step", label=name)
        for field, colour, name in zip(LAYERS, COLOURS, names, strict=False)
    ]
    return Explorer(
        lambda optimiser: ratios_state(optimiser, given[optimiser][:, picked], steps),
        view=[
            Curve(
                Guide(y=RULE),
                *lines,
                Label(1.0 + 0.03 * steps[-1], RULE / 2, text="0.001, a rule of thumb (A. Karpathy)", align="left"),
                x=(1, float(steps[-1])),
                y=(1e-5, 1),
                y_scale="log",
                title="Size of the update over size of the weights",
                x_name="step",
            ),
            Bars("now", limits=(1e-5, 1), scale="log", names=names, numbers=".2g", title="At this step"),
        ],
        optimiser=Choice(*given),
        step=Time(
            len(picked),
            over=("now", "says"),
            start=3 * len(picked) // 4,
            first=1,
            label="step" if len(picked) == length else "place in the run",
            seconds=5,
        ),
        presets={
            f"{name}: {which} step": {"optimiser": name, "step": step}
            for name in given
            for which, step in (("first", 1), ("last", len(picked)))
        },
    )
