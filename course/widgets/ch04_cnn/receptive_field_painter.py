"""The receptive field of one output: the square of the formula, and the pixels that really have a gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from course.widgets.kit import Bars, Choice, Curve, Explorer, Guide, Images, Line, Slider, StudentFunction

from .layers import Array
from .layers import receptive_field as reference

__all__ = ["PRESETS", "SIZE", "Painted", "gradient_along", "layers_of", "painted_state", "receptive_field_painter"]

SIZE = 41  # pixels of the picture, along each axis
MOST_LAYERS = 6
KERNELS = (2, 3, 5)
STRIDES = ("1 everywhere", "2 in the first layer", "2 in every layer")
DILATIONS = ("1 everywhere", "2 everywhere", "doubling: 1, 2, 4, ...")
OFFSETS: Array = np.arange(float(SIZE)) - SIZE // 2
SHARE = 0.5  # of the gradient: what "effective" means here
DARKEST = 40  # of 255: a pixel with a gradient, however small, is told from one without

_PLAIN: dict[str, object] = {"layers": 3, "kernel": 3, "stride": STRIDES[0], "dilation": DILATIONS[0]}
PRESETS: dict[str, dict[str, object]] = {
    "three layers of 3 × 3": _PLAIN,
    "a first stride of 2": _PLAIN | {"stride": STRIDES[1]},
    "a bell": _PLAIN | {"layers": 6, "kernel": 5},
    "gaps": _PLAIN | {"dilation": DILATIONS[1]},
    "doubling, no gaps": _PLAIN | {"layers": 4, "dilation": DILATIONS[2]},
}


@dataclass(frozen=True)
class Painted:
    """The gradient of one output with respect to every pixel, for layers whose weights are all equal."""

    picture: Array  # (SIZE, SIZE) whole numbers from 0, no gradient, to 255, the largest
    boxes: Array  # (2, 4) the square of the formula, and the smallest one in the middle that holds SHARE; x0 y0 x1 y1
    kinds: Array
    box_texts: tuple[str, ...]
    profile: Array  # (SIZE,) the gradient along the middle row, over the largest
    edges: Array  # (2,) the formula's square in it
    inner: Array  # (2,) the other one
    growth: Array  # (MOST_LAYERS,) the formula's receptive field after each layer, NaN where there is none
    counted: Array  # the same, counted in pixels
    says: str


def layers_of(layers: int, kernel: int, stride: str, dilation: str) -> list[tuple[int, int, int]]:
    """(kernel, stride, dilation) of each layer, first layer first."""
    strides = {STRIDES[0]: [1] * layers, STRIDES[1]: [2] + [1] * (layers - 1), STRIDES[2]: [2] * layers}[stride]
    dilations = {DILATIONS[0]: [1] * layers, DILATIONS[1]: [2] * layers, DILATIONS[2]: [2**k for k in range(layers)]}
    return [(kernel, one, other) for one, other in zip(strides, dilations[dilation], strict=True)]


def gradient_along(layers: list[tuple[int, int, int]]) -> Array:
    """The gradient of one output along one axis, from the first to the last pixel that has one.

    Back through each layer: every cell gives 1 / kernel of its gradient to each cell that it was computed from.
    """
    grad = np.ones(1)
    for kernel, stride, dilation in reversed(layers):
        before = np.zeros((len(grad) - 1) * stride + (kernel - 1) * dilation + 1)
        for k in range(kernel):
            before[k * dilation : k * dilation + (len(grad) - 1) * stride + 1 : stride] += grad / kernel
        grad = before
    return grad


@cache
def _gradients(layers: int, kernel: int, stride: str, dilation: str) -> tuple[Array, Array]:
    """The gradient along one axis, and how far it reaches after 1, 2, ... layers."""
    listed = layers_of(layers, kernel, stride, dilation)
    reaches = [len(gradient_along(listed[: k + 1])) for k in range(layers)]
    return gradient_along(listed), np.array(reaches + [np.nan] * (MOST_LAYERS - layers))


def effective(grad: Array) -> int:
    """The side of the smallest square in the middle that holds SHARE of the gradient over the plane."""
    cut, total = 0, grad.sum()
    while cut + 1 < (len(grad) + 1) // 2 and grad[cut + 1 : len(grad) - cut - 1].sum() ** 2 >= SHARE * total**2:
        cut += 1
    return len(grad) - 2 * cut


def _in_picture(grad: Array) -> tuple[Array, float]:
    """The gradient placed in the middle of the picture's axis, cut where it is longer; the place of its middle."""
    line = np.zeros(SIZE)
    first = (SIZE - len(grad)) // 2
    inside = grad[max(0, -first) : max(0, -first) + SIZE]
    line[max(0, first) : max(0, first) + len(inside)] = inside
    return line, first + len(grad) / 2


