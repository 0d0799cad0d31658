"""Exercise of section 4.3: how many places a kernel has along one axis.

Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", section 5.1 for dilation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(size, kernel, stride=1, padding=0, dilation=1):
    """The length of what PyTorch's conv1d gives for a row of zeros."""
    import torch

    row, weight = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
    return torch.nn.functional.conv1d(row, weight, stride=stride, padding=padding, dilation=dilation).shape[-1]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One after the other: the kernel alone, each of the three numbers, a rest at the end and none, all at once."""
    yield Case("a kernel on a row", {"size": _between(rng, 6, 30), "kernel": 3})
    yield Case("stride, nothing left over", _inputs(rng, kernel=3, stride=_between(rng, 2, 4), rest=0))
    yield Case("stride, cells left over", _inputs(rng, kernel=4, stride=4, rest=2))
    yield Case("padding", _inputs(rng, kernel=5, padding=2))
    yield Case("dilation", _inputs(rng, kernel=3, dilation=_between(rng, 2, 4)))
    yield Case("all at once", _inputs(rng, kernel=4, stride=3, padding=3, dilation=2, rest=_between(rng, 1, 2)))


def _between(rng: np.random.Generator, lowest: int, highest: int) -> int:
    return int(rng.integers(lowest, highest + 1))


def _inputs(rng: np.random.Generator, kernel: int, rest: int = 0, **settings: int) -> dict[str, Any]:
    """Inputs with 5 to 20 places, and `rest` cells that the last place leaves over."""
    stride, padding, dilation = (settings.get(name, default) for name, default in DEFAULTS.items())
    size = (_between(rng, 5, 20) - 1) * stride + rest + dilation * (kernel - 1) + 1 - 2 * padding
    return {"size": size, "kernel": kernel, **settings}


DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1}


def one_place_missing(size, kernel, stride=1, padding=0, dilation=1):
    """Counts the steps and not the place where the kernel starts."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride


def one_added_before_the_division(size, kernel, stride=1, padding=0, dilation=1):
    """Adds the one inside the brackets, which is right for a stride of 1 only."""
    return (size + 2 * padding - dilation * (kernel - 1)) // stride


def rounded_up(size, kernel, stride=1, padding=0, dilation=1):
    """Counts a last place where the kernel hangs over the edge."""
    return -((dilation * (kernel - 1) + 1 - size - 2 * padding) // stride) + 1


def not_rounded(size, kernel, stride=1, padding=0, dilation=1):
    """Divides with / and keeps the fraction."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1


def padding_counted_once(size, kernel, stride=1, padding=0, dilation=1):
    """Adds the zeros of one end only."""
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


def stride_divides_the_picture(size, kernel, stride=1, padding=0, dilation=1):
    """Shrinks the picture by the stride before the kernel is laid on it."""
    return (size + 2 * padding) // stride - dilation * (kernel - 1)


def dilation_left_out(size, kernel, stride=1, padding=0, dilation=1):
    """Takes the kernel as if its cells touched."""
    return (size + 2 * padding - kernel) // stride + 1


def reach_is_dilation_times_kernel(size, kernel, stride=1, padding=0, dilation=1):
    """Lets every cell of the kernel, the last one too, be followed by a gap."""
    return (size + 2 * padding - dilation * kernel) // stride + 1


def dilation_taken_for_a_stride(size, kernel, stride=1, padding=0, dilation=1):
    """Moves the kernel further instead of spreading its cells."""
    return (size + 2 * padding - kernel) // (stride * dilation) + 1


EXERCISE = Exercise(
    number=1,
    title="The size of the output",
    section="4.3",
    points=2,
    minutes=10,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            one_place_missing,
            hint="A kernel as long as the row cannot take a single step. How many places has it, and what do you say?",
        ),
        Misconception(
            one_added_before_the_division,
            hint="A row of 7, a kernel of 3, a stride of 2: count the places with your finger. Is the place where the "
            "kernel starts divided by the stride?",
        ),
        Misconception(
            rounded_up,
            hint="A row of 6, a kernel of 3, a stride of 2: where would the third place end? Is there a cell?",
        ),
        Misconception(
            not_rounded, hint="Can a kernel have 2.5 places? Which way do you round, and which sign does it?"
        ),
        Misconception(padding_counted_once, hint="How many ends has a row? How long is it with its padding?"),
        Misconception(
            stride_divides_the_picture,
            hint="What does the stride make larger: the cells of the picture, or the steps of the kernel?",
        ),
        Misconception(
            dilation_left_out,
            hint="Does your result depend on dilation? From its first to its last cell, how far does a kernel of 3 "
            "reach when every second cell is skipped?",
        ),
        Misconception(
            reach_is_dilation_times_kernel,
            hint="Draw three kernel cells with one gap between neighbours. How many cells is that from end to end?",
        ),
        Misconception(
            dilation_taken_for_a_stride,
            hint="Which of the two numbers spreads the cells of the kernel, and which one moves the whole kernel?",
        ),
    ),
    hints=(
        "Take the long way first: draw a row of 7 cells, lay a kernel of 3 on it, and count its places.",
        "Three lengths matter: the row with its padding, the reach of the kernel, and the step.",
        "reach = dilation · (kernel − 1) + 1;  places = floor((size + 2 · padding − reach) / stride) + 1.",
        "size 7, kernel 3, stride 2, padding 1, dilation 2: the reach is 5, (7 + 2 − 5) // 2 + 1 = 3.",
    ),
    convention="Rounded down, as PyTorch does: cells that no place reaches are left out.",
)
