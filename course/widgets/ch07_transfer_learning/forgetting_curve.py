"""An old task while a network learns a new one: what is forgotten, how fast, and what a few old pictures do about it.

The runs come from record_forgetting.py in this folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Bars, Choice, Curve, Dot, Explorer, Guide, Heat, Line, Slider, StudentFunction

from .record_forgetting import ASKED, FILE, NEW_TASKS, RATES, SHARES, STEP, TIMES

__all__ = ["KEYS", "PRESETS", "Forgetting", "Runs", "forgetting", "forgetting_curve", "forgetting_state", "labels_of",
           "numbers", "recorded"]  # fmt: skip

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
X: Array = np.array(TIMES, dtype=float)
KEYS = ("accuracy_before", "accuracy_after", "drop", "forgotten")
NAMES = ("before", "after", "drop", "forgotten")
ACROSS = 10

PRESETS: dict[str, dict[str, object]] = {
    "all forgotten": {"task": "five more digits", "rate": 3e-3, "share": 0.0, "step": 30},
    "a small rate is only slower": {"task": "five more digits", "rate": 3e-4, "share": 0.0, "step": 200},
    "four old pictures in a batch": {"task": "five more digits", "rate": 3e-3, "share": 0.125, "step": 200},
    "half old, half new": {"task": "five more digits", "rate": 3e-3, "share": 0.5, "step": 200},
    "the same classes, new look": {"task": "dark on light", "rate": 3e-3, "share": 0.0, "step": 200},
}


class Runs(NamedTuple):
    """What record_forgetting.py stored.

    old, new  (NEW_TASKS, RATES, SHARES, SEEDS, TIMES) accuracies on 200 pictures
    logits    (NEW_TASKS, RATES, SHARES, TIMES, ASKED, 10) of the first seed, for 60 old pictures
    """

    old: Array
    new: Array
    logits: Array


@dataclass(frozen=True)
class Forgetting:
    """One run at one step, its curves, and what has become of 60 old pictures."""

    old: Array  # (TIMES,) mean over the seeds
    new: Array
    each_old: Array  # (SEEDS, TIMES)
    each_new: Array
    step: float
    old_here: float
    new_here: float
    shown: Array  # (4,) the numbers of KEYS, by the student's function where there is one
    reference: Array
    fate: Array  # (ASKED / ACROSS, ACROSS) -1 right before and after, 1 forgotten, 0 wrong before
    texts: tuple[str, ...]
    says: str


@cache
def recorded() -> Runs:
    """The stored runs."""
    with np.load(FILE) as stored:
        old, new = (np.asarray(stored[name], np.float64) for name in ("old", "new"))
        return Runs(old, new, np.asarray(stored["logits"], np.float64) * STEP)


def labels_of(task: str) -> Integers:
    """The right classes of the 60 old pictures: sorted, as many of each."""
    known = 5 if task == "five more digits" else 10
    return np.repeat(np.arange(known), ASKED // known)


def forgetting(logits_before: Array, logits_after: Array, labels: Integers) -> dict[str, float]:
    """The course's own: accuracies before and after, the drop, the share of the once right that are now wrong."""
    before, after = (logits.argmax(axis=1) == labels for logits in (logits_before, logits_after))
    lost = int(np.sum(before & ~after))
    return {
        "accuracy_before": float(before.mean()),
        "accuracy_after": float(after.mean()),
        "drop": float(before.mean() - after.mean()),
        "forgotten": lost / max(1, int(before.sum())),
    }


def numbers(told: dict[str, Any]) -> Array:
    """The four numbers of KEYS."""
    return np.array([told[key] for key in KEYS], dtype=float)


