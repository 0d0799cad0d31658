"""Runs MiniLM over a few dozen sentences for real_heads: python -m course.widgets.ch06_attention.record_heads.

Needs the optional weights (python -m autograder weights) and a few minutes.  Kept are the attention weights of four
sentences, a measure of every head for each thing that heads are said to look for, and what the model loses without it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.tokenizers import WordPiece
from course.weights import HOW, MiniLM, minilm

__all__ = ["FILE", "LEVELS", "MEASURED", "MEASURES", "PRONOUNS", "SENTENCES", "Encoder", "measured"]

FILE = Path(__file__).with_name("heads.npz")
LEVELS = 255
SENTENCES = (
    "The cat sat on the mat because it was tired.",
    "The old man saw the old dog near the house.",
    "The unbelievable storyteller spoke, and we listened.",
    "The old king thanked the queen because she was kind.",
)
"""Shown in the widget; each has 13 pieces with [CLS] and [SEP]."""

MEASURED = (
    *SENTENCES,
    "A red bird built a small nest in a tall tree.",
    "Yesterday the teacher read a long letter to the class.",
    "If you heat ice, the ice becomes water.",
    "He bought three books, but he never opened the books.",
    "The recipe calls for butter, sugar, eggs and flour.",
    "Nobody believed the photographer until the photographs appeared.",
    "We walked along the river and then across the bridge.",
    "Interest rates rose again, and prices rose again.",
    "The train to the north leaves at nine in the morning.",
    "Two musicians practised the same difficult melody for hours.",
    "Her uncle repairs old clocks and sells old furniture.",
    "The committee postponed the vote because members were absent.",
    "Stars look small because stars are far away.",
    "Children who read often write well.",
    "A good question is better than a quick answer.",
    "The microbiologist explained how antibiotics work.",
    "They painted the kitchen yellow and the bathroom green.",
    "The new mayor met the old mayor at the town hall.",
    "It rained all night, so the football match was cancelled.",
    "My neighbour grows tomatoes, beans and strawberries.",
)
"""What the measures are taken over."""

COUPLES = (
    ("boy", "girl", "called"), ("king", "queen", "thanked"), ("man", "woman", "visited"), ("son", "daughter", "met"),
)  # fmt: skip
PRONOUNS = tuple(
    (f"The {first} {did} the {second} because {pronoun} was tired.", pronoun, first if at == 0 else second,
     second if at == 0 else first)
    for he, she, did in COUPLES
    for first, second, pronouns in ((he, she, ("he", "she")), (she, he, ("she", "he")))
    for at, pronoun in enumerate(pronouns)
)  # fmt: skip
"""Sentence, pronoun, the noun that fits it, the other noun: each fits as often as subject as it does as object."""

MEASURES = (
    "the piece before", "the piece after", "the same word again", "its own word's pieces", "[CLS]",
    "the noun that fits",
)  # fmt: skip

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]
Encode = Callable[[str], tuple[list[str], Array]]


class Encoder:
    """MiniLM in NumPy, one sentence at a time."""

    def __init__(self, model: MiniLM) -> None:
        self.model = model
        self.pieces = WordPiece(model.vocabulary)

    def __call__(self, sentence: str, without: tuple[int, int] | None = None) -> tuple[list[str], Array, Array32]:
        """The pieces, the weights (layers, heads, T, T) and the sentence's vector (D,), the mean over the pieces.

        without  a layer and a head whose output is set to zero
        """
        w, heads = self.model.weights, self.model.num_heads
        tokens = self.pieces.encode(sentence)
        x = w["embeddings.word_embeddings.weight"][tokens] + w["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x + w["embeddings.position_embeddings.weight"][: len(tokens)], "embeddings.LayerNorm")
        kept = []
        for k in range(self.model.num_layers):
            layer = f"encoder.layer.{k}."
            q, key, v = (
                self._linear(x, f"{layer}attention.self.{one}").reshape(len(x), heads, -1).swapaxes(0, 1)
                for one in ("query", "key", "value")
            )
            scores = np.exp(q @ key.swapaxes(1, 2) * float(q.shape[-1] ** -0.5))
            weights = scores / scores.sum(axis=-1, keepdims=True)
            kept.append(weights)
            mixed = weights @ v
            if without and without[0] == k:
                mixed[without[1]] = 0
            mixed = mixed.swapaxes(0, 1).reshape(x.shape)
            x = x + self._linear(mixed, f"{layer}attention.output.dense")
            x = self._norm(x, f"{layer}attention.output.LayerNorm")
            up = self._linear(x, f"{layer}intermediate.dense")
            up = up * (0.5 + 0.5 * _erf(up * math.sqrt(0.5)))
            x = self._norm(x + self._linear(up, f"{layer}output.dense"), f"{layer}output.LayerNorm")
        return [self.model.vocabulary[one] for one in tokens], np.array(kept, dtype=np.float64), x.mean(axis=0)

    def _linear(self, x: Array32, name: str) -> Array32:
        return np.asarray(x @ self.model.weights[f"{name}.weight"].T + self.model.weights[f"{name}.bias"])

    def _norm(self, x: Array32, name: str) -> Array32:
        centred = x - x.mean(axis=-1, keepdims=True)
        x = centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self.model.eps)
        return np.asarray(x * self.model.weights[f"{name}.weight"] + self.model.weights[f"{name}.bias"])


def _erf(x: Array32) -> Array32:
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), dtype=np.float32)


def pairs(pieces: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """For each measure but the last the (query, key) pairs (T, T) that it counts; [CLS] and [SEP] ask nothing."""
    length = len(pieces)
    word = np.cumsum([not piece.startswith("##") for piece in pieces])
    inner = np.arange(length) % (length - 1) > 0
    ask, asked = inner[:, None], (inner[:, None] & inner)
    step = np.arange(length) - np.arange(length)[:, None]
    equal = np.array([[one == other for other in pieces] for one in pieces])
    found = [
        asked & (step == -1),
        asked & (step == 1),
        asked & equal & (step != 0),
        asked & (word[:, None] == word) & (step != 0),
        ask & (np.arange(length) == 0),
    ]
    return dict(zip(MEASURES, found, strict=False))


def measured(encode: Encode) -> Array:
    """(measures, layers, heads): the weight that goes to what a measure is about, a mean over the queries that have it.

    The last measure is taken over PRONOUNS, and is the weight of the noun that fits less that of the other; the others
    are taken over MEASURED.
    """
    totals: dict[str, list[Array]] = {name: [] for name in MEASURES}
    for sentence in MEASURED:
        pieces, weights = encode(sentence)
        for name, counted in pairs(pieces).items():
            for query in np.flatnonzero(counted.any(axis=1)):
                totals[name].append(weights[:, :, query, counted[query]].sum(axis=-1))
    for sentence, pronoun, noun, other in PRONOUNS:
        pieces, weights = encode(sentence)
        asks, right, wrong = (pieces.index(one) for one in (pronoun, noun, other))
        totals[MEASURES[-1]].append(weights[:, :, asks, right] - weights[:, :, asks, wrong])
    return np.array([np.mean(totals[name], axis=0) for name in MEASURES])


def turned(encoder: Encoder, sentences: Sequence[str]) -> Array:
    """(layers, heads): by how many degrees a sentence's vector turns without the head, as a mean."""
    found = []
    for sentence in sentences:
        whole = encoder(sentence)[2]
        angles = np.zeros((encoder.model.num_layers, encoder.model.num_heads))
        for layer, head in np.ndindex(*angles.shape):
            less = encoder(sentence, (layer, head))[2]
            cosine = float(whole @ less / np.linalg.norm(whole) / np.linalg.norm(less))
            angles[layer, head] = math.degrees(math.acos(min(1.0, cosine)))
        found.append(angles)
        print(sentence, flush=True)
    return np.asarray(np.mean(found, axis=0))


if __name__ == "__main__":
    model = minilm()
    if model is None:
        raise SystemExit(f"The weights of MiniLM are not here; {HOW} installs them.")
    encoder = Encoder(model)
    shown = [encoder(sentence) for sentence in SENTENCES]

    def encode(sentence: str) -> tuple[list[str], Array]:
        return encoder(sentence)[:2]

    found = measured(encode)
    for name, one in zip(MEASURES, found, strict=True):
        layer, head = np.unravel_index(one.argmax(), one.shape)
        print(f"{name}: {one.max():.2f} in layer {layer + 1}, head {head + 1}; all heads {one.mean():.2f}", flush=True)
    arrays: dict[str, Any] = {
        "pieces": np.array([pieces for pieces, _, _ in shown]),
        "weights": np.round(np.array([weights for _, weights, _ in shown]) * LEVELS).astype(np.uint8),
        "measures": np.round(found, 5).astype(np.float32),
        "turned": np.round(turned(encoder, MEASURED[::2]), 4).astype(np.float32),
    }
    np.savez_compressed(FILE, **arrays)
