"""A small network as a dict of arrays, for the cases of several exercises."""

from __future__ import annotations

import numpy as np

__all__ = ["random_network"]


def random_network(rng: np.random.Generator, **layers: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Random arrays from input to output, such as random_network(rng, conv1={"weight": (2, 1, 3, 3), "bias": (2,)})."""
    return {
        f"{layer}.{part}": rng.normal(0.3, 1.0, shape)
        for layer, parts in layers.items()
        for part, shape in parts.items()
    }
