"""Ticks and colour tables from matplotlib, as plain data for the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex
from matplotlib.ticker import LogLocator, MaxNLocator

from course.widgets.kit.controls import minus

__all__ = ["colour_table", "colour_tables", "ticks"]

STOPS = {
    "signed": ["#00538a", "#4a9bc9", "#f5f4f1", "#e68a55", "#b34700"],
    "signed dark": ["#6cc0ee", "#2b7fb3", "#23262b", "#bd5a1c", "#ff9a5c"],
    "weight": ["#f3f5f7", "#7fbbdf", "#0072b2", "#00466f"],
    "weight dark": ["#23282e", "#1f5f86", "#3f9fd4", "#b5def5"],
    "height": ["#fafaf8", "#e3e7eb", "#c3cbd4"],
    "height dark": ["#191d22", "#2c333b", "#454f5a"],
}
"""Colours of the tables that differ with the ground: blue and vermilion of the course's palette, from dark to light."""

SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def ticks(
    low: float, high: float, scale: str = "linear", most: int = 6, at: Sequence[float] | None = None
) -> dict[str, Any]:
    """Round places inside the limits, or those wished for, and their texts: {"at": [...], "text": [...]}."""
    if at is not None:
        return {"at": [float(value) for value in at], "text": [minus(f"{value:g}") for value in at]}
    if scale == "log":
        at = [float(v) for v in LogLocator(numticks=most + 1).tick_values(low, high) if low <= v <= high * (1 + 1e-9)]
        powers = [round(float(np.log10(value))) for value in at]
        texts = [f"{10.0**p:g}" if -2 <= p <= 3 else "10" + str(p).translate(SUPERSCRIPT) for p in powers]
        return {"at": at, "text": texts}
    found = MaxNLocator(nbins=most, steps=[1, 2, 5, 10]).tick_values(low, high)
    slack = 1e-9 * (high - low)
    inside = [float(value) for value in found if low - slack <= value <= high + slack]
    step = inside[1] - inside[0] if len(inside) > 1 else 1.0
    decimals = next(n for n in range(12) if n == 11 or abs(round(step, n) - step) < 1e-9 * step)
    texts = [f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "\N{MINUS SIGN}") for value in inside]
    return {"at": inside, "text": texts}


def colour_table(name: str) -> Colormap:
    """The colormap behind a table.

    "field" is cividis; "signed" and "weight" have the ground's shade at zero; "height" is grey, to lie under lines.
    """
    if name == "field":
        return colormaps["cividis"]
    return LinearSegmentedColormap.from_list(name, STOPS[name], N=257)  # odd: zero has a colour of its own


def colour_tables(count: int = 65) -> dict[str, list[str]]:
    """Each table as `count` colours "#rrggbb"; odd, so that zero has the middle one."""
    places = np.linspace(0, 1, count)
    return {name: [to_hex(c) for c in colour_table(name)(places)] for name in ("field", *STOPS)}
