"""Losses of two parameters that optimisers walk on, in chapters 3 and 9; landscapes.js is their twin.

All of them are drawn on the same window, from -2 to 2 in both parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray

__all__ = ["LANDSCAPES", "SCRIPT", "WINDOW", "Landscape", "contours"]

Array = NDArray[np.float64]
WINDOW = (-2.0, 2.0)
SCRIPT = Path(__file__).parent / "landscapes.js"


@dataclass(frozen=True)
class Landscape:
    """A loss of two parameters.

    loss      loss(x, y), for numbers and arrays
    gradient  gradient(x, y): the slopes along x and along y
    minima    the places of its minima, where the loss is 0 unless `lowest` says otherwise
    edge      2 / largest curvature at a minimum: the largest learning rate that is stable there
    start     a place from which the walk is worth watching
    """

    loss: Callable[[Any, Any], Any]
    gradient: Callable[[Any, Any], tuple[Any, Any]]
    minima: tuple[tuple[float, float], ...]
    edge: float
    start: tuple[float, float]
    lowest: float = 0.0


def _bowl(steep: float) -> Landscape:
    return Landscape(
        lambda x, y: (x**2 + steep * y**2) / 2,
        lambda x, y: (x, steep * y),
        minima=((0.0, 0.0),),
        edge=2 / steep,
        start=(-1.8, 1.0),
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
    "saddle": Landscape(
        lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 8,
        lambda x, y: (x, -y + y**3 / 2),
        minima=((0.0, np.sqrt(2)), (0.0, -np.sqrt(2))),
        edge=1.0,
        start=(-1.8, 0.0),
        lowest=-0.5,
    ),
    "plateau": Landscape(
        lambda x, y: 1 - np.exp(-2 * (x**2 + y**2)),
        lambda x, y: (4 * x * np.exp(-2 * (x**2 + y**2)), 4 * y * np.exp(-2 * (x**2 + y**2))),
        minima=((0.0, 0.0),),
        edge=0.5,
        start=(-1.1, 0.8),
    ),
    "Rosenbrock": Landscape(  # the usual one, shifted down by 1
        lambda x, y: (1 - x) ** 2 + 100 * (y + 1 - x**2) ** 2,
        lambda x, y: (-2 * (1 - x) - 400 * x * (y + 1 - x**2), 200 * (y + 1 - x**2)),
        minima=((1.0, 0.0),),
        edge=float(2 / np.max(np.linalg.eigvalsh([[802.0, -400.0], [-400.0, 200.0]]))),
        start=(-1.2, 0.0),
    ),
    "Himmelblau": Landscape(  # the usual one, 2.5 times smaller
        _himmelblau,
        _himmelblau_gradient,
        minima=((1.2, 0.8), (-1.1220474, 1.2525248), (-1.5117241, -1.3132744), (1.4337714, -0.7392506)),
        edge=float(2 / (6.25 * np.max(np.linalg.eigvalsh([[74.0, 20.0], [20.0, 34.0]])))),
        start=(-0.2, -0.4),
    ),
}


def contours(name: str, levels: int = 12) -> tuple[Array, Array]:
    """Lines of equal loss over the window, as one x and one y array with NaN between the lines."""
    landscape = LANDSCAPES[name]
    axis = np.linspace(*WINDOW, 81)
    x, y = np.meshgrid(axis, axis)
    loss = landscape.loss(x, y) - landscape.lowest
    heights = np.quantile(loss, np.linspace(0.01, 0.97, levels) ** 1.3)
    generator = contour_generator(x, y, loss)
    lines = [np.asarray(line) for height in heights for line in generator.lines(height)]
    broken = [np.vstack([line, np.full((1, 2), np.nan)]) for line in lines]
    path = np.vstack(broken).round(3)
    return path[:, 0], path[:, 1]
