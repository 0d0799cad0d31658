"""A still picture of an explorer's first state, drawn with matplotlib: what a page without scripts shows."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib import rc_context, rcdefaults
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course.widgets.kit import marks, panels
from course.widgets.kit.ticks import colour_table, ticks

__all__ = ["poster"]

INKS = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "ink": "#1b1f24",
    "ghost": "#8d96a0",
}
SHAPES = ("o", "s", "^", "D")
CLASSES = ("blue", "vermilion", "green", "purple")
FIRM: Mapping[str, Any] = {"edgecolor": INKS["blue"], "linewidth": 2, "zorder": 3}
DASHED: Mapping[str, Any] = {"edgecolor": INKS["vermilion"], "linewidth": 0.6, "linestyle": "--", "alpha": 0.7}

Get = Callable[[Any], Any]
"""Turns a source (a field's name, a number, an array) into its value at the state that is drawn."""


def poster(view: Sequence[panels.Panel], get: Get, dpi: int = 110) -> bytes:
    """The panels at one state as a PNG of about 900 pixels width, on white.

    The notebook's own matplotlib style does not reach it, and a missing glyph is no reason to disturb a reader.
    """
    with rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rcdefaults()
        return _drawn(view, get, dpi)


def _drawn(view: Sequence[panels.Panel], get: Get, dpi: int) -> bytes:
    stacked = len(view) > 1 and all(getattr(panel, "wide", False) for panel in view)
    columns = 1 if stacked else min(2, len(view))
    rows = -(-len(view) // columns)
    # panels over the whole width keep their own heights
    tall = [getattr(panel, "height", 280) / 90 for panel in view] if stacked else [3.1] * rows
    figure = Figure(figsize=(5.6 if len(view) == 1 else 8.4, sum(tall)), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(rows, columns, height_ratios=tall)
    for place, panel in enumerate(view):
        axes = figure.add_subplot(grid[place])
        axes.tick_params(length=0, labelcolor="#5d6570", labelsize=8)
        for side in axes.spines.values():
            side.set_visible(False)
        if title := getattr(panel, "title", ""):
            axes.set_title(title, loc="left", fontsize=9, fontweight="bold")
        DRAW[type(panel)](axes, panel, get)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})
    return file.getvalue()


def _plane(axes: Axes, panel: panels.Curve | panels.Paths, get: Get) -> None:
    if isinstance(panel, panels.Paths):
        axes.set_aspect("equal")
    else:
        axes.set_xscale(panel.x_scale)
        axes.set_yscale(panel.y_scale)
    axes.set_xlim(*panel.x)
    axes.set_ylim(*panel.y)
    for set_ticks, limits, name in ((axes.set_xticks, panel.x, "x"), (axes.set_yticks, panel.y, "y")):
        found = ticks(*limits, getattr(panel, f"{name}_scale", "linear"), at=getattr(panel, f"{name}_at", None))
        set_ticks(found["at"], found["text"])
        axes.minorticks_off()
    axes.grid(True, color="#e6e8eb", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_xlabel(panel.x_name, fontsize=8)
    axes.set_ylabel(panel.y_name, fontsize=8)
    for mark in panel.marks:
        _mark(axes, mark, get)
    _line_labels(axes, [mark for mark in panel.marks if isinstance(mark, marks.Line) and mark.label], get)


def _line_labels(axes: Axes, lines: Sequence[marks.Line], get: Get) -> None:
    """Labels where the lines leave the panel, pushed apart so that none covers another."""
    (low, high), (left, right) = sorted(axes.get_ylim()), sorted(axes.get_xlim())
    found = []
    for line in lines:
        x, y = (flat.reshape(-1) for flat in np.broadcast_arrays(get(line.x), get(line.y)))
        seen = np.flatnonzero((y >= low) & (y <= high) & (x >= left) & (x <= right))
        if seen.size:
            to_axes = axes.transScale + axes.transLimits
            found.append((float(to_axes.transform((x[seen[-1]], y[seen[-1]]))[1]), float(x[seen[-1]]), line))
    above = np.inf
    for height, x_end, line in sorted(found, key=lambda label: -label[0]):
        above = min(height, above - 0.07)
        axes.annotate(line.label, (x_end, above), (4, 0), xycoords=("data", "axes fraction"), va="center",
                      textcoords="offset points", color=_line_ink(line), fontsize=8)  # fmt: skip


def _line_ink(mark: marks.Line) -> str:
    return INKS["ghost"] if mark.style == "ghost" and mark.colour == "blue" else INKS[mark.colour]


def _mark(axes: Axes, mark: marks.Mark, get: Get) -> None:
    ink = INKS[getattr(mark, "colour", "ink")]
    if isinstance(mark, marks.Line):
        _line(axes, mark, get)
    elif isinstance(mark, marks.Dot):
        _dots(axes, mark, get, ink)
    elif isinstance(mark, marks.Tangent):
        for x, y, slope in _rows(get(mark.x), get(mark.y), get(mark.slope)):
            ends = np.array([-mark.reach, mark.reach])
            axes.plot(x + ends, y + slope * ends, color=ink, linewidth=2)
    elif isinstance(mark, marks.Arrow):
        for x0, y0, x, y in _rows(get(mark.x0), get(mark.y0), get(mark.x), get(mark.y)):
            axes.annotate("", (x, y), (x0, y0), arrowprops={"arrowstyle": "-|>", "color": ink, "linewidth": 1.8})
    elif isinstance(mark, marks.Guide):
        draw = axes.axvline if mark.x is not None else axes.axhline
        for (value,) in _rows(get(mark.x if mark.x is not None else mark.y)):
            draw(value, color=ink, linewidth=0.8, linestyle="--", alpha=0.6)
    elif isinstance(mark, marks.Band):
        for x0, x1 in _rows(get(mark.x0), get(mark.x1)):
            axes.axvspan(x0, x1, color=ink, alpha=0.1, linewidth=0)
    elif isinstance(mark, marks.Label):
        words = get(mark.field) if mark.field else mark.text
        texts = [words] if isinstance(words, str) else words
        for text, (x, y) in zip(texts, _rows(get(mark.x), get(mark.y)), strict=False):
            axes.text(x, y, text, color=ink, fontsize=8, ha=mark.align, clip_on=True)
    elif isinstance(mark, marks.Ramp):
        _ramp(axes, mark, get)
    elif isinstance(mark, marks.Field):
        _ground(axes, get(mark.values), mark.limits, "height")


def _line(axes: Axes, mark: marks.Line, get: Get) -> None:
    x, y = np.broadcast_arrays(np.atleast_1d(get(mark.x)), np.atleast_1d(get(mark.y)))
    dash = "-" if mark.style == "solid" else (0, (4, 3))
    axes.plot(x.T, y.T, color=_line_ink(mark), linewidth=0.75 * mark.width, linestyle=dash)


def _dots(axes: Axes, mark: marks.Dot, get: Get, ink: str) -> None:
    x, y = np.broadcast_arrays(np.atleast_1d(get(mark.x)), np.atleast_1d(get(mark.y)))
    kinds = np.zeros(x.shape) if mark.classes is None else np.asarray(get(mark.classes))
    for kind in np.unique(kinds):
        colour = ink if mark.classes is None else INKS[CLASSES[int(kind) % 4]]
        look: dict[str, Any] = {"edgecolors": colour, "marker": SHAPES[int(kind) % 4], "s": 4 * mark.size}
        axes.scatter(x[kinds == kind], y[kinds == kind], c="white" if mark.hollow else colour, zorder=3, **look)


def _ramp(axes: Axes, mark: marks.Ramp, get: Get) -> None:
    start, end, values = (np.asarray(get(source)) for source in (mark.start, mark.end, mark.values))
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    x, y = np.meshgrid(np.linspace(left, right, 200), np.linspace(low, high, 200))
    along = end - start
    share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / max(float(along @ along), 1e-12)
    picture = np.interp(share, np.linspace(0, 1, len(values)), values)
    _ground(axes, picture, mark.limits, "field")


def _ground(axes: Axes, picture: Any, limits: tuple[float, float], unsigned: str) -> None:
    """Colours under the other marks; signed ones are paler than their limits say, as in the page."""
    low, high = limits
    name, pale = ("signed", 1.7) if low < 0 < high else (unsigned, 1.7 if unsigned == "field" else 1.0)
    extent = (*axes.get_xlim(), *axes.get_ylim())
    axes.imshow(np.asarray(picture), extent=extent, origin="lower", cmap=colour_table(name), vmin=pale * low,
                vmax=pale * high, aspect="auto", zorder=0)  # fmt: skip
    axes.set_aspect("equal")
    axes.grid(False)


def _bars(axes: Axes, panel: panels.Bars, get: Get) -> None:
    values = np.asarray(get(panel.values))
    at = np.arange(len(values))
    names = get(panel.names) if isinstance(panel.names, str) and panel.names else panel.names
    names = list(names) or [str(place + 1) for place in at]
    if panel.upright:
        axes.bar(at, values, 0.68, color=INKS[panel.colour], log=panel.scale == "log")
        axes.set_xticks(at, names)
        axes.set_ylim(*panel.limits)
    else:
        axes.barh(at, values, 0.68, color=INKS[panel.colour], log=panel.scale == "log")
        axes.set_yticks(at, names)
        axes.set_xlim(*panel.limits)
        axes.invert_yaxis()


def _heat(axes: Axes, panel: panels.Heat, get: Get) -> None:
    values = np.atleast_2d(get(panel.values))
    low, high = panel.limits
    name = "signed" if low < 0 < high else "weight" if panel.numbers or panel.texts else "field"
    extent = (*panel.x, *panel.y) if panel.x and panel.y else None
    origin: Literal["lower", "upper"] = "lower" if extent else "upper"
    axes.imshow(values, cmap=colour_table(name), vmin=low, vmax=high, extent=extent, origin=origin)
    if extent:
        return
    for set_ticks, wanted in ((axes.set_yticks, panel.rows), (axes.set_xticks, panel.columns)):
        names = get(wanted) if isinstance(wanted, str) and wanted else wanted
        set_ticks(range(len(names)), names)
    axes.xaxis.tick_top()
    texts = get(panel.texts) if panel.texts else [format(value, panel.numbers) for value in values.flat]
    if not (panel.numbers or panel.texts):
        return
    pale = 0.0 if low < 0 else low
    for text, (row, column) in zip(texts, np.ndindex(values.shape), strict=True):
        dark = abs(values[row, column] - pale) > 0.55 * (high - pale)
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color="white" if dark else INKS["ink"])


def _graph(axes: Axes, panel: panels.Graph, get: Get) -> None:
    nodes = np.asarray(get(panel.nodes))
    for start, end in np.asarray(get(panel.edges)):
        if np.isfinite(start + end):
            ends = nodes[[int(start), int(end)]]
            axes.plot(ends[:, 0], ends[:, 1], color="#8d96a0", linewidth=0.7, zorder=1)
    look: dict[str, Any] = {"s": 0.6 * panel.radius**2, "edgecolors": INKS["ink"], "zorder": 2}
    if panel.values:
        name = "signed" if panel.limits[0] < 0 < panel.limits[1] else "field"
        look |= {"c": get(panel.values), "cmap": colour_table(name), "vmin": panel.limits[0], "vmax": panel.limits[1]}
        look["plotnonfinite"] = True
    axes.scatter(nodes[:, 0], nodes[:, 1], **look if panel.values else {**look, "c": "white"})
    if panel.notes is not None:
        for place, text in zip(np.asarray(get(panel.notes)), get(panel.note_texts), strict=True):
            if np.isfinite(place).all():
                axes.text(place[0], place[1], text, ha="center", va="center", fontsize=8)
    _blank(axes)


def _tokens(axes: Axes, panel: panels.Tokens, get: Get) -> None:
    words = get(panel.words) if isinstance(panel.words, str) else panel.words
    weights = np.asarray(get(panel.weights))
    axes.bar(np.arange(len(weights)), weights, color=INKS["blue"])
    axes.set_xticks(np.arange(len(words)), words)


def _images(axes: Axes, panel: panels.Images, get: Get) -> None:
    images = np.asarray(get(panel.values))
    images = images[None] if images.ndim == 2 else images
    low, high = panel.limits
    tiles = [np.pad(image, [(1, 1), (1, 1)] + [(0, 0)] * (image.ndim - 2), constant_values=high) for image in images]
    shown = (np.concatenate(tiles, axis=1).clip(low, high) - low) / (high - low)
    axes.imshow(shown, cmap=colour_table("signed") if low < 0 else "gray", vmin=0, vmax=1)
    boxes = np.asarray(get(panel.boxes)) if panel.boxes else np.empty((0, 4))
    kinds = np.asarray(get(panel.kinds)) if panel.kinds else np.zeros(len(boxes))
    for (x0, y0, x1, y1), kind in zip(boxes, kinds, strict=True):
        if np.isfinite(x0 + kind):
            style: Any = FIRM if kind == 0 else DASHED
            axes.add_patch(Rectangle((x0 + 0.5, y0 + 0.5), x1 - x0, y1 - y0, fill=False, **style))  # past the rim
    _blank(axes)


def _histogram(axes: Axes, panel: panels.Histogram, get: Get) -> None:
    counts = np.atleast_2d(get(panel.counts))
    edges = np.asarray(get(panel.edges))
    for row, heights in enumerate(counts):
        axes.stairs(0.9 * heights / panel.limits[1] - row, edges, baseline=-row, fill=True, color=INKS[panel.colour])
    names = get(panel.names) if isinstance(panel.names, str) and panel.names else panel.names
    axes.set_yticks([-row for row in range(len(names))], names)
    axes.set_xlabel(panel.x_name, fontsize=8)


def _rows(*sources: Any) -> list[tuple[float, ...]]:
    """The sources side by side, a row each, without rows that hold a NaN."""
    table = np.stack(np.broadcast_arrays(*(np.atleast_1d(source) for source in sources)), axis=-1).astype(float)
    return [tuple(row) for row in table.tolist() if np.isfinite(row).all()]


def _blank(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])


DRAW: dict[type[panels.Panel], Callable[[Axes, Any, Get], None]] = {
    panels.Curve: _plane,
    panels.Paths: _plane,
    panels.Bars: _bars,
    panels.Heat: _heat,
    panels.Graph: _graph,
    panels.Tokens: _tokens,
    panels.Images: _images,
    panels.Histogram: _histogram,
}
