"""Exercise of section 4.8: a convolutional network, layer by layer.

Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition", section II.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch04_cnn._windows import pad, windows
from autograder.spec import Case, Exercise, Misconception


def reference(x, layers):
    """PyTorch's own layers, one after the other."""
    import torch

    functions = {
        "conv": lambda x, weight, bias, stride, padding: torch.nn.functional.conv2d(x, weight, bias, stride, padding),
        "relu": torch.relu,
        "max_pool": torch.nn.functional.max_pool2d,
        "flatten": torch.nn.Flatten(),
        "linear": torch.nn.functional.linear,
    }
    outputs = []
    for kind, *settings in layers:
        x = functions[kind](x, *settings)
        outputs.append(x)
    return outputs


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Two layers, a small network, two stages with stride and padding, linear layers of equal sizes, none at all."""
    yield Case("convolution and ReLU", {"x": rng.normal(size=(1, 1, 4, 5)), "layers": [_conv(rng, 1, 2), ("relu",)]})
    small = [_conv(rng, 2, 3), ("relu",), ("max_pool", 2, 2), ("flatten",), _linear(rng, 12, 3)]
    yield Case("a small network", {"x": rng.normal(size=(2, 2, 7, 6)), "layers": small})
    deep = [
        _conv(rng, 1, 3, padding=1),
        ("relu",),
        ("max_pool", 3, 2),
        _conv(rng, 3, 2, stride=2, padding=1),
        ("relu",),
        ("flatten",),
        _linear(rng, 8, 4),
        ("relu",),
        _linear(rng, 4, 4),
    ]
    yield Case("two stages and two linear layers", {"x": rng.normal(size=(3, 1, 9, 7)), "layers": deep})
    equal = [("relu",), ("flatten",), _linear(rng, 12, 12), ("relu",), _linear(rng, 12, 12)]
    yield Case("ReLU first, linear layers of equal sizes", {"x": rng.normal(size=(12, 3, 2, 2)), "layers": equal})
    everywhere = [_conv(rng, 1, 2), ("relu",), ("max_pool", 2, 1), _conv(rng, 2, 3, padding=1)]
    yield Case("no linear layer", {"x": rng.normal(size=(1, 1, 6, 5)), "layers": everywhere})


def _conv(rng: np.random.Generator, c_in: int, c_out: int, stride: int = 1, padding: int = 0) -> tuple[Any, ...]:
    weight = rng.normal(0.1, np.sqrt(1 / c_in), (c_out, c_in, 3, 2))
    return ("conv", weight, rng.normal(0.3, 0.3, c_out), stride, padding)


def _linear(rng: np.random.Generator, size_in: int, size_out: int) -> tuple[Any, ...]:
    return ("linear", rng.normal(0.1, np.sqrt(2 / size_in), (size_out, size_in)), rng.normal(0.3, 0.3, size_out))


def _conv2d(x, weight, bias, stride, padding):
    found = windows(pad(x, padding, padding), weight.shape[2:], stride)
    return np.tensordot(found, weight, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2) + bias[:, None, None]


def _max_pool2d(x, size, stride):
    return np.max(windows(x, (size, size), stride), axis=(4, 5))


RIGHT = {
    "conv": _conv2d,
    "relu": lambda x: np.maximum(x, 0),
    "max_pool": _max_pool2d,
    "flatten": lambda x: x.reshape(len(x), -1),
    "linear": lambda x, weight, bias: x @ weight.T + bias,
}


def _run(x, layers, **other):
    """The right network with some kinds of layers replaced."""
    functions = {**RIGHT, **other}
    outputs = []
    for kind, *settings in layers:
        x = functions[kind](x, *settings)
        outputs.append(x)
    return outputs


def only_the_last_output(x, layers):
    """Returns what the last layer gives, alone."""
    return _run(x, layers)[-1]


def input_listed_too(x, layers):
    """Begins the list with x itself."""
    return [x, *_run(x, layers)]


def every_layer_reads_the_input(x, layers):
    """Gives x, not the output of the layer before, to every layer."""
    outputs = []
    for kind, *settings in layers:
        outputs.append(RIGHT[kind](x, *settings))
    return outputs


def relu_overwrites_what_it_reads(x, layers):
    """Applies the ReLU in place, so that the list holds the changed output of the layer before."""

    def in_place(x):
        x[x < 0] = 0
        return x

    return _run(x, layers, relu=in_place)


def relu_after_every_convolution(x, layers):
    """Applies a ReLU inside the convolution already."""
    return _run(x, layers, conv=lambda *settings: np.maximum(_conv2d(*settings), 0))


def relu_left_out(x, layers):
    """Lets a ReLU pass everything."""
    return _run(x, layers, relu=lambda x: x)


def flattened_with_channels_last(x, layers):
    """Flattens rows, columns and channels in this order."""
    return _run(x, layers, flatten=lambda x: x.transpose(0, 2, 3, 1).reshape(len(x), -1))


def flattened_column_by_column(x, layers):
    """Flattens a channel from top to bottom first."""
    return _run(x, layers, flatten=lambda x: x.swapaxes(2, 3).reshape(len(x), -1))


def flattened_with_the_batch(x, layers):
    """Puts all pictures into one row."""
    return _run(x, layers, flatten=lambda x: x.reshape(1, -1))


def linear_weight_not_transposed(x, layers):
    """Multiplies by weight instead of weight.T, which fits when both sizes are equal."""
    return _run(x, layers, linear=lambda x, weight, bias: x @ weight + bias)


def bias_of_the_linear_layer_left_out(x, layers):
    """Adds no bias in the linear layers."""
    return _run(x, layers, linear=lambda x, weight, bias: x @ weight.T)


def softmax_at_the_end(x, layers):
    """Turns the logits into probabilities without being asked to."""
    outputs = _run(x, layers)
    if layers[-1][0] == "linear":
        exponentials = np.exp(outputs[-1] - np.max(outputs[-1], axis=1, keepdims=True))
        outputs[-1] = exponentials / np.sum(exponentials, axis=1, keepdims=True)
    return outputs


def stride_and_padding_swapped(x, layers):
    """Unpacks the two last entries of a convolution in the wrong order; a stride of 0 is taken for 1."""
    return _run(
        x,
        layers,
        conv=lambda x, weight, bias, stride, padding: _conv2d(x, weight, bias, max(padding, 1), stride),
    )


def stride_and_padding_ignored(x, layers):
    """Calls the convolution with its defaults."""
    return _run(x, layers, conv=lambda x, weight, bias, stride, padding: _conv2d(x, weight, bias, 1, 0))


def pooling_stride_taken_from_the_size(x, layers):
    """Pools in tiles, whatever the stride says."""
    return _run(x, layers, max_pool=lambda x, size, stride: _max_pool2d(x, size, size))


EXERCISE = Exercise(
    number=11,
    title="The forward pass of a network",
    section="4.8",
    points=4,
    minutes=20,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(only_the_last_output, hint="Five layers: how many arrays do you return?"),
        Misconception(input_listed_too, hint="Five layers: how many arrays do you return? Which layer gave the first?"),
        Misconception(
            every_layer_reads_the_input,
            hint="What does the second layer receive: x, or what the first one gave? Follow the name in your loop.",
        ),
        Misconception(
            relu_overwrites_what_it_reads,
            hint="Look at the output of the layer before a ReLU in your list: does it hold any negative number? Who "
            "has changed it?",
        ),
        Misconception(
            relu_after_every_convolution,
            hint="Can the output of a convolution in your list be negative? Which entry of layers asks for the ReLU?",
        ),
        Misconception(relu_left_out, hint="Can the output of a ReLU in your list be negative?"),
        Misconception(
            flattened_with_channels_last,
            hint="(N, C, H, W) becomes (N, C · H · W): which cells come first in your row: those of one channel, or "
            "those of one place?",
        ),
        Misconception(
            flattened_column_by_column,
            hint="The second number of your row: is it the cell at the right of the first one, or the one below it?",
        ),
        Misconception(
            flattened_with_the_batch,
            hint="How many pictures go into the flatten layer, and how many rows come out?",
        ),
        Misconception(
            linear_weight_not_transposed,
            hint="The weight is (D_out, D_in). Which of its axes must meet the D_in columns of x?",
        ),
        Misconception(
            bias_of_the_linear_layer_left_out,
            hint="A linear layer reads nothing but zeros: what does it give, and what does yours?",
        ),
        Misconception(
            softmax_at_the_end,
            hint="Can a number of your last layer be negative? Is there a softmax among the layers?",
        ),
        Misconception(
            stride_and_padding_swapped,
            hint="In which order does the tuple of a convolution hold stride and padding?",
        ),
        Misconception(
            stride_and_padding_ignored,
            hint="A convolution comes with five entries. How many of them do you use?",
        ),
        Misconception(
            pooling_stride_taken_from_the_size,
            hint="The tuple of a pooling layer has two numbers. Which of them moves the window?",
        ),
    ),
    hints=(
        "You have written the two difficult layers. What remains is a loop and a question: what kind of layer is it?",
        "Keep one name for what flows through the network. Let each layer replace it, and append it to the list.",
        "h_0 = x;  h_l = layer_l(h_(l−1));  return [h_1, …, h_L]. flatten: h.reshape(len(h), −1); linear: h · Wᵀ + b.",
        "x = [[[[−1, 2]]]], layers relu, flatten, linear with W = [[3, 4]], b = [5]: outputs [[[[0, 2]]]], [[0, 2]], "
        "[[13]].",
    ),
    convention="Flattened in the order channel, row, column, as PyTorch does; linear weights are (D_out, D_in).",
    uses=("conv2d", "max_pool2d", "conv_output_size"),
)
