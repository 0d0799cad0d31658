"""Exercise of section 8.5: a picture enlarged or shrunk about its centre.

Source: derived in section 8.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch08_regularization._pictures import centred, nearest, pasted, read, repeating_the_edge
from autograder.spec import Case, Exercise, Misconception


def reference(image, factor):
    """PyTorch's affine_grid and grid_sample."""
    import torch

    theta = torch.tensor([[1 / factor, 0.0, 0.0], [0.0, 1 / factor, 0.0]], device=image.device)
    grid = torch.nn.functional.affine_grid(theta[None], [1, 1, *image.shape], align_corners=True)
    return torch.nn.functional.grid_sample(
        image[None, None], grid, mode="bilinear", padding_mode="zeros", align_corners=True
    )[0, 0]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Twice and half as large, odd factors, sides even and odd, factor 1."""
    yield Case("twice as large", _inputs(rng, (3, 5), 2.0))
    yield Case("half as large", _inputs(rng, (6, 5), 0.5))
    yield Case("a little larger", _inputs(rng, (4, 7), rng.uniform(1.2, 1.4)))
    yield Case("a little smaller", _inputs(rng, (7, 4), rng.uniform(0.6, 0.8)))
    yield Case("as it is", _inputs(rng, (2, 3), 1.0))


def _inputs(rng: np.random.Generator, shape: tuple[int, int], factor: float) -> dict[str, Any]:
    return {"image": rng.uniform(0.2, 1.0, shape), "factor": float(factor)}


def _scaled(image, factor, reader=read, centre=None):
    down, right, middle_row, middle_column = centred(image, centre)
    return reader(image, middle_row + down / factor, middle_column + right / factor)


def the_other_way_round(image, factor):
    """Multiplies where it should divide, so that 2 shrinks."""
    return _scaled(image, 1 / factor)


def about_the_corner(image, factor):
    """Keeps the upper left corner in place."""
    return _scaled(image, factor, centre=(0.0, 0.0))


def centre_half_a_pixel_off(image, factor):
    """Takes (H / 2, W / 2) for the centre, though the last index is H - 1."""
    return _scaled(image, factor, centre=(image.shape[0] / 2, image.shape[1] / 2))


def pixels_sent_forward(image, factor):
    """Sends each pixel to where it goes, rounded, which leaves holes when enlarging."""
    down, right, middle_row, middle_column = centred(image)
    return pasted(image, middle_row + factor * down, middle_column + factor * right)


def nearest_pixel(image, factor):
    """Reads the nearest pixel."""
    return _scaled(image, factor, reader=nearest)


def edge_repeated_outside(image, factor):
    """Fills the frame of a smaller picture with its last pixels."""
    return _scaled(image, factor, reader=repeating_the_edge)


def values_scaled_instead(image, factor):
    """Multiplies the pixels, which makes the picture brighter."""
    return factor * image


def only_wider(image, factor):
    """Scales the columns and leaves the rows."""
    down, right, middle_row, middle_column = centred(image)
    return read(image, middle_row + down, middle_column + right / factor)


def picture_grows(image, factor):
    """Returns a larger array instead of the same frame."""
    rows = np.arange(round(image.shape[0] * factor)) / factor
    columns = np.arange(round(image.shape[1] * factor)) / factor
    return read(image, *np.meshgrid(rows, columns, indexing="ij"))


EXERCISE = Exercise(
    number=12,
    title="Scale",
    section="8.5",
    points=2,
    minutes=6,
    difficulty="easy",
    reference=reference,
    cases=cases,
    uses=("bilinear",),
    misconceptions=(
        Misconception(
            the_other_way_round,
            hint="Factor 2: does the pixel one step beside the centre come from two steps away, or from half a step?",
        ),
        Misconception(
            about_the_corner,
            hint="Which place stays where it is when you scale? Have you counted from the centre?",
        ),
        Misconception(
            centre_half_a_pixel_off,
            hint="A row of three pixels has the numbers 0, 1, 2: which one is in the middle? What does your formula "
            "say?",
        ),
        Misconception(
            pixels_sent_forward,
            hint="Enlarge by 2: are there holes? For each pixel of the result, do you ask where it comes from?",
        ),
        Misconception(nearest_pixel, hint="A place between four pixels: do you mix them, or choose one?"),
        Misconception(
            edge_repeated_outside, hint="What is around a picture that has become smaller: more picture, or 0?"
        ),
        Misconception(values_scaled_instead, hint="Does your picture become larger, or brighter?"),
        Misconception(only_wider, hint="Does a circle stay a circle in your picture? How many axes have you scaled?"),
        Misconception(picture_grows, hint="Which shape has your result? What does the docstring say about it?"),
    ),
    hints=(
        "The same question as in rotate: where did each pixel come from?",
        "Copy the frame of rotate: indices, counted from the centre, read with bilinear. One line changes.",
        "With d and r, the ways down and right from the centre: it came from d / factor and r / factor.",
        "Factor 2, a row of five, pixel 4: two steps right of the centre 2, it came from one step right, pixel 3.",
    ),
    convention="About ((H − 1)/2, (W − 1)/2), shape kept, 0 outside; factor 2 shows everything twice as large.",
)
