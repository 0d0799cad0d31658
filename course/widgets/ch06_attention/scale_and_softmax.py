"""Why scores are divided by the root of d: random queries and keys from one feature to 1,024."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from course.widgets.kit import Curve, Dot, Explorer, Guide, Heat, Histogram, Line, Slider, StudentFunction, Toggle

from .attention import SHOWN_INSTEAD, Array, softmax, weights

__all__ = ["KEYS", "PRESETS", "SIZES", "Scale", "drawn", "scale_and_softmax", "scale_state", "scores", "table"]

SIZES = tuple(2**power for power in range(11))
KEYS = 8
GROUPS = 125  # of eight keys and eight queries each
SHOWN, DRAWS = 4, 6  # queries in the picture, and how many such handfuls
EDGES: Array = np.arange(-81.0, 82.0, 2.0)
SEED = 1
D: Array = np.array(SIZES, dtype=np.float64)
SURE = 0.99

PRESETS: dict[str, dict[str, object]] = {
    "one feature": {"d": 1, "divide": False},
    "16, not divided": {"d": 16, "divide": False},
    "1,024, not divided": {"d": 1024, "divide": False},
    "1,024, divided": {"d": 1024, "divide": True},
    "64, divided: as in GPT-2": {"d": 64, "divide": True},
}


@dataclass(frozen=True)
class Scale:
    """The scores and weights of a thousand queries with d features."""

    counts: Array  # (bins,) of the scores, the tallest 1
    shown: Array  # (4, 8) weights of four queries
    top: Array  # (11,) mean largest weight, divided
    plain_top: Array  # and not divided
    slope: Array  # (11,) mean slope of the largest weight
    plain_slope: Array
    right_top: Array  # (11,) divided, the course's own where there is a student's function, NaN elsewhere
    right_slope: Array
    d: float
    at_top: float
    at_slope: float
    says: str


def drawn(d: int) -> tuple[Array, Array]:
    """Queries and keys (125, 8, d) from the standard normal distribution."""
    rng = np.random.default_rng(SEED)
    return rng.standard_normal((GROUPS, KEYS, d)), rng.standard_normal((GROUPS, KEYS, d))


@cache
def scores() -> tuple[Array, ...]:
    """For each d, the scores (125, 8, 8) before any division."""
    return tuple(q @ k.swapaxes(1, 2) for q, k in map(drawn, SIZES))


def table(own: StudentFunction | None = None) -> Array:
    """(2, 11, 125, 8, 8) weights, divided by the root and not, for each d.

    own  the student's function; it always divides, so what shall not be divided reaches it times the root
    """
    found = np.empty((2, len(SIZES), GROUPS, KEYS, KEYS))
    for place, d in enumerate(SIZES):
        if own is None:
            found[0, place], found[1, place] = softmax(scores()[place] / d**0.5), softmax(scores()[place])
            continue
        q, k = drawn(d)
        found[0, place] = weights(q, k, own=own)
        found[1, place] = weights(q * d**0.5, k, own=own)
    return found


def measured(found: Array) -> tuple[Array, Array, Array]:
    """(2, 11) each: the mean largest weight, its mean slope w (1 - w), and the share of queries that are sure."""
    largest = found.max(axis=-1).reshape(2, len(SIZES), -1)
    return largest.mean(axis=2), (largest * (1 - largest)).mean(axis=2), (largest > SURE).mean(axis=2)


def scale_state(
    d: int, divide: bool, draw: int, found: Array | None = None, sizes: tuple[Array, Array, Array] | None = None,
    right: tuple[Array, Array, Array] | None = None,
) -> Scale:  # fmt: skip
    """The picture at one d; found: see table; sizes, right: measured of it, and of the course's own beside it."""
    found = table() if found is None else found
    top, slope, sure = sizes or measured(found)
    row, place = 0 if divide else 1, SIZES.index(d)
    here = scores()[place] / (d**0.5 if divide else 1)
    counts = np.histogram(here, EDGES)[0]
    nothing = np.full(len(SIZES), np.nan)
    return Scale(
        counts=counts / counts.max(),
        shown=found[row, place, draw - 1, :SHOWN],
        top=top[0],
        plain_top=top[1],
        slope=slope[0],
        plain_slope=slope[1],
        right_top=nothing if right is None else right[0][0],
        right_slope=nothing if right is None else right[1][0],
        d=float(d),
        at_top=float(top[row, place]),
        at_slope=float(slope[row, place]),
        says=_says(d, divide, float(here.std()), *(float(one[row, place]) for one in (top, slope, sure)))
        + _compared(row, place, top, right),
    )


