"""A picture that moves by a pixel or two: what the maxima and the means of its windows keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from course.data import digits
from course.widgets.kit import Bars, Choice, Explorer, Heat, Slider, StudentFunction

from .layers import Array, avg_pool2d
from .layers import max_pool2d as reference

__all__ = ["PICTURES", "PRESETS", "Pooled", "moved", "pooled_state", "pooling_shift"]

SIZE = 12
WINDOWS = (2, 3, 4)
MOST = SIZE // min(WINDOWS)
PICTURES = ("a point", "an upright line", "a seven", "a dark point")

_POINT: dict[str, object] = {"picture": "a point", "right": 1, "down": 0, "window": 2}
PRESETS: dict[str, dict[str, object]] = {
    "inside its window": _POINT,
    "over the border": _POINT | {"right": -1},
    "a seven": _POINT | {"picture": "a seven"},
    "wider windows": _POINT | {"picture": "a seven", "window": 4},
    "a dark point": _POINT | {"picture": "a dark point", "right": 0},
}


@dataclass(frozen=True)
class Pooled:
    """The moved picture, its maxima and means, and how much each differs from the unmoved ones."""

    picture: Array  # (SIZE, SIZE)
    picture_texts: tuple[str, ...]  # without the zeros
    windows: Array  # (MOST * MOST, 4) all windows, as boxes
    maxima: Array  # (MOST, MOST), NaN where there is no window
    maxima_texts: tuple[str, ...]
    maxima_changed: Array  # (MOST * MOST, 4) the changed ones, as boxes
    means: Array
    means_texts: tuple[str, ...]
    means_changed: Array
    differences: Array  # (3,) of pixels, maxima and means: the norm of the difference over that of the unmoved ones
    says: str


@cache
def moved(picture: str, right: int, down: int) -> Array:
    """A picture of 12 x 12 pixels, moved; what comes in from outside is empty, for the dark point bright."""
    plane = np.zeros((SIZE, SIZE))
    if picture == "a point":
        plane[4, 4] = 1.0
    elif picture == "an upright line":
        plane[2:10, 4] = 1.0
    elif picture == "a dark point":
        plane[4, 4] = -1.0  # on a ground of 1
    else:
        data = digits()
        plane[2:10, 2:10] = np.round(data.x_test[np.flatnonzero(data.y_test == 7)[0]].reshape(8, 8), 1)
    plane = np.roll(plane, (down, right), axis=(0, 1))  # the two outer rows and columns are empty
    return plane + (picture == "a dark point")


def pooled_state(picture: str, right: int, down: int, window: int, own: StudentFunction | None = None) -> Pooled:
    """The picture after the move, against the same picture before it; max-pooling by the student where there is one."""
    before, after = moved(picture, 0, 0), moved(picture, right, down)
    count = SIZE // window
    shape = (1, 1, count, count)

    def maxima_of(plane: Array) -> Array:
        x = plane[None, None]
        return np.asarray(own(x, window, window, shape=shape)[0, 0] if own else reference(x, window, window)[0, 0])

    maxima, means = ([maxima_of(plane) for plane in (before, after)],
                     [avg_pool2d(plane[None, None], window, window)[0, 0] for plane in (before, after)])  # fmt: skip
    right_maxima = reference(after[None, None], window, window)[0, 0]
    wrong = int(np.sum(~np.isclose(maxima[1], right_maxima, atol=1e-9)))
    differences = np.array([_difference(*pair) for pair in ((before, after), maxima, means)])
    stay = int(np.sum(np.isclose(maxima[0], maxima[1])))
    says = _says(picture, (right, down), differences, stay, count**2)
    if wrong:
        says = f"Your max_pool2d differs from the course's at {wrong} of {count**2} windows. " + says
    return Pooled(
        picture=after,
        picture_texts=tuple(f"{value:.1f}" if value else "" for value in after.ravel()),
        windows=np.array([[window * (k // count), window * (k % count), window, window] for k in range(count**2)]),
        maxima=_framed(maxima[1]),
        maxima_texts=_texts(maxima[1], ".1f"),
        maxima_changed=_changed(*maxima),
        means=_framed(means[1]),
        means_texts=_texts(means[1], ".2f"),
        means_changed=_changed(*means),
        differences=differences,
        says=says,
    )


def _difference(before: Array, after: Array) -> float:
    return float(np.linalg.norm(after - before) / max(float(np.linalg.norm(before)), 1e-12))


def _framed(values: Array) -> Array:
    frame = np.full((MOST, MOST), np.nan)
    frame[: len(values), : len(values)] = values
    return frame


def _texts(values: Array, style: str) -> tuple[str, ...]:
    return tuple("" if np.isnan(value) else format(value, style) for value in _framed(values).ravel())


def _changed(before: Array, after: Array) -> Array:
    spots = np.argwhere(~np.isclose(before, after))
    boxes = np.full((MOST**2, 4), np.nan)
    boxes[: len(spots)] = np.concatenate([spots, np.ones_like(spots)], axis=1)
    return boxes


def _says(picture: str, move: tuple[int, int], differences: Array, stay: int, count: int) -> str:
    pixels, maxima, means = differences
    if picture == "a dark point" and maxima == 0:
        return (
            "No maximum sees the dark point: every window has a bright pixel too. "
            f"The mean does: the window with the point is darker{'' if any(move) else ', moved or not'}."
        )
    if not any(move):
        return "Not moved yet: move the picture by a pixel, and see which windows change (they are outlined)."
    where = " and ".join(
        f"{abs(by)} {name[by < 0]}"
        for by, name in zip(move, (("to the right", "to the left"), ("down", "up")), strict=True)
        if by
    )
    says = f"Moved {where}, the pixels differ by {pixels:.0%} from before, "
    if maxima == 0 and means < 1e-12:
        return says + "and after pooling nothing differs: the move stayed inside the windows."
    says += f"the maxima by {maxima:.0%}, the means by {means:.0%}. {stay} of {count} maxima are as before."
    if maxima >= pixels - 1e-9:
        return says + " Over a window's border, pooling hides nothing."
    return says + " Pooling makes the move smaller, not invisible."


def pooling_shift(max_pool2d: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 4.6: a moved picture, its maxima and its means, and how much of each is as before.

    max_pool2d  the student's own: the maxima are what it gives
    """
    own = StudentFunction(max_pool2d, "max_pool2d")
    usable = bool(own) and bool(np.isfinite(own(moved("a seven", 0, 0)[None, None], 3, 3, shape=(1, 1, 4, 4))).all())
    if own and not usable:
        own.trouble += " Until it works you see the reference."
    return Explorer(
        partial(pooled_state, own=own) if usable else partial(pooled_state),
        view=[
            Heat("picture", limits=(0, 1), texts="picture_texts", boxes="windows", box_line=1.25,
                 title="The moved picture and its windows"),
            Bars("differences", limits=(0, 1.6), names=("pixels", "maxima", "means"), numbers=".0%", upright=False,
                 value_name="difference to the unmoved picture, as a share of it", title="How much the move changed"),
            Heat("maxima", limits=(0, 1), texts="maxima_texts", boxes="maxima_changed",
                 title=f"{'Your maximum' if usable else 'The maximum'} of each window (outlined: changed)"),
            Heat("means", limits=(0, 1), texts="means_texts", boxes="means_changed",
                 title="The mean of each window (outlined: changed)"),
        ],
        picture=Choice(*PICTURES, start="a seven"),
        right=Slider(-2, 2, 5, start=1, format="d", unit="px", label="moved to the right"),
        down=Slider(-2, 2, 5, start=0, format="d", unit="px", label="moved down"),
        window=Slider(values=WINDOWS, start=2, format="d", label="window and stride"),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
