"""Exercise of section 4.4: a convolutional layer, forwards.

Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition", section II.A.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch04_cnn._windows import as_columns, pad, windows
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(x, weight, bias, stride=1, padding=0, dilation=1):
    """PyTorch's conv2d."""
    import torch

    return torch.nn.functional.conv2d(x, weight, bias, stride=stride, padding=padding, dilation=dilation)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One channel, several, as many out as in (where wrong axes fit), then stride, padding, dilation, all at once."""
    yield Case("one channel", _inputs(rng, (1, 1, 4, 5), (1, 2, 3)))
    yield Case("two channels in, three out", _inputs(rng, (2, 2, 5, 4), (3, 2, 3)))
    yield Case("as many channels out as in", _inputs(rng, (1, 3, 5, 4), (3, 2, 2)))
    yield Case("stride 2", _inputs(rng, (1, 2, 6, 7), (2, 3, 2), stride=2))
    yield Case("padding 1", _inputs(rng, (2, 2, 4, 3), (3, 3, 3), padding=1))
    yield Case("dilation 2", _inputs(rng, (1, 2, 7, 6), (3, 3, 2), dilation=2))
    yield Case("all at once", _inputs(rng, (2, 3, 9, 8), (2, 3, 2), stride=3, padding=2, dilation=2))


def _inputs(
    rng: np.random.Generator, shape: tuple[int, int, int, int], weight: tuple[int, int, int], **settings: int
) -> dict[str, Any]:
    """shape of x; weight: output channels, rows and columns of the kernel."""
    c_out, k_h, k_w = weight
    return {
        "x": rng.normal(0.5, 1.0, shape),
        "weight": rng.normal(0.2, 1.0, (c_out, shape[1], k_h, k_w)),
        "bias": rng.normal(1.0, 1.0, c_out),
        **settings,
    }


def _right(x, weight, bias, stride=1, padding=0, dilation=1):
    found = windows(pad(x, padding, padding), weight.shape[2:], stride, dilation)
    y = weight.reshape(len(weight), -1) @ as_columns(found) + bias[:, None]  # (N, C_out, H_out * W_out)
    return y.reshape(len(x), len(weight), *found.shape[2:4])


def _pace() -> dict[str, Any]:
    """Eight pictures of 18 by 18 with four channels, eight kernels of 3 by 3."""
    return _inputs(np.random.default_rng(402), (8, 4, 18, 18), (8, 3, 3), padding=1)


def kernel_flipped(x, weight, bias, stride=1, padding=0, dilation=1):
    """Turns the kernel around, as the convolution of mathematics does."""
    return _right(x, weight[:, :, ::-1, ::-1], bias, stride, padding, dilation)


def kernel_transposed(x, weight, bias, stride=1, padding=0, dilation=1):
    """Swaps rows and columns of the kernel."""
    return _right(x, weight.swapaxes(2, 3), bias, stride, padding, dilation)


def output_and_input_channels_swapped(x, weight, bias, stride=1, padding=0, dilation=1):
    """Reads the weight as (C_in, C_out, K_h, K_w)."""
    return _right(x, weight.swapaxes(0, 1), bias, stride, padding, dilation)


def only_the_last_channel_counts(x, weight, bias, stride=1, padding=0, dilation=1):
    """Does not sum over the channels: each one overwrites the one before."""
    return _right(x[:, -1:], weight[:, -1:], bias, stride, padding, dilation)


def only_the_first_channel_counts(x, weight, bias, stride=1, padding=0, dilation=1):
    """Does not sum over the channels: reads the first one."""
    return _right(x[:, :1], weight[:, :1], bias, stride, padding, dilation)


def channels_averaged(x, weight, bias, stride=1, padding=0, dilation=1):
    """Takes the mean over the input channels instead of their sum."""
    return _right(x, weight / x.shape[1], bias, stride, padding, dilation)


def one_kernel_layer_for_all_channels(x, weight, bias, stride=1, padding=0, dilation=1):
    """Uses the kernel of the first input channel on every channel."""
    return _right(x, np.repeat(weight[:, :1], x.shape[1], axis=1), bias, stride, padding, dilation)


def bias_once_per_input_channel(x, weight, bias, stride=1, padding=0, dilation=1):
    """Adds the bias inside the sum over the channels."""
    return _right(x, weight, bias * x.shape[1], stride, padding, dilation)


def bias_once_per_kernel_cell(x, weight, bias, stride=1, padding=0, dilation=1):
    """Adds the bias inside the sum over the kernel's cells and channels."""
    return _right(x, weight, bias * weight[0].size, stride, padding, dilation)


