"""The picture as plain data: panels and controls turned into what the page reads, with every name checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit.controls import Axis
from course.widgets.kit.marks import Mark
from course.widgets.kit.panels import Bars, Curve, Heat, Histogram, Panel, Paths
from course.widgets.kit.ticks import ticks

__all__ = ["constants_of", "panel_spec"]

SOURCES = frozenset(
    {"x", "y", "x0", "y0", "x1", "slope", "start", "end", "values", "classes", "field", "ghost", "highlight"}
    | {"nodes", "edges", "weights", "texts", "names", "rows", "columns", "notes", "note_texts", "counts", "guide"}
    | {"words", "boxes", "kinds", "focus"}
)
"""Attributes of marks and panels where a string is the name of a field."""

TEXTS = frozenset({"field", "names", "rows", "columns", "texts", "note_texts", "words"})
"""Those of them that hold words."""

CONTROLS = frozenset({"drag", "pick", "until"})
"""Attributes where a string is the name of a control."""


def constants_of(view: Iterable[Panel]) -> dict[str, NDArray[Any]]:
    """The arrays that panels and marks carry themselves, under the names #0, #1, ..."""
    arrays = [value for part in _parts(view) for _, value in _attributes(part) if isinstance(value, np.ndarray)]
    return {f"#{number}": array for number, array in enumerate(arrays)}


def _parts(view: Iterable[Panel]) -> Iterable[Panel | Mark]:
    for panel in view:
        yield panel
        yield from getattr(panel, "marks", ())


def _attributes(part: Panel | Mark) -> Iterable[tuple[str, Any]]:
    for field in dataclasses.fields(part):
        yield field.name, getattr(part, field.name)


def panel_spec(
    panel: Panel, fields: Mapping[str, Any], axes: Sequence[Axis], constants: Mapping[str, NDArray[Any]]
) -> dict[str, Any]:
    """One panel as JSON; raises ValueError for a field or a control that does not exist."""
    spec = _part_spec(panel, fields, axes, constants)
    if isinstance(panel, (Curve, Paths)):
        spec["marks"] = [_part_spec(mark, fields, axes, constants) for mark in panel.marks]
        spec["x_ticks"] = ticks(*panel.x, spec.get("x_scale", "linear"), at=spec.get("x_at"))
        spec["y_ticks"] = ticks(*panel.y, spec.get("y_scale", "linear"), at=spec.get("y_at"))
    elif isinstance(panel, Bars):
        spec["ticks"] = ticks(*panel.limits, scale=panel.scale, most=4)
    elif isinstance(panel, Histogram):
        edges = np.asarray(panel.edges, dtype=float)
        spec["x"] = [float(edges[0]), float(edges[-1])]
        spec["x_ticks"] = ticks(*spec["x"])
    elif isinstance(panel, Heat):
        spec["x_ticks"] = ticks(*panel.x) if panel.x else None
        spec["y_ticks"] = ticks(*panel.y) if panel.y else None
    return spec


def _part_spec(
    part: Panel | Mark, fields: Mapping[str, Any], axes: Sequence[Axis], constants: Mapping[str, NDArray[Any]]
) -> dict[str, Any]:
    kind = type(part).__name__
    spec: dict[str, Any] = {"kind": kind}
    for name, value in _attributes(part):
        if name == "marks":
            continue
        if isinstance(value, np.ndarray):
            spec[name] = next(key for key, array in constants.items() if array is value)
        elif name in SOURCES and isinstance(value, str) and value and value not in fields:
            known = ", ".join(key for key in fields if not key.startswith("#"))
            raise ValueError(f"{kind} draws the field {value!r} as its {name}, but the model's fields are {known}")
        elif name in SOURCES and isinstance(value, str) and value and (name in TEXTS) != ("words" in fields[value]):
            wanted = "texts (a str or a tuple of str)" if name in TEXTS else "numbers"
            raise ValueError(f"{kind} uses the field {value!r} as its {name}, which needs {wanted}")
        elif name in CONTROLS:
            spec[name] = _axes_called(value, axes, f"{kind}({name}={value!r})") if value else None
        elif isinstance(value, (tuple, list)):
            spec[name] = [str(item) if isinstance(item, str) else float(item) for item in value]
        elif isinstance(value, (np.floating, np.integer)):
            spec[name] = value.item()
        else:
            spec[name] = value
    return spec


def _axes_called(name: str, axes: Sequence[Axis], where: str) -> list[int]:
    """The places of a control's axes: one, two for a Point, one a cell for a Grid."""
    found = [place for place, axis in enumerate(axes) if axis.name.split(".")[0] == name]
    if not found:
        raise ValueError(f"{where} names no control; the controls are {', '.join(axis.name for axis in axes)}")
    return found
