"""MiniLM and SmolLM2 in PyTorch's own functions, and what chapter 6 shows of them where the weights are not installed.

    python -m tests.ch06_oracles

writes both recordings beside the widgets, on the CPU in float64.  Nothing here is taken from the model answers:
attention, norms and bends are those of torch.nn.functional, and positions are turned as complex numbers.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import (
    embedding,
    gelu,
    layer_norm,
    linear,
    rms_norm,
    scaled_dot_product_attention,
    silu,
)

from course.tokenizers import BytePairs, WordPiece
from course.weights import MiniLM, SmolLM2, Weights, minilm, smollm2
from tests.conftest import ROOT

FOLDER = ROOT / "course" / "widgets" / "ch06_attention"
MINILM_FILE, SMOLLM2_FILE = FOLDER / "minilm_reference.npz", FOLDER / "smollm2_reference.npz"
SENTENCES = (
    "The cat sleeps on the sofa.",
    "A kitten is napping on the couch.",
    "The stock market fell sharply on Monday.",
    "Shares lost a lot of value at the beginning of the week.",
    "How do I bake bread without yeast?",
    "A recipe for a loaf that needs no yeast.",
)
BEGINNINGS = (
    "Once upon a time, there was a little",
    "The capital of France is",
    "Water boils at a temperature of",
)
COUNT = 24  # new tokens after each beginning
EVERY = 100  # one logit in so many is stored


Tensors = dict[str, torch.Tensor]


def tensors(weights: Weights, dtype: torch.dtype) -> Tensors:
    """The weights for PyTorch, as copies."""
    return {name: torch.tensor(array, dtype=dtype) for name, array in weights.items()}


def minilm_features(model: MiniLM, arrays: Tensors, tokens: list[int]) -> torch.Tensor:
    """(T, 384) the features of each token, in the precision of the arrays."""

    def normed(x: torch.Tensor, name: str) -> torch.Tensor:
        return layer_norm(
            x, x.shape[-1:], arrays[f"{name}.LayerNorm.weight"], arrays[f"{name}.LayerNorm.bias"], model.eps
        )

    def layer(x: torch.Tensor, name: str) -> torch.Tensor:
        return linear(x, arrays[f"{name}.weight"], arrays[f"{name}.bias"])

    x = embedding(torch.tensor(tokens), arrays["embeddings.word_embeddings.weight"])
    x = x + arrays["embeddings.position_embeddings.weight"][: len(tokens)]
    x = normed(x + arrays["embeddings.token_type_embeddings.weight"][0], "embeddings")
    for k in range(model.num_layers):
        at = f"encoder.layer.{k}"
        q, key, v = (layer(x, f"{at}.attention.self.{name}") for name in ("query", "key", "value"))
        heads = (one.unflatten(-1, (model.num_heads, -1)).transpose(0, 1) for one in (q, key, v))
        mixed = scaled_dot_product_attention(*heads).transpose(0, 1).flatten(1)
        x = normed(x + layer(mixed, f"{at}.attention.output.dense"), f"{at}.attention.output")
        x = normed(x + layer(gelu(layer(x, f"{at}.intermediate.dense")), f"{at}.output.dense"), f"{at}.output")
    return x


def turned(x: torch.Tensor, base: float) -> torch.Tensor:
    """(..., T, d): neighbouring pairs as complex numbers, times a number of length 1 for each position."""
    length, d = x.shape[-2:]
    rates = base ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
    angles = torch.outer(torch.arange(length, dtype=torch.float64), rates)
    numbers = torch.view_as_complex(x.double().unflatten(-1, (d // 2, 2)).contiguous())
    return torch.view_as_real(numbers * torch.polar(torch.ones_like(angles), angles)).flatten(-2).to(x.dtype)


def smollm2_logits(model: SmolLM2, arrays: Tensors, tokens: list[int]) -> torch.Tensor:
    """(T, 49152) the logits at each position, in the precision of the arrays."""

    def array(name: str) -> torch.Tensor:
        return arrays[f"{name}.weight"]

    def normed(x: torch.Tensor, name: str) -> torch.Tensor:
        return rms_norm(x, x.shape[-1:], array(name), model.eps)

    vocabulary = array("token_embd")
    x = embedding(torch.tensor(tokens), vocabulary)
    d = x.shape[-1] // model.num_heads
    for k in range(model.num_layers):
        at = f"blk.{k}"
        z = normed(x, f"{at}.attn_norm")
        q, key, v = (linear(z, array(f"{at}.attn_{name}")).unflatten(-1, (-1, d)).transpose(0, 1) for name in "qkv")
        q, key = turned(q, model.rotary_base), turned(key, model.rotary_base)
        mixed = scaled_dot_product_attention(q[None], key[None], v[None], is_causal=True, enable_gqa=True)[0]
        x = x + linear(mixed.transpose(0, 1).flatten(1), array(f"{at}.attn_output"))
        z = normed(x, f"{at}.ffn_norm")
        hidden = silu(linear(z, array(f"{at}.ffn_gate"))) * linear(z, array(f"{at}.ffn_up"))
        x = x + linear(hidden, array(f"{at}.ffn_down"))
    return linear(normed(x, "output_norm"), vocabulary)


def similarities(features: list[torch.Tensor]) -> torch.Tensor:
    """The cosines of the angles between the sentences' mean features."""
    means = torch.stack([one.mean(dim=0) for one in features])
    return torch.nn.functional.cosine_similarity(means[:, None], means[None], dim=-1)


