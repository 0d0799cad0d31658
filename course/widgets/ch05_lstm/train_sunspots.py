"""Trains the LSTM that forecaster plays, and stores it: python -m course.widgets.ch05_lstm.train_sunspots.

A few seconds of NumPy.  The network reads twenty years of sunspots and forecasts the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.adam import Adam
from course.data import sunspots
from course.widgets.ch05_lstm.cells import draw_lstm, lstm_backward, lstm_forward

__all__ = ["FIRST_TEST", "SCALE", "WINDOW", "train", "windows"]

Array = NDArray[np.float64]
WINDOW, HIDDEN, BATCH, EPOCHS = 20, 16, 20, 60
SCALE = 100.0  # sunspots in one unit of the network
FIRST_TEST = 1940  # the network and the autoregression learn from the years before


def windows() -> tuple[Array, Array]:
    """Twenty years each (N, WINDOW), scaled, and the year after (N,), all before FIRST_TEST."""
    series = sunspots()
    known = series.number[series.year < FIRST_TEST] / SCALE
    cut = np.lib.stride_tricks.sliding_window_view(known, WINDOW + 1)
    return cut[:, :-1].copy(), cut[:, -1].copy()


def loss_and_gradients(parameters: Sequence[Array], x: Array, target: Array) -> tuple[float, list[Array]]:
    """Mean squared error of the forecasts after the last year of each window, and its gradients."""
    *lstm, weight_out, bias_out = parameters
    zeros = np.zeros((len(x), len(weight_out)))
    hs, cs = lstm_forward(x[:, :, None], zeros, zeros, *lstm)
    missed = hs[:, -1] @ weight_out + bias_out - target
    grad = 2 * missed / len(x)
    grad_hs = np.zeros_like(hs)
    grad_hs[:, -1] = grad[:, None] * weight_out
    grads, _h, _c = lstm_backward(grad_hs, x[:, :, None], hs, cs, *lstm)
    return float(np.mean(missed**2)), [*grads, hs[:, -1].T @ grad, grad.sum(keepdims=True)]


def train(seed: int = 0) -> list[Array]:
    """The trained parameters: weight_ih, weight_hh, bias_ih, bias_hh, weight_out (H,), bias_out (1,)."""
    rng = np.random.default_rng(seed)
    x, target = windows()
    parameters = draw_lstm(1, HIDDEN, 1.0, rng)
    parameters += [rng.uniform(-0.25, 0.25, HIDDEN), np.zeros(1)]
    adam = Adam(parameters, 0.01)
    for epoch in range(EPOCHS):
        adam.learning_rate = 0.01 * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        order = rng.permutation(len(x))
        losses = []
        for begin in range(0, len(x), BATCH):
            rows = order[begin : begin + BATCH]
            loss, gradients = loss_and_gradients(parameters, x[rows], target[rows])
            adam.step(gradients)
            losses.append(loss)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: root mean square error {SCALE * np.sqrt(np.mean(losses)):.1f}", flush=True)
    return parameters


if __name__ == "__main__":
    called = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_out", "bias_out")
    arrays: dict[str, Any] = {name: one.astype(np.float32) for name, one in zip(called, train(), strict=True)}
    np.savez_compressed(Path(__file__).with_name("sunspots.npz"), **arrays)
