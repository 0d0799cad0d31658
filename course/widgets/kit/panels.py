"""What a reader sees: eight kinds of panel, each described by data that the page draws without further thought.

Limits are required and hold for all states, so that a picture never rescales under the reader's hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from course.widgets.kit.marks import Colour, Mark, Source

__all__ = ["Bars", "Curve", "Graph", "Heat", "Histogram", "Images", "Panel", "Paths", "Tokens"]

Limits = tuple[float, float]
Scale = Literal["linear", "log"]


@dataclass(frozen=True)
class Panel:
    """One picture of the widget; the subclasses say what it shows."""


def _check_limits(limits: Limits, where: str, scale: Scale = "linear") -> None:
    low, high = limits
    if not low < high:
        raise ValueError(f"{where} came as ({low}, {high}); expected the low limit first")
    if scale == "log" and low <= 0:
        raise ValueError(f"{where} came as ({low}, {high}) on a log scale; expected both above 0")


def _check_signed(limits: Limits, where: str) -> None:
    low, high = limits
    if low < 0 < high and low != -high:
        size = max(-low, high)
        raise ValueError(
            f"{where} came as ({low}, {high}); signed colours need symmetric limits, "
            f"for example ({-size}, {size}), so that zero is the neutral colour"
        )


@dataclass(frozen=True, init=False)
class Curve(Panel):
    """Curves over an x axis: Curve(Line("x", "y"), ..., x=(-6, 6), y=(-1, 1), title="Sigmoid").

    marks    drawn in this order (see marks.py)
    x, y     limits, common to all states
    x_at     places of the ticks, () for none: low strips that stand one below the other need few; likewise y_at
    drag     the name of a Slider (its value is an x) or of a Point that the reader may also drag in the picture
    wide     over both columns
    """

    marks: tuple[Mark, ...]
    x: Limits
    y: Limits
    title: str
    x_name: str
    y_name: str
    x_scale: Scale
    y_scale: Scale
    x_at: Sequence[float] | None
    y_at: Sequence[float] | None
    drag: str
    height: int
    wide: bool

    def __init__(
        self,
        *marks: Mark,
        x: Limits,
        y: Limits,
        title: str = "",
        x_name: str = "",
        y_name: str = "",
        x_scale: Scale = "linear",
        y_scale: Scale = "linear",
        x_at: Sequence[float] | None = None,
        y_at: Sequence[float] | None = None,
        drag: str = "",
        height: int = 280,
        wide: bool = False,
    ) -> None:
        _check_limits(x, "x", x_scale)
        _check_limits(y, "y", y_scale)
        for name, value in list(locals().items()):
            if name not in ("self", "__class__"):
                object.__setattr__(self, name, value)


@dataclass(frozen=True, init=False)
class Paths(Panel):
    """A plane where one unit is as long in x as in y: grids, polylines, arrows and points.

    axes     draw axes with ticks; without them only a faint cross through the origin
    drag     the name of a Point that the reader may drag in the picture
    arrow    draw the dragged point as an arrow from the origin
    """

    marks: tuple[Mark, ...]
    x: Limits
    y: Limits
    title: str
    x_name: str
    y_name: str
    axes: bool
    drag: str
    arrow: bool
    wide: bool

    def __init__(
        self,
        *marks: Mark,
        x: Limits,
        y: Limits,
        title: str = "",
        x_name: str = "",
        y_name: str = "",
        axes: bool = True,
        drag: str = "",
        arrow: bool = False,
        wide: bool = False,
    ) -> None:
        _check_limits(x, "x")
        _check_limits(y, "y")
        for name, value in list(locals().items()):
            if name not in ("self", "__class__"):
                object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Bars(Panel):
    """One bar a value: values is a field (n,).

    names      n names, or the name of a field with n strings; the bars' numbers when left out
    numbers    a Python format for the value written at each bar; "" for none
    ghost      a field (n,) drawn as an outline behind the bars: the reference
    upright    columns (True) or rows (False, better for long names)
    highlight  a field with the index of the bar in the accent colour, or NaN for none
    """

    values: str
    limits: Limits
    names: Sequence[str] | str = ()
    title: str = ""
    value_name: str = ""
    numbers: str = ".2f"
    ghost: str = ""
    highlight: str = ""
    colour: Colour = "blue"
    scale: Scale = "linear"
    upright: bool = True
    height: int = 280
    wide: bool = False

    def __post_init__(self) -> None:
        _check_limits(self.limits, "limits", self.scale)


@dataclass(frozen=True)
class Heat(Panel):
    """A matrix (rows, columns) as coloured cells: blue to vermilion through near-white when the limits have two signs.

    rows, columns   names, or the name of a field with strings
    numbers         a Python format for the number in each cell; "" for none
    texts           instead: the name of a field with rows * columns strings, row by row
    boxes           a field (n, 4): row, column, height and width of outlined boxes; box_line: how thick, in pixels
    x, y            limits in data units, when the columns and rows are places: ticks instead of names,
                    the first row at the bottom
    pick            the name of a control with rows * columns values: a click on a cell sets it, row by row
    """

    values: str
    limits: Limits
    rows: Sequence[str] | str = ()
    columns: Sequence[str] | str = ()
    title: str = ""
    row_name: str = ""
    column_name: str = ""
    numbers: str = ""
    texts: str = ""
    boxes: str = ""
    box_line: float = 2.5
    x: Limits | None = None
    y: Limits | None = None
    pick: str = ""
    wide: bool = False

    def __post_init__(self) -> None:
        _check_limits(self.limits, "limits")
        _check_signed(self.limits, "limits")


@dataclass(frozen=True)
class Graph(Panel):
    """Nodes and edges, as networks are drawn.

    nodes    a field (n, 2): places in the unit square, (0, 0) bottom left; NaN rows are left out
    edges    a field (m, 2): from node, to node; NaN rows are left out
    values   a field (n,) that fills the nodes; weights a field (m,) that colours the edges
    texts    a field with n strings written inside the nodes; names: n strings written below them
    notes    a field (k, 2) of places with note_texts, a field of k strings: words on the ground
    arrows   draw arrow heads
    """

    nodes: Source
    edges: Source
    values: str = ""
    limits: Limits = (-1.0, 1.0)
    weights: str = ""
    weight_limits: Limits = (-1.0, 1.0)
    texts: str = ""
    names: str = ""
    notes: Source | None = None
    note_texts: str = ""
    title: str = ""
    radius: float = 15.0
    arrows: bool = False
    height: int = 320
    wide: bool = False

    def __post_init__(self) -> None:
        _check_signed(self.limits, "limits")
        _check_signed(self.weight_limits, "weight_limits")


@dataclass(frozen=True)
class Tokens(Panel):
    """Words in reading order, each with a ground as strong as its weight.

    words    the words, or a field with strings; weights a field (n,)
    focus    a field with the index of the outlined word, or NaN
    pick     the name of a control with n values: a click on a word sets it
    """

    words: Sequence[str] | str
    weights: str
    limits: Limits = (0.0, 1.0)
    numbers: str = ".2f"
    focus: str = ""
    pick: str = ""
    title: str = ""
    wide: bool = False

    def __post_init__(self) -> None:
        _check_limits(self.limits, "limits")


@dataclass(frozen=True)
class Images(Panel):
    """Pictures: a field (rows, columns), (n, rows, columns) or (n, rows, columns, 3), drawn with sharp pixels.

    names    n names below the pictures, or a field with n strings; limits of grey and of colour alike
    boxes    a field (k, 4) of rectangles over the first picture: x0, y0, x1, y1 in its pixels; NaN rows are left out
    kinds    a field (k,): 0 for a firm line with the box's text, 1 for a thin and dashed one, NaN for none
    texts    a field with k strings; where they would cover each other, the first ones are written
    size     a picture's largest width, in pixels of the screen
    pick     the name of a control: a click on picture k sets its value number pick_from + k
    """

    values: str
    limits: Limits
    names: Sequence[str] | str = ()
    title: str = ""
    across: int = 4
    boxes: str = ""
    kinds: str = ""
    texts: str = ""
    size: int = 280
    pick: str = ""
    pick_from: int = 0
    wide: bool = False

    def __post_init__(self) -> None:
        _check_limits(self.limits, "limits")


@dataclass(frozen=True)
class Histogram(Panel):
    """Counts (bins,) over edges (bins + 1,), or (k, bins): k histograms one below the other on one axis.

    edges    the same in all states; limits: of the counts
    names    k names at the left, or the name of a field with strings
    guide    a field with one x (or k): a line through each histogram
    highlight  a field with the index of the histogram in the accent colour, or NaN for none
    """

    counts: str
    edges: NDArray[Any]
    limits: Limits
    names: Sequence[str] | str = ()
    title: str = ""
    x_name: str = ""
    guide: str = ""
    highlight: str = ""
    colour: Colour = "blue"
    height: int = 280
    wide: bool = False

    def __post_init__(self) -> None:
        _check_limits(self.limits, "limits")