def continued(model: SmolLM2, arrays: Tensors, tokens: list[int], count: int) -> list[int]:
    """The tokens and count more, each the most probable one, all computed anew for each token."""
    tokens = list(tokens)
    for _ in range(count):
        tokens.append(int(smollm2_logits(model, arrays, tokens)[-1].argmax()))
    return tokens


def record_minilm(model: MiniLM) -> dict[str, np.ndarray]:
    words = WordPiece(model.vocabulary)
    tokens = [words.encode(sentence) for sentence in SENTENCES]
    precise = tensors(model.weights, torch.float64)
    features = [minilm_features(model, precise, one) for one in tokens]
    arrays = {"sentences": np.array(SENTENCES), "similarity": similarities(features).numpy()}
    for k in range(2):
        arrays |= {f"tokens {k}": np.array(tokens[k]), f"features {k}": features[k].numpy()}
    return arrays


def record_smollm2(model: SmolLM2) -> dict[str, np.ndarray]:
    pairs = BytePairs(model.vocabulary, model.merges)
    tokens = [pairs.encode(text) for text in BEGINNINGS]
    precise = tensors(model.weights, torch.float64)
    arrays = {
        "beginnings": np.array(BEGINNINGS),
        "texts": np.array([pairs.decode(continued(model, precise, one, COUNT)) for one in tokens]),
    }
    for k, one in enumerate(tokens):
        arrays[f"logits {k}"] = smollm2_logits(model, precise, one)[:, ::EVERY].numpy().astype(np.float32)
    return arrays


if __name__ == "__main__":
    torch.set_num_threads(1)
    encoder, decoder = minilm(), smollm2()
    assert encoder is not None, "the weights are not installed"
    assert decoder is not None, "the weights are not installed"
    np.savez_compressed(MINILM_FILE, **record_minilm(encoder))
    np.savez_compressed(SMOLLM2_FILE, **record_smollm2(decoder))
    for file in (MINILM_FILE, SMOLLM2_FILE):
        print(f"{file.name}: {file.stat().st_size:,} bytes")
    with np.load(MINILM_FILE) as stored:
        print(stored["similarity"].round(3))
    with np.load(SMOLLM2_FILE) as stored:
        print("\n".join(map(repr, stored["texts"].tolist())))