def bias_left_out(x, weight, bias, stride=1, padding=0, dilation=1):
    """Adds no bias."""
    return _right(x, weight, 0 * bias, stride, padding, dilation)


def bias_along_the_columns(x, weight, bias, stride=1, padding=0, dilation=1):
    """Lets NumPy broadcast the bias along the last axis, which fits by chance when W_out is C_out."""
    return _right(x, weight, 0 * bias, stride, padding, dilation) + bias


def stride_ignored(x, weight, bias, stride=1, padding=0, dilation=1):
    """Moves by one cell whatever the stride says."""
    return _right(x, weight, bias, 1, padding, dilation)


def stride_for_the_rows_only(x, weight, bias, stride=1, padding=0, dilation=1):
    """Moves down by the stride, and to the right by one cell."""
    found = windows(pad(x, padding, padding), weight.shape[2:], 1, dilation)[:, :, ::stride]
    return np.tensordot(found, weight, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2) + bias[:, None, None]


def stride_thins_the_picture(x, weight, bias, stride=1, padding=0, dilation=1):
    """Keeps every second cell of the picture first, and then lays the kernel on what is left."""
    return _right(pad(x, padding, padding)[:, :, ::stride, ::stride], weight, bias, 1, 0, dilation)


def dilation_ignored(x, weight, bias, stride=1, padding=0, dilation=1):
    """Uses kernel cells that touch."""
    return _right(x, weight, bias, stride, padding, 1)


def dilation_taken_for_a_stride(x, weight, bias, stride=1, padding=0, dilation=1):
    """Moves the kernel further instead of spreading its cells."""
    return _right(x, weight, bias, stride * dilation, padding, 1)


def stride_and_dilation_swapped(x, weight, bias, stride=1, padding=0, dilation=1):
    """Spreads the cells by the stride and moves by the dilation."""
    return _right(x, weight, bias, dilation, padding, stride)


def padding_ignored(x, weight, bias, stride=1, padding=0, dilation=1):
    """Adds no zeros."""
    return _right(x, weight, bias, stride, 0, dilation)


def padding_in_front_only(x, weight, bias, stride=1, padding=0, dilation=1):
    """Adds rows at the top and columns at the left, and none on the other sides."""
    return _right(pad(x, padding, 0), weight, bias, stride, 0, dilation)


def picture_in_the_corner_of_its_padding(x, weight, bias, stride=1, padding=0, dilation=1):
    """Adds as many zeros as it should, all of them below and at the right."""
    return _right(pad(x, 0, 2 * padding), weight, bias, stride, 0, dilation)


def every_axis_padded(x, weight, bias, stride=1, padding=0, dilation=1):
    """Pads the batch and the channels too, and reads the first C_in channels of that."""
    return _right(np.pad(x, padding)[:, : weight.shape[1]], weight, bias, stride, 0, dilation)


def channels_and_rows_padded(x, weight, bias, stride=1, padding=0, dilation=1):
    """Pads the axes 1 and 2, as for pictures whose channels come last, and reads the first C_in channels of that."""
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    return _right(padded[:, : weight.shape[1]], weight, bias, stride, 0, dilation)


def border_repeated(x, weight, bias, stride=1, padding=0, dilation=1):
    """Pads with copies of the border instead of zeros."""
    sides = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    return _right(np.pad(x, sides, mode="edge"), weight, bias, stride, 0, dilation)


def channels_last_in_the_output(x, weight, bias, stride=1, padding=0, dilation=1):
    """Returns (N, H_out, W_out, C_out)."""
    return _right(x, weight, bias, stride, padding, dilation).transpose(0, 2, 3, 1)


def last_row_and_column_missing(x, weight, bias, stride=1, padding=0, dilation=1):
    """Makes the output one too small, because the + 1 of its size is missing."""
    return _right(x, weight, bias, stride, padding, dilation)[:, :, :-1, :-1]


def relu_applied(x, weight, bias, stride=1, padding=0, dilation=1):
    """Applies an activation function as well."""
    return np.maximum(_right(x, weight, bias, stride, padding, dilation), 0)


