"""What the optimisers of this chapter share: gradients that tell wrong from right, and a run of torch.optim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["inputs", "run"]


def inputs(
    rng: np.random.Generator, steps: int, size: int = 3, scale: float = 1.0, rate: float = 0.1
) -> dict[str, Any]:
    """Parameters, gradients that change sign and size from step to step, and a learning rate for each step."""
    grads = rng.normal(size=(steps, size)) * rng.uniform(0.2, 5.0, size=(steps, size)) * scale
    return {
        "w": rng.normal(0.0, 2.0, size),
        "grads": grads,
        "learning_rates": np.full(steps, rate),
    }


def run(make: Callable[[list[Any]], Any], w: Any, grads: Any, learning_rates: Any, states: dict[str, str]) -> Any:
    """The path of torch.optim's own optimiser: parameters and named states after each step.

    make    makes the optimiser for a list of parameters
    states  our name -> the name in the optimiser's state
    """
    import torch

    parameter = torch.nn.Parameter(w.clone())
    optimizer = make([parameter])
    path, kept = [], {name: [] for name in states}
    for grad, rate in zip(grads, learning_rates, strict=True):
        optimizer.param_groups[0]["lr"] = float(rate)
        parameter.grad = grad.clone()
        optimizer.step()
        path.append(parameter.detach().clone())
        for name, theirs in states.items():
            kept[name].append(optimizer.state[parameter][theirs].clone())
    return {"w": torch.stack(path)} | {name: torch.stack(values) for name, values in kept.items()}
