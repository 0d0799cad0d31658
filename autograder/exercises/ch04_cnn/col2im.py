"""Exercise of section 4.5: columns put back into a picture, added up where windows overlap.

Source: derived in section 4.5; it is the transpose of `im2col`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch04_cnn._windows import scatter
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(columns, size, kernel, stride=1, padding=0):
    """PyTorch's autograd through unfold: the gradient of Σ columns · unfold(x) with respect to x."""
    import torch

    k_h, k_w = kernel
    x = torch.zeros(len(columns), columns.shape[1] // (k_h * k_w), *size, device=columns.device, requires_grad=True)
    torch.nn.functional.unfold(x, kernel, stride=stride, padding=padding).backward(columns)
    return x.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One channel, several, as many windows as cells, then stride, padding, both."""
    yield Case("one channel", _inputs(rng, 1, 1, (3, 4), (2, 3)))
    yield Case("two channels", _inputs(rng, 2, 2, (4, 4), (3, 2)))
    yield Case("as many windows as cells", _inputs(rng, 1, 2, (3, 5), (2, 2)))
    yield Case("stride 2, a column left over", _inputs(rng, 1, 2, (5, 7), (3, 2), stride=2))
    yield Case("padding 1", _inputs(rng, 1, 2, (3, 2), (2, 3), padding=1))
    yield Case("stride and padding", _inputs(rng, 2, 3, (6, 7), (3, 4), stride=2, padding=1))


def _inputs(
    rng: np.random.Generator, n: int, c: int, size: tuple[int, int], kernel: tuple[int, int], **settings: int
) -> dict[str, Any]:
    h_out, w_out = _places(size, kernel, **settings)
    columns = rng.normal(1.0, 1.0, (n, c * kernel[0] * kernel[1], h_out * w_out))
    return {"columns": columns, "size": size, "kernel": kernel, **settings}


def _places(size, kernel, stride=1, padding=0):
    return tuple((size[axis] + 2 * padding - kernel[axis]) // stride + 1 for axis in (0, 1))


def _parts(columns, size, kernel, stride, padding):
    """The columns as windows (N, C, H_out, W_out, K_h, K_w)."""
    h_out, w_out = _places(size, kernel, stride, padding)
    parts = columns.reshape(len(columns), -1, *kernel, h_out, w_out)
    return parts.transpose(0, 1, 4, 5, 2, 3)


def _padded_size(size, padding):
    return tuple(one + 2 * padding for one in size)


def _cut(x, size, padding):
    return x[:, :, padding : padding + size[0], padding : padding + size[1]]


def _right(columns, size, kernel, stride=1, padding=0):
    parts = _parts(columns, size, kernel, stride, padding)
    return _cut(scatter(parts, _padded_size(size, padding), stride), size, padding)


def _pace() -> dict[str, Any]:
    """64 pictures of 30 by 30 with three channels."""
    return _inputs(np.random.default_rng(404), 64, 3, (30, 30), (3, 3), padding=1)


def overlaps_overwritten(columns, size, kernel, stride=1, padding=0):
    """Writes with = instead of +=, so the last window wins."""
    parts = _parts(columns, size, kernel, stride, padding)
    return _cut(scatter(parts, _padded_size(size, padding), stride, overwrite=True), size, padding)


def overlaps_averaged(columns, size, kernel, stride=1, padding=0):
    """Divides each cell by the number of windows that cover it, so that im2col is undone."""
    parts = _parts(columns, size, kernel, stride, padding)
    counts = scatter(np.ones_like(parts), _padded_size(size, padding), stride)
    summed = scatter(parts, _padded_size(size, padding), stride)
    return _cut(summed / np.maximum(counts, 1), size, padding)


def padding_not_cut(columns, size, kernel, stride=1, padding=0):
    """Returns the picture with its padding."""
    return scatter(_parts(columns, size, kernel, stride, padding), _padded_size(size, padding), stride)


def padding_cut_at_one_end(columns, size, kernel, stride=1, padding=0):
    """Cuts everything off below and at the right."""
    return padding_not_cut(columns, size, kernel, stride, padding)[:, :, : size[0], : size[1]]


def cells_column_by_column(columns, size, kernel, stride=1, padding=0):
    """Takes the cells of a window from top to bottom first."""
    h_out, w_out = _places(size, kernel, stride, padding)
    parts = columns.reshape(len(columns), -1, kernel[1], kernel[0], h_out, w_out).transpose(0, 1, 4, 5, 3, 2)
    return _cut(scatter(parts, _padded_size(size, padding), stride), size, padding)


def windows_column_by_column(columns, size, kernel, stride=1, padding=0):
    """Takes the windows from top to bottom first."""
    h_out, w_out = _places(size, kernel, stride, padding)
    parts = columns.reshape(len(columns), -1, *kernel, w_out, h_out).transpose(0, 1, 5, 4, 2, 3)
    return _cut(scatter(parts, _padded_size(size, padding), stride), size, padding)


def channels_change_fastest(columns, size, kernel, stride=1, padding=0):
    """Takes the channels of a cell for neighbours in the column: row, column, channel."""
    h_out, w_out = _places(size, kernel, stride, padding)
    parts = columns.reshape(len(columns), *kernel, -1, h_out, w_out).transpose(0, 3, 4, 5, 1, 2)
    return _cut(scatter(parts, _padded_size(size, padding), stride), size, padding)


def stride_ignored(columns, size, kernel, stride=1, padding=0):
    """Puts the windows one cell apart."""
    parts = _parts(columns, size, kernel, stride, padding)
    return _cut(scatter(parts, _padded_size(size, padding), 1), size, padding)


def windows_that_never_overlap(columns, size, kernel, stride=1, padding=0):
    """Lays the windows side by side like tiles and cuts off what does not fit."""
    parts = _parts(columns, size, kernel, stride, padding)
    n, c, h_out, w_out, k_h, k_w = parts.shape
    tiles = parts.transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h_out * k_h, w_out * k_w)
    wanted = _padded_size(size, padding)
    whole = np.zeros((n, c, max(wanted[0], h_out * k_h), max(wanted[1], w_out * k_w)))
    whole[:, :, : h_out * k_h, : w_out * k_w] = tiles
    return _cut(whole, size, padding)


EXERCISE = Exercise(
    number=4,
    title="Columns back to a picture",
    section="4.5",
    points=3,
    minutes=20,
    difficulty="hard",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=_pace, yardstick=_right),
    misconceptions=(
        Misconception(
            overlaps_overwritten,
            hint="A picture of 3 × 3, a kernel of 2 × 2, all columns ones: how many windows cover the cell in the "
            "centre, and what stands there in yours?",
        ),
        Misconception(
            overlaps_averaged,
            hint="A cell lies in four windows. What do the gradients of four paths do when they meet?",
        ),
        Misconception(
            padding_not_cut,
            hint="Which size has the picture that im2col started from? Which size has yours?",
        ),
        Misconception(
            padding_cut_at_one_end,
            hint="Where in the padded picture does the picture itself begin: at row 0, or at row `padding`?",
        ),
        Misconception(
            cells_column_by_column,
            hint="The second number of a column: does it belong to the right of the first, or below it?",
        ),
        Misconception(
            windows_column_by_column,
            hint="The second column: is its window at the right of the first one, or below it?",
        ),
        Misconception(
            channels_change_fastest,
            hint="In which order does im2col write a column: all cells of one channel, or all channels of one cell?",
        ),
        Misconception(stride_ignored, hint="Does your result depend on stride? Where does the second window begin?"),
        Misconception(
            windows_that_never_overlap,
            hint="With a kernel of 2 and a stride of 1, the second window begins in which column? And in yours?",
        ),
    ),
    hints=(
        "im2col copies each cell into every window that covers it. Go through the same windows, and send each number "
        "back.",
        "Start from zeros of the padded size. Add window by window. Cut the padding off at the end.",
        "x_padded[n, c, i · stride + a, j · stride + b] += columns[n, (c · K_h + a) · K_w + b, i · W_out + j].",
        "size (3, 3), kernel (2, 2), all columns ones: [[1, 2, 1], [2, 4, 2], [1, 2, 1]].",
    ),
    convention="As torch.nn.functional.fold: overlaps are added, not averaged.",
    uses=("conv_output_size",),
)
