"""A small Transformer with its gradients, ready to train: the network of chapter 6 without writing its backward pass.

One body serves two models.  With a causal mask and the next token as target it is a small GPT; without the mask, and
with hidden tokens as targets, a small BERT.  The layers are pre-norm, as in GPT-2, and the output shares the weight of
the embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LAYER", "draw_parameters", "flat", "layer_parameters", "logits", "loss_and_gradients"]

Array = NDArray[np.float32]
Parameters = dict[str, Array]

EPS = 1e-5
STD = 0.1
LAYER = (
    "norm1_gamma", "norm1_beta", "q_weight", "q_bias", "k_weight", "k_bias", "v_weight", "v_bias", "o_weight", "o_bias",
    "norm2_gamma", "norm2_beta", "up_weight", "up_bias", "down_weight", "down_bias",
)  # fmt: skip
"""The names of one layer's parameters, as chapter 6's decoder_layer takes them."""


def draw_parameters(
    vocabulary_size: int, context: int, d_model: int, num_layers: int, rng: np.random.Generator
) -> Parameters:
    """Parameters in float32: normal weights of standard deviation 0.1, and 0 biases.

    token_embedding (V, D), position_embedding (context, D), final_gamma (D,), final_beta (D,), and for each layer k
    "layer k" + a name of LAYER: weights (D_out, D_in), the feed-forward part four times as wide as d_model.
    What is added to the residual stream starts smaller, the more layers there are.  Source: A. Radford et al. 2019,
    "Language models are unsupervised multitask learners", section 2.3; their 0.02 suits networks that are wider.
    """
    wide = 4 * d_model

    def weight(rows: int, columns: int, scale: float = STD) -> Array:
        return rng.normal(0, scale, (rows, columns)).astype(np.float32)

    parameters = {
        "token_embedding": weight(vocabulary_size, d_model),
        "position_embedding": weight(context, d_model),
        "final_gamma": np.ones(d_model, np.float32),
        "final_beta": np.zeros(d_model, np.float32),
    }
    shapes = {"up_weight": (wide, d_model), "up_bias": (wide,), "down_weight": (d_model, wide)}
    into_the_sum = STD / np.sqrt(2 * num_layers)  # 2 * num_layers parts are added up along the residual stream
    for k in range(num_layers):
        for name in LAYER:
            shape = shapes.get(name, (d_model, d_model) if name.endswith("weight") else (d_model,))
            if len(shape) == 2:
                drawn = weight(*shape, into_the_sum if name in ("o_weight", "down_weight") else STD)
            else:
                drawn = np.full(shape, float(name.endswith("gamma")), np.float32)
            parameters[f"layer {k} {name}"] = drawn
    return parameters


def flat(parameters: Parameters) -> list[Array]:
    """The arrays in the order of their names, as course.adam.Adam takes them."""
    return list(parameters.values())


def layer_parameters(parameters: Parameters, k: int) -> Parameters:
    """One layer's parameters under the names of LAYER."""
    return {name: parameters[f"layer {k} {name}"] for name in LAYER}


def logits(parameters: Parameters, tokens: NDArray[np.int64], num_heads: int, *, causal: bool) -> Array:
    """Scores over the vocabulary at every position: (N, T) tokens in, (N, T, V) out."""
    return _forward(parameters, tokens, num_heads, causal)[0]


def loss_and_gradients(
    parameters: Parameters,
    tokens: NDArray[np.int64],
    targets: NDArray[np.int64],
    counted: NDArray[np.bool_],
    num_heads: int,
    *,
    causal: bool,
) -> tuple[float, list[Array]]:
    """The mean cross-entropy in nats over the counted positions, and its gradient for each parameter.

    tokens   (N, T)  what the network reads
    targets  (N, T)  what it is to say there
    counted  (N, T)  True where the answer counts
    Returns the loss and a list in the order of flat(parameters).
    """
    scores, kept = _forward(parameters, tokens, num_heads, causal)
    rows, columns = np.nonzero(counted)
    right = targets[rows, columns]
    chosen = scores[rows, columns]  # (M, V)
    shifted = chosen - chosen.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    each = np.arange(len(right))
    loss = -float(np.mean(log_p[each, right]))

    grad = np.exp(log_p)
    grad[each, right] -= 1
    grad_scores = np.zeros_like(scores)
    grad_scores[rows, columns] = grad / len(right)
    gradients = _backward(parameters, tokens, grad_scores, kept, num_heads)
    return loss, [gradients[name] for name in parameters]


def _forward(
    parameters: Parameters, tokens: NDArray[np.int64], num_heads: int, causal: bool
) -> tuple[Array, list[Any]]:
    """Scores, and what the backward pass needs: for each layer its intermediate arrays, at last those of the end."""
    length = tokens.shape[1]
    x = parameters["token_embedding"][tokens] + parameters["position_embedding"][:length]  # (N, T, D)
    mask = np.tril(np.ones((length, length), dtype=bool)) if causal else None
    kept: list[Any] = []
    for k in range(_num_layers(parameters)):
        p = layer_parameters(parameters, k)
        normed1, norm1 = _norm(x, p["norm1_gamma"], p["norm1_beta"])
        q, key, v = (_split(_linear(normed1, p, name), num_heads) for name in "qkv")  # (N, H, T, d)
        weights = _softmax(q @ key.swapaxes(-1, -2) * np.float32(q.shape[-1] ** -0.5), mask)  # (N, H, T, T)
        mixed = _merge(weights @ v)
        x = x + _linear(mixed, p, "o")
        normed2, norm2 = _norm(x, p["norm2_gamma"], p["norm2_beta"])
        up = _linear(normed2, p, "up")  # (N, T, 4D)
        share = _normal_cdf(up)
        x = x + _linear(up * share, p, "down")
        kept.append((normed1, norm1, q, key, v, weights, mixed, normed2, norm2, up, share))
    end, norm = _norm(x, parameters["final_gamma"], parameters["final_beta"])
    kept.append((end, norm))
    return end @ parameters["token_embedding"].T, kept


