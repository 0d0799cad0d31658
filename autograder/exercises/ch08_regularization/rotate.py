"""Exercise of section 8.5: a picture turned about its centre.

Source: derived in section 8.5; Szeliski 2022, "Computer vision: algorithms and applications", section 3.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch08_regularization._pictures import (
    centred,
    nearest,
    pasted,
    read,
    repeating_the_edge,
    turned,
)
from autograder.spec import Case, Exercise, Misconception, Pace, Tolerance


def reference(image, degrees):
    """PyTorch's affine_grid and grid_sample, whose coordinates go from -1 to 1 along both axes."""
    import math

    import torch

    height, width = image.shape
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    wide = (width - 1) / (height - 1)
    theta = torch.tensor([[cos, -sin / wide, 0.0], [sin * wide, cos, 0.0]], device=image.device)
    grid = torch.nn.functional.affine_grid(theta[None], [1, 1, height, width], align_corners=True)
    return torch.nn.functional.grid_sample(
        image[None, None], grid, mode="bilinear", padding_mode="zeros", align_corners=True
    )[0, 0]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A quarter turn, which can be checked by eye; angles of both signs, sides even and odd, a high and a wide one."""
    yield Case("a quarter turn", _inputs(rng, (3, 3), 90.0))
    yield Case("a wide picture", _inputs(rng, (4, 7), rng.uniform(20, 35)))
    yield Case("a high picture, clockwise", _inputs(rng, (6, 3), rng.uniform(-70, -50)))
    yield Case("half a turn", _inputs(rng, (4, 5), 180.0))
    yield Case("not turned", _inputs(rng, (2, 4), 0.0))


def _inputs(rng: np.random.Generator, shape: tuple[int, int], degrees: float) -> dict[str, Any]:
    return {"image": rng.uniform(0.2, 1.0, shape), "degrees": float(degrees)}


def pace_inputs() -> dict[str, Any]:
    """A small photograph."""
    return {"image": np.random.default_rng(0).random((150, 200)), "degrees": 30.0}


def right_answer(image, degrees):
    """The yardstick: all places at once."""
    return _rotated(image, np.radians(degrees))


def _rotated(image, radians, reader=read, centre=None):
    down, right, middle_row, middle_column = centred(image, centre)
    from_down, from_right = turned(down, right, radians)
    return reader(image, middle_row + from_down, middle_column + from_right)


def clockwise(image, degrees):
    """Turns the other way, as in a plane whose second axis points up."""
    return _rotated(image, -np.radians(degrees))


def degrees_taken_for_radians(image, degrees):
    """Hands degrees to cos and sin."""
    return _rotated(image, degrees)


def about_the_corner(image, degrees):
    """Turns about the pixel in the upper left corner."""
    return _rotated(image, np.radians(degrees), centre=(0.0, 0.0))


def centre_half_a_pixel_off(image, degrees):
    """Takes (H / 2, W / 2) for the centre, though the last index is H - 1."""
    return _rotated(image, np.radians(degrees), centre=(image.shape[0] / 2, image.shape[1] / 2))


def pixels_sent_forward(image, degrees):
    """Sends each pixel to where it goes, rounded, which leaves holes."""
    down, right, middle_row, middle_column = centred(image)
    to_down, to_right = turned(down, right, -np.radians(degrees))
    return pasted(image, middle_row + to_down, middle_column + to_right)


def nearest_pixel(image, degrees):
    """Reads the nearest pixel."""
    return _rotated(image, np.radians(degrees), reader=nearest)


def edge_repeated_outside(image, degrees):
    """Fills the corners with the last pixels."""
    return _rotated(image, np.radians(degrees), reader=repeating_the_edge)


def turned_in_units_of_the_sides(image, degrees):
    """Counts both axes from -1 to 1 before turning, so that a picture that is not square is sheared."""
    down, right, middle_row, middle_column = centred(image)
    from_down, from_right = turned(down / middle_row, right / middle_column, np.radians(degrees))
    return read(image, middle_row + from_down * middle_row, middle_column + from_right * middle_column)


def one_sign_wrong(image, degrees):
    """Uses a plus in both lines, which is no rotation."""
    down, right, middle_row, middle_column = centred(image)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return read(image, middle_row + cos * down + sin * right, middle_column + cos * right + sin * down)


def second_line_uses_the_first(image, degrees):
    """Overwrites `down` before `right` is computed from it."""
    down, right, middle_row, middle_column = centred(image)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    down = cos * down + sin * right
    right = cos * right - sin * down
    return read(image, middle_row + down, middle_column + right)


EXERCISE = Exercise(
    number=11,
    title="Rotate",
    section="8.5",
    points=4,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    uses=("bilinear",),
    pace=Pace(inputs=pace_inputs, yardstick=right_answer),
    misconceptions=(
        Misconception(
            clockwise,
            hint="Turn by 90: the pixel in the upper right corner should go to the upper left. Where is yours? Rows "
            "count downwards: what does that do to a sign?",
        ),
        Misconception(degrees_taken_for_radians, hint="What is np.cos(90)? Which unit does it want?"),
        Misconception(
            about_the_corner,
            hint="Which pixel stays where it is when you turn? Have you counted rows and columns from the centre?",
        ),
        Misconception(
            centre_half_a_pixel_off,
            hint="A row of three pixels has the numbers 0, 1, 2: which one is in the middle? What does your formula "
            "say?",
        ),
        Misconception(
            pixels_sent_forward,
            hint="Are there holes in your picture? For each pixel of the result, do you ask where it comes from?",
        ),
        Misconception(nearest_pixel, hint="A place between four pixels: do you mix them, or choose one?"),
        Misconception(edge_repeated_outside, hint="What should be seen in the corners, where nothing comes from?"),
        Misconception(
            turned_in_units_of_the_sides,
            hint="Draw a square on a wide picture and turn it by 45 degrees: is it still a square? In which unit do "
            "you count, in pixels or in sides?",
        ),
        Misconception(
            one_sign_wrong,
            hint="A turn keeps every distance from the centre: does (1, 0) keep its length in your two lines?",
        ),
        Misconception(
            second_line_uses_the_first,
            hint="Which value does `down` hold when you compute the second line: the old one, or the new one?",
        ),
    ),
    hints=(
        "Ask every pixel of the result: where did you come from? Then read there with bilinear.",
        "np.indices(image.shape) gives all rows and columns. Count both from the centre, turn, and count from the "
        "corner again.",
        "With d and r, the ways down and right from the centre, and the angle a: it came from d' = d cos a + r sin a, "
        "r' = r cos a − d sin a.",
        "A quarter turn, a = 90°: d' = r, r' = −d. The upper left of a 3 × 3 picture, d = r = −1, came from d' = −1, "
        "r' = 1: the upper right.",
    ),
    tolerance=Tolerance(
        atol=1e-9,
        why="Angles are rounded in two different ways, which moves places by 1e-15 and values by as little.",
    ),
    convention="Counter-clockwise as seen, about ((H − 1)/2, (W − 1)/2), 0 outside; as affine_grid and grid_sample "
    "with align_corners=True.",
)
