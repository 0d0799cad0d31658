"""What the exercises on pictures share: reading between pixels, and turning the plane, in right and in wrong ways."""

from __future__ import annotations

import numpy as np

__all__ = ["centred", "nearest", "pasted", "read", "repeating_the_edge", "turned"]


def read(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The values at real places, bilinearly, 0 outside."""
    height, width = image.shape
    framed = np.pad(image, 1)
    rows, columns = np.clip(rows + 1, 0, height + 1), np.clip(columns + 1, 0, width + 1)
    top, left = np.minimum(rows.astype(int), height), np.minimum(columns.astype(int), width)
    down, right = rows - top, columns - left
    upper = (1 - right) * framed[top, left] + right * framed[top, left + 1]
    lower = (1 - right) * framed[top + 1, left] + right * framed[top + 1, left + 1]
    return (1 - down) * upper + down * lower


def nearest(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The value of the nearest pixel, 0 outside."""
    row, column = np.rint(rows).astype(int), np.rint(columns).astype(int)
    inside = (row >= 0) & (row < image.shape[0]) & (column >= 0) & (column < image.shape[1])
    return np.where(inside, image[np.clip(row, 0, image.shape[0] - 1), np.clip(column, 0, image.shape[1] - 1)], 0.0)


def repeating_the_edge(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Bilinear, with the edge repeated for ever."""
    return read(image, np.clip(rows, 0, image.shape[0] - 1), np.clip(columns, 0, image.shape[1] - 1))


def pasted(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Every pixel sent to the place given, rounded: the forward mapping, which leaves holes."""
    row, column = np.rint(rows).astype(int), np.rint(columns).astype(int)
    inside = (row >= 0) & (row < image.shape[0]) & (column >= 0) & (column < image.shape[1])
    result = np.zeros_like(image)
    result[row[inside], column[inside]] = image[inside]
    return result


def centred(image: np.ndarray, centre: tuple[float, float] | None = None) -> tuple[np.ndarray, ...]:
    """Rows and columns counted from the centre (or from another one), and the centre."""
    middle = ((image.shape[0] - 1) / 2, (image.shape[1] - 1) / 2) if centre is None else centre
    rows, columns = np.indices(image.shape)
    return rows - middle[0], columns - middle[1], *(np.float64(one) for one in middle)


def turned(down: np.ndarray, right: np.ndarray, radians: float) -> tuple[np.ndarray, np.ndarray]:
    """The places turned clockwise as seen, by an angle in radians: where a pixel comes from."""
    cos, sin = np.cos(radians), np.sin(radians)
    return cos * down + sin * right, cos * right - sin * down
