"""Exercise of section 4.6: the mean of each window.

Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition", section II.B.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch04_cnn._windows import cells, pad, windows
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(x, size, stride, padding=0):
    """PyTorch's avg_pool2d."""
    import torch

    return torch.nn.functional.avg_pool2d(x, size, stride=stride, padding=padding)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One channel, several, windows that overlap, leave gaps or leave cells over, padding."""
    yield Case("one channel", {"x": rng.normal(size=(1, 1, 4, 6)), "size": 2, "stride": 2})
    yield Case("two pictures, three channels", {"x": rng.normal(1.0, 1.0, (2, 3, 6, 4)), "size": 2, "stride": 2})
    yield Case("windows overlap", {"x": rng.normal(size=(1, 2, 5, 7)), "size": 3, "stride": 2})
    yield Case("windows leave gaps", {"x": rng.normal(size=(2, 1, 8, 6)), "size": 2, "stride": 3})
    yield Case("padding 1", {"x": rng.normal(1.0, 1.0, (1, 2, 4, 3)), "size": 3, "stride": 1, "padding": 1})
    yield Case("stride and padding", {"x": rng.normal(1.0, 1.0, (2, 2, 5, 8)), "size": 3, "stride": 2, "padding": 1})


def _right(x, size, stride, padding=0):
    return sum(cells(pad(x, padding, padding), size, stride)) / size**2


def without_the_padded_cells(x, size, stride, padding=0):
    """Divides by the number of cells that lie in the picture, which is right too."""
    return _right(x, size, stride, padding) / _right(np.ones_like(x), size, stride, padding)


def _pace() -> dict[str, Any]:
    """32 pictures of 32 by 32 with 16 channels."""
    return {"x": np.random.default_rng(408).normal(size=(32, 16, 32, 32)), "size": 2, "stride": 2}


def largest_of_each_window(x, size, stride, padding=0):
    """Takes the largest value instead of the mean."""
    return np.max(windows(pad(x, padding, padding), (size, size), stride), axis=(4, 5))


def sum_of_each_window(x, size, stride, padding=0):
    """Adds up and does not divide."""
    return _right(x, size, stride, padding) * size**2


def divided_by_the_side(x, size, stride, padding=0):
    """Divides by size instead of size squared."""
    return _right(x, size, stride, padding) * size


def divided_by_the_stride_squared(x, size, stride, padding=0):
    """Takes the stride for the side of the window when it divides."""
    return _right(x, size, stride, padding) * size**2 / stride**2


def stride_taken_from_the_size(x, size, stride, padding=0):
    """Ignores the stride: tiles without overlap."""
    return _right(x, size, size, padding)


def stride_ignored(x, size, stride, padding=0):
    """Moves by one cell."""
    return _right(x, size, 1, padding)


def padding_ignored(x, size, stride, padding=0):
    """Adds no zeros."""
    return _right(x, size, stride, 0)


def picture_in_the_corner_of_its_padding(x, size, stride, padding=0):
    """Adds as many zeros as it should, all of them below and at the right."""
    return _right(pad(x, 0, 2 * padding), size, stride)


def border_repeated(x, size, stride, padding=0):
    """Pads with copies of the border instead of zeros."""
    sides = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    return _right(np.pad(x, sides, mode="edge"), size, stride)


def over_the_channels_too(x, size, stride, padding=0):
    """Takes one mean for all channels of a window."""
    return np.mean(windows(pad(x, padding, padding), (size, size), stride), axis=(1, 4, 5))


def channels_last(x, size, stride, padding=0):
    """Pools the axes 1 and 2, as for pictures whose channels come last."""
    return _right(x.transpose(0, 3, 1, 2), size, stride, padding).transpose(0, 2, 3, 1)


EXERCISE = Exercise(
    number=8,
    title="Average pooling",
    section="4.6",
    points=2,
    minutes=8,
    difficulty="easy",
    reference=reference,
    cases=cases,
    alternatives=(without_the_padded_cells,),
    pace=Pace(inputs=_pace, yardstick=_right),
    misconceptions=(
        Misconception(
            largest_of_each_window,
            hint="Which number stands for a window here: its largest, or its mean?",
        ),
        Misconception(
            sum_of_each_window,
            hint="A picture of ones: what is the mean of each window, and what does your function say?",
        ),
        Misconception(
            divided_by_the_side,
            hint="A picture of ones: what does your function say? How many cells has a window of size 2?",
        ),
        Misconception(
            divided_by_the_stride_squared,
            hint="Windows of 3 with a stride of 2 on a picture of ones: what does your function say? What do you "
            "divide by?",
        ),
        Misconception(
            stride_taken_from_the_size,
            hint="Windows of 3 with a stride of 2: where does the second one begin, and where does yours?",
        ),
        Misconception(stride_ignored, hint="Does your result depend on stride? Where does the second window begin?"),
        Misconception(padding_ignored, hint="Does your result depend on padding? How many windows are there with it?"),
        Misconception(
            picture_in_the_corner_of_its_padding,
            hint="Print a small picture of ones after your padding. Where in it are the ones?",
        ),
        Misconception(border_repeated, hint="What is the value of a padded cell? Print a small picture after padding."),
        Misconception(
            over_the_channels_too,
            hint="How many channels has x, and how many has your output? Does pooling mix them?",
        ),
        Misconception(channels_last, hint="x is (N, C, H, W). Which two axes are rows and columns? Which ones shrink?"),
    ),
    hints=(
        "This is max-pooling with another word inside, and with the padding of a convolution.",
        "Pad rows and columns with zeros. Take the mean of the size · size cells of each window.",
        "y[n, c, i, j] = (1 / size²) · Σ_a Σ_b x_padded[n, c, i · stride + a, j · stride + b].",
        "x = [[1, 2, 9], [4, 3, 0]], size 2, stride 1: y = [[(1 + 2 + 4 + 3) / 4, (2 + 9 + 3 + 0) / 4]] = "
        "[[2.5, 3.5]].",
    ),
    convention="Padded zeros count as cells of the window (PyTorch's default); dividing by the picture's own cells is "
    "accepted too.",
    uses=("conv_output_size",),
)
