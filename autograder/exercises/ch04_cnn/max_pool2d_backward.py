"""Exercise of section 4.6: the gradient goes to the cell that won.

Source: derived in section 4.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np

from autograder.exercises.ch04_cnn._windows import cells, scatter, windows
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(grad_y, x, size, stride):
    """PyTorch's autograd through max_pool2d."""
    import torch

    x = x.clone().requires_grad_()
    torch.nn.functional.max_pool2d(x, size, stride=stride).backward(grad_y)
    return x.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One channel, several, windows that overlap or leave gaps, a winner of several windows, equal values."""
    yield Case("one channel", _inputs(rng, rng.normal(size=(1, 1, 4, 6)), 2, 2))
    yield Case("two pictures, three channels", _inputs(rng, rng.normal(size=(2, 3, 4, 5)), 2, 2))
    x = rng.normal(size=(1, 2, 6, 5))
    x[:, :, 2, 1], x[:, :, 3, 3] = 8.0, 9.0  # the first wins early, and lies in later windows that the second wins
    yield Case("one cell wins in several windows", _inputs(rng, x, 3, 1))
    yield Case("windows leave gaps", _inputs(rng, rng.normal(size=(1, 2, 5, 8)), 2, 3))
    x = rng.integers(0, 3, (2, 2, 4, 6)).astype(float)
    x[0, 0, :2, :2], x[1, 1, 2:, 2:4], x[0, 1, :2, 4:] = 1.0, 0.0, np.array([[0.0, 2.0], [2.0, 1.0]])
    yield Case("equal values", _inputs(rng, x, 2, 2))
    after_relu = np.maximum(rng.normal(-0.3, 1.0, (1, 2, 6, 5)), 0)
    after_relu[0, 0, 2:, 2:] = 0.0
    yield Case("after a ReLU", _inputs(rng, after_relu, 3, 2))


def _inputs(rng: np.random.Generator, x: np.ndarray, size: int, stride: int) -> dict[str, Any]:
    shape = np.max(windows(x, (size, size), stride), axis=(4, 5)).shape
    return {"grad_y": rng.normal(0.5, 1.0, shape), "x": x, "size": size, "stride": stride}


def _winners(x, size, stride):
    """1 at the first largest cell of each window, 0 elsewhere: (N, C, H_out, W_out, size, size)."""
    found = windows(x, (size, size), stride)
    flat = found.reshape(*found.shape[:4], size * size)
    return np.eye(size * size)[np.argmax(flat, axis=-1)].reshape(found.shape)


def _ties(x, size, stride):
    """1 at every largest cell of each window."""
    found = windows(x, (size, size), stride)
    return (found == np.max(found, axis=(4, 5), keepdims=True)).astype(float)


def _back(grad_y, x, shares, stride, *, overwrite=False):
    return scatter(grad_y[..., None, None] * shares, x.shape[2:], stride, overwrite=overwrite)


def _right(grad_y, x, size, stride):
    best = reduce(np.maximum, cells(x, size, stride))
    grad_x, searching = np.zeros(x.shape), np.ones(best.shape, dtype=bool)
    for cell, target in zip(cells(x, size, stride), cells(grad_x, size, stride), strict=True):
        wins = searching & (cell == best)
        target += wins * grad_y
        searching &= ~wins
    return grad_x


def _pace() -> dict[str, Any]:
    """16 pictures of 24 by 24 with 16 channels."""
    rng = np.random.default_rng(407)
    return _inputs(rng, rng.normal(size=(16, 16, 24, 24)), 2, 2)


def gradient_to_all_ties(grad_y, x, size, stride):
    """Gives the whole gradient to every cell that equals the largest value."""
    return _back(grad_y, x, _ties(x, size, stride), stride)


def gradient_shared_among_ties(grad_y, x, size, stride):
    """Divides the gradient among the cells that equal the largest value."""
    ties = _ties(x, size, stride)
    return _back(grad_y, x, ties / np.sum(ties, axis=(4, 5), keepdims=True), stride)


def gradient_to_the_last_tie(grad_y, x, size, stride):
    """Takes the last of equal values."""
    found = windows(x, (size, size), stride).reshape(*grad_y.shape, size * size)
    last = size * size - 1 - np.argmax(found[..., ::-1], axis=-1)
    return _back(grad_y, x, np.eye(size * size)[last].reshape(*grad_y.shape, size, size), stride)


def first_tie_column_by_column(grad_y, x, size, stride):
    """Takes the first of equal values from top to bottom."""
    turned = _winners(x.swapaxes(2, 3), size, stride).transpose(0, 1, 3, 2, 5, 4)
    return _back(grad_y, x, turned, stride)


def overlaps_overwritten(grad_y, x, size, stride):
    """Writes the gradient of the winner with = instead of +=."""
    grad_x = np.zeros(x.shape)
    for i in range(grad_y.shape[2]):
        for j in range(grad_y.shape[3]):
            window = np.s_[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
            wins = _winners(x[window], size, 1)[:, :, 0, 0]
            grad_x[window] = np.where(wins > 0, grad_y[:, :, i, j, None, None], grad_x[window])
    return grad_x


def whole_windows_overwritten(grad_y, x, size, stride):
    """Writes each window with =, zeros included, which wipes out what an earlier window put there."""
    return _back(grad_y, x, _winners(x, size, stride), stride, overwrite=True)


def gradient_to_the_whole_window(grad_y, x, size, stride):
    """Copies the gradient to every cell of the window."""
    return _back(grad_y, x, np.ones_like(windows(x, (size, size), stride)), stride)


def gradient_spread_evenly(grad_y, x, size, stride):
    """Divides the gradient among all cells of the window, as for the average."""
    return _back(grad_y, x, np.ones_like(windows(x, (size, size), stride)) / size**2, stride)


def gradient_to_the_first_cell(grad_y, x, size, stride):
    """Puts the gradient where the window begins, without looking who won."""
    shares = np.zeros(windows(x, (size, size), stride).shape)
    shares[..., 0, 0] = 1.0
    return _back(grad_y, x, shares, stride)


def stride_taken_from_the_size(grad_y, x, size, stride):
    """Puts tile after tile, whatever the stride was; a window that hangs over the edge is dropped."""
    h_out, w_out = (min(grad_y.shape[axis], x.shape[axis] // size) for axis in (2, 3))
    shares = _winners(x, size, size)[:, :, :h_out, :w_out]
    return _back(grad_y[:, :, :h_out, :w_out], x, shares, size)


def incoming_gradient_left_out(grad_y, x, size, stride):
    """Marks the winners with 1."""
    return _right(np.ones_like(grad_y), x, size, stride)


def multiplied_by_the_winner(grad_y, x, size, stride):
    """Multiplies the gradient by the largest value."""
    return _right(grad_y, x, size, stride) * x


EXERCISE = Exercise(
    number=7,
    title="Backward through max-pooling",
    section="4.6",
    points=4,
    minutes=20,
    difficulty="hard",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=_pace, yardstick=_right),
    misconceptions=(
        Misconception(
            gradient_to_all_ties,
            hint="A window of four equal cells, a gradient of 1: what do the numbers of your grad_x add up to?",
        ),
        Misconception(
            gradient_shared_among_ties,
            hint="A window of four equal cells: which of them gets the gradient by the rule of this exercise?",
        ),
        Misconception(
            gradient_to_the_last_tie,
            hint="A window of four equal cells: which of them comes first in reading order, and which one do you "
            "choose?",
        ),
        Misconception(
            first_tie_column_by_column,
            hint="Two equal largest cells, one at the top right, one at the bottom left: which comes first when you "
            "read?",
        ),
        Misconception(
            overlaps_overwritten,
            hint="A cell wins in four windows that overlap. What do the gradients of four paths do when they meet?",
        ),
        Misconception(
            whole_windows_overwritten,
            hint="Your second window overlaps the first. What does it do to the gradient that is there already?",
        ),
        Misconception(
            gradient_to_the_whole_window,
            hint="Move a cell that did not win by a little: does the output change? Which gradient should it get?",
        ),
        Misconception(
            gradient_spread_evenly,
            hint="Move a cell that did not win by a little: does the output change? Which pooling have you undone?",
        ),
        Misconception(
            gradient_to_the_first_cell,
            hint="Which cell of the window decides the output: the first one, or the largest one?",
        ),
        Misconception(
            stride_taken_from_the_size,
            hint="Windows of 3 with a stride of 1: where does the second one begin, and where does yours?",
        ),
        Misconception(incoming_gradient_left_out, hint="Double grad_y: does your result double, too?"),
        Misconception(
            multiplied_by_the_winner,
            hint="The output is the winner itself, not a multiple of it. What is the slope of y = x?",
        ),
    ),
    hints=(
        "Only one cell of a window decides its output. What would happen if any other one moved a little?",
        "Go through the windows, find where the first largest cell is, and add the window's gradient there.",
        "grad_x[winner of window (i, j)] += grad_y[i, j]; everything else stays 0. np.argmax of a flattened window "
        "gives the first largest cell.",
        "x = [[1, 5, 2], [0, 3, 4]], size 2, stride 1, grad_y = [[10, 100]]: the 5 wins in both windows, so grad_x = "
        "[[0, 110, 0], [0, 0, 0]].",
    ),
    convention="Of equal largest values the first in reading order gets the gradient, as in PyTorch's max_pool2d.",
    uses=("max_pool2d", "conv_output_size"),
)
