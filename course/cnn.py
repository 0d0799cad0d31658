"""A small convolutional network with its gradients, ready to train: chapter 4 without writing its backward pass.

Two convolutions of 3 x 3, each with ReLU and both followed by one 2 x 2 max pooling, a hidden layer with ReLU, and the
head. Its arrays have names, so that layers can be frozen, replaced and given rates of their own (chapter 7).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LAYERS", "accuracy", "draw_parameters", "features", "logits", "loss_and_gradients"]

Array = NDArray[np.floating[Any]]
Parameters = dict[str, Array]

LAYERS = ("conv1", "conv2", "hidden", "head")


def draw_parameters(
    size: int,
    num_classes: int,
    rng: np.random.Generator,
    channels: tuple[int, int] = (8, 16),
    hidden: int = 64,
) -> Parameters:
    """Weights with variance 2 / fan-in and biases of 0, in float32, from input to output.

    size         rows and columns of a picture, an even number; it has one channel
    num_classes  rows of the head
    channels     kernels of the first and of the second convolution
    hidden       neurons of the hidden layer: the features
    Returns "conv1.weight" (C1, 1, 3, 3), "conv1.bias", "conv2.weight" (C2, C1, 3, 3), "conv2.bias", "hidden.weight"
    (hidden, C2 * size / 2 * size / 2), "hidden.bias", "head.weight" (num_classes, hidden), "head.bias".
    Source: He et al. 2015, equation (10), as in chapter 1.
    """
    shapes = {
        "conv1": (channels[0], 1, 3, 3),
        "conv2": (channels[1], channels[0], 3, 3),
        "hidden": (hidden, channels[1] * (size // 2) ** 2),
        "head": (num_classes, hidden),
    }
    parameters: Parameters = {}
    for layer, shape in shapes.items():
        parameters[f"{layer}.weight"] = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)
        parameters[f"{layer}.bias"] = np.zeros(shape[0], np.float32)
    return parameters


def features(parameters: Parameters, x: Array) -> Array:
    """What the body says of the pictures x (N, H, W): (N, hidden), the input of the head."""
    return _forward(parameters, x)[-1]


def logits(parameters: Parameters, x: Array) -> Array:
    """The scores (N, C) of the pictures x (N, H, W)."""
    return np.asarray(features(parameters, x) @ parameters["head.weight"].T + parameters["head.bias"])


def accuracy(parameters: Parameters, x: Array, labels: NDArray[np.int64]) -> float:
    """The share of pictures whose largest score is that of the right class."""
    return float(np.mean(logits(parameters, x).argmax(axis=1) == labels))


def loss_and_gradients(
    parameters: Parameters, x: Array, labels: NDArray[np.int64], names: Collection[str] | None = None
) -> tuple[float, Parameters]:
    """The mean cross-entropy in nats, and its gradient for each parameter, under the same names.

    x       (N, H, W)
    labels  (N,) integers from 0 to C - 1
    names   those whose gradients are wanted; None: all. The way back ends at the first layer that one of them is in
    """
    wanted = set(parameters if names is None else names)
    layers = [layer for layer in LAYERS if {f"{layer}.weight", f"{layer}.bias"} & wanted]
    columns1, a1, columns2, a2, flat, h = _forward(parameters, x)
    rows = np.arange(len(labels))
    scores = h @ parameters["head.weight"].T + parameters["head.bias"]
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    grad /= len(labels)
    gradients = {"head.weight": grad.T @ h, "head.bias": grad.sum(axis=0)}
    if set(layers) - {"head"}:
        grad = (grad @ parameters["head.weight"]).astype(h.dtype) * (h > 0)  # a head may be more precise than its body
        gradients |= {"hidden.weight": grad.T @ flat, "hidden.bias": grad.sum(axis=0)}
    if set(layers) & {"conv1", "conv2"}:
        grad = _unpool(grad @ parameters["hidden.weight"], a2) * (a2 > 0)
        gradients |= _kernel_gradients("conv2", grad, columns2)
    if "conv1" in layers:  # nothing asks for the gradient at the pictures, so this is the end
        turned = parameters["conv2.weight"][:, :, ::-1, ::-1].transpose(1, 0, 2, 3)  # (C1, C2, 3, 3)
        grad = _convolve(grad, turned, 0.0)[0] * (a1 > 0)  # the way back through a convolution: the kernels turned
        gradients |= _kernel_gradients("conv1", grad, columns1)
    return -float(np.mean(log_p[rows, labels])), {name: gradients[name] for name in parameters if name in wanted}


def _kernel_gradients(layer: str, grad: Array, columns: Array) -> Parameters:
    """From the gradient at a convolution's output (N, H, W, C_out) and its windows."""
    by_row = grad.reshape(-1, grad.shape[-1])
    by_window = (by_row.T @ columns).reshape(grad.shape[-1], 3, 3, -1)  # the channels innermost, as in _as_rows
    return {f"{layer}.weight": by_window.transpose(0, 3, 1, 2), f"{layer}.bias": by_row.sum(axis=0)}


