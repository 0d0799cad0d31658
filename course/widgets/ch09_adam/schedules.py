"""Learning-rate schedules, each beside the same noisy run under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    """The rate of each step and the loss before it, and the loss at a constant rate for comparison."""

    rate: Array
    loss: Array
    constant: Array
    says: str


def schedule(kind: str, peak: float, warmup: int, final: float, losses: Array | None = None) -> Array:
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


def _run(rates: Array | None, peak: float) -> tuple[Array, Array]:
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
            rate = float(rates[step])
        losses.append(loss)
        used.append(rate)
        w = w - rate * (CURVATURES * w + NOISE[:, step] * 0.5)
    return np.array(used), np.array(losses)


def training_state(kind: str, peak: float, warmup: int, final: float, own: StudentFunction | None = None) -> Training:
    """A run of STEPS steps under a schedule."""
    if kind == "plateau":
        rates, losses = _run(None, peak)
    else:
        rates = schedule(kind, peak, warmup, final)
        if own and kind == "warm-up, then cosine":
            found = np.array(
                [own(step, warmup, STEPS, peak, final * peak, shape=()) for step in range(STEPS)], dtype=float
            )
            rates = found if np.isfinite(found).all() else rates
        rates, losses = _run(rates, peak)
    _, constant = _run(np.full(STEPS, peak), peak)
    end = float(np.mean(losses[-10:]))
    return Training(
        rates,
        losses,
        constant,
        f"{kind[0].upper()}{kind[1:]}, peak {peak:g}: the rate ends at {rates[-1]:.3g}, the loss at {end:.2f} "
        f"(mean of the last ten); at the constant peak it ends at {np.mean(constant[-10:]):.2f}.",
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
                Line(T, "rate", colour="vermilion", fill=True, label="rate"),
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
        warmup=Slider(values=(0, 10, 20, 50, 100), start=20, label="warm-up", unit="steps", format="d"),
        final=Slider(values=(0.0, 0.1, 0.3), start=0.0, label="final rate, as a share of the peak", format=".1f"),
        coarse=("rate", "loss", "constant"),
        notice=own,
        presets=PRESETS,
    )
