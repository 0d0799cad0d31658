"""A kernel slides over a picture: nine products and their sum at each place, and the same kernel over a photograph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from course.data import digits, photograph
from course.widgets.kit import Choice, Explorer, Grid, Heat, Images, Mechanism, Slider, StudentFunction, Time, written

from .layers import Array

__all__ = ["KERNELS", "PRESETS", "WEIGHTS", "Slide", "pictures", "slide_state", "sliding_kernel"]

SIZE, PLACES = 8, 6  # cells of the picture and of the output, along each axis
WIDTH = 120  # columns of the photograph
WEIGHTS = (-5, -4, -3, -2, -1, -0.5, -0.25, -1 / 9, 0, 1 / 9, 0.25, 0.5, 1, 2, 3, 4, 5)
KERNELS: dict[str, tuple[float, ...]] = {
    "identity": (0, 0, 0, 0, 1, 0, 0, 0, 0),
    "one pixel to the left": (0, 0, 0, 0, 0, 1, 0, 0, 0),
    "blur": (1 / 9,) * 9,
    "sharpen": (0, -1, 0, -1, 5, -1, 0, -1, 0),
    "upright edges": (-1, 0, 1, -2, 0, 2, -1, 0, 1),
    "level edges": (-1, -2, -1, 0, 0, 0, 1, 2, 1),
    "outline": (0, 1, 0, 1, -4, 1, 0, 1, 0),
}
PRESETS: dict[str, dict[str, object]] = {
    name: {"picture": "an edge" if name == "upright edges" else "a two", "kernel": kernel, "place": PLACES**2}
    for name, kernel in KERNELS.items()
}
OWN = ("output", "output_texts", "filtered", "says")


@dataclass(frozen=True)
class Slide:
    """The kernel at one place, and the output up to there."""

    picture: Array  # (SIZE, SIZE)
    window: Array  # (1, 4) the cells under the kernel
    equation: Array  # (3, 13) picture under the kernel, kernel, products, their sum; NaN between them
    equation_texts: tuple[str, ...]
    output: Array  # (PLACES, PLACES), NaN after the place
    output_texts: tuple[str, ...]
    cell: Array  # (1, 4) the output's cell at the place
    photo: Array
    filtered: Array  # the sizes of the photograph's output
    says: str


@cache
def pictures() -> dict[str, Array]:
    """Two real digits, their grey levels in tenths, and an edge."""
    data = digits()
    chosen = {"a two": 2, "a seven": 7}
    found = {
        name: np.round(data.x_test[np.flatnonzero(data.y_test == digit)[0]].reshape(SIZE, SIZE), 1)
        for name, digit in chosen.items()
    }
    return found | {"an edge": np.repeat([[0.0] * 4 + [1.0] * 4], SIZE, axis=0)}


@cache
def grey_photo() -> Array:
    """The temple in 64 shades of grey."""
    return np.asarray(np.round(photograph("temple", WIDTH).mean(axis=2) * 64) / 64)


def short(value: float) -> str:
    """A number with at most three decimals."""
    text = written(value, ".3f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def slide_state(picture: str, kernel: tuple[float, ...], place: int, own: StudentFunction | None = None) -> Slide:
    """The kernel (nine weights, row by row) at one of the places 1 to 36, in reading order."""
    cells, weights = pictures()[picture], np.reshape(kernel, (3, 3)).astype(float)
    row, column = divmod(place - 1, PLACES)
    under = cells[row : row + 3, column : column + 3]
    products = under * weights
    right = _filtered(cells, weights)
    output = _filtered(cells, weights, own) if own else right
    gap = np.array([[np.nan], [np.nan], [np.nan]])
    total = np.array([[np.nan], [right[row, column]], [np.nan]])
    equation = np.concatenate([under, gap, weights, gap, products, gap, total], axis=1)
    signs = {(1, 3): "×", (1, 7): "=", (1, 11): "Σ"}
    texts = [
        signs.get(spot, "") if np.isnan(value) else short(value)
        for spot, value in zip(np.ndindex(equation.shape), equation.flat, strict=True)
    ]
    seen = np.where(np.arange(PLACES**2) < place, output.ravel(), np.nan)
    return Slide(
        picture=cells,
        window=np.array([[row, column, 3, 3]]),
        equation=equation,
        equation_texts=tuple(texts),
        output=seen.reshape(PLACES, PLACES),
        output_texts=tuple(" " if np.isnan(value) else short(value) for value in seen),
        cell=np.array([[row, column, 1, 1]]),
        photo=grey_photo(),
        filtered=np.abs(_filtered(grey_photo(), weights, own)),
        says=_says(place, weights, right, output),
    )


def _filtered(cells: Array, weights: Array, own: StudentFunction | None = None) -> Array:
    """One channel through one kernel, by the student's conv2d where there is one."""
    x, weight, bias = cells[None, None], weights[None, None], np.zeros(1)
    if own:
        shape = (1, 1, cells.shape[0] - 2, cells.shape[1] - 2)
        return np.asarray(own(x, weight, bias, shape=shape)[0, 0])
    # summed in this order, as the page does it
    rows, columns = cells.shape[0] - 2, cells.shape[1] - 2
    total = np.zeros((rows, columns))
    for r in range(3):
        for c in range(3):
            total += weights[r, c] * cells[r : r + rows, c : c + columns]
    return total