def painted_state(layers: int, kernel: int, stride: str, dilation: str, own: StudentFunction | None = None) -> Painted:
    """The formula, the student's where there is one, against the gradient."""
    listed = layers_of(layers, kernel, stride, dilation)
    grad, counted = _gradients(layers, kernel, stride, dilation)
    growth = np.full(MOST_LAYERS, np.nan)
    for k in range(layers):
        growth[k] = float(own(listed[: k + 1], shape=())) if own else reference(listed[: k + 1])
    line, middle = _in_picture(grad / grad.max())
    plane = np.outer(line, line)
    shades = np.where(plane > 0, np.round(DARKEST + (255 - DARKEST) * np.sqrt(plane)), 0.0)
    field, core = growth[layers - 1], effective(grad)
    boxes = np.array([[middle - side / 2] * 2 + [middle + side / 2] * 2 for side in (field, core)])
    told = "–" if np.isnan(field) else f"{field:g}"
    return Painted(
        picture=shades,
        boxes=boxes,
        kinds=np.array([0.0, 1.0]),
        box_texts=(f"{'yours' if own else 'formula'}: {told} × {told}" if field <= SIZE else "", ""),
        profile=line,
        edges=np.array([middle - field / 2, middle + field / 2]) - SIZE / 2,
        inner=np.array([middle - core / 2, middle + core / 2]) - SIZE / 2,
        growth=growth,
        counted=counted,
        says=_says((layers, kernel), grad, field, core, bool(own)),
    )


def _says(numbers: tuple[int, int], grad: Array, field: float, core: int, own: bool) -> str:
    layers, kernel = numbers
    reach, seen = len(grad), int(np.count_nonzero(grad))
    says = f"{layers} {'layer' if layers == 1 else 'layers'} of {kernel} × {kernel}: "
    if field != reach:
        told = "nothing" if np.isnan(field) else f"{field:g}"
        return says + f"your receptive_field gives {told}, but the pixels with a gradient reach over {reach}."
    says += f"{'your' if own else 'the'} formula gives {reach}, and the gradient reaches over {reach} × {reach} pixels"
    if seen < reach:
        says += f", but only {seen**2} of these {reach**2} have one: there are gaps"
    if reach > SIZE:
        return says + f". That is more than the {SIZE} × {SIZE} of this picture."
    return says + f". Half of it lies in the middle {core} × {core}."


def receptive_field_painter(receptive_field: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 4.7: the gradient of one output on the input, with the square that the formula predicts.

    receptive_field  the student's own: the square and the bars are what it gives
    """
    own = StudentFunction(receptive_field, "receptive_field")
    usable = bool(own) and bool(np.isfinite(own([(3, 2, 1), (3, 1, 2)], shape=())))
    if own and not usable:
        own.trouble += " Until it works you see the reference."
    name = "yours" if usable else "formula"
    return Explorer(
        partial(painted_state, own=own) if usable else partial(painted_state),
        view=[
            Images("picture", limits=(0, 255), boxes="boxes", kinds="kinds", texts="box_texts", size=450,
                   title="Pixels with a gradient (black: none), and two squares"),
            Curve(
                Guide(x="edges", colour="blue"), Guide(x="inner", colour="vermilion"),
                Line(OFFSETS, "profile", colour="ink", fill=True),
                x=(-SIZE / 2, SIZE / 2), y=(0, 1.05), x_name="pixels from the middle",
                y_name="gradient, over the largest",
                title="Along the middle row, with the edges of both squares",
            ),
            Bars("growth", limits=(0, SIZE), names=[str(k + 1) for k in range(MOST_LAYERS)], numbers="d",
                 ghost="counted", value_name="pixels",
                 title=f"Receptive field after each layer: {name}, and counted (dashed)",
                 height=180, wide=True),
        ],
        layers=Slider(1, MOST_LAYERS, MOST_LAYERS, start=3, format="d"),
        kernel=Slider(values=KERNELS, start=3, format="d"),
        stride=Choice(*STRIDES),
        dilation=Choice(*DILATIONS),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