EXERCISE = Exercise(
    number=2,
    title="A convolutional layer",
    section="4.4",
    points=5,
    minutes=30,
    difficulty="hard",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=_pace, yardstick=_right),
    misconceptions=(
        Misconception(
            kernel_flipped,
            hint="Which cell of the picture does weight[..., 0, 0] meet in your code: the first of the window, or the "
            "last? What does section 4.2 say about turning the kernel?",
        ),
        Misconception(
            kernel_transposed,
            hint="A kernel of 2 rows and 3 columns: how many rows of the picture does one window of yours cover?",
        ),
        Misconception(
            output_and_input_channels_swapped,
            hint="The weight is (C_out, C_in, K_h, K_w). Which of its first two axes do you sum over?",
        ),
        Misconception(
            only_the_last_channel_counts,
            hint="Set the first channel of x to zero: does your output change? Do your channels add up, or does one "
            "replace the other?",
        ),
        Misconception(
            only_the_first_channel_counts,
            hint="Set the last channel of x to zero: does your output change? Should it?",
        ),
        Misconception(
            channels_averaged,
            hint="A picture of three equal channels of ones, a kernel of ones with a single cell: is the output 1 or "
            "3?",
        ),
        Misconception(
            one_kernel_layer_for_all_channels,
            hint="How deep is one kernel? Which part of it meets the second channel?",
        ),
        Misconception(
            bias_once_per_input_channel,
            hint="Set all weights to 0 and the bias to 1, with three input channels. What comes out of your function?",
        ),
        Misconception(
            bias_once_per_kernel_cell,
            hint="Set all weights to 0 and the bias to 1. What comes out of your function? Inside which loop do you "
            "add the bias?",
        ),
        Misconception(
            bias_left_out, hint="Set all weights to 0. What is left of the formula, and what of your output?"
        ),
        Misconception(
            bias_along_the_columns,
            hint="Axes are matched from the last one on: with which axis of y does a bias of shape (C_out,) meet in "
            "yours?",
        ),
        Misconception(stride_ignored, hint="Does your result depend on stride? Where does the second window begin?"),
        Misconception(
            stride_for_the_rows_only,
            hint="How far does your window move down, and how far to the right?",
        ),
        Misconception(
            stride_thins_the_picture,
            hint="With a stride of 2 and a kernel of 3: which cells does the first window see? Are there any cells "
            "that your kernel never meets?",
        ),
        Misconception(dilation_ignored, hint="Does your result depend on dilation? Which cells does a window meet?"),
        Misconception(
            dilation_taken_for_a_stride,
            hint="With a dilation of 2 and a stride of 1, where does the second window begin? And how far apart are "
            "the cells that one window meets?",
        ),
        Misconception(
            stride_and_dilation_swapped,
            hint="Which of the two spreads the cells of one window, and which one leads to the next window?",
        ),
        Misconception(
            padding_ignored, hint="Does your result depend on padding? How large must the output be with it?"
        ),
        Misconception(
            padding_in_front_only,
            hint="How many sides has a picture? How many rows has yours after the padding?",
        ),
        Misconception(
            picture_in_the_corner_of_its_padding,
            hint="Print a small picture of ones after your padding. Where in it are the ones?",
        ),
        Misconception(
            every_axis_padded,
            hint="Print the shape of x before and after your padding. Which of its four axes should have grown?",
        ),
        Misconception(
            channels_and_rows_padded,
            hint="Print the shape of x before and after your padding. Which of its four axes are rows and columns?",
        ),
        Misconception(border_repeated, hint="What is the value of a padded cell? Print a small picture after padding."),
        Misconception(
            channels_last_in_the_output,
            hint="Which axis of x holds the channels? A next layer will read your output: where does it look for them?",
        ),
        Misconception(
            last_row_and_column_missing,
            hint="A picture as large as the kernel has one window. What does your function return for it?",
        ),
        Misconception(
            relu_applied,
            hint="Can a number of your output be negative? Is the activation a part of this layer?",
        ),
    ),
    hints=(
        "Write the slow version first: one output number is one window times one kernel, all summed up, plus one bias.",
        "Pad rows and columns. Window (i, j) begins at row i · stride and column j · stride; its cells lie `dilation` "
        "apart, in all input channels.",
        "y[n, o, i, j] = bias[o] + Σ_c Σ_a Σ_b weight[o, c, a, b] · x_padded[n, c, i · stride + a · dilation, "
        "j · stride + b · dilation].",
        "x = [[1, 2, 3], [4, 5, 6]], kernel [[1, 10]], bias 100: y = [[1 + 20 + 100, 2 + 30 + 100], [154, 165]] = "
        "[[121, 132], [154, 165]].",
    ),
    convention="Cross-correlation, as in PyTorch: the kernel is not turned around. Channels come before rows and "
    "columns.",
    uses=("conv_output_size",),
)
