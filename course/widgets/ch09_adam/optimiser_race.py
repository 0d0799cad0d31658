"""Four optimisers from one start, with what Adam remembers at every step: m, v and their quotient."""

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
    Guide,
    Line,
    Mechanism,
    Paths,
    Point,
    Slider,
    StudentFunction,
    Time,
    Toggle,
    written,
)
from course.widgets.landscapes import LANDSCAPES, SCRIPT, WINDOW, above_lowest, contours, ground, page_data, short, walk

__all__ = ["PRESETS", "Race", "optimiser_race", "race_state"]

Array = NDArray[np.float64]
STEPS = 80
T: Array = np.arange(STEPS + 1.0)
EPS = 1e-8
KEPT = 0.9  # what momentum keeps of its velocity, and RMSProp of its average
ARROW = 0.5  # the length of both arrows in the picture: they tell directions alone
NAMES = {"sgd": "SGD", "momentum": "momentum", "rmsprop": "RMSProp", "adam": "Adam"}

_VALLEY: dict[str, object] = {
    "landscape": "valley 1:100", "share": 0.9, "rate": 0.1, "beta1": 0.9, "beta2": 0.999, "corrected": True,
    "start": (-1.8, 1.0), "step": 80,
}  # fmt: skip
PRESETS: dict[str, dict[str, object]] = {
    "a round bowl": _VALLEY | {"landscape": "round bowl", "share": 0.05},
    "a narrow valley": _VALLEY,
    "the first step": _VALLEY | {"step": 1},
    "without correction": _VALLEY | {"corrected": False, "step": 1},
    "a tilted valley": _VALLEY | {"landscape": "tilted valley 1:100", "start": (-1.8, -0.6)},
    "a saddle": _VALLEY | {"landscape": "saddle", "share": 0.2, "start": (-1.8, 0.1), "step": 15},
    "a plateau": _VALLEY | {"landscape": "plateau", "share": 0.5, "start": (-1.5, 1.2)},
    "a bent valley": _VALLEY | {"landscape": "Rosenbrock", "share": 0.5, "start": (-1.2, 0.0)},
}


@dataclass(frozen=True)
class Race:
    """Four paths of STEPS steps, and Adam's memory; the student's own Adam beside it, NaN where there is none."""

    contour_x: Array
    contour_y: Array
    ground: Array
    minima_x: Array
    minima_y: Array
    sgd_x: Array
    sgd_y: Array
    sgd_loss: Array  # above the lowest
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
    m_x: Array  # (STEPS + 1,) size of the average that Adam steps with; NaN before the first step
    m_y: Array
    root_v_x: Array
    root_v_y: Array
    quotient_x: Array  # -m / √v: Adam's step in learning rates
    quotient_y: Array
    heads_x: Array  # (4,) where the four are now
    heads_y: Array
    at_x: float  # where Adam is now
    at_y: float
    down_x: float  # the end of an arrow from there along -m
    down_y: float
    turned_x: float  # the same for -m / √v
    turned_y: float
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
    memory = np.full((STEPS + 1, 3, 2), np.nan)  # at each step: m, √v, -m / √v
    own_m, own_v = np.zeros(2), np.zeros(2)

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
        memory[t] = m_used, np.sqrt(v_used), -m_used / (np.sqrt(v_used) + EPS)
        return np.asarray(w + rate * memory[t, 2])

    def students(w: Array, grad: Array, t: int) -> Array:
        nonlocal own_m, own_v
        assert own is not None
        new, own_m, own_v = own(w, own_m, own_v, grad, t, rate, beta1, beta2, EPS, shape=(3, 2))
        return np.asarray(new)

    walks = {
        name: walk(landscape, start, STEPS, one)
        for name, one in (("sgd", sgd), ("momentum", momentum), ("rmsprop", rmsprop), ("adam", adam))
    }
    walks["own"] = walk(landscape, start, STEPS, students) if own else np.full((STEPS + 1, 2), np.nan)
    place, shown = walks["adam"][step], memory[max(step, 1)]
    minima = np.array(surface.minima)
    fields: dict[str, Any] = {"contour_x": contours(landscape)[0], "contour_y": contours(landscape)[1]}
    fields |= {"ground": ground(landscape), "minima_x": minima[:, 0], "minima_y": minima[:, 1]}
    for name, path in walks.items():
        fields |= {f"{name}_x": path[:, 0], f"{name}_y": path[:, 1]}
        fields[f"{name}_loss"] = above_lowest(landscape, path)
    for k, axis in enumerate("xy"):
        fields[f"m_{axis}"], fields[f"root_v_{axis}"] = np.abs(memory[:, 0, k]), memory[:, 1, k]
        fields[f"quotient_{axis}"] = memory[:, 2, k]
        fields[f"heads_{axis}"] = np.array([walks[name][step, k] for name in NAMES])
        fields[f"at_{axis}"] = float(place[k])
        fields[f"down_{axis}"] = float(_tip(place, -shown[0])[k])
        fields[f"turned_{axis}"] = float(_tip(place, shown[2])[k])
    return Race(**fields, says=_says(step, fields))


def _tip(place: Array, direction: Array) -> Array:
    """The end of an arrow of length ARROW; NaN where it would have no direction."""
    size = np.hypot(*direction)
    return place + ARROW * direction / size if size > 1e-6 else np.full(2, np.nan)


