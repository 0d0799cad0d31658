"""Trains the two networks that masked_word plays, and stores what they say of each hidden letter.

    python -m course.widgets.ch06_attention.train_masked

Both read 32 characters of Python's manual, and both are as large: one sees the letters on both sides of the hidden one,
the other those to its left alone.  About a quarter of an hour of NumPy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.adam import Adam
from course.data import python_text
from course.transformer import draw_parameters, flat, logits, loss_and_gradients

__all__ = ["CONTEXT", "FILE", "NUM_HEADS", "STEP", "SYMBOLS", "TEXTS", "answers_of", "encoded"]

FILE = Path(__file__).with_name("masked.npz")
TEXTS = {
    "about a list": "the list contains three elements",
    "about a function": "a function returns another value",
    "about an error": "an exception is raised if it is ",
    "a line of code": "for x in range(10): print(x + 1)",
    "another subject": "my sister plays the old violin. ",
}
"""Text to read: 32 characters that do not stand in the manual in this order."""
CONTEXT = 32
SYMBOLS = "\n" + "".join(chr(code) for code in range(32, 127))
NUM_HEADS, D_MODEL, NUM_LAYERS = 4, 64, 3
BATCH, STEPS, RATE, WARM_UP = 32, 6000, 4e-3, 100
SHARE = 0.15  # of the characters are hidden
STEP = 1 / 16  # of the stored logits
HELD_OUT = 20_000  # characters at the end of the manual that nothing learns from

Tokens = NDArray[np.int64]
Parameters = dict[str, NDArray[np.float32]]


def encoded(text: str) -> Tokens:
    """A text as places in SYMBOLS."""
    return np.array([SYMBOLS.index(letter) for letter in text])


def train(causal: bool, steps: int = STEPS, seed: int = 0) -> Parameters:
    """The parameters of a network that names the next character (causal), or the hidden ones."""
    rng = np.random.default_rng(seed)
    text = encoded("".join(letter for letter in python_text() if letter in SYMBOLS))[:-HELD_OUT]
    parameters = draw_parameters(len(SYMBOLS) + 1, CONTEXT, D_MODEL, NUM_LAYERS, rng)
    arrays: list[Any] = flat(parameters)  # in float32, which Adam does not mind
    adam = Adam(arrays, RATE)
    for step in range(steps):
        adam.learning_rate = RATE * min((step + 1) / WARM_UP, 0.5 * (1 + np.cos(np.pi * step / steps)))
        begin = rng.integers(len(text) - CONTEXT, size=BATCH)
        targets = text[begin[:, None] + np.arange(CONTEXT + causal)]
        if causal:
            tokens, targets, counted = targets[:, :-1], targets[:, 1:], np.ones((BATCH, CONTEXT), dtype=bool)
        else:
            counted = rng.random(targets.shape) < SHARE
            tokens = np.where(counted, len(SYMBOLS), targets)
        loss, found = loss_and_gradients(parameters, tokens, targets, counted, NUM_HEADS, causal=causal)
        gradients: list[Any] = found
        adam.step(gradients)
        if step % 500 == 0 or step == steps - 1:
            print(f"{'next' if causal else 'hidden'}: step {step} of {steps}, {loss:.3f} nats a character", flush=True)
    return parameters


def answers_of(parameters: Parameters, text: str, num_heads: int = NUM_HEADS, mask_token: int = len(SYMBOLS),
               symbols: str = SYMBOLS) -> NDArray[np.float64]:  # fmt: skip
    """Logits (T, V) of a masked network for each character of a text while that character alone is hidden."""
    tokens = np.array([symbols.index(letter) for letter in text])
    tokens = np.repeat(tokens[None], len(text), axis=0)
    np.fill_diagonal(tokens, mask_token)
    found = logits(parameters, tokens, num_heads, causal=False)
    return found[np.arange(len(text)), np.arange(len(text)), : len(symbols)].astype(np.float64)


def left_answers_of(parameters: Parameters, text: str) -> NDArray[np.float64]:
    """Logits (T, V) of a causal network for each character of a text, from those before it.

    The first character has nothing before it; it gets an even distribution.
    """
    found = logits(parameters, encoded(text)[None], NUM_HEADS, causal=True)[0]
    return np.vstack([np.zeros(len(SYMBOLS)), found[:-1, : len(SYMBOLS)]]).astype(np.float64)


def held_out_loss(parameters: Parameters, causal: bool) -> float:
    """Mean nats a character on text that was not learned: of the right half of each piece, one hidden at a time."""
    text = "".join(letter for letter in python_text() if letter in SYMBOLS)[-HELD_OUT:]
    lost = []
    for begin in range(0, HELD_OUT - CONTEXT, 40 * CONTEXT):
        part = text[begin : begin + CONTEXT]
        found = left_answers_of(parameters, part) if causal else answers_of(parameters, part)
        found -= np.log(np.exp(found).sum(axis=1, keepdims=True))
        lost.append(-found[np.arange(CONTEXT), encoded(part)][CONTEXT // 2 :].mean())
    return float(np.mean(lost))


def stored(answers: NDArray[np.float64]) -> NDArray[np.int16]:
    """Logits less the largest of their row, as whole numbers of STEP; what is 20 below it is rounded up to that."""
    less = answers - answers.max(axis=-1, keepdims=True)
    return np.asarray(np.round(np.maximum(less, -20) / STEP), dtype=np.int16)


if __name__ == "__main__":
    arrays: dict[str, Any] = {}
    for name, causal in (("both", False), ("left", True)):
        trained = train(causal)
        print(f"{name}: {held_out_loss(trained, causal):.3f} nats a character on text that was not learned", flush=True)
        told = [left_answers_of(trained, text) if causal else answers_of(trained, text) for text in TEXTS.values()]
        arrays[name] = stored(np.array(told))
        arrays[f"{name}_loss"] = np.float32(held_out_loss(trained, causal))
    np.savez_compressed(FILE, **arrays)
