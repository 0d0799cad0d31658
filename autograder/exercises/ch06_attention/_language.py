"""What the exercises on language models share: a log-softmax, coarse statistics, and a small writer in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.spec import Rng

__all__ = ["beyond_chance", "log_shares", "picked_loss", "rng_of", "small_writer", "written_by_torch"]


def log_shares(scores, axis=-1):
    """The logarithm of the softmax."""
    shifted = scores - np.max(scores, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def picked_loss(log_p, right):
    """-ln p of the right token at every place: (..., V) and (...) to (...)."""
    return -np.take_along_axis(log_p, right[..., None], axis=-1)[..., 0]


def beyond_chance(errors: Any) -> Any:
    """1 where a number of standard errors is above 6, -1 below -6, otherwise 0."""
    return np.sign(np.rint(np.asarray(errors) / 12)) + 0.0  # never -0


def rng_of(rng: np.random.Generator) -> Rng:
    """A generator among a case's inputs."""
    return Rng(int(rng.integers(2**32)))


def small_writer(rng: np.random.Generator, size: int, length: int) -> dict[str, Any]:
    """A model in three arrays: what each token calls for, what each place calls for, and how fast it forgets.

    The logits after tokens 0 to t are place[t] + sum over s of keep^(t - s) * table[token s].
    """
    return {
        "table": rng.normal(0.0, 1.0, (size, size)),
        "place": rng.normal(0.0, 1.5, (length, size)),
        "keep": float(rng.uniform(0.6, 0.9)),
    }


def written_by_torch(table: Any, place: Any, keep: float, tokens: list[int], count: int, ranks: list[int]) -> Any:
    """What the model of small_writer writes: a state that is carried from token to token, the prompt included.

    The n-th new token is the best one, or the one of rank ranks[n modulo their number].
    """
    import torch

    tokens, state, t = list(tokens), torch.zeros_like(place[0]), 0
    goal = len(tokens) + count
    while len(tokens) < goal:
        while t < len(tokens):
            state = torch.lerp(table[tokens[t]], table[tokens[t]] + state, keep)
            t += 1
        best_first = torch.sort(state + place[t - 1], descending=True).indices
        rank = ranks[(len(tokens) - goal + count) % len(ranks)]
        tokens.append(int(best_first[rank]))
    return torch.tensor(tokens, device=table.device)