def _says(step: int, fields: dict[str, Any]) -> str:
    losses = {name: float(fields[f"{key}_loss"][step]) for key, name in NAMES.items()}
    arrived = sorted((loss, name) for name, loss in losses.items() if np.isfinite(loss))
    told = [f"{name} {short(loss)}" for loss, name in arrived]
    told += [f"{name} has run away" for name, loss in losses.items() if not np.isfinite(loss)]
    says = f"Step {step}, loss above the lowest: {', '.join(told)}."
    if not step:
        return says
    first, last = ([written(fields[f"quotient_{axis}"][t], ".2f") for axis in "xy"] for t in (1, step))
    says += f" Adam's first step was {first[0]} along x and {first[1]} along y, in learning rates"
    return says + (f"; step {step} was {last[0]} and {last[1]}." if step > 1 else ".")


def optimiser_race(adam_step: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 9.4: SGD, momentum, RMSProp and Adam from one start.

    adam_step  the student's own: its path is drawn in ink over that of the reference
    """
    own = StudentFunction(adam_step, "adam_step")
    ones = np.ones(2)
    usable = bool(own) and bool(np.isfinite(own(ones, ones, ones, ones, 1, 0.1, 0.9, 0.999, EPS, shape=(3, 2))).all())
    if own and not usable:
        own.trouble += " Until it works you see the reference."

    def model(**controls: Any) -> Race:
        return race_state(**controls, own=own if usable else None)

    own_path = [Line("own_x", "own_y", colour="ink", width=1.25, until="step")] if usable else []
    own_loss = [Line(T, "own_loss", colour="ink", width=1.25, until="step", label="yours")] if usable else []
    return Explorer(
        model,
        view=[
            Paths(
                Field("ground", limits=(0, 1)),
                Line("contour_x", "contour_y", colour="ghost", width=0.75),
                Dot("minima_x", "minima_y", colour="ink", size=4, hollow=True),
                Line("sgd_x", "sgd_y", colour="green", style="dashed", width=1.75, until="step"),
                Line("momentum_x", "momentum_y", colour="purple", style="dashed", width=1.75, until="step"),
                Line("rmsprop_x", "rmsprop_y", colour="blue", width=1.75, until="step"),
                Line("adam_x", "adam_y", colour="vermilion", until="step"),
                *own_path,
                Dot("heads_x", "heads_y", classes=np.array([2.0, 3.0, 0.0, 1.0]), size=5.5),
                Arrow("down_x", "down_y", "at_x", "at_y", label="−m", colour="ink", width=1.75),
                Arrow("turned_x", "turned_y", "at_x", "at_y", label="−m/√v", colour="vermilion", width=1.75),
                x=WINDOW, y=WINDOW, title="Four walks from one start", x_name="x", y_name="y",
                drag="start",
            ),
            Curve(
                Line(T, "sgd_loss", colour="green", style="dashed", until="step", label="SGD"),
                Line(T, "momentum_loss", colour="purple", style="dashed", until="step", label="momentum"),
                Line(T, "rmsprop_loss", colour="blue", until="step", label="RMSProp"),
                Line(T, "adam_loss", colour="vermilion", until="step", label="Adam"),
                *own_loss,
                x=(0, STEPS), y=(1e-6, 1e4), y_scale="log", title="Loss above the lowest", x_name="step",
            ),
            Curve(
                Line(T, "m_x", colour="vermilion", until="step", label="m along x"),
                Line(T, "root_v_x", colour="blue", until="step", label="√v along x"),
                Line(T, "m_y", colour="vermilion", style="dashed", until="step", label="m along y"),
                Line(T, "root_v_y", colour="blue", style="dashed", until="step", label="√v along y"),
                x=(0, STEPS), y=(1e-4, 1e3), y_scale="log", title="What Adam remembers: the sizes of m and √v",
                x_name="step", height=240,
            ),
            Curve(
                Guide(y=1.0), Guide(y=-1.0),
                Line(T, "quotient_x", colour="vermilion", until="step", label="along x"),
                Line(T, "quotient_y", colour="vermilion", style="dashed", until="step", label="along y"),
                x=(0, STEPS), y=(-4, 4), title="−m / √v: Adam's step, in learning rates", x_name="step", height=240,
            ),
        ],
        landscape=Choice(*LANDSCAPES, start="valley 1:100"),
        share=Slider(0.05, 1.2, 24, start=0.9, label="SGD rate / limit", format=".2f"),
        rate=Slider(values=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0), start=0.1, label="Adam, RMSProp rate", format=".2f"),
        beta1=Slider(values=(0.0, 0.5, 0.8, 0.9, 0.95, 0.99), start=0.9, label="β₁", format=".2f"),
        beta2=Slider(values=(0.5, 0.9, 0.99, 0.999), start=0.999, label="β₂", format=".3f"),
        corrected=Toggle(start=True, label="bias correction"),
        start=Point(Slider(-2, 2, 41, start=-1.8, label="start x"), Slider(-2, 2, 41, start=1.0, label="start y")),
        step=Time(STEPS + 1, start=STEPS, seconds=5),
        mechanism=Mechanism(
            [SCRIPT, Path(__file__).with_suffix(".js")],
            data={"landscapes": page_data(), "steps": STEPS},
            own=("own_x", "own_y", "own_loss") if usable else (),
        ),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
