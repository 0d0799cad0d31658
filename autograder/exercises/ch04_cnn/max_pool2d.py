"""Exercise of section 4.6: the largest value of each window.

Source: Zhou and Chellappa 1988, "Computation of optical flow using a neural network"; PyTorch's max_pool2d.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np

from autograder.exercises.ch04_cnn._windows import cells, windows
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(x, size, stride):
    """PyTorch's max_pool2d."""
    import torch

    return torch.nn.functional.max_pool2d(x, size, stride=stride)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One channel, several, windows that overlap or leave gaps, cells left over, negative numbers alone."""
    yield Case("one channel", {"x": rng.normal(size=(1, 1, 4, 6)), "size": 2, "stride": 2})
    yield Case("two pictures, three channels", {"x": rng.normal(size=(2, 3, 6, 4)), "size": 2, "stride": 2})
    yield Case("windows overlap", {"x": rng.normal(size=(1, 2, 5, 7)), "size": 3, "stride": 2})
    yield Case("windows leave gaps", {"x": rng.normal(size=(2, 1, 8, 5)), "size": 2, "stride": 3})
    x = rng.permuted(np.broadcast_to(np.arange(1.0, 36.0), (2, 35)), axis=1).reshape(1, 2, 5, 7)
    x[:, :, -1, -1] = 50.0  # what hangs over would be the largest
    yield Case("cells left over", {"x": x + rng.uniform(0, 0.5, x.shape), "size": 2, "stride": 2})
    yield Case("negative numbers only", {"x": -rng.uniform(0.5, 3.0, (1, 2, 5, 4)), "size": 3, "stride": 1})


def _right(x, size, stride):
    return reduce(np.maximum, cells(x, size, stride), np.float64(-np.inf))


def _pace() -> dict[str, Any]:
    """32 pictures of 32 by 32 with 16 channels."""
    return {"x": np.random.default_rng(406).normal(size=(32, 16, 32, 32)), "size": 2, "stride": 2}


def mean_of_each_window(x, size, stride):
    """Averages instead of taking the largest."""
    return np.mean(windows(x, (size, size), stride), axis=(4, 5))


def stride_taken_from_the_size(x, size, stride):
    """Ignores the stride: tiles without overlap."""
    return _right(x, size, size)


def size_taken_from_the_stride(x, size, stride):
    """Ignores the size: windows as large as the stride."""
    return _right(x, stride, stride)


def stride_ignored(x, size, stride):
    """Moves by one cell."""
    return _right(x, size, 1)


def never_below_zero(x, size, stride):
    """Starts the search for the largest value at 0."""
    return np.maximum(_right(x, size, stride), 0)


def largest_magnitude(x, size, stride):
    """Takes the largest absolute value."""
    return _right(np.abs(x), size, stride)


def over_the_edge(x, size, stride):
    """Keeps a last window of fewer cells where the full one does not fit."""
    over = [-(x.shape[axis] - size) % stride for axis in (2, 3)]
    padded = np.pad(x, ((0, 0), (0, 0), (0, over[0]), (0, over[1])), constant_values=-np.inf)
    return _right(padded, size, stride)


def over_the_channels_too(x, size, stride):
    """Takes the largest over all channels of a window."""
    return np.max(windows(x, (size, size), stride), axis=(1, 4, 5))


def over_the_batch_too(x, size, stride):
    """Takes the largest over all pictures."""
    return np.max(windows(x, (size, size), stride), axis=(0, 4, 5))


def along_the_rows_only(x, size, stride):
    """Looks at the first row of each window only."""
    return np.max(windows(x, (size, size), stride)[..., 0, :], axis=-1)


def first_cell_of_each_window(x, size, stride):
    """Thins the picture out and compares nothing."""
    return windows(x, (size, size), stride)[..., 0, 0].copy()


def channels_last(x, size, stride):
    """Pools the axes 1 and 2, as for pictures whose channels come last."""
    return _right(x.transpose(0, 3, 1, 2), size, stride).transpose(0, 2, 3, 1)


EXERCISE = Exercise(
    number=6,
    title="Max-pooling",
    section="4.6",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=_pace, yardstick=_right),
    misconceptions=(
        Misconception(mean_of_each_window, hint="Is each number of your output one of the numbers of its window?"),
        Misconception(
            stride_taken_from_the_size,
            hint="Windows of 3 with a stride of 2: where does the second one begin, and where does yours?",
        ),
        Misconception(
            size_taken_from_the_stride,
            hint="Windows of 3 with a stride of 2: how many cells has one window, and how many has yours?",
        ),
        Misconception(stride_ignored, hint="Does your result depend on stride? Where does the second window begin?"),
        Misconception(
            never_below_zero,
            hint="All cells of a window are negative: what is the largest? Which number does your search start with?",
        ),
        Misconception(largest_magnitude, hint="Which is larger: −3 or 2?"),
        Misconception(
            over_the_edge,
            hint="A row of 5, a size of 2, a stride of 2: how many full windows fit, and what happens to the last "
            "cell?",
        ),
        Misconception(
            over_the_channels_too,
            hint="How many channels has x, and how many has your output? Does pooling mix them?",
        ),
        Misconception(
            over_the_batch_too,
            hint="How many pictures go in, and how many come out of your function?",
        ),
        Misconception(
            along_the_rows_only,
            hint="A window of 2 × 2 has four cells. How many of them do you compare?",
        ),
        Misconception(
            first_cell_of_each_window,
            hint="Put a large number into the second cell of a window: does your output show it?",
        ),
        Misconception(channels_last, hint="x is (N, C, H, W). Which two axes are rows and columns? Which ones shrink?"),
    ),
    hints=(
        "The windows are those of a convolution without padding. What differs is what you do with the cells inside.",
        "The number of windows along an axis is conv_output_size(length, size, stride). Channels never mix.",
        "y[n, c, i, j] = max over a, b < size of x[n, c, i · stride + a, j · stride + b].",
        "x = [[1, 2, 5], [4, 3, 0]], size 2, stride 1: y = [[4, 5]]. With stride 2: y = [[4]].",
    ),
    convention="Cells that no full window reaches are left out, as PyTorch does by default.",
    uses=("conv_output_size",),
)
