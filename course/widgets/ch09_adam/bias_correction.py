"""Adam's first steps with both averages corrected, with one of them, and with none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Choice, Curve, Dot, Explorer, Guide, Line, Slider, StudentFunction, Time

__all__ = ["PRESETS", "Steps", "bias_correction", "steps_state"]

Array = NDArray[np.float64]
STEPS = 60
RATE = 0.1
EPS = 1e-8
T: Array = np.arange(1.0, STEPS + 1)
NOISE: Array = np.random.default_rng(0).normal(size=STEPS)

PRESETS: dict[str, dict[str, object]] = {
    "the first step": {"gradients": "always the same", "size": 1.0, "beta1": 0.9, "beta2": 0.999, "step": 1},
    "ten thousand times larger": {
        "gradients": "always the same", "size": 1e4, "beta1": 0.9, "beta2": 0.999, "step": 1,
    },
    "noisy gradients": {"gradients": "noisy", "size": 1.0, "beta1": 0.9, "beta2": 0.999, "step": 60},
    "a shorter memory": {"gradients": "always the same", "size": 1.0, "beta1": 0.9, "beta2": 0.9, "step": 10},
}  # fmt: skip


@dataclass(frozen=True)
class Steps:
    """Averages over their right values, and the sizes of four kinds of steps; one row a step."""

    m: Array  # m over the gradient's mean, before correction
    v: Array  # v over the mean square, before correction
    both: Array
    neither: Array
    only_m: Array
    only_v: Array
    own: Array
    at: Array
    at_both: Array
    says: tuple[str, ...]


def steps_state(
    gradients: str, size: float, beta1: float, beta2: float, own: StudentFunction | None = None
) -> Steps:  # fmt: skip
    """STEPS steps of Adam with learning rate 0.1 on gradients of this size."""
    grads = size * (1.0 + NOISE if gradients == "noisy" else np.ones(STEPS))
    ages = T[:, None] - T[None, :]
    m = np.where(ages >= 0, (1 - beta1) * beta1 ** np.maximum(ages, 0), 0.0) @ grads
    v = np.where(ages >= 0, (1 - beta2) * beta2 ** np.maximum(ages, 0), 0.0) @ grads**2
    m_hat, v_hat = m / (1 - beta1**T), v / (1 - beta2**T)

    def steps(first: Array, second: Array) -> Array:
        return np.asarray(np.abs(RATE * first / (np.sqrt(second) + EPS)))

    both, neither, only_m = steps(m_hat, v_hat), steps(m, v), steps(m_hat, v)
    share_m, share_v = m / m_hat, v / v_hat
    return Steps(
        m=share_m,
        v=share_v,
        both=both,
        neither=neither,
        only_m=only_m,
        only_v=steps(m, v_hat),
        own=_own_steps(grads, beta1, beta2, own) if own else np.full(STEPS, np.nan),
        at=T,
        at_both=both,
        says=tuple(
            f"Step {t}, gradients of size {size:g}: with both corrected the step is {both[t - 1]:.3g}, with neither "
            f"{neither[t - 1]:.3g}, with m alone {only_m[t - 1]:.3g}. m has reached {share_m[t - 1]:.0%} of its mean, "
            f"v {share_v[t - 1]:.1%}."
            for t in range(1, STEPS + 1)
        ),
    )


def _own_steps(grads: Array, beta1: float, beta2: float, own: StudentFunction) -> Array:
    w = m = v = np.zeros(1)
    sizes = []
    for t, grad in enumerate(grads, start=1):
        before = w
        w, m, v = own(w, m, v, np.array([grad]), t, RATE, beta1, beta2, EPS, shape=(3, 1))
        sizes.append(abs(float((w - before)[0])))
    return np.array(sizes)


def bias_correction(adam_step: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 9.4: the length of Adam's steps from the first one on, learning rate 0.1.

    adam_step  the student's own: its steps are drawn in ink
    """
    own = StudentFunction(adam_step, "adam_step")
    own_lines = [Line(T, "own", colour="ink", width=1.5, until="step", label="yours")] if own else []
    return Explorer(
        lambda gradients, size, beta1, beta2: steps_state(gradients, size, beta1, beta2, own if own else None),
        view=[
            Curve(
                Line(T, "m", colour="vermilion", until="step", label="m"),
                Line(T, "v", colour="blue", until="step", label="v"),
                x=(1, STEPS),
                y=(0, 1.05),
                title="How much of its mean each average has reached",
                x_name="step",
            ),
            Curve(
                Guide(y=RATE, label="learning rate"),
                Line(T, "neither", colour="green", style="dashed", until="step", label="neither"),
                Line(T, "only_m", colour="purple", style="dashed", until="step", label="only m"),
                Line(T, "only_v", colour="blue", style="dashed", until="step", label="only v"),
                Line(T, "both", colour="vermilion", until="step", label="both"),
                *own_lines,
                Dot("at", "at_both", colour="vermilion", size=6),
                x=(1, STEPS),
                y=(0.0005, 20),
                y_scale="log",
                title="Length of the step, with these averages corrected",
                x_name="step",
            ),
        ],
        gradients=Choice("always the same", "noisy"),
        size=Slider(values=(1e-4, 1e-2, 1.0, 1e2, 1e4), start=1.0, label="their size", format="g"),
        beta1=Slider(values=(0.0, 0.9, 0.99), start=0.9, label="β₁", format="g"),
        beta2=Slider(values=(0.9, 0.99, 0.999, 0.9999), start=0.999, label="β₂", format="g"),
        step=Time(STEPS, over=("at", "at_both", "says"), start=9, first=1, seconds=5),
        notice=own,
        presets=PRESETS,
    )
