"""Input size, kernel, stride, padding and dilation along one axis: every place of the kernel, counted and computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from course.widgets.kit import Bars, Explorer, Heat, Slider, StudentFunction
from course.widgets.kit.controls import minus

from .layers import Array
from .layers import conv_output_size as reference

__all__ = ["PRESETS", "Places", "output_arithmetic", "places_state", "starts"]

MOST_SIZE, MOST_KERNEL, MOST_STRIDE, MOST_PADDING, MOST_DILATION = 9, 5, 3, 2, 3
COLUMNS = MOST_SIZE + 2 * MOST_PADDING
TAP, TAP_ON_PADDING = -0.8, 0.6  # colours
SUBSCRIPTS = "₁₂₃₄₅"

_PLAIN: dict[str, object] = {"size": 8, "kernel": 3, "stride": 1, "padding": 0, "dilation": 1}
PRESETS: dict[str, dict[str, object]] = {
    "no padding": _PLAIN,
    "as long as before": _PLAIN | {"padding": 1},
    "halved": _PLAIN | {"stride": 2, "padding": 1},
    "a cell left over": _PLAIN | {"stride": 2},
    "gaps in the kernel": _PLAIN | {"dilation": 3},
    "gaps between the places": _PLAIN | {"kernel": 2, "stride": 3},
    "does not fit": _PLAIN | {"size": 4, "dilation": 2},
}


@dataclass(frozen=True)
class Places:
    """All places of the kernel along one axis, a row each."""

    taps: Array  # (COLUMNS, COLUMNS) colours: taps, taps on padding, 0 cells that the place does not use; NaN elsewhere
    tap_texts: tuple[str, ...]  # of those cells, row by row
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    used: Array  # (MOST_SIZE,) how many places use each cell of the input; NaN where there is none
    cells: tuple[str, ...]
    counts: Array  # (2,) places counted, places by the formula
    wrong: float  # 1 where the formula is not what is counted, NaN elsewhere
    says: str


def starts(size: int, kernel: int, stride: int, padding: int, dilation: int) -> list[int]:
    """The padded cells where the kernel can stand without hanging over, found by trying one after the other."""
    end = size + 2 * padding
    return [start for start in range(0, end, stride) if start + dilation * (kernel - 1) < end]


def places_state(
    size: int, kernel: int, stride: int, padding: int, dilation: int, own: StudentFunction | None = None
) -> Places:
    """The places that are there, the first that hangs over, and what the formula says."""
    end = size + 2 * padding
    found = starts(size, kernel, stride, padding, dilation)
    on_padding = [cell < padding or cell >= padding + size for cell in range(end)]
    taps = np.full((COLUMNS, COLUMNS), np.nan)
    texts = [[""] * COLUMNS for _ in range(COLUMNS)]
    used = np.zeros(end)
    for row, start in enumerate(found):
        for cell in range(end):
            taps[row, cell], texts[row][cell] = (np.nan, "0") if on_padding[cell] else (0.0, "")
        for k in range(kernel):
            cell = start + k * dilation
            taps[row, cell] = TAP_ON_PADDING if on_padding[cell] else TAP
            texts[row][cell] = "w" + SUBSCRIPTS[k]
            used[cell] += 1
    beyond = found[-1] + stride if found else 0
    hanging = beyond < end and len(found) < COLUMNS
    if hanging:
        for k in range(kernel):
            if beyond + k * dilation < end:
                texts[len(found)][beyond + k * dilation] = "w" + SUBSCRIPTS[k]
    right = reference(size, kernel, stride, padding, dilation)
    formula = float(own(size, kernel, stride, padding, dilation, shape=())) if own else float(right)
    inside = used[padding : padding + size]
    rows = [f"place {row + 1}" for row in range(len(found))] + ["too far"] * hanging
    columns = ["·" if outside else str(cell - padding + 1) for cell, outside in enumerate(on_padding)]
    missed = [cell + 1 for cell in range(size) if not inside[cell]]
    return Places(
        taps=taps,
        tap_texts=tuple(text for row in texts for text in row),
        rows=(*rows, *[""] * (COLUMNS - len(rows))),
        columns=(*columns, *[""] * (COLUMNS - len(columns))),
        used=np.concatenate([inside, np.full(MOST_SIZE - size, np.nan)]),
        cells=tuple(str(cell + 1) if cell < size else "" for cell in range(MOST_SIZE)),
        counts=np.array([len(found), formula]),
        wrong=np.nan if formula == right else 1.0,
        says=_says((size, kernel, stride, padding, dilation), len(found), missed, formula),
    )


def _says(numbers: tuple[int, int, int, int, int], count: int, missed: list[int], formula: float) -> str:
    size, kernel, stride, padding, dilation = numbers
    reach, end, right = dilation * (kernel - 1) + 1, size + 2 * padding, reference(*numbers)
    says = f"The kernel reaches over {reach} of {end} cells: ({end} − {reach}) / {stride}"
    share = (end - reach) / stride
    says += f" = {minus(f'{share:.3g}')}"
    if share % 1:
        says += f", rounded down {minus(str(right - 1))}"
    says += f", and 1 for the place where it starts: {minus(str(right))}. "
    if formula != right:
        told = "nothing" if np.isnan(formula) else minus(f"{formula:g}")
        return (
            says + f"Your conv_output_size gives {told}; {count} {'place is' if count == 1 else 'places are'} counted."
        )
    if not count:
        return says + "There is no place: the kernel is longer than the input."
    if missed:
        names = ", ".join(str(cell) for cell in missed)
        return (
            says
            + f"Input {'cells' if len(missed) > 1 else 'cell'} {names} {'are' if len(missed) > 1 else 'is'} never used."
        )
    if count == size:
        return says + f"The output is as long as the input, {size}."
    return says + f"The {size} cells become {count}."


def output_arithmetic(conv_output_size: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 4.3: the taps of every place, the places counted and by the formula, the use of each cell.

    conv_output_size  the student's own: the second bar is what it gives
    """
    own = StudentFunction(conv_output_size, "conv_output_size")
    usable = bool(own) and bool(np.isfinite(own(8, 3, 1, 0, 1, shape=())))
    if own and not usable:
        own.trouble += " Until it works you see the reference."

    def whole(low: int, high: int, start: int, label: str = "") -> Slider:
        return Slider(low, high, high - low + 1, start=start, format="d", label=label)

    return Explorer(
        partial(places_state, own=own) if usable else partial(places_state),
        view=[
            Heat("taps", limits=(-1, 1), texts="tap_texts", rows="rows", columns="columns",
                 column_name="input cell (· padding)", title="Where the kernel's weights fall, place by place"),
            Bars("used", limits=(0, MOST_KERNEL), names="cells", numbers="d", value_name="places",
                 title="How many places use each input cell"),
            Bars("counts", limits=(0, COLUMNS), names=("counted", "yours" if usable else "formula"), numbers="g",
                 highlight="wrong", upright=False, height=120, wide=True, title="Places, counted and computed"),
        ],
        size=whole(3, MOST_SIZE, 8, "input size"),
        kernel=whole(1, MOST_KERNEL, 3),
        stride=whole(1, MOST_STRIDE, 1),
        padding=whole(0, MOST_PADDING, 0),
        dilation=whole(1, MOST_DILATION, 1),
        notice=own,
        presets=PRESETS,
        coarse=["taps", "used", "wrong"],
    )  # fmt: skip
