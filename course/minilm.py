"""The sentence encoder MiniLM in plain NumPy: from texts to vectors of 384 numbers, in float32.

The encoder of BERT, six layers deep: each lets the tokens look at each other and then works on each of them, adds what
it finds to its input, and brings the sum to mean 0 and variance 1.
Source: J. Devlin et al. 2019, "BERT"; W. Wang et al. 2020, "MiniLM: deep self-attention distillation"; N. Reimers and
I. Gurevych 2019, "Sentence-BERT", for the mean over the tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from course.weights import MiniLM

__all__ = ["encode", "sentence_vectors"]

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

# erf to 1.5e-7, by M. Abramowitz and I. Stegun, "Handbook of mathematical functions", 1964, formula 7.1.26
ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def sentence_vectors(model: MiniLM, token_lists: Sequence[Sequence[int]]) -> Array:
    """One vector of length 1 for each list of tokens: (N, 384), the mean of the encoder's answers over its tokens.

    token_lists  as WordPiece(model.vocabulary).encode gives them, with [CLS] and [SEP]; they may differ in length
    """
    lengths = np.array([len(tokens) for tokens in token_lists])
    mask = np.arange(lengths.max()) < lengths[:, None]  # (N, T) True at real tokens
    tokens = np.zeros(mask.shape, dtype=np.int64)
    tokens[mask] = np.concatenate(token_lists)
    states = encode(model, tokens, mask)
    means = (states * mask[..., None]).sum(axis=1) / lengths[:, None].astype(np.float32)
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True))


def encode(model: MiniLM, tokens: NDArray[np.int64], mask: Mask) -> Array:
    """The encoder's answer at every token: (N, T) -> (N, T, 384).

    mask  (N, T) True at the real tokens; nobody looks at the others
    """
    w = model.weights
    x = w["embeddings.word_embeddings.weight"][tokens] + w["embeddings.token_type_embeddings.weight"][0]
    x = x + w["embeddings.position_embeddings.weight"][: tokens.shape[1]]
    x = _norm(model, x, "embeddings.LayerNorm")
    for k in range(model.num_layers):
        layer = f"encoder.layer.{k}."
        x = _norm(model, x + _attention(model, layer, x, mask), f"{layer}attention.output.LayerNorm")
        wide = _gelu(_linear(model, x, f"{layer}intermediate.dense"))
        x = _norm(model, x + _linear(model, wide, f"{layer}output.dense"), f"{layer}output.LayerNorm")
    return x


def _attention(model: MiniLM, layer: str, x: Array, mask: Mask) -> Array:
    n, length, width = x.shape

    def heads(name: str) -> Array:  # (N, H, T, d)
        y = _linear(model, x, f"{layer}attention.self.{name}")
        return y.reshape(n, length, model.num_heads, -1).transpose(0, 2, 1, 3)

    q, k, v = heads("query"), heads("key"), heads("value")
    scores = q @ k.swapaxes(-1, -2) * np.float32(q.shape[-1] ** -0.5)  # (N, H, T, T)
    scores = np.where(mask[:, None, None], scores, np.float32(-np.inf))
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    merged = (weights @ v).transpose(0, 2, 1, 3).reshape(n, length, width)
    return _linear(model, merged, f"{layer}attention.output.dense")


def _linear(model: MiniLM, x: Array, name: str) -> Array:
    rows = x.reshape(-1, x.shape[-1]) @ model.weights[f"{name}.weight"].T + model.weights[f"{name}.bias"]
    return rows.reshape(*x.shape[:-1], -1)


def _norm(model: MiniLM, x: Array, name: str) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    x_hat = centred / np.sqrt(variance + np.float32(model.eps))
    return np.asarray(x_hat * model.weights[f"{name}.weight"] + model.weights[f"{name}.bias"])


def _gelu(x: Array) -> Array:
    """x times the share of the bell curve to its left."""
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    polynomial = np.zeros_like(t)
    for coefficient in reversed(ERF):
        polynomial = (polynomial + np.float32(coefficient)) * t
    beyond = np.float32(0.5) * polynomial * np.exp(-z * z)  # the share beyond |x|
    return np.asarray(x * np.where(x > 0, 1 - beyond, beyond))
