"""The report's plots as inline SVG: widths in percent and letters in pixels, so that they read well at every width.

Colours come from the page's style sheet through classes, so the same plot serves light, dark and print.  Every plot
says in words what it shows (role="img", aria-label).
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

__all__ = ["axis", "count_bar", "histogram", "histogram_counts", "outcome_bar", "percent", "range_bar"]

BINS = 10
"""Bins of a tenth each; full marks have a bar of their own."""

TOP, HEIGHT, BOTTOM = 42, 150, 46
"""Pixels above the highest bar, of the highest bar, and below the base line."""


def histogram_counts(shares: Sequence[float]) -> list[int]:
    """How many shares lie in [0, 0.1), [0.1, 0.2), ..., [0.9, 1), and how many are 1."""
    counts = [0] * (BINS + 1)
    for one in shares:
        # 0.3 * 10 must not fall below 3, nor 1 - 1e-9 count as full marks that it is not.
        counts[BINS if one >= 1 else min(BINS - 1, int(one * BINS + 1e-9))] += 1
    return counts


def histogram(
    shares: Sequence[float],
    median: float | None,
    title: str = "Share of the points for code, in percent",
    unit: str = "Submissions",
) -> Markup:
    """The distribution of scores, with the bar that holds the median marked."""
    counts = histogram_counts(shares)
    highest, base = max(*counts, 1), TOP + HEIGHT
    said = [f"{number} from {10 * k} to below {10 * k + 10} percent" for k, number in enumerate(counts[:-1]) if number]
    said += [f"{counts[-1]} with full marks"] if counts[-1] else []
    middle = "" if median is None else f" The median is {percent(median)}."
    svg = _svg(f"Submissions by share of the points: {', '.join(said) or 'none'}.{middle}", base + BOTTOM)
    _text(svg, "axis", 0, 13, unit, "start")
    step = 100 / (BINS + 1)
    marked = None if median is None else BINS if median >= 1 else min(BINS - 1, int(median * BINS + 1e-9))
    for k, number in enumerate(counts):
        height = HEIGHT * number / highest
        kind = "bar median" if k == marked else "bar"
        if number:
            _rect(svg, kind, k * step + 0.5, base - max(height, 1.5), step - 1, max(height, 1.5))
            _text(svg, "value", (k + 0.5) * step, base - height - 6, str(number))
        name = "all" if k == BINS else str(10 * k)
        _text(svg, "tick", (k + 0.5) * step if k == BINS else k * step, base + 17, name, "middle" if k else "start")
    SubElement(svg, "line", {"class": "base", "x1": "0", "x2": "100%", "y1": str(base), "y2": str(base)})
    _text(svg, "axis", 50, base + 40, title)
    return _markup(svg)


def outcome_bar(
    name: str, passed: int, wrong: int, unwritten: int, mean_share: float | None, height: int = 18
) -> Markup:
    """One exercise as one bar: passed, wrong, not written; with a tick at the mean share of the points."""
    judged = passed + wrong + unwritten
    mean = "" if mean_share is None else f"; mean share of the points {percent(mean_share)}"
    svg = _svg(f"{name}: of {judged}, {passed} passed, {wrong} wrong, {unwritten} not written{mean}", height)
    _grid(svg, height)
    start = 0.0
    for kind, number in (("passed", passed), ("wrong", wrong), ("unwritten", unwritten)):
        width = 100 * number / judged if judged else 0.0
        if number:
            _rect(svg, kind, start, 2, width, height - 4)
        start += width
    if mean_share is not None:
        at = _percent(100 * mean_share)
        for kind, reach in (("halo", 0), ("mean", 0)):
            line = {"class": kind, "x1": at, "x2": at, "y1": str(reach), "y2": str(height - reach)}
            SubElement(svg, "line", line)
    return _markup(svg)


def count_bar(said: str, number: int, most: int, kind: str = "wrong", height: int = 14) -> Markup:
    """A count as a bar beside others of which the longest is `most`."""
    svg = _svg(said, height)
    _rect(svg, kind, 0, 1, 100 * number / max(most, 1), height - 2)
    return _markup(svg)


def range_bar(name: str, lower: float, median: float, upper: float, height: int = 18) -> Markup:
    """The middle half of a class between 0 and 1, with its median."""
    said = f"{name}: median {percent(median)}, the middle half from {percent(lower)} to {percent(upper)}"
    svg = _svg(said, height)
    _grid(svg, height)
    # A class of one mind has no width; it is drawn as a thin mark.
    left = min(100 * lower, 99.4)
    _rect(svg, "passed", left, 4, max(100 * (upper - lower), 0.6), height - 8)
    at = _percent(100 * median)
    for kind in ("halo", "mean"):
        SubElement(svg, "line", {"class": kind, "x1": at, "x2": at, "y1": "0", "y2": str(height)})
    return _markup(svg)


def axis(title: str) -> Markup:
    """The axis under bars from 0 to 100 percent."""
    svg = _svg("", 40)
    _grid(svg, 5)
    for k, anchor in ((0, "start"), (25, "middle"), (50, "middle"), (75, "middle"), (100, "end")):
        _text(svg, "tick", k, 17, f"{k} %" if k in (0, 100) else str(k), anchor)
    _text(svg, "axis", 50, 35, title)
    return _markup(svg)


def percent(share: float) -> str:
    """A share as whole percents that says 0 and 100 only of nothing and all."""
    rounded = round(100 * share)
    if rounded == 100 and share < 1:
        return "over 99 %"
    if rounded == 0 and share > 0:
        return "under 1 %"
    return f"{rounded} %"


def _svg(said: str, height: int) -> Element:
    """A plot as wide as its place; without words it is decoration."""
    voice = {"role": "img", "aria-label": said} if said else {"aria-hidden": "true"}
    return Element("svg", {"class": "chart", "width": "100%", "height": str(height), **voice})


def _rect(svg: Element, kind: str, x: float, y: float, width: float, height: float) -> None:
    SubElement(
        svg,
        "rect",
        {"class": kind, "x": _percent(x), "y": f"{y:.4g}", "width": _percent(width), "height": f"{height:.4g}"},
    )


def _text(svg: Element, kind: str, x: float, y: float, text: str, anchor: str = "middle") -> None:
    element = SubElement(svg, "text", {"class": kind, "x": _percent(x), "y": f"{y:.4g}", "text-anchor": anchor})
    element.text = text


def _grid(svg: Element, height: int) -> None:
    for k in (0, 25, 50, 75, 100):
        at = _percent(k)
        SubElement(svg, "line", {"class": "grid", "x1": at, "x2": at, "y1": "0", "y2": str(height)})


def _percent(value: float) -> str:
    return f"{value:.4g}%"


def _markup(svg: Element) -> Markup:
    """ElementTree has escaped everything that came in."""
    return Markup(tostring(svg, encoding="unicode", short_empty_elements=False))  # noqa: S704
