"""Losses of two parameters that optimisers walk on, in chapters 3 and 9; landscapes.js is their twin.

All of them are drawn on the same window, from -2 to 2 in both parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from course.widgets.kit import written

__all__ = [
    "FAR",
    "LANDSCAPES",
    "SCRIPT",
    "WINDOW",
    "Landscape",
    "above_lowest",
    "contours",
    "ground",
    "page_data",
    "short",
    "walk",
]

Array = NDArray[np.float64]
WINDOW = (-2.0, 2.0)
SCRIPT = Path(__file__).with_suffix(".js")
FAR = 1e3  # beyond it a walk has run away, and is not drawn any more
CELLS = 61  # of the shaded ground, in each direction


@dataclass(frozen=True)
class Landscape:
    """A loss of two parameters.

    loss      loss(x, y), for numbers and arrays
    gradient  gradient(x, y): the slopes along x and along y
    minima    the places of its minima
    edge      2 / the largest curvature at a minimum: the largest learning rate that is stable at all of them
    start     a place from which a walk is worth watching
    lowest    the loss at its minima
    along     whether the axes of a bowl lie along x and y, so that each has an error of its own
    """

    loss: Callable[[Any, Any], Any]
    gradient: Callable[[Any, Any], tuple[Any, Any]]
    minima: tuple[tuple[float, float], ...]
    edge: float
    start: tuple[float, float]
    lowest: float = 0.0
    along: bool = False


def _bowl(steep: float) -> Landscape:
    return Landscape(
        lambda x, y: (x**2 + steep * y**2) / 2,
        lambda x, y: (x, steep * y),
        minima=((0.0, 0.0),),
        edge=2 / steep,
        start=(-1.8, 1.0),
        along=True,
    )


def _tilted(steep: float) -> Landscape:
    """The bowl, turned by 45 degrees: flat along x = y, steep across."""
    return Landscape(
        lambda x, y: ((x + y) ** 2 + steep * (y - x) ** 2) / 4,
        lambda x, y: (((x + y) - steep * (y - x)) / 2, ((x + y) + steep * (y - x)) / 2),
        minima=((0.0, 0.0),),
        edge=2 / steep,
        start=(-1.8, -0.6),
    )


def _himmelblau(x: Any, y: Any) -> Any:
    u, v = 2.5 * x, 2.5 * y
    return (u**2 + v - 11) ** 2 + (u + v**2 - 7) ** 2


def _himmelblau_gradient(x: Any, y: Any) -> tuple[Any, Any]:
    u, v = 2.5 * x, 2.5 * y
    first, second = u**2 + v - 11, u + v**2 - 7
    return 2.5 * (4 * u * first + 2 * second), 2.5 * (2 * first + 4 * v * second)


LANDSCAPES: Mapping[str, Landscape] = {
    "round bowl": _bowl(1.0),
    "valley 1:10": _bowl(10.0),
    "valley 1:100": _bowl(100.0),
    "tilted valley 1:100": _tilted(100.0),
    "saddle": Landscape(
        lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 8,
        lambda x, y: (x, -y + y**3 / 2),
        minima=((0.0, float(np.sqrt(2))), (0.0, -float(np.sqrt(2)))),
        edge=1.0,
        start=(-1.8, 0.0),
        lowest=-0.5,
        along=True,
    ),
    "plateau": Landscape(
        lambda x, y: 1 - np.exp(-2 * (x**2 + y**2)),
        lambda x, y: (4 * x * np.exp(-2 * (x**2 + y**2)), 4 * y * np.exp(-2 * (x**2 + y**2))),
        minima=((0.0, 0.0),),
        edge=0.5,
        start=(-1.2, 0.8),
    ),
    "Rosenbrock": Landscape(  # the usual one, shifted down by 1
        lambda x, y: (1 - x) ** 2 + 100 * (y + 1 - x**2) ** 2,
        lambda x, y: (-2 * (1 - x) - 400 * x * (y + 1 - x**2), 200 * (y + 1 - x**2)),
        minima=((1.0, 0.0),),
        edge=float(2 / np.linalg.eigvalsh([[802.0, -400.0], [-400.0, 200.0]])[-1]),
        start=(-1.2, 0.0),
    ),
    "Himmelblau": Landscape(  # the usual one, 2.5 times smaller; the steepest of its minima is the third
        _himmelblau,
        _himmelblau_gradient,
        minima=(
            (1.2, 0.8),
            (-1.122047234781098, 1.2525250073002292),
            (-1.5117241013510987, -1.3132743965144678),
            (1.4337713361321966, -0.7392506107857615),
        ),
        edge=0.002391886448258041,
        start=(-0.2, -0.4),
    ),
}


@cache
def contours(name: str) -> tuple[Array, Array]:
    """Lines of equal loss over the window, each at twice the height of the one inside it; NaN between the lines."""
    axis, loss = _heights(name, 201)
    heights = 0.02 * 2.0 ** np.arange(18)
    found = Figure().subplots().contour(axis, axis, loss, heights[heights < loss.max()])
    # matplotlib leaves out points that a picture of 100 pixels a unit does not need
    paths = [path.transformed(Affine2D().scale(100)).cleaned(simplify=True) for path in found.get_paths()]
    lines = [np.array(line) for path in paths for line in path.to_polygons(closed_only=False)]
    whole = np.vstack([np.vstack([line / 100, np.full((1, 2), np.nan)]) for line in lines]).round(3)
    return whole[:, 0], whole[:, 1]


def _heights(name: str, count: int) -> tuple[Array, Array]:
    axis = np.linspace(*WINDOW, count)
    x, y = np.meshgrid(axis, axis)
    return axis, np.asarray(LANDSCAPES[name].loss(x, y) - LANDSCAPES[name].lowest)


@cache
def ground(name: str) -> Array:
    """(CELLS, CELLS) the landscape as shades from 0, the lowest loss, to 1, the highest in the window; logarithmic."""
    loss = _heights(name, CELLS)[1]
    return np.asarray(np.log1p(30 * loss / loss.max()) / np.log(31))


def page_data() -> dict[str, Any]:
    """What the script needs to know of each landscape, beside its formula."""
    data = {}
    for name, one in LANDSCAPES.items():
        x, y = contours(name)
        numbers = {"edge": one.edge, "lowest": one.lowest, "along": one.along, "minima": one.minima}
        data[name] = numbers | {"contour_x": x, "contour_y": y, "highest": float(_heights(name, CELLS)[1].max())}
    return data


def walk(name: str, start: tuple[float, float], steps: int, one_step: Callable[[Array, Array, int], Array]) -> Array:
    """(steps + 1, 2) the path of w = one_step(w, gradient, t) for t = 1, 2, ...; NaN after it has run away."""
    path = np.full((steps + 1, 2), np.nan)
    path[0] = w = np.array(start, dtype=float)
    for t in range(1, steps + 1):
        w = one_step(w, np.array(LANDSCAPES[name].gradient(*w)), t)
        if not np.abs(w).max() < FAR:
            break
        path[t] = w
    return path


def above_lowest(name: str, path: Array) -> Array:
    """The loss along a path, above the landscape's lowest."""
    loss = LANDSCAPES[name].loss(path[..., 0], path[..., 1]) - LANDSCAPES[name].lowest
    return np.asarray(np.maximum(loss, 0.0))


def short(value: float) -> str:
    """A number of a sentence: 0.0349, 24.2, 3.5e−7."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e4:
        return written(value, ".1e")
    return written(value, ".4f" if abs(value) < 1 else ".1f")
