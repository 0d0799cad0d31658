"""What a reader can move: every control is a short list of values, so that all states can be computed beforehand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

__all__ = ["Axis", "Choice", "Control", "Grid", "Point", "Slider", "Time", "Toggle", "minus"]

EXPONENT = re.compile(r"e([-+])0(?=\d)")
"""Where Python fills an exponent up to two digits: 1e-05."""


def minus(text: str) -> str:
    """The text with a true minus sign before numbers, as matplotlib writes it."""
    return text.replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class Axis:
    """One dimension of the grid of states: the values a control can take, and how they are written.

    kind         "slider", "choice", "toggle" or "time": which native control the page builds
    texts        one text a value, as shown; `spoken` as a screen reader should say it
    columns      how many such sliders stand side by side, where it is a cell of a Grid; `group` is the Grid's label
    """

    name: str
    kind: str
    label: str
    values: tuple[Any, ...]
    texts: tuple[str, ...]
    spoken: tuple[str, ...]
    start: int
    seconds: float = 0.0
    columns: int = 0
    group: str = ""

    def nearest(self, value: Any) -> int:
        """The index of the value, or of the nearest one on a slider."""
        if self.kind in ("slider", "time"):
            try:
                return int(np.argmin(np.abs(np.asarray(self.values, dtype=float) - float(value))))
            except (TypeError, ValueError):
                raise ValueError(f"{self.name} came as {value!r}; expected a number") from None
        if value not in self.values:
            known = ", ".join(repr(known) for known in self.values)
            raise ValueError(f"{self.name} came as {value!r}; expected one of {known}")
        return self.values.index(value)


class Control:
    """Something that a reader moves; it stands for one axis of the grid of states, a Point for two."""

    def axes(self, name: str) -> tuple[Axis, ...]:
        """The axes of the grid that this control adds."""
        raise NotImplementedError


def _numbers(low: float, high: float, steps: int, log: bool) -> tuple[float | int, ...]:
    if log:
        return tuple(float(value) for value in np.geomspace(low, high, steps))
    values = np.linspace(low, high, steps)
    # linspace leaves -0.0 and 1e-17 where a reader expects 0
    values[np.abs(values) < 1e-12 * max(abs(low), abs(high))] = 0.0
    if np.array_equal(values, np.round(values)):
        return tuple(int(value) for value in values)
    return tuple(float(value) for value in values)


@dataclass(frozen=True)
class Slider(Control):
    """Numbers from low to high in `steps` equal steps (equal ratios with log=True), both ends included.

    The values are Python ints when all of them are whole numbers, floats otherwise.
    start    the first value shown (the nearest on the grid); the middle of the range when left out
    label    the words beside the control; the control's name when left out
    format   a Python format for the value; unit is written and spoken after it
    values   instead of low, high and steps: an uneven list of numbers, in rising order
    """

    low: float = 0.0
    high: float = 1.0
    steps: int = 21
    start: float | None = None
    label: str = ""
    unit: str = ""
    format: str = ""
    log: bool = False
    values: Sequence[float] = ()

    def axes(self, name: str) -> tuple[Axis, ...]:
        """One axis."""
        if len(self.values):
            values: tuple[float | int, ...] = tuple(self.values)
        elif self.steps < 2 or not self.low < self.high:
            raise ValueError(
                f"slider {name} has low {self.low}, high {self.high} and {self.steps} steps; "
                "expected low < high and at least 2 steps"
            )
        else:
            values = _numbers(self.low, self.high, self.steps, self.log)
        written = self.format or _plain_format(values)
        texts = tuple(minus(EXPONENT.sub(r"e\1", format(value, written))) for value in values)
        unit = f" {self.unit}" if self.unit else ""
        start = len(values) // 2
        if self.start is not None:
            start = int(np.argmin(np.abs(np.asarray(values, dtype=float) - self.start)))
        label = self.label or name.replace("_", " ")
        shown = tuple(text + unit for text in texts)
        spoken = tuple(text.replace("\N{MINUS SIGN}", "minus ") for text in shown)
        return (Axis(name, "slider", label, values, shown, spoken, start),)


def _plain_format(values: Sequence[float]) -> str:
    """The fewest decimals, at most three, that tell all values apart."""
    if all(isinstance(value, int) for value in values):
        return "d"
    for decimals in range(1, 4):
        written = f".{decimals}f"
        if all(abs(float(format(value, written)) - value) < 1e-9 for value in values):
            return written
    return ".3g"


@dataclass(frozen=True)
class Choice(Control):
    """One of a few named values, as a select box: Choice("ReLU", "tanh") or Choice(options={"narrow": 2, "wide": 8}).

    The model receives the value; with plain options the name is the value.
    """

    options: Mapping[str, Any]
    start: Any
    label: str

    def __init__(
        self, *names: str, options: Mapping[str, Any] | None = None, start: Any = None, label: str = ""
    ) -> None:
        chosen = dict(options) if options is not None else {name: name for name in names}
        if not chosen:
            raise ValueError("a Choice came without options; expected at least one name")
        object.__setattr__(self, "options", chosen)
        object.__setattr__(self, "start", next(iter(chosen.values())) if start is None else start)
        object.__setattr__(self, "label", label)

    def axes(self, name: str) -> tuple[Axis, ...]:
        """One axis."""
        texts = tuple(self.options)
        values = tuple(self.options.values())
        label = self.label or name.replace("_", " ")
        return (Axis(name, "choice", label, values, texts, texts, values.index(self.start)),)


@dataclass(frozen=True)
class Toggle(Control):
    """False or True, as a checkbox."""

    start: bool = False
    label: str = ""

    def axes(self, name: str) -> tuple[Axis, ...]:
        """One axis with the values False and True."""
        label = self.label or name.replace("_", " ")
        return (Axis(name, "toggle", label, (False, True), ("off", "on"), ("off", "on"), int(self.start)),)


@dataclass(frozen=True)
class Time(Control):
    """Steps 0 to steps-1 of something that happens, with Play and Step; it never plays by itself.

    over     names of the model's fields (with "says" if the sentence changes) whose first axis is time,
             of length steps: the model is then called once a run, without this control.
             Without `over`, the model is called for every step like with a slider
    seconds  how long the whole run lasts when it plays
    """

    steps: int
    over: Sequence[str] = ()
    start: int = 0
    label: str = "step"
    unit: str = ""
    seconds: float = 6.0
    first: int = 0

    def axes(self, name: str) -> tuple[Axis, ...]:
        """One axis with the values first, first + 1, ..."""
        values = tuple(range(self.first, self.first + self.steps))
        unit = f" {self.unit}" if self.unit else ""
        texts = tuple(f"{value}{unit}" for value in values)
        spoken = tuple(f"{value}{unit} of {values[-1]}" for value in values)
        return (Axis(name, "time", self.label, values, texts, spoken, self.start, self.seconds),)


@dataclass(frozen=True)
class Point(Control):
    """Two sliders that are also one point in the plane: the model receives (x, y).

    A panel with drag="the control's name" shows the point and lets the reader drag it;
    the two sliders stay, so that the keyboard reaches every state too.
    """

    x: Slider = field(default_factory=lambda: Slider(-1, 1, 21))
    y: Slider = field(default_factory=lambda: Slider(-1, 1, 21))

    def axes(self, name: str) -> tuple[Axis, ...]:
        """Two axes, called name.x and name.y."""
        return self.x.axes(f"{name}.x") + self.y.axes(f"{name}.y")


@dataclass(frozen=True)
class Grid(Control):
    """A small table of sliders, such as the nine weights of a kernel: the model receives their values row by row.

    start    the first values shown, row by row
    cell     the slider that stands in every cell
    """

    columns: int
    start: Sequence[float]
    cell: Slider = field(default_factory=lambda: Slider(-1, 1, 21))
    label: str = ""

    def axes(self, name: str) -> tuple[Axis, ...]:
        """One axis a cell, called name.0, name.1, ..."""
        group = self.label or name.replace("_", " ")
        found = []
        for place, value in enumerate(self.start):
            row, column = divmod(place, self.columns)
            label = f"{group}: row {row + 1}, column {column + 1}"
            (axis,) = replace(self.cell, start=value, label=label).axes(f"{name}.{place}")
            found.append(replace(axis, columns=self.columns, group=group))
        return tuple(found)
