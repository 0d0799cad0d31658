"""Four optimisers from one start, with what Adam remembers at every step: m, v and their quotient."""

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
    Guide,
    Line,
    Mechanism,
    Paths,
    Point,
    Slider,
    StudentFunction,
    Time,
    Toggle,
)
from course.widgets.landscapes import LANDSCAPES, SCRIPT, WINDOW, contours

__all__ = ["PRESETS", "Race", "optimiser_race", "race_state"]

Array = NDArray[np.float64]
STEPS = 80
T: Array = np.arange(STEPS + 1.0)
FAR = 1e3  # beyond it a walk has run away, and is not drawn any more
EPS = 1e-8
KEPT = 0.9  # what momentum keeps of its velocity, and RMSProp of its average

_START: dict[str, object] = {
    "landscape": "valley 1:100", "share": 0.9, "rate": 0.1, "beta1": 0.9, "beta2": 0.999, "corrected": True,
    "start": (-1.8, 1.0), "step": 80,
}  # fmt: skip
PRESETS: dict[str, dict[str, object]] = {
    "a narrow valley": _START,
    "the first step": _START | {"step": 1},
    "without correction": _START | {"corrected": False},
    "a saddle": _START | {"landscape": "saddle", "share": 0.2, "start": (-1.8, 0.1)},
    "a plateau": _START | {"landscape": "plateau", "share": 0.5, "start": (-1.5, 1.2)},
    "a bent valley": _START | {"landscape": "Rosenbrock", "share": 0.5, "start": (-1.2, 0.0)},
}


@dataclass(frozen=True)
class Race:
    """Four paths of STEPS steps, and Adam's memory; the student's own Adam beside it, NaN where there is none."""

    contour_x: Array
    contour_y: Array
    sgd_x: Array
    sgd_y: Array
    sgd_loss: Array
    momentum_x: Array
    momentum_y: Array
    momentum_loss: Array
    rmsprop_x: Array
    rmsprop_y: Array
    rmsprop_loss: Array
    adam_x: Array
    adam_y: Array
    adam_loss: Array
    own_x: Array
    own_y: Array
    own_loss: Array
    m_x: Array  # size of the average that Adam steps with, at each step
    m_y: Array
    root_v_x: Array
    root_v_y: Array
    quotient_x: Array  # m / √v: Adam's step in units of the learning rate
    quotient_y: Array
    heads_x: Array  # (4,) where the four are now
    heads_y: Array
    next_x: float  # where Adam goes from here
    next_y: float
    says: str


def race_state(
    landscape: str, share: float, rate: float, beta1: float, beta2: float, corrected: bool,
    start: tuple[float, float], step: int, own: StudentFunction | None = None,
) -> Race:  # fmt: skip
    """The race; share: rate of SGD and momentum over the largest stable one; rate: that of RMSProp and Adam."""
    surface = LANDSCAPES[landscape]
    sgd_rate = share * surface.edge
    velocity, average = np.zeros(2), np.zeros(2)
    m, v = np.zeros(2), np.zeros(2)
    memory = np.full((STEPS + 1, 3, 2), np.nan)

    def sgd(w: Array, grad: Array, t: int) -> Array:
        return w - sgd_rate * grad

    def momentum(w: Array, grad: Array, t: int) -> Array:
        nonlocal velocity
        velocity = KEPT * velocity + grad
        return w - sgd_rate * velocity

    def rmsprop(w: Array, grad: Array, t: int) -> Array:
        nonlocal average
        average = KEPT * average + (1 - KEPT) * grad**2
        return w - rate * grad / (np.sqrt(average) + EPS)

    def adam(w: Array, grad: Array, t: int) -> Array:
        nonlocal m, v
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        m_used = m / (1 - beta1**t) if corrected else m
        v_used = v / (1 - beta2**t) if corrected else v
        memory[t] = np.abs(m_used), np.sqrt(v_used), m_used / (np.sqrt(v_used) + EPS)
        return np.asarray(w - rate * memory[t, 2])

    own_m, own_v = np.zeros(2), np.zeros(2)

    def students(w: Array, grad: Array, t: int) -> Array:
        nonlocal own_m, own_v
        assert own is not None
        new, own_m, own_v = own(w, own_m, own_v, grad, t, rate, beta1, beta2, EPS, shape=(3, 2))
        return np.asarray(new)

    walks = {
        name: _walk(landscape, start, one)
        for name, one in (("sgd", sgd), ("momentum", momentum), ("rmsprop", rmsprop), ("adam", adam))
    }
    walks["own"] = _walk(landscape, start, students) if own else np.full((STEPS + 1, 2), np.nan)
    fields: dict[str, Any] = {}
    for name, walk in walks.items():
        fields |= {f"{name}_x": walk[:, 0], f"{name}_y": walk[:, 1]}
        fields[f"{name}_loss"] = surface.loss(walk[:, 0], walk[:, 1]) - surface.lowest
    for k, axis in enumerate("xy"):
        fields |= {f"m_{axis}": memory[:, 0, k], f"root_v_{axis}": memory[:, 1, k], f"quotient_{axis}": memory[:, 2, k]}
        fields[f"heads_{axis}"] = np.array([walks[name][step, k] for name in ("sgd", "momentum", "rmsprop", "adam")])
        fields[f"next_{axis}"] = float(walks["adam"][min(step + 1, STEPS), k])
    fields["contour_x"], fields["contour_y"] = contours(landscape)
    return Race(**fields, says=_says(step, fields))


