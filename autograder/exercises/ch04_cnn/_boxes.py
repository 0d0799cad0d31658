"""What the two exercises on detection share: overlaps of boxes in PyTorch, without a formula for a pair."""

from __future__ import annotations

from typing import Any

__all__ = ["overlaps"]


def overlaps(boxes_a: Any, boxes_b: Any) -> Any:
    """The intersection over union of every pair, (A, B), by cutting the plane along the edges of all boxes.

    Between two neighbouring edges no box begins or ends, so each cell of this uneven grid lies in a box or outside.
    The area of a pair is then a sum over cells; the union counts the cells that lie in one box or the other.
    """
    import torch

    both = torch.cat([boxes_a, boxes_b]).to(torch.get_default_dtype())
    xs, ys = torch.unique(both[:, 0::2]), torch.unique(both[:, 1::2])  # sorted
    area = (ys[1:] - ys[:-1])[:, None] * (xs[1:] - xs[:-1])
    across = (xs[:-1] >= both[:, :1]) & (xs[1:] <= both[:, 2:3])  # (A + B, columns of the grid)
    down = (ys[:-1] >= both[:, 1:2]) & (ys[1:] <= both[:, 3:])
    covers = (down[:, :, None] & across[:, None, :]).flatten(start_dim=1).to(both.dtype)  # (A + B, cells)
    in_a, in_b = covers[: len(boxes_a)], covers[len(boxes_a) :]
    shared = (in_a * area.flatten()) @ in_b.T
    neither = ((1 - in_a) * area.flatten()) @ (1 - in_b).T
    union = torch.sum(area) - neither
    # A difference of sums is not exactly 0 for two empty boxes.
    union = torch.where(shared + (in_a @ area.flatten())[:, None] + in_b @ area.flatten() > 0, union, 0.0)
    return torch.where(union > 0, shared / torch.where(union > 0, union, 1.0), 0.0)
