"""EfficientNet-lite0 in plain NumPy: 4.7 million weights, trained on 1.3 million photographs of 1000 kinds of things.

Sixteen blocks. Each widens its channels with a 1 x 1 convolution, looks around with a depthwise convolution (one kernel
for each channel), and narrows them again; where the shapes allow it, the block's input is added to its output. Batch
normalisation, in evaluation mode, is folded into the weights.
Source: M. Tan and Q. Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks"; M. Sandler et
al. 2018, "MobileNetV2: inverted residuals and linear bottlenecks", for the block.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_weights", "features", "logits"]

Array = NDArray[np.float32]

EPS = 1e-3
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""How far the depthwise kernel of each block moves."""


def features(weights: Mapping[str, Array], pictures: NDArray[np.floating]) -> Array:
    """What the body says of pictures: (N, 1280), the mean over all places of the last feature maps.

    weights   as course.weights.efficientnet_lite0 gives them
    pictures  (N, 3, H, W) red, green and blue from 0 to 1; the sides are best multiples of 32
    """
    scaled: Array = (pictures.astype(np.float32) * np.float32(255) - np.float32(127)) / np.float32(128)
    x = scaled.transpose(0, 2, 3, 1)  # (N, H, W, C): channels last
    x = _relu6(_dense(_windows(x, 3, 2), *_folded(weights, "_conv_stem", "_bn0")))
    for k, stride in enumerate(STRIDES):
        x = _block(weights, f"_blocks.{k}.", x, stride)
    return np.asarray(_relu6(_dense(x, *_folded(weights, "_conv_head", "_bn1"))).mean(axis=(1, 2)))


def logits(weights: Mapping[str, Array], pictures: NDArray[np.floating]) -> Array:
    """The scores (N, 1000) of ImageNet's classes for pictures (N, 3, H, W)."""
    return np.asarray(features(weights, pictures) @ weights["_fc.weight"].T + weights["_fc.bias"])


def draw_weights(weights: Mapping[str, Array], rng: np.random.Generator) -> dict[str, Array]:
    """Arrays of the same names and shapes as those of a trained network that has learned nothing.

    Weights with variance 2 / fan-in; batch norms that change nothing; biases of 0.
    """
    drawn = {}
    for name, array in weights.items():
        if array.ndim > 1:
            drawn[name] = rng.normal(0, np.sqrt(2 / np.prod(array.shape[1:])), array.shape).astype(np.float32)
        else:
            ones = name.endswith("running_var") or (name.endswith(".weight") and "_bn" in name)
            drawn[name] = np.full(array.shape, float(ones), np.float32)
    return drawn


def _block(weights: Mapping[str, Array], prefix: str, x: Array, stride: int) -> Array:
    """One block: wider, look around, narrower, and add what came in if nothing has changed in shape."""
    wide = x
    if f"{prefix}_expand_conv.weight" in weights:  # the first block begins wide
        wide = _relu6(_dense(x, *_folded(weights, f"{prefix}_expand_conv", f"{prefix}_bn0")))
    wide = _relu6(_depthwise(wide, *_folded(weights, f"{prefix}_depthwise_conv", f"{prefix}_bn1"), stride))
    narrow = _dense(wide, *_folded(weights, f"{prefix}_project_conv", f"{prefix}_bn2"))
    return x + narrow if x.shape == narrow.shape else narrow


def _folded(weights: Mapping[str, Array], conv: str, norm: str) -> tuple[Array, Array]:
    """A convolution's weight (C_out, ...) and bias (C_out,) with the batch norm behind it multiplied in."""
    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + np.float32(EPS))
    weight = weights[f"{conv}.weight"]
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return weight * scale.reshape(-1, 1, 1, 1), bias


def _dense(x: Array, weight: Array, bias: Array) -> Array:
    """The same linear layer at every place: (N, H, W, C_in) -> (N, H, W, C_out)."""
    rows = x.reshape(-1, x.shape[-1]) @ weight.reshape(len(weight), -1).T
    rows += bias
    return rows.reshape(*x.shape[:3], -1)


def _depthwise(x: Array, weight: Array, bias: Array, stride: int) -> Array:
    """One kernel (K, K) for each channel: (N, H, W, C) -> (N, H / stride, W / stride, C)."""
    size = weight.shape[-1]
    padded, height, width = _padded(x, size, stride)
    y = np.zeros((len(x), height, width, x.shape[-1]), np.float32)
    y += bias
    product = np.empty_like(y)
    for row in range(size):
        for column in range(size):
            rows, columns = slice(row, row + stride * height, stride), slice(column, column + stride * width, stride)
            y += np.multiply(padded[:, rows, columns], weight[:, 0, row, column], out=product)
    return y


def _windows(x: Array, size: int, stride: int) -> Array:
    """All windows of a picture, side by side as channels: (N, H, W, C) -> (N, H / stride, W / stride, C * K * K)."""
    padded, height, width = _padded(x, size, stride)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    return windows[:, :height, :width].reshape(len(x), height, width, -1)


def _padded(x: Array, size: int, stride: int) -> tuple[Array, int, int]:
    """Zeros around, so that the output has H / stride rows, as TensorFlow's "same" has it: the odd one at the end."""
    outputs, around = [], [(0, 0)]
    for length in x.shape[1:3]:
        output = -(-length // stride)
        total = max((output - 1) * stride + size - length, 0)
        outputs.append(output)
        around.append((total // 2, total - total // 2))
    return np.pad(x, [*around, (0, 0)]), outputs[0], outputs[1]


def _relu6(x: Array) -> Array:
    return np.clip(x, 0, 6, out=x)
