"""What the exercises on today's decoders share: pairs that turn."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["turn_angles", "turn_pairs", "turned_by_torch"]


def turn_angles(positions, d, base):
    """The angle of each pair at each position: (T, d / 2), in radians."""
    return np.asarray(positions)[:, None] * base ** (-np.arange(0, d, 2) / d)


def turn_pairs(x, angles):
    """x (..., T, d) with each pair of neighbours (2i, 2i + 1) turned; the angles broadcast to (..., T, d / 2)."""
    first, second = x[..., 0::2], x[..., 1::2]
    cos, sin = np.cos(angles), np.sin(angles)
    return np.stack([first * cos - second * sin, first * sin + second * cos], axis=-1).reshape(x.shape)


def turned_by_torch(x: Any, positions: Any, base: float) -> Any:
    """The same as a multiplication of complex numbers."""
    import torch

    d = x.shape[-1]
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], d // 2, 2).contiguous())
    exponents = torch.arange(0, d, 2, device=x.device, dtype=x.dtype) / d
    angles = torch.outer(positions.to(x.dtype), base**-exponents)
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)
