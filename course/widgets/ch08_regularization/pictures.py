"""The chapter's own ways of changing a picture: turned, scaled and mirrored about its centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "augmented", "horizontal_flip", "rotate", "scale"]

Array = NDArray[np.float64]


def rotate(image: Array, degrees: float) -> Array:
    """The picture (rows, columns) turned counter-clockwise about its centre, as it is seen; 0 comes in from outside."""
    angle = np.radians(degrees)
    row, column = _from_centre(image)
    return _sampled(image, np.sin(angle) * column + np.cos(angle) * row, np.cos(angle) * column - np.sin(angle) * row)


def scale(image: Array, factor: float) -> Array:
    """The picture with everything in it `factor` times as large, in the same number of pixels."""
    row, column = _from_centre(image)
    return _sampled(image, row / factor, column / factor)


def horizontal_flip(image: Array) -> Array:
    """The picture with left and right exchanged."""
    return image[..., ::-1].copy()


def augmented(image: Array, degrees: float, factor: float, flip: bool) -> Array:
    """Turned, then scaled, then mirrored where `flip` says so."""
    changed = scale(rotate(image, degrees), factor)
    return horizontal_flip(changed) if flip else changed


def _from_centre(image: Array) -> tuple[Array, Array]:
    rows, columns = image.shape
    row, column = np.mgrid[:rows, :columns]
    return row - (rows - 1) / 2, column - (columns - 1) / 2


def _sampled(image: Array, row: Array, column: Array) -> Array:
    """The picture's values at these distances from its centre, between pixels by bilinear interpolation."""
    rows, columns = image.shape
    # two pixels of nothing around it: what lies outside is 0, and the rim fades
    padded = np.pad(image, 2)
    y = (row + (rows - 1) / 2).clip(-1.5, rows + 0.5) + 2
    x = (column + (columns - 1) / 2).clip(-1.5, columns + 0.5) + 2
    r, c = y.astype(int), x.astype(int)
    down, right = y - r, x - c
    above = padded[r, c] * (1 - right) + padded[r, c + 1] * right
    below = padded[r + 1, c] * (1 - right) + padded[r + 1, c + 1] * right
    return np.asarray(above * (1 - down) + below * down)