def _backward(
    parameters: Parameters, tokens: NDArray[np.int64], grad_scores: Array, kept: list[Any], num_heads: int
) -> Parameters:
    gradients: Parameters = {}
    end, norm = kept[-1]
    embedding = parameters["token_embedding"]
    grad_embedding = _rows(grad_scores).T @ _rows(end)
    grad = _norm_backward(grad_scores @ embedding, norm, parameters["final_gamma"], gradients, "final")
    for k in reversed(range(_num_layers(parameters))):
        p, prefix = layer_parameters(parameters, k), f"layer {k} "
        normed1, norm1, q, key, v, weights, mixed, normed2, norm2, up, share = kept[k]

        # the feed-forward part; the slope of x * share(x) is share + x times the bell curve
        grad_up = _linear_backward(grad, up * share, p, "down", gradients, prefix)
        grad_up *= share + up * np.exp(-0.5 * up * up) * np.float32(1 / np.sqrt(2 * np.pi))
        grad_normed = _linear_backward(grad_up, normed2, p, "up", gradients, prefix)
        grad = grad + _norm_backward(grad_normed, norm2, p["norm2_gamma"], gradients, f"{prefix}norm2")

        # attention
        grad_mixed = _split(_linear_backward(grad, mixed, p, "o", gradients, prefix), num_heads)
        grad_weights = grad_mixed @ v.swapaxes(-1, -2)
        inner = np.sum(grad_weights * weights, axis=-1, keepdims=True)
        grad_logits = weights * (grad_weights - inner) * np.float32(q.shape[-1] ** -0.5)
        parts = {
            "q": grad_logits @ key,
            "k": grad_logits.swapaxes(-1, -2) @ q,
            "v": weights.swapaxes(-1, -2) @ grad_mixed,
        }
        grad_normed = np.zeros_like(normed1)
        for name, part in parts.items():
            grad_normed += _linear_backward(_merge(part), normed1, p, name, gradients, prefix)
        grad = grad + _norm_backward(grad_normed, norm1, p["norm1_gamma"], gradients, f"{prefix}norm1")

    np.add.at(grad_embedding, tokens.ravel(), _rows(grad))  # a token that comes twice gets both gradients
    gradients["token_embedding"] = grad_embedding
    gradients["position_embedding"] = np.zeros_like(parameters["position_embedding"])
    gradients["position_embedding"][: tokens.shape[1]] = grad.sum(axis=0)
    return gradients


def _num_layers(parameters: Parameters) -> int:
    return sum(name.endswith("q_weight") for name in parameters)


def _rows(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])


def _linear(x: Array, p: Parameters, name: str) -> Array:
    return np.asarray(x @ p[f"{name}_weight"].T + p[f"{name}_bias"])


def _linear_backward(grad: Array, x: Array, p: Parameters, name: str, gradients: Parameters, prefix: str) -> Array:
    """Stores the gradients of weight and bias; gives that of x."""
    gradients[f"{prefix}{name}_weight"] = _rows(grad).T @ _rows(x)
    gradients[f"{prefix}{name}_bias"] = _rows(grad).sum(axis=0)
    return np.asarray(grad @ p[f"{name}_weight"])


def _norm(x: Array, gamma: Array, beta: Array) -> tuple[Array, tuple[Array, Array]]:
    """Layer norm, and what its backward pass needs: the standardised x and 1 / its standard deviation."""
    centred = x - x.mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(EPS))
    standard = centred * inverse
    return standard * gamma + beta, (standard, inverse)


def _norm_backward(grad: Array, kept: tuple[Array, Array], gamma: Array, gradients: Parameters, prefix: str) -> Array:
    standard, inverse = kept
    gradients[f"{prefix}_gamma"] = _rows(grad * standard).sum(axis=0)
    gradients[f"{prefix}_beta"] = _rows(grad).sum(axis=0)
    scaled = grad * gamma
    mean = scaled.mean(axis=-1, keepdims=True)
    along = (scaled * standard).mean(axis=-1, keepdims=True)
    return np.asarray((scaled - mean - standard * along) * inverse)


def _softmax(scores: Array, mask: NDArray[np.bool_] | None) -> Array:
    if mask is not None:
        scores = np.where(mask, scores, np.float32(-np.inf))
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=-1, keepdims=True))


def _split(x: Array, num_heads: int) -> Array:
    n, length, width = x.shape
    return x.reshape(n, length, num_heads, width // num_heads).transpose(0, 2, 1, 3)


def _merge(x: Array) -> Array:
    n, heads, length, width = x.shape
    return x.transpose(0, 2, 1, 3).reshape(n, length, heads * width)


# The error function for x >= 0 is 1 - polynomial(t) * exp(-x * x) with t = 1 / (1 + 0.3275911 x), to 1.5e-7.
# Source: M. Abramowitz and I. Stegun 1964, "Handbook of mathematical functions", 7.1.26.
ERF: Sequence[float] = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def _normal_cdf(x: Array) -> Array:
    """The share of the bell curve to the left of x, with the accuracy of float32: GELU is x times this."""
    z = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    polynomial = np.zeros_like(t)
    for coefficient in reversed(ERF):
        polynomial = (polynomial + np.float32(coefficient)) * t
    upper = np.float32(0.5) * polynomial * np.exp(-z * z)  # the share beyond |x|
    return np.asarray(np.where(x > 0, 1 - upper, upper))
