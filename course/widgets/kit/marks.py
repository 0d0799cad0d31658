"""What can be drawn inside a Curve or Paths panel: lines, dots, arrows, guides, bands, fields, ramps and words.

A coordinate is a field's name (a string), a number, or an array that is the same in all states.
Where a value is NaN, nothing is drawn.
Colours: "blue", "vermilion", "green", "purple", "ink", "ghost" (faint, for the reference behind the student's line).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

__all__ = ["Arrow", "Band", "Colour", "Dot", "Field", "Guide", "Label", "Line", "Mark", "Ramp", "Source", "Tangent"]

Source = str | float | NDArray[Any]
"""A field's name, a number, or an array that is the same in all states."""

Colour = Literal["blue", "vermilion", "green", "purple", "ink", "ghost"]


@dataclass(frozen=True)
class Mark:
    """Something drawn in data coordinates; marks are drawn in the order of the panel's list."""


@dataclass(frozen=True)
class Line(Mark):
    """A curve or polyline through x (n,) and y (n,), or k of them through (k, n).

    label    a few words beside the line's right end, in the line's colour
    style    "solid", "dashed", or "ghost": the dashed faint line of a reference
    until    the name of a Time control: only the points up to its step are drawn; k a step where there are k times
             as many points as steps
    fill     shade the area between the line and zero
    """

    x: Source
    y: Source
    label: str = ""
    colour: Colour = "blue"
    style: Literal["solid", "dashed", "ghost"] = "solid"
    width: float = 2.25
    until: str = ""
    fill: bool = False


@dataclass(frozen=True)
class Dot(Mark):
    """Points at x and y (numbers or (n,)).

    classes  a field of whole numbers (n,): colour and shape by class (disc, square, triangle, diamond)
    hollow   a ring instead of a disc
    size     the radius in pixels
    """

    x: Source
    y: Source
    label: str = ""
    colour: Colour = "blue"
    classes: Source | None = None
    hollow: bool = False
    size: float = 5.0


@dataclass(frozen=True)
class Tangent(Mark):
    """A straight piece of the given slope through (x, y); `reach` is its half width in units of x."""

    x: Source
    y: Source
    slope: Source
    reach: float = 1.5
    label: str = ""
    colour: Colour = "vermilion"


@dataclass(frozen=True)
class Guide(Mark):
    """A thin dashed line over the whole panel: at x upright, or at y level."""

    x: Source | None = None
    y: Source | None = None
    label: str = ""
    colour: Colour = "ink"


@dataclass(frozen=True)
class Band(Mark):
    """A shaded zone over the panel's whole height from x0 to x1 (numbers or (n,) for n zones)."""

    x0: Source
    x1: Source
    label: str = ""
    colour: Colour = "vermilion"


@dataclass(frozen=True)
class Arrow(Mark):
    """An arrow from (x0, y0) to (x, y), all numbers or (n,)."""

    x: Source
    y: Source
    x0: Source = 0.0
    y0: Source = 0.0
    label: str = ""
    colour: Colour = "vermilion"
    width: float = 2.5


@dataclass(frozen=True)
class Label(Mark):
    """Words at (x, y): `text` the same in all states, or `field`, a field of the model with a str (or n of them)."""

    x: Source
    y: Source
    text: str = ""
    field: str = ""
    colour: Colour = "ink"
    align: Literal["left", "center", "right"] = "center"


@dataclass(frozen=True)
class Ramp(Mark):
    """Colour over the whole panel that changes along one direction only, like f(w.x + b) does.

    The values (n,) lie evenly between start (2,) and end (2,); beyond both ends the last colour goes on.
    limits   the values of the first and the last colour; symmetric when they differ in sign
    """

    start: Source
    end: Source
    values: Source
    limits: tuple[float, float]


@dataclass(frozen=True)
class Field(Mark):
    """Colour over the whole panel: values (rows, columns), the first row at the bottom.

    limits   the values of the first and the last colour: shades of grey, pale enough for lines above them;
             blue to vermilion when the limits differ in sign, and then they are symmetric
    """

    values: Source
    limits: tuple[float, float]