def _forward(parameters: Parameters, x: Array) -> tuple[Array, ...]:
    """What the way back needs: the windows and the output of both convolutions, the pooled row, the hidden layer."""
    pictures = x[..., None].astype(parameters["conv1.weight"].dtype)
    a1, columns1 = _convolve(pictures, parameters["conv1.weight"], parameters["conv1.bias"])
    np.maximum(a1, 0, out=a1)
    a2, columns2 = _convolve(a1, parameters["conv2.weight"], parameters["conv2.bias"])
    np.maximum(a2, 0, out=a2)
    flat = _pool(a2).reshape(len(x), -1)
    h = np.maximum(flat @ parameters["hidden.weight"].T + parameters["hidden.bias"], 0)
    return columns1, a1, columns2, a2, flat, h


def _convolve(x: Array, weight: Array, bias: Array | float) -> tuple[Array, Array]:
    """Pictures (N, H, W, C_in), channels last, padded by 1 -> (N, H, W, C_out), and the windows.

    The windows are (N * H * W, 9 * C_in): one row for each place, in the order of _as_rows.
    """
    n, height, width, channels = x.shape
    padded = np.zeros((n, height + 2, width + 2, channels), x.dtype)
    padded[:, 1:-1, 1:-1] = x
    windows = np.empty((n, height, width, 9, channels), x.dtype)
    for k in range(9):
        row, column = divmod(k, 3)
        windows[:, :, :, k] = padded[:, row : row + height, column : column + width]
    columns = windows.reshape(n * height * width, -1)
    y = columns @ _as_rows(weight).T
    y += bias
    return y.reshape(n, height, width, -1), columns


def _as_rows(weight: Array) -> Array:
    """Kernels (C_out, C_in, 3, 3) -> (C_out, 9 * C_in), the channels innermost."""
    return weight.transpose(0, 2, 3, 1).reshape(len(weight), -1)


def _corners(a: Array) -> list[Array]:
    """The four pixels of every 2 x 2 window of a (N, H, W, C): four views (N, H / 2, W / 2, C)."""
    return [a[:, row::2, column::2] for row in (0, 1) for column in (0, 1)]


def _pool(a: Array) -> Array:
    """The largest number of every 2 x 2 window: (N, H, W, C) -> (N, H / 2, W / 2, C)."""
    one, two, three, four = _corners(a)
    return np.asarray(np.maximum(np.maximum(one, two), np.maximum(three, four)))


def _unpool(grad: Array, a: Array) -> Array:
    """The gradient (N, H / 2 * W / 2 * C) at the input a of the pooling: all of it to the first of the largest."""
    largest = _pool(a)
    left = grad.reshape(largest.shape).copy()
    spread = np.empty_like(a)
    for corner, target in zip(_corners(a), _corners(spread), strict=True):
        np.multiply(left, corner == largest, out=target)
        left -= target  # nothing is left for those that come later
    return spread
