"""Records the fine-tuning of section 7.7; MiniLM must be installed (python -m autograder weights).

    python -m course.widgets.ch07_transfer_learning.record_words

A sentence encoder learns to tell friendly words from others, in four ways that take the same steps over the same words.
Each way has one learning rate, the best of four on words that are neither learned from nor tested on.  The accuracies
on unseen words are kept in words.npz beside this file, and beside them those of a linear probe on the features of the
same words.  It takes about half an hour on two processor cores.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from course import minilm_training as training
from course.data import word_sentiment
from course.minilm import padded, sentence_vectors
from course.tokenizers import WordPiece
from course.weights import HOW, minilm

__all__ = [
    "FILE",
    "FROZEN",
    "LABELS",
    "PATIENT",
    "PROBE_RATE",
    "PROBE_STEPS",
    "RATES",
    "SEEDS",
    "STEPS",
    "Words",
    "adapt",
    "by_heart",
    "features",
    "probe",
    "record",
    "sides",
    "words",
]

Integers = NDArray[np.int64]

FILE = Path(__file__).with_name("words.npz")
FROZEN = {"from scratch": None, "new head": "layer5", "last layers": "layer3", "whole": None}
"""The last frozen layer of each way; from scratch is the same network from random numbers."""
RATES = {
    "from scratch": (3e-5, 1e-4, 3e-4, 1e-3),
    "new head": (3e-3, 1e-2, 3e-2, 1e-1),
    "last layers": (3e-5, 1e-4, 3e-4, 1e-3),
    "whole": (1e-5, 3e-5, 1e-4, 3e-4),
}
LABELS = (4, 16, 64, 256)  # of each of the two kinds
SEEDS = 5
TRIAL = 100  # the draw by which the rates are chosen
STEPS = 60
PATIENT = 4 * STEPS  # for one more look at the network from scratch, with the most labels
BY_HEART = 16  # labels of each kind, where the network from scratch is asked for the words that it has learned
PROBE_RATE, PROBE_STEPS = 3.0, 200  # those of section 7.4: gradient descent, every step with all of the words
SHARES = (0.74, 0.84)  # families up to the first share are learned from, up to the second choose the rates


class Words(NamedTuple):
    """Tokens (N, T) with their mask, labels (N,), and the side of each word: 0 learn, 1 choose the rates, 2 test."""

    tokens: Integers
    mask: NDArray[np.bool_]
    labels: Integers
    side: NDArray[np.uint8]


def sides(texts: Sequence[str]) -> NDArray[np.uint8]:
    """A side for each word; words that begin with the same four letters are on the same one, drawn at random."""
    families, family = np.unique([text[:4] for text in texts], return_inverse=True)
    place = np.random.default_rng(0).permutation(len(families)) / len(families)
    return np.searchsorted(SHARES, place[family], side="right").astype(np.uint8)


@cache
def words() -> Words:
    """All rated words, as MiniLM reads them."""
    model = minilm()
    if model is None:
        raise SystemExit(f"The weights of MiniLM are not here; {HOW} installs them.")
    rated = word_sentiment()
    encoder = WordPiece(model.vocabulary)
    tokens, mask = padded([encoder.encode(text) for text, _ in rated])
    return Words(tokens, mask, np.array([mark for _, mark in rated]), sides([text for text, _ in rated]))


@cache
def features() -> NDArray[np.float64]:
    """What MiniLM says about each rated word (N, D), moved and scaled by the words that may be learned from."""
    given, model = words(), minilm()
    assert model is not None, "words() has said so"
    texts = [tokens[mask].tolist() for tokens, mask in zip(given.tokens, given.mask, strict=True)]
    by_length = given.mask.sum(axis=1).argsort()  # batches of one length have no filling up to pay for
    found = np.empty((len(texts), model.weights["embeddings.word_embeddings.weight"].shape[1]))
    for rows in np.array_split(by_length, len(texts) // 100 + 1):
        found[rows] = sentence_vectors(model, [texts[row] for row in rows])
    training_words = found[given.side == 0]
    centred = training_words - training_words.mean(axis=0)
    return np.asarray((found - training_words.mean(axis=0)) / np.mean(np.linalg.norm(centred, axis=1)))


def probe(labels: int, seed: int) -> float:
    """The accuracy on the words of side 2 of a linear layer on the features, learned from the words of this draw."""
    given, x = words(), features()
    rows = _drawn(labels, np.random.default_rng(seed))
    weight, bias = np.zeros((2, x.shape[1])), np.zeros(2)
    for _ in range(PROBE_STEPS):
        scores = x[rows] @ weight.T + bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        grad = (powers / powers.sum(axis=1, keepdims=True) - np.eye(2)[given.labels[rows]]) / len(rows)
        weight -= PROBE_RATE * grad.T @ x[rows]
        bias -= PROBE_RATE * grad.sum(axis=0)
    asked = given.side == 2
    return round(float(np.mean((x[asked] @ weight.T + bias).argmax(axis=1) == given.labels[asked])), 4)


def adapt(way: str, rate: float, labels: int, seed: int, steps: int = STEPS, judge: int = 2) -> float:
    """The accuracy on the words of side `judge` after learning from so many words of each kind."""
    tuned, _ = _taught(way, rate, labels, seed, steps)
    found = _accuracy(tuned, np.flatnonzero(words().side == judge))
    print(f"{way}, rate {rate:g}, {labels} labels a kind, draw {seed}, {steps} steps: {found:.3f}", file=sys.stderr)
    return found


def by_heart(rate: float, seed: int) -> float:
    """The accuracy of the network from scratch on the words that it has learned from, BY_HEART of each kind."""
    return _accuracy(*_taught("from scratch", rate, BY_HEART, seed, STEPS))


def _drawn(labels: int, rng: np.random.Generator) -> Integers:
    """The places of so many words of each kind on side 0, sorted."""
    given = words()
    pool = np.flatnonzero(given.side == 0)
    chosen = [rng.choice(np.flatnonzero(given.labels[pool] == c), labels, replace=False) for c in (0, 1)]
    return np.asarray(pool[np.sort(np.concatenate(chosen))])


def _taught(way: str, rate: float, labels: int, seed: int, steps: int) -> tuple[training.Parameters, Integers]:
    """The network after these steps, and the places of the words that it has learned from."""
    given, model = words(), minilm()
    assert model is not None, "words() has said so"
    rng = np.random.default_rng(seed)
    rows = _drawn(labels, rng)
    begun = training.begin(model, 2, rng)
    if way == "from scratch":
        begun = training.draw_parameters(begun, rng)
    layers = list(dict.fromkeys(name.split(".")[0] for name in begun))
    frozen = FROZEN[way]
    learning = layers if frozen is None else layers[layers.index(frozen) + 1 :]
    rates = {name: rate for name in begun if name.split(".")[0] in learning}
    learned = given.tokens[rows], given.mask[rows], given.labels[rows]
    return training.fine_tune(begun, *learned, rates, steps, rng), rows


def _accuracy(network: training.Parameters, rows: Integers) -> float:
    given = words()
    return round(training.accuracy(network, given.tokens[rows], given.mask[rows], given.labels[rows]), 4)


def _all(runs: Sequence[tuple[str, float, int, int, int, int]]) -> list[float]:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(adapt, *zip(*runs, strict=True)))


def record() -> dict[str, NDArray[np.float32] | NDArray[np.uint8]]:
    """Ways in the order of FROZEN.

    tried     (WAYS, 4, LABELS)      accuracies on side 1, by the rate
    rate      (WAYS,)                the one with the best mean of these
    accuracy  (WAYS, LABELS, SEEDS)  on side 2, with that rate
    patient   (SEEDS,)               from scratch, PATIENT steps, the most labels
    by_heart  (SEEDS,)               from scratch, on the BY_HEART words of each kind that it has learned from
    probe     (LABELS, SEEDS)        on side 2, of a linear probe that has learned from the same words
    side      (N,)                   of every word, in the order of word_sentiment
    """
    trials = [(way, rate, n, TRIAL, STEPS, 1) for way in FROZEN for rate in RATES[way] for n in LABELS]
    tried = np.array(_all(trials), np.float32).reshape(len(FROZEN), -1, len(LABELS))
    best = tried.mean(axis=2).argmax(axis=1)
    rate = dict(zip(FROZEN, (RATES[way][k] for way, k in zip(FROZEN, best, strict=True)), strict=True))
    runs = [(way, rate[way], n, seed, STEPS, 2) for way in FROZEN for n in LABELS for seed in range(SEEDS)]
    runs += [("from scratch", rate["from scratch"], LABELS[-1], seed, PATIENT, 2) for seed in range(SEEDS)]
    found = np.array(_all(runs), np.float32)
    return {
        "tried": tried,
        "rate": np.array(list(rate.values()), np.float32),
        "accuracy": found[:-SEEDS].reshape(len(FROZEN), len(LABELS), SEEDS),
        "patient": found[-SEEDS:],
        "by_heart": np.array([by_heart(rate["from scratch"], seed) for seed in range(SEEDS)], np.float32),
        "probe": np.array([[probe(n, seed) for seed in range(SEEDS)] for n in LABELS], np.float32),
        "side": words().side,
    }


if __name__ == "__main__":
    np.savez_compressed(FILE, allow_pickle=False, **record())
