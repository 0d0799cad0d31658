"""The LSTM behind the widgets, forward and backward, in the layout of the chapter: gates in the order i, f, g, o."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_lstm", "lstm_backward", "lstm_cell", "lstm_forward", "read_parameters", "sigmoid"]

Array = NDArray[np.float64]


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def _gates(x: Array, h: Array, parameters: Sequence[Array]) -> tuple[Array, Array, Array, Array]:
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    z = x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh  # (N, 4H)
    i, f, g, o = np.split(z, 4, axis=1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


def lstm_cell(x: Array, h: Array, c: Array, *parameters: Array) -> tuple[Array, Array]:
    """One step: x (N, D), h and c (N, H), and weight_ih, weight_hh, bias_ih, bias_hh; the new h and c."""
    i, f, g, o = _gates(x, h, parameters)
    c_new = f * c + i * g
    return o * np.tanh(c_new), c_new


def lstm_forward(x: Array, h: Array, c: Array, *parameters: Array) -> tuple[Array, Array]:
    """All steps: x (N, T, D); h and c after each step, (N, T, H)."""
    hs, cs = [], []
    for t in range(x.shape[1]):
        h, c = lstm_cell(x[:, t], h, c, *parameters)
        hs.append(h)
        cs.append(c)
    return np.stack(hs, axis=1), np.stack(cs, axis=1)


def lstm_backward(
    grad_hs: Array, x: Array, hs: Array, cs: Array, *parameters: Array
) -> tuple[list[Array], Array, Array]:
    """Gradients of the four parameters, and those at every h and c (N, T, H), for a start from zeros."""
    weight_hh = parameters[1]
    grads = [np.zeros_like(one) for one in parameters]
    grad_h, grad_c = np.zeros_like(hs), np.zeros_like(cs)
    zero = np.zeros_like(hs[:, 0])
    from_h, from_c = zero, zero  # what comes back from the next step
    for t in range(x.shape[1] - 1, -1, -1):
        h, c = (hs[:, t - 1], cs[:, t - 1]) if t else (zero, zero)
        i, f, g, o = _gates(x[:, t], h, parameters)
        squashed = np.tanh(cs[:, t])
        grad_h[:, t] = grad_hs[:, t] + from_h
        grad_c[:, t] = from_c + grad_h[:, t] * o * (1 - squashed**2)
        grad_z = np.concatenate(
            [
                grad_c[:, t] * g * i * (1 - i),
                grad_c[:, t] * c * f * (1 - f),
                grad_c[:, t] * i * (1 - g**2),
                grad_h[:, t] * squashed * o * (1 - o),
            ],
            axis=1,
        )
        grads[0] += grad_z.T @ x[:, t]
        grads[1] += grad_z.T @ h
        grads[2] += grad_z.sum(axis=0)
        grads[3] += grad_z.sum(axis=0)
        from_h = grad_z @ weight_hh
        from_c = grad_c[:, t] * f
    return grads, grad_h, grad_c


def draw_lstm(inputs: int, hidden: int, forget_bias: float, rng: np.random.Generator) -> list[Array]:
    """weight_ih, weight_hh, bias_ih, bias_hh: uniform weights as PyTorch draws them, biases 0 but the forget gate's."""
    bound = 1 / np.sqrt(hidden)
    bias = np.zeros(4 * hidden)
    bias[hidden : 2 * hidden] = forget_bias
    return [
        rng.uniform(-bound, bound, (4 * hidden, inputs)),
        rng.uniform(-bound, bound, (4 * hidden, hidden)),
        bias,
        np.zeros(4 * hidden),
    ]


def read_parameters(stored: Any, *names: str) -> list[Array]:
    """Arrays of a recorded network in float64, by name."""
    return [np.asarray(stored[name], dtype=np.float64) for name in names]
