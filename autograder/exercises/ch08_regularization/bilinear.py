"""Exercise of section 8.5: the value of a picture between its pixels.

Source: Szeliski 2022, "Computer vision: algorithms and applications", section 3.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch08_regularization._pictures import nearest, read, repeating_the_edge
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(image, rows, columns):
    """PyTorch's grid_sample, which wants places from -1 to 1."""
    import torch

    height, width = image.shape
    places = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], dim=-1)
    values = torch.nn.functional.grid_sample(
        image[None, None], places.reshape(1, 1, -1, 2), mode="bilinear", padding_mode="zeros", align_corners=False
    )
    return values.reshape(rows.shape)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Between four pixels, on the pixels, around the rim, far outside, a whole grid of places."""
    yield Case("between four pixels", _inputs(rng, (2, 3), rng.uniform(0.1, 0.9, 2), rng.uniform(0.1, 1.9, 2)))
    rows, columns = (one.ravel().astype(float) for one in np.indices((3, 4)))
    yield Case("on the pixels", _inputs(rng, (3, 4), rows, columns))
    rim = rng.uniform(0.1, 0.9, 4)
    yield Case(
        "around the rim",
        _inputs(rng, (3, 5), np.array([-rim[0], 2 + rim[1], 1.3, 0.6]), np.array([1.4, 2.2, -rim[2], 4 + rim[3]])),
    )
    yield Case("far outside", _inputs(rng, (4, 3), np.array([-1.5, 90.0, 2.4, 1.2]), np.array([1.0, 1.5, -30.0, 3.7])))
    yield Case("a grid of places", _inputs(rng, (4, 6), rng.uniform(-2, 5, (5, 3)), rng.uniform(-2, 7, (5, 3))))


def _inputs(rng: np.random.Generator, shape: tuple[int, int], rows: np.ndarray, columns: np.ndarray) -> dict[str, Any]:
    return {"image": rng.uniform(0.2, 1.0, shape), "rows": rows, "columns": columns}


def pace_inputs() -> dict[str, Any]:
    """A photograph's grid of places."""
    rng = np.random.default_rng(0)
    return {
        "image": rng.random((150, 200)),
        "rows": rng.uniform(-5, 155, (150, 200)),
        "columns": rng.uniform(-5, 205, (150, 200)),
    }


def _corners(image, rows, columns):
    """The four pixels around each place, from a frame of zeros, and how far beyond the first one it lies."""
    height, width = image.shape
    framed = np.pad(image, 1)
    rows, columns = np.clip(rows + 1, 0, height + 1), np.clip(columns + 1, 0, width + 1)
    top, left = np.minimum(rows.astype(int), height), np.minimum(columns.astype(int), width)
    four = framed[top, left], framed[top, left + 1], framed[top + 1, left], framed[top + 1, left + 1]
    return four, rows - top, columns - left


def nearest_pixel(image, rows, columns):
    """Takes the nearest pixel."""
    return nearest(image, rows, columns)


def pixel_above_and_to_the_left(image, rows, columns):
    """Rounds down."""
    return nearest(image, np.floor(rows), np.floor(columns))


def rows_and_columns_exchanged(image, rows, columns):
    """Takes the rows for x."""
    return read(image, columns, rows)


def edge_repeated_outside(image, rows, columns):
    """Continues the picture by its last pixels."""
    return repeating_the_edge(image, rows, columns)


def nothing_beyond_the_last_centre(image, rows, columns):
    """Gives 0 as soon as one of the four pixels is outside."""
    inside = (rows >= 0) & (rows <= image.shape[0] - 1) & (columns >= 0) & (columns <= image.shape[1] - 1)
    return np.where(inside, read(image, rows, columns), 0.0)


def weights_exchanged(image, rows, columns):
    """Gives the nearer pixel the smaller weight."""
    (a, b, c, d), down, right = _corners(image, rows, columns)
    return down * (right * a + (1 - right) * b) + (1 - down) * (right * c + (1 - right) * d)


def plain_mean_of_four(image, rows, columns):
    """Averages the four pixels without weights."""
    (a, b, c, d), _, _ = _corners(image, rows, columns)
    return (a + b + c + d) / 4


def along_the_rows_only(image, rows, columns):
    """Interpolates between neighbours in a row, and rounds the row down."""
    return read(image, np.floor(rows), columns)


def outside_wraps_around(image, rows, columns):
    """Lets negative indices count from the end."""
    height, width = image.shape
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = rows - top, columns - left

    def at(row, column):
        return image[row % height, column % width]

    upper = (1 - right) * at(top, left) + right * at(top, left + 1)
    lower = (1 - right) * at(top + 1, left) + right * at(top + 1, left + 1)
    return (1 - down) * upper + down * lower


EXERCISE = Exercise(
    number=10,
    title="Read between the pixels",
    section="8.5",
    points=4,
    minutes=20,
    difficulty="medium",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=pace_inputs, yardstick=read),
    misconceptions=(
        Misconception(nearest_pixel, hint="Halfway between a 0 and a 1, what is the value? Do you mix, or choose?"),
        Misconception(
            pixel_above_and_to_the_left,
            hint="What does your function say at row 0.9: the pixel of row 0, or nearly that of row 1?",
        ),
        Misconception(
            rows_and_columns_exchanged,
            hint="Which index of image[a, b] is the row? Try a picture that is wider than high.",
        ),
        Misconception(
            edge_repeated_outside,
            hint="What is the value ten rows above the picture? What does the docstring want outside?",
        ),
        Misconception(
            nothing_beyond_the_last_centre,
            hint="Half a pixel beyond the last row, two of the four pixels are 0 and two are not. What is the mean?",
        ),
        Misconception(
            weights_exchanged,
            hint="At row 0.1, which pixel is nearer: row 0 or row 1? Which of them has the larger weight?",
        ),
        Misconception(plain_mean_of_four, hint="Does your value change when the place moves a little towards a pixel?"),
        Misconception(
            along_the_rows_only,
            hint="Move a place down by half a pixel: does your value change? In how many directions do you mix?",
        ),
        Misconception(
            outside_wraps_around,
            hint="What is image[-1] in NumPy? Should the row above the first one be the last row?",
        ),
    ),
    hints=(
        "Mix twice along the row, once above and once below; then mix the two results.",
        "A frame of zeros around the picture, np.pad(image, 1), saves all questions about the rim. Clip places that "
        "are far away.",
        "With the pixel a above left, b above right, c below left, d below right, u the way down and v the way right: "
        "(1 − u)((1 − v) a + v b) + u ((1 − v) c + v d).",
        "Pixels 0, 1 above and 2, 3 below, place 0.5 down and 0.25 right: above 0.25, below 2.25, so 1.25.",
    ),
    convention="Everything outside is 0, and a place half a pixel beyond the rim gets half of the rim's pixel, as in "
    "PyTorch's grid_sample with padding_mode='zeros'.",
)