def forgetting_state(
    task: str, rate: float, share: float, step: int, own: Callable[[Array, Array, Integers], Array] | None = None
) -> Forgetting:
    """One run at one step; own gives the four numbers instead of the course's function."""
    found = recorded()
    place = NEW_TASKS.index(task), RATES.index(rate), SHARES.index(share)
    k = TIMES.index(step)
    before, after, labels = found.logits[place][0], found.logits[place][k], labels_of(task)
    reference = numbers(forgetting(before, after, labels))
    shown = reference if own is None else own(before, after, labels)
    right = before.argmax(axis=1) == labels
    answers = after.argmax(axis=1)
    fate = np.where(right, np.where(answers == labels, -1.0, 1.0), 0.0)
    old, new = found.old[place], found.new[place]
    used = np.where(np.isnan(shown), reference, shown)
    return Forgetting(
        old=old.mean(axis=0),
        new=new.mean(axis=0),
        each_old=old,
        each_new=new,
        step=float(step),
        old_here=float(old[:, k].mean()),
        new_here=float(new[:, k].mean()),
        shown=shown,
        reference=reference,
        fate=fate.reshape(-1, ACROSS),
        texts=tuple(
            f"{label}" if label == answer else f"{label}→{answer}"
            for label, answer in zip(labels, answers, strict=True)
        ),
        says=_says(share, step, old[:, [0, k]].mean(axis=0), new[:, [0, k]].mean(axis=0), used),
    )  # fmt: skip


def _says(share: float, step: int, old: Array, new: Array, told: Array) -> str:
    mixed = "no old pictures" if share == 0 else f"{round(32 * share)} old pictures"
    says = f"With {mixed} in a batch of 32, after {step} steps: the new task went from {new[0]:.2f} to {new[1]:.2f}, "
    says += f"the old one from {old[0]:.2f} to {old[1]:.2f} (means of three runs). Of 60 old pictures "
    says += f"{told[0]:.2f} were right before and {told[1]:.2f} are now: drop {told[2]:.2f}, forgotten {told[3]:.2f}."
    return says


def forgetting_curve(forgetting: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 7.8: the old and the new task over the steps of fine-tuning.

    forgetting  yours: its four numbers are shown, the course's own behind them
    """
    own = StudentFunction(forgetting, "forgetting")

    def answer(*given: Any) -> Any:
        told = forgetting(*given)  # type: ignore[misc]
        missing = [key for key in KEYS if not isinstance(told, dict) or key not in told]
        if told is None or not missing:
            return told if told is None else numbers(told)
        own.trouble = own.trouble or (
            f"Your forgetting returned a dict without {missing[0]}."
            if isinstance(told, dict)
            else f"Your forgetting returned {type(told).__name__}; expected a dict."
        )
        return np.full(4, np.nan)

    if forgetting is not None:
        own.function = answer
    off: list[str] = []

    def student(before: Array, after: Array, labels: Integers) -> Array:
        told = own(before, after, labels, shape=(4,))
        for name, mine, wanted in zip(KEYS, told, numbers(_reference(before, after, labels)), strict=True):
            if abs(mine - wanted) > 1e-9:
                off.append(f"Your forgetting gives {name} {mine:.3f} where {wanted:.3f} is expected.")
        return told

    states = {
        (task, rate, share, step): forgetting_state(task, rate, share, step, student if own else None)
        for task in NEW_TASKS for rate in RATES for share in SHARES for step in TIMES
    }  # fmt: skip
    return Explorer(
        lambda task, rate, share, step: states[task, rate, share, step],
        view=[
            Curve(
                Guide(x="step"),
                Line(X, "each_old", colour="blue", width=0.75),
                Line(X, "each_new", colour="green", width=0.75),
                Line(X, "old", colour="blue", label="old task"),
                Line(X, "new", colour="green", style="dashed", label="new task"),
                Dot("step", "old_here", colour="blue", size=6),
                Dot("step", "new_here", colour="green", size=6),
                x=(0, TIMES[-1]), y=(0, 1), drag="step", height=280,
                title="Accuracy while it learns the new task", x_name="step",
            ),
            Heat(
                "fate", limits=(-1, 1), texts="texts",
                title="60 old pictures: blue still right, vermilion forgotten",
            ),
            Bars(
                "shown", limits=(-0.2, 1), names=NAMES, numbers=".3f", ghost="reference" if own else "", upright=False,
                height=190, wide=True, title="Your forgetting on these 60" if own else "The four numbers of these 60",
            ),
        ],
        task=Choice(options={"0–4, then 5–9 as well": "five more digits",
                             "light on dark, then dark on light": "dark on light"}, label="old task, new task"),
        rate=Slider(values=RATES, start=3e-3, label="rate (Adam)", format="g"),
        share=Slider(values=SHARES, start=0.0, label="share of old pictures", format="g"),
        step=Slider(values=TIMES, start=30, label="step", format="d"),
        presets=PRESETS,
        notice=own.trouble or (off[0] if off else ""),
    )  # fmt: skip


_reference = forgetting
