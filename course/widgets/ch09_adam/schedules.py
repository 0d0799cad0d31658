"""Learning-rate schedules, each beside the same noisy run under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Choice, Curve, Explorer, Line, Slider, StudentFunction

__all__ = ["KINDS", "PRESETS", "Training", "schedule", "schedules", "training_state"]

Array = NDArray[np.float64]
STEPS = 200
T: Array = np.arange(STEPS + 0.0)
CURVATURES: Array = np.geomspace(0.02, 1.0, 20)
NOISE: Array = np.random.default_rng(0).normal(size=(8, STEPS, 20))  # eight runs, averaged for the picture
KINDS = ("constant", "step", "exponential", "cosine", "warm-up, then cosine", "plateau")

PRESETS: dict[str, dict[str, object]] = {
    "low and constant": {"kind": "constant", "peak": 0.1, "warmup": 0, "final": 0.0},
    "high and constant": {"kind": "constant", "peak": 0.8, "warmup": 0, "final": 0.0},
    "high, then down": {"kind": "cosine", "peak": 0.8, "warmup": 0, "final": 0.0},
    "with a warm-up": {"kind": "warm-up, then cosine", "peak": 0.8, "warmup": 20, "final": 0.0},
}


@dataclass(frozen=True)
class Training:
    """The rate of each step, the loss before it, and the loss at a constant rate (NaN where it is the same)."""

    rate: Array
    loss: Array
    constant: Array
    says: str


def schedule(kind: str, peak: float, warmup: int, final: float) -> Array:
    """The STEPS rates of a schedule; final as a share of the peak."""
    done = np.clip((T - warmup) / max(STEPS - warmup, 1), 0.0, 1.0)
    if kind == "step":
        rates = peak * 0.3 ** (T // 50)
    elif kind == "exponential":
        rates = peak * 0.98**T
    elif kind == "cosine":
        rates = peak * (final + (1 - final) * (1 + np.cos(np.pi * T / STEPS)) / 2)
    elif kind == "warm-up, then cosine":
        rates = peak * (final + (1 - final) * (1 + np.cos(np.pi * done)) / 2)
        rates = np.where(warmup > T, peak * (T + 1) / max(warmup, 1), rates)
    else:
        rates = np.full(STEPS, peak)
    return np.asarray(rates)


@cache
def _run(rates: tuple[float, ...] | None, peak: float) -> tuple[Array, Array]:
    """Rates and mean losses of eight noisy descents in a bowl of twenty curvatures; without rates: on a plateau."""
    w = np.full((8, 20), 3.0)
    losses: list[float] = []
    used: list[float] = []
    best, bad, rate = np.inf, 0, peak
    for step in range(STEPS):
        loss = float(np.mean(np.sum(CURVATURES * w**2, axis=1) / 2))
        if rates is None:  # every ten steps the mean of the last ten losses is looked at
            losses_now = float(np.mean(losses[-10:])) if losses else np.inf
            if step and step % 10 == 0:
                bad = 0 if losses_now < best else bad + 1
                best = min(best, losses_now)
                if bad > 1:
                    rate, bad = 0.3 * rate, 0
        else:
            rate = rates[step]
        losses.append(loss)
        used.append(rate)
        w = w - rate * (CURVATURES * w + NOISE[:, step] * 0.5)
    return np.array(used), np.array(losses)


def training_state(kind: str, peak: float, warmup: int, final: float, own: StudentFunction | None = None) -> Training:
    """A run of STEPS steps under a schedule."""
    rates = schedule(kind, peak, warmup, final)
    if own and kind == "warm-up, then cosine":
        found = np.array([own(step, warmup, STEPS, peak, final * peak, shape=()) for step in range(STEPS)])
        rates = found if np.isfinite(found).all() else rates
    used, losses = _run(None if kind == "plateau" else tuple(rates.tolist()), peak)
    _, constant = _run((peak,) * STEPS, peak)
    ghost = np.full(STEPS, np.nan) if kind == "constant" else constant
    return Training(used, losses, ghost, _says(kind, peak, used, losses, constant))


def _says(kind: str, peak: float, rates: Array, losses: Array, constant: Array) -> str:
    begin = f"{kind[0].upper()}{kind[1:]}, peak {peak:g}"
    end, floor = float(np.mean(losses[-10:])), float(np.mean(constant[-10:]))
    if kind == "constant":
        return f"{begin}: the loss ends at {end:.2f} (mean of the last ten steps)."
    last = f"{rates[-1]:.2g}" if rates[-1] >= 0.001 else "almost 0"
    unused = {"warm-up, then cosine": "", "cosine": " It has no warm-up."}
    return (
        f"{begin}: the rate ends at {last}, the loss at {end:.2f}; at a constant rate it ends at {floor:.2f}."
        + unused.get(kind, " It has neither warm-up nor final rate.")
    )


def schedules(warmup_then_cosine: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 9.6: a schedule, and a noisy run of 200 steps under it.

    warmup_then_cosine  the student's own makes the schedule of that name
    """
    own = StudentFunction(warmup_then_cosine, "warmup_then_cosine")
    return Explorer(
        lambda kind, peak, warmup, final: training_state(kind, peak, warmup, final, own if own else None),
        view=[
            Curve(
                Line(T, "rate", colour="vermilion", fill=True),
                x=(0, STEPS),
                y=(0, 1.3),
                title="Learning rate",
                x_name="step",
            ),
            Curve(
                Line(T, "constant", style="ghost", colour="ghost", label="constant"),
                Line(T, "loss", colour="blue", label="loss"),
                x=(0, STEPS),
                y=(0.05, 100),
                y_scale="log",
                title="Loss of the run under this schedule",
                x_name="step",
            ),
        ],
        kind=Choice(*KINDS, label="schedule", start="warm-up, then cosine"),
        peak=Slider(values=(0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2), start=0.8, label="peak rate", format="g"),
        warmup=Slider(values=(0, 20, 50), start=20, label="warm-up", unit="steps", format="d"),
        final=Slider(values=(0.0, 0.1, 0.3), start=0.0, label="final rate", unit="of peak", format=".1f"),
        coarse=("rate", "loss", "constant"),
        notice=own,
        presets=PRESETS,
    )
