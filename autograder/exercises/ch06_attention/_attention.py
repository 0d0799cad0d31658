"""What the exercises on attention and the Transformer's layers share: inputs, the parts in NumPy, PyTorch's layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = [
    "attended",
    "bent",
    "best_hidden",
    "checked_mask",
    "draw_mask",
    "draw_qkv",
    "into_heads",
    "joined",
    "looked_up",
    "projected",
    "random_layer",
    "softened",
    "standardised",
    "through",
    "torch_attention",
    "torch_layer",
]  # fmt: skip


def checked_mask(answer: Any) -> np.ndarray:
    """The mask that was returned, as ones and zeros; ValueError where it is no array of booleans, which ~ needs."""
    if not isinstance(answer, np.ndarray):
        raise ValueError(f"it is a {type(answer).__name__}; wrap it in np.array")
    if answer.dtype != bool:
        raise ValueError(f"it holds numbers from {answer.min():g} to {answer.max():g}; a mask holds booleans")
    return answer.astype(float)


def draw_qkv(
    rng: np.random.Generator, leading: tuple[int, ...], queries: int, keys: int, d_k: int, d_v: int, scale: float = 1.0
) -> dict[str, Any]:
    """Queries and keys (times scale) and values, none of them with mean 0."""
    return {
        "q": scale * rng.normal(0.2, 1.0, (*leading, queries, d_k)),
        "k": scale * rng.normal(-0.3, 1.0, (*leading, keys, d_k)),
        "v": rng.normal(0.5, 1.0, (*leading, keys, d_v)),
    }


def draw_mask(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Booleans, about half of them True; every query may look at one key at least and misses one at least."""
    mask = rng.random(shape) < 0.5
    seen = rng.integers(0, shape[-1], shape[:-1])
    hidden = (seen + rng.integers(1, shape[-1], shape[:-1])) % shape[-1]
    np.put_along_axis(mask, seen[..., None], True, axis=-1)
    np.put_along_axis(mask, hidden[..., None], False, axis=-1)
    return mask


def best_hidden(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs with a mask that hides from every query the key that fits best, and no other."""
    scores = inputs["q"] @ inputs["k"].swapaxes(-1, -2)
    return inputs | {"mask": scores < np.max(scores, axis=-1, keepdims=True)}


def random_layer(rng: np.random.Generator, d_model: int, hidden: int = 0) -> dict[str, np.ndarray]:
    """The parameters of multi-head attention; with hidden, those of the feed-forward part and of both norms, too."""
    shapes = {f"{name}_weight": (d_model, d_model) for name in "qkvo"}
    if hidden:
        shapes |= {"up_weight": (hidden, d_model), "down_weight": (d_model, hidden)}
    drawn = {}
    for name, shape in shapes.items():
        drawn[name] = rng.normal(0.0, 1.2 / shape[1] ** 0.5, shape)
        drawn[name.replace("weight", "bias")] = rng.normal(0.3, 0.5, shape[0])
    if hidden:
        for norm in ("norm1", "norm2"):
            drawn[f"{norm}_gamma"] = rng.normal(1.2, 0.4, d_model)
            drawn[f"{norm}_beta"] = rng.normal(0.4, 0.6, d_model)
    return drawn


def softened(scores, mask=None):
    """The softmax over the keys; 0 where the mask hides a key, and everywhere in a row that sees none."""
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    top = np.max(scores, axis=-1, keepdims=True)
    grown = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
    total = np.sum(grown, axis=-1, keepdims=True)
    return grown / np.where(total > 0, total, 1.0)


def looked_up(q, k, v, mask=None, scale=None):
    """Attention; scale is what the scores are multiplied by, one over the root of d_k if nothing else is said."""
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    return softened(scale * (q @ k.swapaxes(-1, -2)), mask) @ v


def into_heads(x, num_heads):
    """(N, T, D) into heads (N, H, T, D / H)."""
    return np.stack(np.split(x, num_heads, axis=-1), axis=1)


def joined(x):
    """Heads (N, H, T, d) side by side (N, T, H * d)."""
    return np.concatenate(list(np.moveaxis(x, 1, 0)), axis=-1)


def projected(x, parameters, name):
    """x through the linear layer of this name."""
    return x @ parameters[f"{name}_weight"].T + parameters[f"{name}_bias"]


def attended(x, context, parameters, num_heads, mask=None):
    """Multi-head attention."""
    q = into_heads(projected(x, parameters, "q"), num_heads)
    k, v = (into_heads(projected(context, parameters, name), num_heads) for name in "kv")
    return projected(joined(looked_up(q, k, v, None if mask is None else mask[..., None, :, :])), parameters, "o")


def standardised(x, parameters, name, eps):
    """x through the layer norm of this name."""
    away = x - np.mean(x, axis=-1, keepdims=True)
    spread = np.sqrt(np.mean(away**2, axis=-1, keepdims=True) + eps)
    return away / spread * parameters[f"{name}_gamma"] + parameters[f"{name}_beta"]


def bent(x):
    """GELU, with the error function of Python's standard library."""
    numbers = (x / math.sqrt(2)).ravel().tolist()
    return 0.5 * x * (1 + np.fromiter(map(math.erf, numbers), float, x.size).reshape(x.shape))


def through(x, parameters):
    """The feed-forward part."""
    return projected(bent(projected(x, parameters, "up")), parameters, "down")


def torch_attention(made: Any, parameters: Any) -> Any:
    """A torch.nn.MultiheadAttention, returned with these parameters copied in."""
    import torch

    with torch.no_grad():
        made.in_proj_weight.copy_(torch.cat([parameters[f"{name}_weight"] for name in "qkv"]))
        made.in_proj_bias.copy_(torch.cat([parameters[f"{name}_bias"] for name in "qkv"]))
        made.out_proj.weight.copy_(parameters["o_weight"])
        made.out_proj.bias.copy_(parameters["o_bias"])
    return made


def torch_layer(parameters: Any, num_heads: int, eps: float, *, norm_first: bool) -> Any:
    """A torch.nn.TransformerEncoderLayer with these parameters copied in."""
    import torch

    hidden, d_model = parameters["up_weight"].shape
    made = torch.nn.TransformerEncoderLayer(
        d_model, num_heads, hidden, dropout=0.0, activation="gelu", layer_norm_eps=eps, batch_first=True,
        norm_first=norm_first, device=parameters["up_weight"].device,
    )  # fmt: skip
    torch_attention(made.self_attn, parameters)
    with torch.no_grad():
        for own, name in ((made.linear1, "up"), (made.linear2, "down")):
            own.weight.copy_(parameters[f"{name}_weight"])
            own.bias.copy_(parameters[f"{name}_bias"])
        for own, name in ((made.norm1, "norm1"), (made.norm2, "norm2")):
            own.weight.copy_(parameters[f"{name}_gamma"])
            own.bias.copy_(parameters[f"{name}_beta"])
    return made
