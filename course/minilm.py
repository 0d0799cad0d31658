"""The sentence encoder MiniLM in plain NumPy: from texts to vectors of 384 numbers, in float32.

The encoder of BERT, six layers deep: each lets the tokens look at each other and then works on each of them, adds what
it finds to its input, and brings the sum to mean 0 and variance 1.  Each part stands beside its way back, which
course/minilm_training.py takes.
Source: J. Devlin et al. 2019, "BERT"; W. Wang et al. 2020, "MiniLM: deep self-attention distillation"; N. Reimers and
I. Gurevych 2019, "Sentence-BERT", for the mean over the tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from course.weights import MiniLM

__all__ = [
    "EMBEDDINGS", "Kept", "Normed", "embed", "embed_backward", "encode", "layer_backward", "layer_forward",
    "mean_states", "padded", "sentence_vectors",
]  # fmt: skip

Array = NDArray[Any]  # float32, and float64 where gradients are tested
Mask = NDArray[np.bool_]

EMBEDDINGS = ("word_embeddings", "position_embeddings", "token_type_embeddings")

# erf to 1.5e-7, by M. Abramowitz and I. Stegun, "Handbook of mathematical functions", 1964, formula 7.1.26
ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


class Normed(NamedTuple):
    """What the way back through a layer norm needs: the standardised x, and 1 / its standard deviation."""

    standard: Array
    inverse: Array


class Kept(NamedTuple):
    """What the way back through a layer needs of the way there."""

    x: Array  # (N, T, D)
    q: Array  # (N, H, T, d)
    k: Array
    v: Array
    weights: Array  # (N, H, T, T)
    merged: Array  # (N, T, D) what the heads found, side by side
    norm1: Normed
    middle: Array  # (N, T, D) after attention and its norm
    wide: Array  # (N, T, 4 D) before GELU
    share: Array  # of the bell curve to the left of wide
    norm2: Normed


def sentence_vectors(model: MiniLM, token_lists: Sequence[Sequence[int]]) -> Array:
    """One vector of length 1 for each list of tokens: (N, 384), the mean of the encoder's answers over its tokens.

    token_lists  as WordPiece(model.vocabulary).encode gives them, with [CLS] and [SEP]; they may differ in length
    """
    tokens, mask = padded(token_lists)
    means = mean_states(encode(model, tokens, mask), mask)
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True))


def padded(token_lists: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], Mask]:
    """Lists of tokens as one table (N, T), shorter ones filled up with 0, and a mask (N, T), True at real tokens."""
    lengths = np.array([len(tokens) for tokens in token_lists])
    mask = np.arange(lengths.max()) < lengths[:, None]
    tokens = np.zeros(mask.shape, dtype=np.int64)
    tokens[mask] = np.concatenate(token_lists)
    return tokens, mask


def mean_states(states: Array, mask: Mask) -> Array:
    """The mean over the real tokens: (N, T, D) -> (N, D)."""
    return np.asarray((states * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True).astype(states.dtype))


def encode(model: MiniLM, tokens: NDArray[np.int64], mask: Mask) -> Array:
    """The encoder's answer at every token: (N, T) -> (N, T, 384).

    mask  (N, T) True at the real tokens; nobody looks at the others
    """
    x, _ = embed(model.weights, tokens, model.eps)
    for k in range(model.num_layers):
        prefix = f"encoder.layer.{k}."
        layer = {name.removeprefix(prefix): array for name, array in model.weights.items() if name.startswith(prefix)}
        x, _ = layer_forward(layer, x, mask, model.num_heads, model.eps)
    return x


def embed(weights: Mapping[str, Array], tokens: NDArray[np.int64], eps: float) -> tuple[Array, Normed]:
    """What goes into the first layer: (N, T) -> (N, T, D); a vector for the token and one for its place, normed."""
    x = weights["embeddings.word_embeddings.weight"][tokens] + weights["embeddings.token_type_embeddings.weight"][0]
    x = x + weights["embeddings.position_embeddings.weight"][: tokens.shape[1]]
    return _norm(weights, x, "embeddings.LayerNorm", eps)


def embed_backward(
    weights: Mapping[str, Array], grad: Array, tokens: NDArray[np.int64], normed: Normed
) -> dict[str, Array]:
    """The gradients of the embeddings' arrays, from that at what goes into the first layer."""
    found: dict[str, Array] = {}
    grad = _norm_backward(weights, grad, normed, "embeddings.LayerNorm", found)
    words, places, kinds = (np.zeros_like(weights[f"embeddings.{one}.weight"]) for one in EMBEDDINGS)
    np.add.at(words, tokens.ravel(), grad.reshape(-1, grad.shape[-1]))  # a token that comes twice gets both gradients
    places[: tokens.shape[1]] = grad.sum(axis=0)
    kinds[0] = grad.sum(axis=(0, 1))
    return found | {
        f"embeddings.{one}.weight": array for one, array in zip(EMBEDDINGS, (words, places, kinds), strict=True)
    }


