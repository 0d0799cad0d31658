"""Exercise of section 4.7: how much of the picture one output can see.

Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning"; derived in section 4.7.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(layers):
    """The cells between the first and the last that get a gradient from one output of PyTorch's conv1d layers."""
    import torch

    row = torch.ones(1, 1, 1024, requires_grad=True)
    y = row
    for kernel, stride, dilation in layers:
        y = torch.nn.functional.conv1d(y, torch.full((1, 1, kernel), 1 / kernel), stride=stride, dilation=dilation)
    y[0, 0, 0].backward()
    seen = torch.nonzero(row.grad[0, 0])
    return int(seen.max() - seen.min()) + 1


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One layer, several with the stride first or last, dilation, pooling in between, no layer, all of it at once."""
    yield Case("one layer", {"layers": [(_between(rng, 2, 30), 1, 1)]})
    yield Case("three layers, no stride", {"layers": [(3, 1, 1), (_between(rng, 3, 9), 1, 1), (4, 1, 1)]})
    yield Case("the stride comes first", {"layers": [(3, 2, 1), (3, 1, 1), (_between(rng, 3, 9), 1, 1)]})
    yield Case("the stride comes last", {"layers": [(_between(rng, 3, 9), 1, 1), (3, 1, 1), (2, 3, 1)]})
    dilated = [(3, 1, 1), (3, 1, 2), (_between(rng, 2, 5), 1, 4)]
    yield Case("dilations 1, 2, 4", {"layers": dilated})
    yield Case(
        "convolution, pooling, twice", {"layers": [(3, 1, 1), (2, 2, 1), (_between(rng, 4, 7), 1, 1), (3, 3, 1)]}
    )
    yield Case("no layer", {"layers": []})
    chain = [(4, 2, 1), (3, 3, _between(rng, 2, 3)), (2, 2, 3), (_between(rng, 3, 5), 1, 2)]
    yield Case("everything at once", {"layers": chain})


def _between(rng: np.random.Generator, lowest: int, highest: int) -> int:
    return int(rng.integers(lowest, highest + 1))


def sum_of_the_kernels(layers):
    """Adds the kernels' lengths up."""
    return sum(kernel for kernel, _, _ in layers)


def strides_ignored(layers):
    """Adds (kernel - 1) · dilation of every layer, as if all strides were 1."""
    field = 1
    for kernel, _, dilation in layers:
        field += (kernel - 1) * dilation
    return field


def own_stride_counted(layers):
    """Multiplies the jump by a layer's stride before that layer is added."""
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump *= stride
        field += (kernel - 1) * dilation * jump
    return field


def only_the_own_stride_counted(layers):
    """Multiplies each layer by its own stride and forgets those before it."""
    field = 1
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * stride
    return field


def only_the_stride_before_counted(layers):
    """Multiplies each layer by the stride of the one before it only."""
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * jump
        jump = stride
    return field


def strides_added(layers):
    """Lets the jump grow by addition."""
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * jump
        jump += stride - 1
    return field


def from_the_last_layer_on(layers):
    """Goes through the layers in the wrong direction."""
    field, jump = 1, 1
    for kernel, stride, dilation in reversed(layers):
        field += (kernel - 1) * dilation * jump
        jump *= stride
    return field


def dilation_ignored(layers):
    """Takes every kernel as if its cells touched."""
    field, jump = 1, 1
    for kernel, stride, _ in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


def reach_is_dilation_times_kernel(layers):
    """Takes dilation · kernel for the reach of a kernel."""
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += (kernel * dilation - 1) * jump
        jump *= stride
    return field


def dilation_taken_for_a_stride(layers):
    """Lets a layer's dilation widen the jump of all that follow."""
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * jump
        jump *= stride * dilation
    return field


def one_cell_missing(layers):
    """Starts at 0 instead of 1."""
    field, jump = 0, 1
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * jump
        jump *= stride
    return field


def whole_kernels_added(layers):
    """Adds the kernel instead of the kernel less one, after a start at 0."""
    field, jump = 0, 1
    for kernel, stride, dilation in layers:
        field += kernel * dilation * jump
        jump *= stride
    return field


EXERCISE = Exercise(
    number=10,
    title="The receptive field",
    section="4.7",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            sum_of_the_kernels,
            hint="Two layers with a kernel of 3: draw which cells one output sees. Are there six?",
        ),
        Misconception(
            strides_ignored,
            hint="The first layer has a stride of 2: how many pixels apart do two neighbours of its output look?",
        ),
        Misconception(
            own_stride_counted,
            hint="One layer alone, with a kernel of 3 and a stride of 2: how many cells does one output see? Does its "
            "own stride matter for that?",
        ),
        Misconception(
            only_the_own_stride_counted,
            hint="One layer alone, with a kernel of 3 and a stride of 2: how many cells does one output see? Whose "
            "strides spread the cells of a layer?",
        ),
        Misconception(
            only_the_stride_before_counted,
            hint="Two layers with a stride of 2 lie before the third: how many pixels apart do its neighbouring inputs "
            "look?",
        ),
        Misconception(
            strides_added,
            hint="A stride of 2 and then one of 3: how many pixels apart do neighbouring outputs look: 4, 5 or 6?",
        ),
        Misconception(
            from_the_last_layer_on,
            hint="Which layer's steps are single pixels: the first one's or the last one's? With which one do you "
            "begin?",
        ),
        Misconception(
            dilation_ignored,
            hint="Does your result depend on dilation? From end to end, how far does a kernel of 3 with dilation 2 "
            "reach?",
        ),
        Misconception(
            reach_is_dilation_times_kernel,
            hint="Draw three kernel cells with one gap between neighbours. How many cells is that from end to end?",
        ),
        Misconception(
            dilation_taken_for_a_stride,
            hint="A layer with dilation 2 and stride 1: how far apart are two neighbours of its output?",
        ),
        Misconception(one_cell_missing, hint="One layer with a kernel of 3: how many cells does one output see?"),
        Misconception(
            whole_kernels_added,
            hint="A layer with a kernel of 1 mixes channels at one place. Does it widen what an output sees?",
        ),
    ),
    hints=(
        "Before the first layer, a cell sees itself: 1. Ask for each layer how many cells it adds.",
        "Carry two numbers along: the field so far, and how many pixels apart neighbouring outputs look.",
        "field += (kernel − 1) · dilation · jump;  then jump *= stride. Both begin at 1.",
        "(3, 2, 1), (3, 1, 1): field 1 + 2 · 1 = 3, jump 2; then field 3 + 2 · 2 = 7.",
    ),
    convention="The way from the first to the last pixel that an output depends on, both counted.",
)
