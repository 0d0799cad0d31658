"""Asks SmolLM2 for the next tokens that next_token plays: python -m course.widgets.ch06_attention.record_next_tokens.

Needs the optional weights (python -m autograder weights) and a quarter of an hour.  For each prompt the logits of the
1,000 most probable tokens are kept, of 49,152; and for each setting of temperature, top-k and top-p five continuations,
drawn with the same five rows of random numbers, from the 1,000 most probable tokens at every step.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.tokenizers import BytePairs
from course.weights import HOW, SmolLM2, smollm2

__all__ = [
    "DRAWS", "FILE", "KEPT", "LOGIT_STEP", "NAMED", "NEW_TOKENS", "PROMPTS", "TEMPERATURES", "TOP_K", "TOP_P",
    "Decoder", "chances", "drawn", "uniforms",
]  # fmt: skip

FILE = Path(__file__).with_name("next_tokens.json")
PROMPTS = (
    "The capital of France is",
    "Monday, Tuesday, Wednesday,",
    "She opened the door and saw",
    "Once upon a time there was a",
    "I would like to",
)
KEPT, NAMED, DRAWS, NEW_TOKENS = 1000, 12, 5, 8
TEMPERATURES = (0.0, 0.2, 0.5, 0.8, 1.0, 1.3, 1.8, 3.0)
TOP_K = (3, 10, 50, KEPT)
TOP_P = (0.5, 0.8, 0.95, 1.0)
LOGIT_STEP = 1 / 64
END = 2  # the token <|im_end|>

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]


class Decoder:
    """SmolLM2 in NumPy, for a batch of equally long texts: new tokens in, logits of the next out; the cache grows."""

    def __init__(self, model: SmolLM2) -> None:
        self.model = model
        width = model.weights["token_embd.weight"].shape[1]
        self.size = width // model.num_heads
        self.rates = model.rotary_base ** (-np.arange(0, self.size, 2) / self.size)

    def __call__(self, tokens: NDArray[np.int64], cache: list[Any] | None) -> tuple[Array32, list[Any]]:
        """tokens (N, T) after those in the cache -> logits (N, V) at the last of them, and the new cache."""
        weights = self.model.weights
        x = weights["token_embd.weight"][tokens]
        past = cache[0][0].shape[2] if cache else 0
        grown = []
        for k in range(self.model.num_layers):
            layer = f"blk.{k}."
            a = self._norm(x, weights[f"{layer}attn_norm.weight"])
            q, key, v = (
                (a @ weights[f"{layer}attn_{one}.weight"].T).reshape(*a.shape[:2], -1, self.size).swapaxes(1, 2)
                for one in "qkv"
            )
            q, key = self._turned(q, past), self._turned(key, past)
            if cache:
                key, v = (np.concatenate([old, new], axis=2) for old, new in zip(cache[k], (key, v), strict=True))
            grown.append((key, v))
            shared = self.model.num_heads // self.model.num_kv_heads
            key, v = (np.repeat(one, shared, axis=1) for one in (key, v))
            scores = q @ key.swapaxes(-1, -2) * float(self.size**-0.5)
            hidden = np.arange(key.shape[2]) > past + np.arange(tokens.shape[1])[:, None]
            scores = np.exp(np.where(hidden, np.float32(-np.inf), scores - scores.max(axis=-1, keepdims=True)))
            mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ v
            x = x + mixed.swapaxes(1, 2).reshape(a.shape) @ weights[f"{layer}attn_output.weight"].T
            a = self._norm(x, weights[f"{layer}ffn_norm.weight"])
            gate = a @ weights[f"{layer}ffn_gate.weight"].T
            gated = gate / (1 + np.exp(-gate)) * (a @ weights[f"{layer}ffn_up.weight"].T)
            x = x + gated @ weights[f"{layer}ffn_down.weight"].T
        end = self._norm(x[:, -1], weights["output_norm.weight"])
        return end @ weights["token_embd.weight"].T, grown

    def _norm(self, x: Array32, gamma: Array32) -> Array32:
        return np.asarray(x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + self.model.eps) * gamma)

    def _turned(self, x: Array32, past: int) -> Array32:
        """Neighbouring pairs turned by their positions; x (N, H, T, d)."""
        angles = np.outer(past + np.arange(x.shape[2]), self.rates)
        cos, sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        turned = np.empty_like(x)
        turned[..., 0::2] = x[..., 0::2] * cos - x[..., 1::2] * sin
        turned[..., 1::2] = x[..., 0::2] * sin + x[..., 1::2] * cos
        return turned


def chances(logits: Array, temperature: float, top_k: int, top_p: float) -> Array:
    """Probabilities (V,) after temperature, top-k and top-p, of logits in falling order; the crossing token is kept."""
    if temperature == 0:
        return np.asarray((np.arange(len(logits)) == 0).astype(float))
    p = np.exp((logits - logits[0]) / temperature)
    p[top_k:] = 0
    p /= p.sum()
    if top_p < 1:
        p[np.cumsum(p) - p >= top_p] = 0
    return np.asarray(p / p.sum())


def drawn(p: Array, u: float) -> int:
    """The first place up to which the probabilities add up to more than u."""
    return min(int(np.searchsorted(np.cumsum(p), u, side="right")), int(np.flatnonzero(p)[-1]))


def uniforms() -> Array:
    """(DRAWS, NEW_TOKENS) random numbers in [0, 1), the same for every prompt and every setting."""
    return np.random.default_rng(3).random((DRAWS, NEW_TOKENS)).round(4)


def settings() -> list[tuple[float, int, float]]:
    """All settings in the order of the file; at temperature 0 there is one."""
    hot = [(t, k, p) for t in TEMPERATURES[1:] for k in TOP_K for p in TOP_P]
    return [(0.0, KEPT, 1.0), *hot]


def _most_probable(logits: Array32) -> tuple[NDArray[np.int64], Array]:
    """The KEPT most probable tokens and their logits, in falling order and in whole LOGIT_STEPs below the largest."""
    tokens = np.argpartition(-logits, KEPT)[:KEPT]
    tokens = tokens[np.argsort(-logits[tokens], kind="stable")]
    found = logits[tokens].astype(np.float64)
    return tokens, np.round((found - found[0]) / LOGIT_STEP) * LOGIT_STEP


def record(decoder: Decoder, text: BytePairs, prompt: str) -> dict[str, Any]:
    """What the widget needs of one prompt."""
    begin = text.encode(prompt)
    logits, cache = decoder(np.array([begin]), None)
    tokens, kept = _most_probable(logits[0])
    p = np.exp((logits[0] - logits[0].max()).astype(np.float64))
    print(f"{prompt!r}: {[text.decode([int(one)]) for one in tokens[:6]]}", flush=True)

    # texts that are equal so far are continued once: `rows` says where each setting's draws are among them
    told = settings()
    u = uniforms()
    found: list[list[int]] = [[] for _ in range(len(told) * DRAWS)]
    rows = np.zeros(len(found), dtype=int)
    for step in range(NEW_TOKENS):
        likely = [_most_probable(one) for one in logits]
        ends = []
        for place, (row, one) in enumerate(zip(rows, found, strict=True)):
            if one and one[-1] == END:
                ends.append((int(row), END))
                continue
            setting, draw = divmod(place, DRAWS)
            choice = drawn(chances(likely[row][1], *told[setting]), float(u[draw, step]))
            one.append(int(likely[row][0][choice]))
            ends.append((int(row), one[-1]))
        different = sorted(set(ends))
        rows = np.array([different.index(end) for end in ends])
        parents = [row for row, _ in different]
        cache = [(key[parents], v[parents]) for key, v in cache]
        print(f"  {step + 1}: {len(different)} texts", flush=True)
        if step < NEW_TOKENS - 1:
            logits, cache = decoder(np.array([[token] for _, token in different]), cache)
    said = [text.decode(one[:-1]) + " [end]" if one[-1] == END else text.decode(one) for one in found]
    said = [" ".join(one.replace("\n", " ⏎ ").split()) for one in said]
    different_texts = sorted(set(said))
    return {
        "prompt": prompt,
        "names": [text.decode([int(one)]) for one in tokens[:NAMED]],
        "logits": [int(one) for one in np.round(kept / LOGIT_STEP)],
        "kept": round(float(p[tokens].sum() / p.sum()), 4),
        "texts": different_texts,
        "drawn": [different_texts.index(one) for one in said],
    }


if __name__ == "__main__":
    model = smollm2()
    if model is None:
        raise SystemExit(f"The weights of SmolLM2 are not here; {HOW} installs them.")
    decoder, pieces = Decoder(model), BytePairs(model.vocabulary, model.merges)
    recorded = [record(decoder, pieces, prompt) for prompt in PROMPTS]
    FILE.write_text(json.dumps(recorded, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
