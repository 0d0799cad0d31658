"""Trains the character LSTM that cell_memory plays, and stores it: python -m course.widgets.ch05_lstm.train_letters.

Half a minute of NumPy.  The network reads first names letter by letter and guesses the next letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.adam import Adam
from course.data import first_names
from course.widgets.ch05_lstm.cells import draw_lstm, lstm_backward, lstm_forward

__all__ = ["SYMBOLS", "encoded", "loss_and_gradients", "train"]

Array = NDArray[np.float64]
SYMBOLS = ".abcdefghijklmnopqrstuvwxyz"  # the full stop begins and ends a name
HIDDEN, TEST, BATCH, EPOCHS = 64, 800, 64, 12


def encoded(names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Names between full stops as numbers (N, T), and a mask of the steps (N, T - 1) that count."""
    longest = max(len(name) for name in names)
    tokens = np.zeros((len(names), longest + 2), dtype=np.int64)
    for row, name in enumerate(names):
        tokens[row, 1 : len(name) + 1] = [SYMBOLS.index(letter) for letter in name]
    lengths = np.array([len(name) for name in names])
    return tokens, np.arange(longest + 1) <= lengths[:, None]


def loss_and_gradients(
    parameters: Sequence[Array], tokens: NDArray[np.int64], mask: NDArray[np.bool_]
) -> tuple[float, list[Array]]:
    """Mean nats a letter, the closing full stop included, and the gradient for each parameter."""
    *lstm, weight_out, bias_out = parameters
    x = np.eye(len(SYMBOLS))[tokens[:, :-1]]
    zeros = np.zeros((len(x), lstm[1].shape[1]))
    hs, cs = lstm_forward(x, zeros, zeros, *lstm)
    logits = hs @ weight_out.T + bias_out
    logits -= logits.max(axis=2, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    places = np.arange(len(x))[:, None], np.arange(x.shape[1]), tokens[:, 1:]
    count = mask.sum()
    loss = -float(np.sum(log_p[places] * mask) / count)
    grad_logits = np.exp(log_p)
    grad_logits[places] -= 1
    grad_logits *= mask[:, :, None] / count
    grads, _h, _c = lstm_backward(grad_logits @ weight_out, x, hs, cs, *lstm)
    flat = grad_logits.reshape(-1, len(SYMBOLS))
    return loss, [*grads, flat.T @ hs.reshape(len(flat), -1), flat.sum(axis=0)]


def train(seed: int = 0) -> tuple[list[Array], float]:
    """The trained parameters and the loss on names that they have not seen."""
    rng = np.random.default_rng(seed)
    names = first_names()
    order = rng.permutation(len(names))
    test, learned = [names[k] for k in order[:TEST]], [names[k] for k in order[TEST:]]
    bound = 1 / np.sqrt(HIDDEN)
    parameters = draw_lstm(len(SYMBOLS), HIDDEN, 1.0, rng)
    parameters += [rng.uniform(-bound, bound, (len(SYMBOLS), HIDDEN)), np.zeros(len(SYMBOLS))]
    adam = Adam(parameters, 0.01)
    steps = EPOCHS * (len(learned) // BATCH)
    for step in range(steps):
        if step % (len(learned) // BATCH) == 0:
            order = rng.permutation(len(learned))
            begin = 0
        adam.learning_rate = 0.01 * 0.5 * (1 + np.cos(np.pi * step / steps))
        rows = order[begin : begin + BATCH]
        begin += BATCH
        _loss, gradients = loss_and_gradients(parameters, *encoded([learned[k] for k in rows]))
        adam.step(gradients)
        if step % 500 == 0:
            print(f"step {step} of {steps}: {_loss:.3f} nats a letter", flush=True)
    return parameters, loss_and_gradients(parameters, *encoded(test))[0]


if __name__ == "__main__":
    trained, loss = train()
    print(f"{loss:.3f} nats a letter on {TEST} names that it has not seen")
    called = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_out", "bias_out")
    arrays: dict[str, Any] = {name: one.astype(np.float16) for name, one in zip(called, trained, strict=True)}
    np.savez_compressed(Path(__file__).with_name("letters.npz"), test_loss=np.float32(loss), **arrays)