def _says(d: int, divide: bool, spread: float, top: float, slope: float, sure: float) -> str:
    features = f"{d:,} feature{'s' if d > 1 else ''}"
    if d == 1:
        text = f"{features}: √1 = 1, so dividing changes nothing, and the scores spread by {spread:.2f}. "
        return text + f"The largest of 8 weights is {top:.2f} on average."
    if divide:
        return (
            f"{features}, divided by √{d} = {d**0.5:.4g}: the scores spread by {spread:.2f}. The largest of 8 weights "
            f"is {top:.2f} on average, and its slope {slope:.2f}"
            f"{': a changed score still changes the weights' if slope > 0.1 else ''}."
        )
    return (
        f"{features}, not divided: the scores spread by {spread:.1f}, about √{d} = {d**0.5:.4g}. The largest of 8 "
        f"weights is {top:.2f} on average, and {sure:.0%} of the queries give one key more than {SURE}. "
        f"Its slope is {slope:.2f}{': a changed score changes hardly anything' if slope < 0.1 else ''}."
    )


def _compared(row: int, place: int, top: Array, right: tuple[Array, Array, Array] | None) -> str:
    if right is None or np.isclose(top[row, place], right[0][row, place], atol=1e-6):
        return ""
    text = f" These are your weights: with ours the mean largest is {right[0][row, place]:.2f}"
    as_if = np.isclose(top[row, place], right[0][1, place], atol=1e-6)
    return text + (", and yours are as if nothing had been divided." if as_if and not row else ".")


def scale_and_softmax(scaled_dot_product_attention: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 6.2: scores, weights and the slope of the softmax over d, with the root and without.

    scaled_dot_product_attention  the student's own gives all weights; the course's lines stay behind
    """
    own = StudentFunction(scaled_dot_product_attention, "scaled_dot_product_attention")
    found = table(own) if own else table()
    right = measured(table()) if own and not own.trouble else None
    if own.trouble:
        own.trouble += SHOWN_INSTEAD
        found = table()
    sizes = measured(found)

    def model(d: int, divide: bool, draw: int) -> Scale:
        return scale_state(d, divide, draw, found, sizes, right)

    return Explorer(
        model,
        view=[
            Histogram("counts", EDGES, limits=(0, 1.05), x_name="score", height=230,
                      title="The scores of 1,000 queries with 8 keys"),
            Heat("shown", limits=(0, 1), rows=[f"query {k + 1}" for k in range(SHOWN)], numbers=".2f",
                 columns=[f"key {k + 1}" for k in range(KEYS)], title="The weights of four queries"),
            _over_d("top", "at_top", y=(0, 1.02), title="Mean largest weight (all alike: 1/8)", own=right is not None,
                    guide=1 / KEYS),
            _over_d("slope", "at_slope", y=(0, 0.26), title="Slope of the largest weight, w (1 − w)",
                    own=right is not None),
        ],
        d=Slider(values=SIZES, start=64, label="features d", format=","),
        divide=Toggle(start=False, label="divide by √d"),
        draw=Slider(1, DRAWS, DRAWS, start=1, label="four queries, number"),
        notice=own,
        presets=PRESETS,
        coarse=["shown", "counts"],
    )  # fmt: skip


def _over_d(field: str, at: str, *, y: tuple[float, float], title: str, own: bool, guide: float = np.nan) -> Curve:
    """Two lines over d, the divided and the other, and where the slider stands."""
    ghost = [Line(D, f"right_{field}", style="ghost", label="ours")] if own else []
    level = [] if np.isnan(guide) else [Guide(y=guide)]
    return Curve(
        *level,
        *ghost,
        Line(D, f"plain_{field}", label="not divided", colour="vermilion"),
        Line(D, field, label="divided", colour="blue"),
        Dot("d", at, colour="ink", size=6),
        x=(1, 1024), y=y, x_scale="log", x_at=(1, 4, 16, 64, 256, 1024), x_name="features d", title=title,
    )  # fmt: skip
