"""Trains the small network that feature_maps shows when it is given none, and writes digits_cnn.npz beside this file.

python -m course.widgets.ch04_cnn.record_digits_cnn
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from course.adam import Adam
from course.data import digits

from .layers import Array, forward

__all__ = ["FILE", "layers_of", "train"]

FILE = Path(__file__).parent / "digits_cnn.npz"
SEED, EPOCHS, BATCH, RATE = 0, 20, 32, 2e-3
SIZES = {"weight1": (8, 1, 3, 3), "weight2": (16, 8, 3, 3), "weight3": (10, 256)}


def layers_of(arrays: dict[str, Array]) -> list[tuple[object, ...]]:
    """The network: two convolutions with ReLU, max-pooling, one fully connected layer."""
    return [
        ("conv", arrays["weight1"], arrays["bias1"], 1, 1),
        ("relu",),
        ("conv", arrays["weight2"], arrays["bias2"], 1, 1),
        ("relu",),
        ("max_pool", 2, 2),
        ("flatten",),
        ("linear", arrays["weight3"], arrays["bias3"]),
    ]


def train() -> dict[str, Array]:
    """The trained parameters: 3,818 numbers."""
    rng = np.random.default_rng(SEED)
    data = digits()
    arrays: dict[str, Array] = {}
    for k, (name, shape) in enumerate(SIZES.items(), start=1):
        arrays[name] = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        arrays[f"bias{k}"] = np.zeros(shape[0])
    adam = Adam(list(arrays.values()), RATE)
    for _ in range(EPOCHS):
        order = rng.permutation(len(data.y_train))
        for rows in np.split(order, range(BATCH, len(order), BATCH)):
            adam.step(_gradients(data.x_train[rows].reshape(-1, 1, 8, 8), data.y_train[rows], arrays))
    return arrays


def _gradients(x: Array, labels: NDArray[np.int64], arrays: dict[str, Array]) -> list[Array]:
    """The gradients of the mean cross-entropy, in the order of the arrays."""
    layers = layers_of(arrays)
    z1, h1, z2, h2, pooled, flat, logits = forward(x, layers)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    p /= len(labels)
    grad = (p @ arrays["weight3"]).reshape(pooled.shape)
    # the winners of each 2 x 2 window; of equal ones all, which ReLU's zeros make harmless
    grad_h2 = grad.repeat(2, axis=2).repeat(2, axis=3) * (h2 == pooled.repeat(2, axis=2).repeat(2, axis=3))
    grad_z2 = grad_h2 * (z2 > 0)
    grad_h1, grad_weight2 = _backward(grad_z2, h1, arrays["weight2"])
    grad_z1 = grad_h1 * (z1 > 0)
    _, grad_weight1 = _backward(grad_z1, x, arrays["weight1"])
    sums = [grad.sum(axis=(0, 2, 3)) for grad in (grad_z1, grad_z2)]
    return [grad_weight1, sums[0], grad_weight2, sums[1], p.T @ flat, p.sum(axis=0)]


def _backward(grad: Array, x: Array, weight: Array) -> tuple[Array, Array]:
    """The gradients for the input and the weight of a 3 x 3 convolution with padding 1."""
    room = ((0, 0), (0, 0), (1, 1), (1, 1))
    windows = sliding_window_view(np.pad(x, room), (3, 3), axis=(2, 3))
    grad_weight = np.tensordot(grad, windows, axes=((0, 2, 3), (0, 2, 3)))
    around = sliding_window_view(np.pad(grad, room), (3, 3), axis=(2, 3))
    turned = weight[:, :, ::-1, ::-1]
    return np.moveaxis(np.tensordot(around, turned, axes=((1, 4, 5), (0, 2, 3))), -1, 1), grad_weight


if __name__ == "__main__":
    trained = train()
    stored: dict[str, Any] = {name: array.astype(np.float32) for name, array in trained.items()}
    np.savez_compressed(FILE, **stored)
    shown = digits()
    scores = forward(shown.x_test.reshape(-1, 1, 8, 8), layers_of(trained))[-1]
    print(f"{FILE.name}: {np.mean(scores.argmax(axis=1) == shown.y_test):.3f} of the test pictures are right")