def layer_forward(layer: Mapping[str, Array], x: Array, mask: Mask, num_heads: int, eps: float) -> tuple[Array, Kept]:
    """One layer: (N, T, D) -> (N, T, D), and what the way back needs.

    layer  its arrays by what follows encoder.layer.k. in the file, such as attention.self.query.weight
    """
    q, k, v = (
        _split_heads(_linear(layer, x, f"attention.self.{name}"), num_heads) for name in ("query", "key", "value")
    )
    scores = q @ k.swapaxes(-1, -2) * np.float32(q.shape[-1] ** -0.5)  # (N, H, T, T)
    scores = np.where(mask[:, None, None], scores, np.float32(-np.inf))
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    merged = (weights @ v).transpose(0, 2, 1, 3).reshape(x.shape)
    attended = _linear(layer, merged, "attention.output.dense")
    middle, norm1 = _norm(layer, x + attended, "attention.output.LayerNorm", eps)
    wide = _linear(layer, middle, "intermediate.dense")
    share = _normal_cdf(wide)
    y, norm2 = _norm(layer, middle + _linear(layer, wide * share, "output.dense"), "output.LayerNorm", eps)
    return y, Kept(x, q, k, v, weights, merged, norm1, middle, wide, share, norm2)


def layer_backward(
    layer: Mapping[str, Array], grad: Array, kept: Kept, num_heads: int
) -> tuple[Array, dict[str, Array]]:
    """From the gradient at a layer's output to that at its input, and the gradients of its arrays."""
    found: dict[str, Array] = {}
    # the wide part; the slope of x * share(x) is share + x times the bell curve
    grad = _norm_backward(layer, grad, kept.norm2, "output.LayerNorm", found)
    grad_wide = _linear_backward(layer, grad, kept.wide * kept.share, "output.dense", found)
    bell = np.exp(np.float32(-0.5) * kept.wide * kept.wide) * np.float32((2 * np.pi) ** -0.5)
    grad_wide *= kept.share + kept.wide * bell
    grad = grad + _linear_backward(layer, grad_wide, kept.middle, "intermediate.dense", found)

    # attention
    grad = _norm_backward(layer, grad, kept.norm1, "attention.output.LayerNorm", found)
    grad_merged = _linear_backward(layer, grad, kept.merged, "attention.output.dense", found)
    grad_heads = _split_heads(grad_merged, num_heads)
    grad_weights = grad_heads @ kept.v.swapaxes(-1, -2)
    inner = np.sum(grad_weights * kept.weights, axis=-1, keepdims=True)
    grad_scores = kept.weights * (grad_weights - inner) * np.float32(kept.q.shape[-1] ** -0.5)  # 0 where hidden
    parts = {
        "query": grad_scores @ kept.k,
        "key": grad_scores.swapaxes(-1, -2) @ kept.q,
        "value": kept.weights.swapaxes(-1, -2) @ grad_heads,
    }
    for name, part in parts.items():
        merged = part.transpose(0, 2, 1, 3).reshape(kept.x.shape)
        grad = grad + _linear_backward(layer, merged, kept.x, f"attention.self.{name}", found)
    return grad, found


def _split_heads(x: Array, num_heads: int) -> Array:
    """(N, T, D) -> (N, H, T, d): each head its own part of the features."""
    n, length, width = x.shape
    return x.reshape(n, length, num_heads, width // num_heads).transpose(0, 2, 1, 3)


def _linear(weights: Mapping[str, Array], x: Array, name: str) -> Array:
    rows = x.reshape(-1, x.shape[-1]) @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return rows.reshape(*x.shape[:-1], -1)


def _linear_backward(weights: Mapping[str, Array], grad: Array, x: Array, name: str, found: dict[str, Array]) -> Array:
    """Stores the gradients of weight and bias; gives that of x."""
    rows = grad.reshape(-1, grad.shape[-1])
    found[f"{name}.weight"] = rows.T @ x.reshape(-1, x.shape[-1])
    found[f"{name}.bias"] = rows.sum(axis=0)
    return (rows @ weights[f"{name}.weight"]).reshape(x.shape)


def _norm(weights: Mapping[str, Array], x: Array, name: str, eps: float) -> tuple[Array, Normed]:
    centred = x - x.mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + np.float32(eps))
    standard = centred * inverse
    return np.asarray(standard * weights[f"{name}.weight"] + weights[f"{name}.bias"]), Normed(standard, inverse)


def _norm_backward(
    weights: Mapping[str, Array], grad: Array, kept: Normed, name: str, found: dict[str, Array]
) -> Array:
    axes = tuple(range(grad.ndim - 1))
    found[f"{name}.weight"] = (grad * kept.standard).sum(axis=axes)
    found[f"{name}.bias"] = grad.sum(axis=axes)
    scaled = grad * weights[f"{name}.weight"]
    along = (scaled * kept.standard).mean(axis=-1, keepdims=True)
    return np.asarray((scaled - scaled.mean(axis=-1, keepdims=True) - kept.standard * along) * kept.inverse)


def _normal_cdf(x: Array) -> Array:
    """The share of the bell curve to the left of x: GELU is x times this."""
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    polynomial = np.zeros_like(t)
    for coefficient in reversed(ERF):
        polynomial = (polynomial + np.float32(coefficient)) * t
    beyond = np.float32(0.5) * polynomial * np.exp(-z * z)  # the share beyond |x|
    return np.asarray(np.where(x > 0, 1 - beyond, beyond))
