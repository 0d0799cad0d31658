"""What the exercises of this chapter share: weights that tell wrong from right, and PyTorch's own layers with them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["layer", "parameters", "state"]


def parameters(rng: np.random.Generator, gates: int, size_in: int, size: int) -> dict[str, np.ndarray]:
    """Weights and two unequal, non-zero biases; gates is 1 for a plain cell, 3 for a GRU, 4 for an LSTM."""
    rows = gates * size
    return {
        "weight_ih": rng.normal(0.0, 0.8, (rows, size_in)),
        "weight_hh": rng.normal(0.0, 0.6, (rows, size)),
        "bias_ih": rng.normal(0.4, 0.4, rows),
        "bias_hh": rng.normal(-0.3, 0.4, rows),
    }


def state(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    """A hidden state that is not zero."""
    return rng.uniform(-0.9, 0.9, (n, size))


def layer(kind: str, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
    """A recurrent layer of PyTorch ("RNN", "LSTM") or one cell of it ("RNNCell", ...) with these weights copied in."""
    import torch

    options = {} if kind.endswith("Cell") else {"batch_first": True}
    made = getattr(torch.nn, kind)(weight_ih.shape[1], weight_hh.shape[1], device=weight_ih.device, **options)
    with torch.no_grad():
        for own, given in zip(made.parameters(), (weight_ih, weight_hh, bias_ih, bias_hh), strict=True):
            own.copy_(given)
    return made
