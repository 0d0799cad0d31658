"""Softmax as arithmetic: logits, maximum, exponentials, sum, quotients, one row per class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course.widgets.kit import Bars, Choice, Explorer, Heat, Slider, StudentFunction, Toggle

from .functions import Array, largest_gap
from .functions import softmax as right_softmax

__all__ = ["CLASSES", "LOGITS", "PRESETS", "SoftmaxSteps", "softmax_state", "softmax_steps"]

CLASSES = ("cat", "dog", "fox", "owl")
LOGITS: Array = np.array([2.0, 1.0, 0.0, -1.0])
MOVED = 1  # the class whose logit the reader moves
TEMPERATURES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0)
COLUMNS = ("z", "z / T", "− max", "exp", "share")
PRESETS: dict[str, dict[str, object]] = {
    "a close race": {"logit": 1.75, "temperature": 1.0, "constant": 0.0, "subtract": True},
    "cold: the winner takes all": {"logit": 1.75, "temperature": 0.05, "constant": 0.0, "subtract": True},
    "too large for a float": {"logit": 1.0, "temperature": 1.0, "constant": 1000.0, "subtract": False},
}


@dataclass(frozen=True)
class SoftmaxSteps:
    """Every intermediate number of one softmax."""

    logits: Array  # (classes,) z, with the constant added
    scaled: Array  # z / T
    shifted: Array  # z / T minus the maximum, or z / T itself where it is not subtracted
    powers: Array  # e to the shifted; inf where that is too large for a float
    total: float  # their sum
    shares: Array  # the quotients, which add up to 1; nan where inf / inf
    entropy: float  # in nats
    yours: Array  # the student's softmax of the scaled logits; nan where there is none
    table: Array  # (classes + 1, columns) what colours the table: the shares in the last column, nan elsewhere
    cells: tuple[str, ...]  # the numbers of the table, row by row; the last row holds the sums
    says: str


def softmax_state(
    logit: float, temperature: float, constant: float, subtract: bool, softmax: StudentFunction | None = None
) -> SoftmaxSteps:
    """Softmax of LOGITS, one of them set to `logit`, all raised by `constant`, at this temperature."""
    logits = LOGITS.copy()
    logits[MOVED] = logit
    logits = logits + constant
    scaled = logits / temperature
    shifted = scaled - scaled.max() if subtract else scaled
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.exp(shifted)
        total = float(powers.sum())
        shares = powers / total
    entropy = float(-np.sum(shares * np.log(np.maximum(shares, 1e-300))))
    yours = np.full(len(CLASSES), np.nan)
    says = _says(shares, entropy, temperature, constant, subtract, float(scaled.max()))
    if softmax:
        yours = softmax(scaled, shape=scaled.shape)
        says += _compare(yours, scaled)
    table = np.full((len(CLASSES) + 1, len(COLUMNS)), np.nan)
    table[:-1, -1] = shares
    cells = _cells(logits, scaled, shifted, powers, total, shares)
    return SoftmaxSteps(logits, scaled, shifted, powers, total, shares, entropy, yours, table, cells, says)


def _cells(logits: Array, scaled: Array, shifted: Array, powers: Array, total: float, shares: Array) -> tuple[str, ...]:
    """The table as text, row by row."""
    cells: list[str] = []
    for row in range(len(CLASSES)):
        cells += [_written(logits[row]), _written(scaled[row]), _written(shifted[row])]
        cells += [_written(powers[row]), _written(shares[row])]
    cells += ["", "", "", _written(total), _written(float(shares.sum()))]
    return tuple(cells)


def _written(number: float) -> str:
    """A number in at most seven signs: 0.269, −12.5, 1.6e+5, 0, inf, nan."""
    size = abs(number)
    if (size >= 1e5 and np.isfinite(number)) or 0 < size < 1e-3:
        text = f"{number:.1e}"
    else:
        text = f"{number:.3f}" if size < 10 else f"{number:.1f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    return text.replace("e-0", "e-").replace("e+0", "e+").replace("-", "−")


def _says(shares: Array, entropy: float, temperature: float, constant: float, subtract: bool, largest: float) -> str:
    """The picture in one or two sentences."""
    if np.isnan(shares).any():
        return (
            f"e to the {largest:.0f} is too large for a float: it becomes inf, and inf / inf is nan. "
            "Subtract the maximum first, and the same logits give finite numbers."
        )
    winner = int(np.argmax(shares))
    runner_up = float(np.sort(shares)[-2])
    if shares[winner] - runner_up < 1e-12:
        says = f"Two classes share the first place with {shares[winner]:.3f} each"
    else:
        says = f"The {CLASSES[winner]} gets {shares[winner]:.3f}"
    says += f", entropy {entropy:.3f} nats"
    if shares[winner] > 0.999:
        says += ": all but an argmax."
    elif entropy > 0.99 * np.log(len(CLASSES)):
        says += f": all but uniform, for which it is ln {len(CLASSES)} = {np.log(len(CLASSES)):.3f}."
    else:
        says += f" of at most {np.log(len(CLASSES)):.3f}."
    if constant and subtract:
        says += f" The {constant:g} added to every logit is gone with the maximum: no share changes."
    elif constant:
        says += f" Adding {constant:g} to every logit changes no share: it cancels in the quotient."
    return says


def _compare(yours: Array, scaled: Array) -> str:
    """Whether the student's shares are the right ones, and if not, which and by how much."""
    if np.isnan(yours).all():
        return ""
    right = right_softmax(scaled)
    worst = largest_gap(yours, right)
    if worst is None:
        return " Your softmax gives the same."
    return f" Your softmax gives {yours[worst]:.3g} for {CLASSES[worst]} where {right[worst]:.3g} is right."


def softmax_steps(softmax: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 1.6: softmax as a table of its steps, and the shares as bars.

    softmax    the student's own: its shares are drawn as outlines around the right ones
    """
    own = StudentFunction(softmax, getattr(softmax, "__name__", "softmax"))

    def model(logit: float, temperature: float, constant: float, subtract: bool) -> SoftmaxSteps:
        return softmax_state(logit, temperature, constant, subtract, own)

    return Explorer(
        model,
        view=[
            Heat(
                "table", limits=(0, 1), rows=(*CLASSES, "sum"), columns=COLUMNS, texts="cells",
                title="Softmax step by step",
            ),
            Bars("shares", limits=(0, 1), names=CLASSES, numbers=".3f", ghost="yours", title="The shares"),
        ],
        logit=Slider(-2, 5, 29, start=1.75, label=f"logit of {CLASSES[MOVED]}"),
        temperature=Slider(values=TEMPERATURES, start=1.0, label="temperature T", format="g"),
        constant=Choice(
            options={"nothing": 0.0, "10": 10.0, "100": 100.0, "1000": 1000.0}, label="add to every logit"
        ),
        subtract=Toggle(start=True, label="subtract the maximum"),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