def _walk(name: str, start: tuple[float, float], one_step: Callable[[Array, Array, int], Array]) -> Array:
    w = np.array(start, dtype=float)
    path = [w]
    for t in range(1, STEPS + 1):
        w = one_step(w, np.array(LANDSCAPES[name].gradient(*w)), t)
        if not np.abs(w).max() < FAR:
            break
        path.append(w)
    return np.array(path + [np.full(2, np.nan)] * (STEPS + 1 - len(path)))


def _says(step: int, fields: dict[str, Any]) -> str:
    told = []
    for key, name in (("sgd", "SGD"), ("momentum", "momentum"), ("rmsprop", "RMSProp"), ("adam", "Adam")):
        loss = fields[f"{key}_loss"][step]
        told.append(f"{name} has run away" if np.isnan(loss) else f"{name} is at {loss:.4f}")
    last = ""
    if step:
        last = (
            f" Adam's last step: {fields['quotient_x'][step]:.2f} and {fields['quotient_y'][step]:.2f} learning rates."
        )
    return f"Step {step}, above the lowest loss: {', '.join(told)}.{last}"


def optimiser_race(adam_step: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 9.4: SGD, momentum, RMSProp and Adam from one start.

    adam_step  the student's own: its path is drawn in ink over that of the reference
    """
    own = StudentFunction(adam_step, "adam_step")

    def model(**controls: Any) -> Race:
        return race_state(**controls, own=own if own else None)

    def answer(**controls: Any) -> dict[str, Any]:
        race = model(**controls)
        return {name: getattr(race, name) for name in ("own_x", "own_y", "own_loss")}

    data: dict[str, Any] = {"steps": [STEPS]}
    for name, landscape in LANDSCAPES.items():
        data |= {
            f"contour {name}": np.array(contours(name)),
            f"numbers {name}": (landscape.edge, landscape.lowest),
        }
    own_marks = [Line("own_x", "own_y", colour="ink", width=1.5, until="step")] if own else []
    own_losses = [Line(T, "own_loss", colour="ink", width=1.5, until="step", label="yours")] if own else []
    return Explorer(
        model,
        view=[
            Paths(
                Line("contour_x", "contour_y", colour="ghost", width=1.0),
                Line("sgd_x", "sgd_y", colour="green", style="dashed", until="step"),
                Line("momentum_x", "momentum_y", colour="purple", style="dashed", until="step"),
                Line("rmsprop_x", "rmsprop_y", colour="blue", until="step"),
                Line("adam_x", "adam_y", colour="vermilion", until="step"),
                *own_marks,
                Dot("heads_x", "heads_y", classes=np.array([2.0, 3.0, 0.0, 1.0]), size=5.5),
                Dot("next_x", "next_y", colour="vermilion", hollow=True, size=3.5),
                x=WINDOW, y=WINDOW, title="The paths over lines of equal loss", x_name="first parameter",
                y_name="second parameter", drag="start",
            ),
            Curve(
                Line(T, "sgd_loss", colour="green", style="dashed", until="step", label="SGD"),
                Line(T, "momentum_loss", colour="purple", style="dashed", until="step", label="momentum"),
                Line(T, "rmsprop_loss", colour="blue", until="step", label="RMSProp"),
                Line(T, "adam_loss", colour="vermilion", until="step", label="Adam"),
                *own_losses,
                x=(0, STEPS), y=(1e-6, 1e4), y_scale="log", title="Loss above the lowest", x_name="step",
            ),
            Curve(
                Line(T, "m_x", colour="vermilion", until="step", label="m, first"),
                Line(T, "root_v_x", colour="blue", until="step", label="√v, first"),
                Line(T, "m_y", colour="vermilion", style="dashed", until="step", label="m, second"),
                Line(T, "root_v_y", colour="blue", style="dashed", until="step", label="√v, second"),
                x=(0, STEPS), y=(1e-4, 1e3), y_scale="log", title="What Adam remembers: sizes of m and √v",
                x_name="step", height=240,
            ),
            Curve(
                Guide(y=1.0), Guide(y=-1.0),
                Line(T, "quotient_x", colour="vermilion", until="step", label="first"),
                Line(T, "quotient_y", colour="vermilion", style="dashed", until="step", label="second"),
                x=(0, STEPS), y=(-3.5, 3.5), title="m / √v: Adam's step, in learning rates", x_name="step", height=240,
            ),
        ],
        landscape=Choice(*LANDSCAPES, start="valley 1:100"),
        share=Slider(0.05, 1.2, 24, start=0.9, label="SGD, momentum: 1 is the edge", format=".2f"),
        rate=Slider(values=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0), start=0.1, label="RMSProp, Adam", format=".2f"),
        beta1=Slider(values=(0.0, 0.5, 0.8, 0.9, 0.95, 0.99), start=0.9, label="β₁", format=".2f"),
        beta2=Slider(values=(0.5, 0.9, 0.99, 0.999), start=0.999, label="β₂", format=".3f"),
        corrected=Toggle(start=True, label="bias correction"),
        start=Point(Slider(-2, 2, 41, start=-1.8, label="start, first"), Slider(-2, 2, 41, start=1.0, label="second")),
        step=Time(STEPS + 1, start=STEPS, seconds=5),
        mechanism=Mechanism(
            "race", [SCRIPT, Path(__file__).with_suffix(".js")], data=data, own=answer if own else None
        ),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
