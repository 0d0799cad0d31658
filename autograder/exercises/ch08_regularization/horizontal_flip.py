"""Exercise of section 8.5: pictures as in a mirror.

Source: Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification", section 4.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(images):
    """PyTorch's flip along the last axis."""
    import torch

    return torch.flip(images, dims=[-1])


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One picture, a batch, a batch with channels, one column."""
    yield Case("one picture", {"images": rng.random((2, 3))})
    yield Case("a batch", {"images": rng.random((4, 3, 5))})
    yield Case("pictures with channels", {"images": rng.random((2, 3, 4, 5))})
    yield Case("one column", {"images": rng.random((4, 1))})


def upside_down(images):
    """Exchanges top and bottom."""
    return images[..., ::-1, :].copy()


def turned_by_half(images):
    """Exchanges both, which is a rotation by 180 degrees."""
    return images[..., ::-1, ::-1].copy()


def first_axis_flipped(images):
    """Flips the first axis, which in a batch is the order of the pictures."""
    return images[::-1].copy()


def everything_flipped(images):
    """Flips along all axes, as np.flip does without an axis."""
    return np.flip(images).copy()


def second_axis_flipped(images):
    """Flips axis 1, as np.fliplr does, which is right for a single picture alone."""
    return np.flip(images, axis=1).copy()


def transposed(images):
    """Exchanges rows and columns."""
    return np.swapaxes(images, -1, -2).copy()


def flipped_in_place(images):
    """Writes into the pictures that it was given."""
    images[...] = images[..., ::-1].copy()
    return images


EXERCISE = Exercise(
    number=9,
    title="Left and right",
    section="8.5",
    points=2,
    minutes=3,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(upside_down, hint="In a mirror on the wall, do your feet change places with your head?"),
        Misconception(
            turned_by_half,
            hint="How many of the two axes does a mirror turn round? Can you still read your picture by turning it?",
        ),
        Misconception(
            first_axis_flipped,
            hint="What lies along the first axis of a batch? Which picture comes first in your result?",
        ),
        Misconception(
            everything_flipped,
            hint="Is the first picture of the batch still the first one? Along which axes does np.flip go if not told?",
        ),
        Misconception(
            second_axis_flipped,
            hint="For a batch (N, H, W), what lies along axis 1? Counted from the end, which axis are the columns?",
        ),
        Misconception(transposed, hint="Is a picture of 2 rows and 3 columns still 2 rows high in the mirror?"),
        Misconception(flipped_in_place, hint="What do the images hold after the call? Can the result be a new array?"),
    ),
    hints=(
        "Whatever stands in front, the columns are the last axis.",
        "A slice can walk backwards: [::-1]. Three dots stand for all axes in front.",
        "result[..., c] = images[..., W − 1 − c].",
        "[[0, 1, 2], [3, 4, 5]] becomes [[2, 1, 0], [5, 4, 3]].",
    ),
    convention="Height before width: the last axis holds the columns.",
)