def _says(place: int, weights: Array, right: Array, output: Array) -> str:
    row, column = divmod(place - 1, PLACES)
    says = f"Place {place} of {PLACES**2}: the nine products add up to {short(right[row, column])}. "
    wrong = ~np.isclose(output, right, atol=1e-6)
    if wrong.any():
        if wrong[row, column]:
            says += f"Your conv2d gives {short(output[row, column])} here. "
        return says + f"Your conv2d differs from the course's at {int(wrong.sum())} of {PLACES**2} places."
    # added one after the other, as the page does it
    total = float(sum(weights.ravel().tolist()))
    if np.count_nonzero(weights) == 0:
        return says + "All weights are 0: whatever the picture is, the answer is 0."
    if abs(total) < 1e-9:
        return says + "The weights add up to 0: where the picture is even the answer is 0, only change is seen."
    if abs(total - 1) < 1e-9:
        return says + "The weights add up to 1: where the picture is even it stays as bright as it was."
    return (
        says
        + f"The weights add up to {short(total)}: that much times as bright is what the picture is where it is even."
    )


def sliding_kernel(conv2d: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 4.2: nine weights to change, the products at each place, the output, and a photograph.

    conv2d  the student's own: the output is what it gives
    """
    own = StudentFunction(conv2d, "conv2d")
    usable = bool(own) and bool(np.isfinite(_filtered(pictures()["a seven"], np.eye(3), own)).all())
    if own and not usable:
        own.trouble += " Until it works you see the reference."

    def model(picture: str, kernel: tuple[float, ...], place: int) -> Slide:
        return slide_state(picture, kernel, place, own if usable else None)

    yours = "Your output" if usable else "The output"
    return Explorer(
        model,
        view=[
            Heat("picture", limits=(-2, 2), numbers=".1f", boxes="window",
                 title="The picture, and where the kernel is"),
            Heat("output", limits=(-2, 2), texts="output_texts", boxes="cell", pick="place",
                 title=f"{yours} so far (click on a cell)"),
            Heat("equation", limits=(-2, 2), texts="equation_texts", wide=True,
                 title="Picture under the kernel × kernel = nine products, and their sum"),
            Images("photo", limits=(0, 1), size=480, title="The same kernel over a photograph: before,"),
            Images("filtered", limits=(0, 1), size=480, title="and after (size of the output: black 0, white 1)"),
        ],
        kernel=Grid(3, KERNELS["upright edges"], Slider(values=WEIGHTS, format=".2g"), label="kernel"),
        picture=Choice(*pictures(), start="a two"),
        place=Time(PLACES**2, start=14, label="place", seconds=9, first=1),
        mechanism=Mechanism(
            [Path(__file__).with_suffix(".js")],
            data={"pictures": pictures(), "photo": grey_photo()},
            own=OWN if usable else (),
        ),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
