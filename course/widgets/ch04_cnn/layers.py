"""The layers of a convolutional network in NumPy: what the chapter's widgets draw where the student has no function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = [
    "Array",
    "avg_pool2d",
    "conv2d",
    "conv_output_size",
    "forward",
    "intersection_over_union",
    "max_pool2d",
    "non_maximum_suppression",
    "receptive_field",
]

Array = NDArray[np.float64]


def conv_output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """How many places a kernel has along one axis."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def conv2d(x: Array, weight: Array, bias: Array, stride: int = 1, padding: int = 0, dilation: int = 1) -> Array:
    """A convolutional layer: x (N, C_in, H, W), weight (C_out, C_in, K_h, K_w), bias (C_out,)."""
    k_h, k_w = weight.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows: Any = sliding_window_view(x, (dilation * (k_h - 1) + 1, dilation * (k_w - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride, ::dilation, ::dilation]  # (N, C_in, H_out, W_out, K_h, K_w)
    y = np.tensordot(windows, weight, axes=((1, 4, 5), (1, 2, 3)))  # (N, H_out, W_out, C_out)
    return np.moveaxis(y, -1, 1) + bias[:, None, None]


def _windows(x: Array, size: int, stride: int) -> Array:
    windows: Any = sliding_window_view(x, (size, size), axis=(2, 3))
    return np.asarray(windows[:, :, ::stride, ::stride])  # (N, C, H_out, W_out, size, size)


def max_pool2d(x: Array, size: int, stride: int) -> Array:
    """The largest value of each window, channel by channel."""
    return np.asarray(_windows(x, size, stride).max(axis=(4, 5)))


def avg_pool2d(x: Array, size: int, stride: int) -> Array:
    """The mean of each window, channel by channel."""
    return np.asarray(_windows(x, size, stride).mean(axis=(4, 5)))


def forward(x: Array, layers: Sequence[Sequence[Any]]) -> list[Array]:
    """The outputs of every layer, for layers as in the exercise cnn_forward."""
    outputs = []
    for kind, *settings in layers:
        if kind == "conv":
            x = conv2d(x, *settings)
        elif kind == "relu":
            x = np.maximum(x, 0)
        elif kind == "max_pool":
            x = max_pool2d(x, *settings)
        elif kind == "flatten":
            x = x.reshape(len(x), -1)
        elif kind == "linear":
            x = x @ settings[0].T + settings[1]
        else:
            raise ValueError(f"there is no layer {kind!r}; there are: conv, relu, max_pool, flatten, linear")
        outputs.append(x)
    return outputs


def receptive_field(layers: Sequence[tuple[int, int, int]]) -> int:
    """How many pixels along one axis an output depends on; layers: (kernel, stride, dilation), first layer first."""
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * jump
        jump *= stride
    return field


def intersection_over_union(boxes_a: Array, boxes_b: Array) -> Array:
    """The shared over the covered area of each pair of boxes x0, y0, x1, y1; 0 where nothing is covered."""
    low = np.maximum(boxes_a[:, None, :2], boxes_b[None, :, :2])  # (A, B, 2)
    high = np.minimum(boxes_a[:, None, 2:], boxes_b[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=-1)  # (A, B)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (boxes_a, boxes_b)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.asarray(np.where(union > 0, shared / np.where(union > 0, union, 1.0), 0.0))


def non_maximum_suppression(boxes: Array, scores: Array, threshold: float) -> NDArray[np.int64]:
    """The indices of the boxes that stay, best score first."""
    order = np.argsort(-scores, kind="stable")
    kept = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(best)
        order = rest[intersection_over_union(boxes[[best]], boxes[rest])[0] <= threshold]
    return np.array(kept, dtype=np.int64)
