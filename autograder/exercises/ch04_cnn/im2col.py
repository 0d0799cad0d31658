"""Exercise of section 4.4: every window of a picture as one column.

Source: Chellapilla, Puri and Simard 2006, "High performance convolutional neural networks for document processing".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch04_cnn._windows import as_columns, pad, windows
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(x, kernel, stride=1, padding=0):
    """PyTorch's unfold."""
    import torch

    return torch.nn.functional.unfold(x, kernel, stride=stride, padding=padding)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One channel, several, as many windows as cells (where wrong orders fit), then stride, padding, both."""
    yield Case("one channel", {"x": rng.normal(size=(1, 1, 3, 4)), "kernel": (2, 3)})
    yield Case("two channels", {"x": rng.normal(size=(2, 2, 4, 4)), "kernel": (3, 2)})
    yield Case("as many windows as cells", {"x": rng.normal(size=(1, 2, 3, 5)), "kernel": (2, 2)})
    yield Case("stride 2", {"x": rng.normal(size=(1, 2, 5, 7)), "kernel": (3, 2), "stride": 2})
    yield Case("padding 1", {"x": rng.normal(1.0, 1.0, (1, 2, 3, 2)), "kernel": (2, 3), "padding": 1})
    yield Case("stride and padding", {"x": rng.normal(size=(2, 3, 6, 7)), "kernel": (2, 3), "stride": 3, "padding": 2})


def _right(x, kernel, stride=1, padding=0):
    return as_columns(windows(pad(x, padding, padding), kernel, stride))


def _pace() -> dict[str, Any]:
    """64 pictures of 30 by 30 with three channels."""
    return {"x": np.random.default_rng(403).normal(size=(64, 3, 30, 30)), "kernel": (3, 3), "padding": 1}


def _reordered(x, kernel, stride, padding, order):
    """Right windows, whose axes (N, C, H_out, W_out, K_h, K_w) are put into another order."""
    found = windows(pad(x, padding, padding), kernel, stride)
    n, c, h_out, w_out, k_h, k_w = found.shape
    return found.transpose(order).reshape(n, c * k_h * k_w, h_out * w_out)


def channels_change_fastest(x, kernel, stride=1, padding=0):
    """Puts the channels of a cell next to each other: row, column, channel."""
    return _reordered(x, kernel, stride, padding, (0, 4, 5, 1, 2, 3))


def cells_column_by_column(x, kernel, stride=1, padding=0):
    """Reads the cells of a window from top to bottom before it goes right."""
    return _reordered(x, kernel, stride, padding, (0, 1, 5, 4, 2, 3))


def windows_column_by_column(x, kernel, stride=1, padding=0):
    """Moves the window down before it moves right."""
    return _reordered(x, kernel, stride, padding, (0, 1, 4, 5, 3, 2))


def reshaped_without_moving_axes(x, kernel, stride=1, padding=0):
    """Reshapes windows to the right shape while the axes still have another order."""
    return _reordered(x, kernel, stride, padding, (0, 1, 2, 3, 4, 5))


def windows_as_rows(x, kernel, stride=1, padding=0):
    """Gives each window a row instead of a column."""
    return _right(x, kernel, stride, padding).swapaxes(1, 2)


def pictures_side_by_side(x, kernel, stride=1, padding=0):
    """Joins the windows of all pictures in one matrix."""
    return np.concatenate(list(_right(x, kernel, stride, padding)), axis=1)


def windows_that_never_overlap(x, kernel, stride=1, padding=0):
    """Cuts the picture into tiles, whatever the stride says."""
    found = windows(pad(x, padding, padding), kernel)
    return as_columns(found[:, :, :: kernel[0], :: kernel[1]])


def stride_ignored(x, kernel, stride=1, padding=0):
    """Moves by one cell."""
    return _right(x, kernel, 1, padding)


def stride_thins_the_picture(x, kernel, stride=1, padding=0):
    """Keeps every second cell first and cuts windows out of what is left."""
    return _right(pad(x, padding, padding)[:, :, ::stride, ::stride], kernel)


def kernel_sides_swapped(x, kernel, stride=1, padding=0):
    """Takes kernel as (K_w, K_h)."""
    return _right(x, kernel[::-1], stride, padding)


def padding_ignored(x, kernel, stride=1, padding=0):
    """Adds no zeros."""
    return _right(x, kernel, stride, 0)


def picture_in_the_corner_of_its_padding(x, kernel, stride=1, padding=0):
    """Adds as many zeros as it should, all of them below and at the right."""
    return as_columns(windows(pad(x, 0, 2 * padding), kernel, stride))


EXERCISE = Exercise(
    number=3,
    title="Windows as columns",
    section="4.4",
    points=4,
    minutes=20,
    difficulty="medium",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=_pace, yardstick=_right),
    misconceptions=(
        Misconception(
            channels_change_fastest,
            hint="One kernel, flattened by reshape, begins with all cells of its first channel. How does your column "
            "begin?",
        ),
        Misconception(
            cells_column_by_column,
            hint="The second number of your column: is it the cell at the right of the first, or the one below it?",
        ),
        Misconception(
            windows_column_by_column,
            hint="Your second column: is its window at the right of the first one, or below it?",
        ),
        Misconception(
            reshaped_without_moving_axes,
            hint="Write down the order of the axes before your reshape. Which of them must stand next to each other "
            "for a column, and which for its place?",
        ),
        Misconception(
            windows_as_rows,
            hint="The weight, flattened, is (C_out, C · K_h · K_w). Does weight @ columns fit with yours?",
        ),
        Misconception(
            pictures_side_by_side,
            hint="How many axes should the result have? Where is the axis of the pictures in yours?",
        ),
        Misconception(
            windows_that_never_overlap,
            hint="A row of 4, a window of 2, a stride of 1: how many windows are there, and how many do you find?",
        ),
        Misconception(stride_ignored, hint="Does your result depend on stride? Where does the second window begin?"),
        Misconception(
            stride_thins_the_picture,
            hint="With a stride of 2 and a window of 3: are the cells of one window of yours neighbours in the "
            "picture?",
        ),
        Misconception(kernel_sides_swapped, hint="kernel is (K_h, K_w). How many rows has a window of yours?"),
        Misconception(padding_ignored, hint="Does your result depend on padding? How many windows are there with it?"),
        Misconception(
            picture_in_the_corner_of_its_padding,
            hint="Print a small picture of ones after your padding. Where in it are the ones?",
        ),
    ),
    hints=(
        "Take one picture of 3 × 3 with the numbers 0 to 8 and a kernel of 2 × 2, and write the four columns on paper.",
        "Make an array with one axis for each letter: picture, channel, window's row, window's column, kernel row, "
        "kernel column. Then put the axes into the right order, and reshape.",
        "columns[n, (c · K_h + a) · K_w + b, i · W_out + j] = x_padded[n, c, i · stride + a, j · stride + b].",
        "x = [[0, 1, 2], [3, 4, 5], [6, 7, 8]], kernel (2, 2): the first column is 0, 1, 3, 4, the second 1, 2, 4, 5, "
        "the third 3, 4, 6, 7.",
    ),
    convention="The order of torch.nn.functional.unfold: channel, kernel row, kernel column; windows in reading order.",
    uses=("conv_output_size",),
)
