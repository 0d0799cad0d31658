"""Exercise of section 4.5: the three gradients of a convolutional layer.

Source: derived in section 4.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch04_cnn._windows import as_columns, pad, scatter, windows
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(grad_y, x, weight, stride=1, padding=0):
    """PyTorch's autograd through conv2d."""
    import torch

    x, weight = x.clone().requires_grad_(), weight.clone().requires_grad_()
    bias = torch.zeros(len(weight), device=x.device, requires_grad=True)
    torch.nn.functional.conv2d(x, weight, bias, stride=stride, padding=padding).backward(grad_y)
    return x.grad, weight.grad, bias.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One channel, several, as many out as in (where wrong axes fit), then stride, padding, both."""
    yield Case("one channel", _inputs(rng, (1, 1, 3, 4), (1, 2, 2)))
    yield Case("two channels in, three out", _inputs(rng, (2, 2, 4, 4), (3, 2, 3)))
    yield Case("as many channels out as in", _inputs(rng, (2, 3, 4, 5), (3, 3, 3)))
    yield Case("stride 2, a column left over", _inputs(rng, (1, 2, 5, 7), (3, 3, 2), stride=2))
    yield Case("padding 1", _inputs(rng, (2, 2, 4, 3), (2, 3, 3), padding=1))
    yield Case("stride and padding", _inputs(rng, (2, 3, 6, 7), (2, 3, 4), stride=2, padding=2))


def _inputs(
    rng: np.random.Generator, shape: tuple[int, int, int, int], weight: tuple[int, int, int], **settings: int
) -> dict[str, Any]:
    """shape of x; weight: output channels, rows and columns of the kernel."""
    n, c_in, h, w = shape
    c_out, k_h, k_w = weight
    stride, padding = settings.get("stride", 1), settings.get("padding", 0)
    h_out, w_out = (h + 2 * padding - k_h) // stride + 1, (w + 2 * padding - k_w) // stride + 1
    return {
        "grad_y": rng.normal(0.3, 1.0, (n, c_out, h_out, w_out)),
        "x": rng.normal(0.5, 1.0, shape),
        "weight": rng.normal(0.2, 1.0, (c_out, c_in, k_h, k_w)),
        **settings,
    }


def _grad_x(grad_y, x, weight, stride, padding, *, cut=True, overwrite=False):
    parts = np.tensordot(grad_y, weight, axes=(1, 0)).transpose(0, 3, 1, 2, 4, 5)  # (N, C_in, H_out, W_out, K_h, K_w)
    size = (x.shape[2] + 2 * padding, x.shape[3] + 2 * padding)
    whole = scatter(parts, size, stride, overwrite=overwrite)
    return whole[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]] if cut else whole


def _grad_weight(grad_y, x, weight, stride, padding):
    """One gradient per example: (N, C_out, C_in, K_h, K_w)."""
    found = windows(pad(x, padding, padding), weight.shape[2:], stride)
    return np.stack([np.tensordot(g, w, axes=((1, 2), (1, 2))) for g, w in zip(grad_y, found, strict=True)])


def _right(grad_y, x, weight, stride=1, padding=0):
    columns = as_columns(windows(pad(x, padding, padding), weight.shape[2:], stride))  # (N, C_in * K_h * K_w, L)
    per_example = grad_y.reshape(*grad_y.shape[:2], -1) @ columns.swapaxes(1, 2)
    grad_weight = np.sum(per_example, axis=0).reshape(weight.shape)
    return _grad_x(grad_y, x, weight, stride, padding), grad_weight, np.sum(grad_y, axis=(0, 2, 3))


def _pace() -> dict[str, Any]:
    """16 pictures of 16 by 16 with four channels, eight kernels of 3 by 3."""
    return _inputs(np.random.default_rng(405), (16, 4, 16, 16), (8, 3, 3), padding=1)


def padding_not_cut(grad_y, x, weight, stride=1, padding=0):
    """Gives the gradient of the padded picture."""
    _, grad_weight, grad_bias = _right(grad_y, x, weight, stride, padding)
    return _grad_x(grad_y, x, weight, stride, padding, cut=False), grad_weight, grad_bias


def padding_cut_at_one_end(grad_y, x, weight, stride=1, padding=0):
    """Cuts everything off below and at the right."""
    whole, grad_weight, grad_bias = padding_not_cut(grad_y, x, weight, stride, padding)
    return whole[:, :, : x.shape[2], : x.shape[3]], grad_weight, grad_bias


def kernel_turned_the_wrong_way(grad_y, x, weight, stride=1, padding=0):
    """Correlates grad_y with the kernel as it is; going back, it has to be turned around."""
    _, grad_weight, grad_bias = _right(grad_y, x, weight, stride, padding)
    return _grad_x(grad_y, x, weight[:, :, ::-1, ::-1], stride, padding), grad_weight, grad_bias


def gradient_of_the_weights_turned_around(grad_y, x, weight, stride=1, padding=0):
    """Flips the gradient of the kernel, as for the convolution of mathematics."""
    grad_x, grad_weight, grad_bias = _right(grad_y, x, weight, stride, padding)
    return grad_x, grad_weight[:, :, ::-1, ::-1], grad_bias


def weight_axes_swapped_on_the_way_back(grad_y, x, weight, stride=1, padding=0):
    """Multiplies by weight[c, o] instead of weight[o, c], which fits when C_in is C_out."""
    _, grad_weight, grad_bias = _right(grad_y, x, weight, stride, padding)
    return _grad_x(grad_y, x, weight.swapaxes(0, 1), stride, padding), grad_weight, grad_bias


def gradient_of_the_weights_transposed(grad_y, x, weight, stride=1, padding=0):
    """Gives the gradient of the weights the shape (C_in, C_out, K_h, K_w)."""
    grad_x, grad_weight, grad_bias = _right(grad_y, x, weight, stride, padding)
    return grad_x, grad_weight.swapaxes(0, 1), grad_bias


def overlaps_overwritten(grad_y, x, weight, stride=1, padding=0):
    """Writes into grad_x with = instead of +=, so the last window wins."""
    _, grad_weight, grad_bias = _right(grad_y, x, weight, stride, padding)
    return _grad_x(grad_y, x, weight, stride, padding, overwrite=True), grad_weight, grad_bias


def only_the_last_output_channel_counts(grad_y, x, weight, stride=1, padding=0):
    """Does not sum grad_x over the output channels."""
    _, grad_weight, grad_bias = _right(grad_y, x, weight, stride, padding)
    return _grad_x(grad_y[:, -1:], x, weight[-1:], stride, padding), grad_weight, grad_bias


def only_the_last_example_counts(grad_y, x, weight, stride=1, padding=0):
    """Does not sum the gradient of the weights over the examples."""
    grad_x, _, grad_bias = _right(grad_y, x, weight, stride, padding)
    return grad_x, _grad_weight(grad_y, x, weight, stride, padding)[-1], grad_bias


def gradient_of_the_weights_per_example(grad_y, x, weight, stride=1, padding=0):
    """Returns one gradient of the weights for each example."""
    grad_x, _, grad_bias = _right(grad_y, x, weight, stride, padding)
    return grad_x, _grad_weight(grad_y, x, weight, stride, padding), grad_bias


def gradients_averaged_over_the_examples(grad_y, x, weight, stride=1, padding=0):
    """Divides the gradients of weight and bias by N once more."""
    grad_x, grad_weight, grad_bias = _right(grad_y, x, weight, stride, padding)
    return grad_x, grad_weight / len(x), grad_bias / len(x)


def gradient_of_the_weights_without_padding(grad_y, x, weight, stride=1, padding=0):
    """Lays the windows on x itself, so that each of them sits too far down and to the right."""
    grad_x, _, grad_bias = _right(grad_y, x, weight, stride, padding)
    found = windows(pad(x, 0, 2 * padding), weight.shape[2:], stride)
    return grad_x, np.tensordot(grad_y, found, axes=((0, 2, 3), (0, 2, 3))), grad_bias


def bias_gradient_averaged_over_the_places(grad_y, x, weight, stride=1, padding=0):
    """Takes the mean over rows and columns and adds up over the examples only."""
    grad_x, grad_weight, _ = _right(grad_y, x, weight, stride, padding)
    return grad_x, grad_weight, np.sum(np.mean(grad_y, axis=(2, 3)), axis=0)


def bias_gradient_averaged(grad_y, x, weight, stride=1, padding=0):
    """Takes the mean over examples, rows and columns."""
    grad_x, grad_weight, _ = _right(grad_y, x, weight, stride, padding)
    return grad_x, grad_weight, np.mean(grad_y, axis=(0, 2, 3))


def bias_gradient_at_every_place(grad_y, x, weight, stride=1, padding=0):
    """Adds up over the examples and leaves rows and columns."""
    grad_x, grad_weight, _ = _right(grad_y, x, weight, stride, padding)
    return grad_x, grad_weight, np.sum(grad_y, axis=0)


def stride_ignored_on_the_way_back(grad_y, x, weight, stride=1, padding=0):
    """Puts the windows of grad_x one cell apart, whatever the stride was."""
    _, grad_weight, grad_bias = _right(grad_y, x, weight, stride, padding)
    return _grad_x(grad_y, x, weight, 1, padding), grad_weight, grad_bias


def stride_ignored_for_the_weights(grad_y, x, weight, stride=1, padding=0):
    """Takes the first windows of x one cell apart, whatever the stride was."""
    grad_x, _, grad_bias = _right(grad_y, x, weight, stride, padding)
    found = windows(pad(x, padding, padding), weight.shape[2:])[:, :, : grad_y.shape[2], : grad_y.shape[3]]
    return grad_x, np.tensordot(grad_y, found, axes=((0, 2, 3), (0, 2, 3))), grad_bias


def incoming_gradient_left_out(grad_y, x, weight, stride=1, padding=0):
    """Gives the local slopes only, as if every incoming gradient were 1."""
    return _right(np.ones_like(grad_y), x, weight, stride, padding)


EXERCISE = Exercise(
    number=5,
    title="Backward through a convolution",
    section="4.5",
    points=5,
    minutes=30,
    difficulty="hard",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=_pace, yardstick=_right),
    misconceptions=(
        Misconception(
            padding_not_cut, hint="Which shape has x, and which one has your grad_x? Who asked for the rest?"
        ),
        Misconception(
            padding_cut_at_one_end,
            hint="Where in the padded picture does x begin: at row 0, or at row `padding`?",
        ),
        Misconception(
            kernel_turned_the_wrong_way,
            hint="y at place 0 used x at place 1 through weight 1. Seen from x at place 1, which weights lead to y at "
            "place 0 and which to y at place 1? In which direction do you read the kernel?",
        ),
        Misconception(
            gradient_of_the_weights_turned_around,
            hint="weight[..., 0, 0] has met the first cell of every window. Which cells does its gradient meet in "
            "yours?",
        ),
        Misconception(
            weight_axes_swapped_on_the_way_back,
            hint="grad_y has C_out channels and grad_x needs C_in. Over which axis of the weight must you sum?",
        ),
        Misconception(
            gradient_of_the_weights_transposed,
            hint="Which shape has the weight, and which one has its gradient?",
        ),
        Misconception(
            overlaps_overwritten,
            hint="A cell of x lies in several windows. What do the gradients of several paths do when they meet?",
        ),
        Misconception(
            only_the_last_output_channel_counts,
            hint="Set the first output channel of grad_y to zero: does your grad_x change? Should it?",
        ),
        Misconception(
            only_the_last_example_counts,
            hint="Set grad_y of the first example to zero: does your gradient of the weights change? Should it?",
        ),
        Misconception(
            gradient_of_the_weights_per_example,
            hint="All examples share one kernel: how many gradients does one number of it have?",
        ),
        Misconception(
            gradients_averaged_over_the_examples,
            hint="Where does the 1/N of the mean loss live: in grad_y already, or in every layer again?",
        ),
        Misconception(
            gradient_of_the_weights_without_padding,
            hint="Which picture did the windows of the forward pass lie on: x, or x with its padding? Which one do you "
            "use for the weights?",
        ),
        Misconception(
            bias_gradient_averaged_over_the_places,
            hint="One bias is added at every place of the output. What do the gradients of so many paths do: add up, "
            "or average?",
        ),
        Misconception(
            bias_gradient_averaged,
            hint="One bias is added at every place of every example. What do the gradients of so many paths do: add "
            "up, or average?",
        ),
        Misconception(
            bias_gradient_at_every_place,
            hint="How many numbers does the bias of one channel have? How many has your gradient?",
        ),
        Misconception(
            stride_ignored_on_the_way_back,
            hint="With a stride of 2, where in x did the second window begin? Where does yours put its gradient?",
        ),
        Misconception(
            stride_ignored_for_the_weights,
            hint="With a stride of 2, where in x did the second window begin? Which window do you multiply grad_y of "
            "the second place with?",
        ),
        Misconception(incoming_gradient_left_out, hint="Double grad_y: do your gradients double, too?"),
    ),
    hints=(
        "For each gradient, go through the same windows as in the forward pass, and ask what each number was "
        "multiplied by.",
        "In columns the layer is a matrix product: y = W · columns + b. You know its three gradients from chapter 2; "
        "im2col and col2im do the rest.",
        "grad_W = Σ_n grad_y[n] · columns[n]ᵀ;  grad_x = col2im(Wᵀ · grad_y);  grad_b = sum of grad_y over examples, "
        "rows and columns.",
        "x = [[1, 2, 3]], kernel [[4, 5]], grad_y = [[10, 100]]: grad_x = [[40, 50 + 400, 500]], grad_W = "
        "[[1 · 10 + 2 · 100, 2 · 10 + 3 · 100]] = [[210, 320]], grad_b = [110].",
    ),
    convention="weight is (C_out, C_in, K_h, K_w), and its gradient has the same shape.",
    uses=("im2col", "col2im", "conv_output_size"),
)
