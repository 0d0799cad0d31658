"""What the schedules of this chapter share: the rates that a scheduler of PyTorch gives, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["rates"]


def rates(make: Callable[[Any], Any], learning_rate: float, count: int, losses: Any = None) -> Any:
    """The learning rate of the steps 0 to count - 1.

    make    makes the scheduler for an optimiser
    losses  what a scheduler that looks at losses is told after each step; then the rates are those afterwards
    """
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=learning_rate)
    scheduler = make(optimizer)
    found = []
    for step in range(count):
        optimizer.step()
        if losses is None:
            found.append(optimizer.param_groups[0]["lr"])
            scheduler.step()
        else:
            scheduler.step(float(losses[step]))
            found.append(optimizer.param_groups[0]["lr"])
    return torch.tensor([float(rate) for rate in found])
