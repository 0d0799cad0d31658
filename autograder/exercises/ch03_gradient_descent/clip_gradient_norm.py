"""Exercise of section 3.5: scale gradients down together when they are too long.

Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks", algorithm 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(gradients, max_norm):
    """PyTorch's vector norm over all numbers at once."""
    import torch

    norm = torch.linalg.vector_norm(torch.cat([grad.flatten() for grad in gradients]))
    scale = (max_norm / norm).clamp(max=1.0)
    return [scale * grad for grad in gradients]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Above and below the limit, several shapes, one array that is long and one that is short, nothing but zeros."""
    yield Case("one array, too long", _inputs(rng, [(2,)], 5.0, 1.0))
    yield Case("several shapes, too long", _inputs(rng, [(2, 3), (4,), (1,)], 12.0, 2.5))
    yield Case("short enough", _inputs(rng, [(3,), (2, 2)], 0.8, 2.0))
    uneven = _inputs(rng, [(3,), (3,)], 1.0, 1.5)
    uneven["gradients"] = [4.0 * uneven["gradients"][0], 0.1 * uneven["gradients"][1]]
    yield Case("one long, one short", uneven)
    yield Case("zeros", {"gradients": [np.zeros(3), np.zeros((2, 2))], "max_norm": float(rng.uniform(0.5, 2.0))})


def _inputs(rng: np.random.Generator, shapes: list[tuple[int, ...]], norm: float, max_norm: float) -> dict[str, Any]:
    """Gradients whose common length is `norm`."""
    gradients = [rng.normal(size=shape) for shape in shapes]
    length = np.sqrt(sum(np.sum(grad**2) for grad in gradients))
    return {"gradients": [norm / length * grad for grad in gradients], "max_norm": max_norm}


def with_a_small_number_added(gradients, max_norm):
    """Divides by norm + 1e-6, as torch.nn.utils.clip_grad_norm_ does; right too."""
    norm = np.sqrt(sum(np.sum(grad**2) for grad in gradients))
    scale = min(max_norm / (norm + 1e-6), 1.0)
    return [scale * grad for grad in gradients]


def each_number_clipped(gradients, max_norm):
    """Cuts every number to the range from -max_norm to max_norm."""
    return [np.clip(grad, -max_norm, max_norm) for grad in gradients]


def each_array_by_itself(gradients, max_norm):
    """Limits the length of every array on its own."""
    clipped = []
    for grad in gradients:
        norm = np.sqrt(np.sum(grad**2))
        clipped.append(grad * (max_norm / norm if norm > max_norm else 1.0))
    return clipped


def always_scaled_to_the_limit(gradients, max_norm):
    """Stretches short gradients as well."""
    norm = np.sqrt(sum(np.sum(grad**2) for grad in gradients))
    return [max_norm / norm * grad if norm > 0 else grad for grad in gradients]


def root_forgotten(gradients, max_norm):
    """Compares with the square of the length."""
    square = sum(np.sum(grad**2) for grad in gradients)
    scale = max_norm / square if square > max_norm else 1.0
    return [scale * grad for grad in gradients]


def sum_of_the_sizes(gradients, max_norm):
    """Adds up absolute values instead of squares."""
    norm = sum(np.sum(np.abs(grad)) for grad in gradients)
    scale = max_norm / norm if norm > max_norm else 1.0
    return [scale * grad for grad in gradients]


def sum_of_the_lengths(gradients, max_norm):
    """Adds the lengths of the arrays up."""
    norm = sum(np.sqrt(np.sum(grad**2)) for grad in gradients)
    scale = max_norm / norm if norm > max_norm else 1.0
    return [scale * grad for grad in gradients]


def too_long_gradients_dropped(gradients, max_norm):
    """Sets gradients that are too long to 0."""
    norm = np.sqrt(sum(np.sum(grad**2) for grad in gradients))
    return [grad * (norm <= max_norm) for grad in gradients]


EXERCISE = Exercise(
    number=9,
    title="Clip the gradient",
    section="3.5",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    alternatives=(with_a_small_number_added,),
    misconceptions=(
        Misconception(
            each_number_clipped, hint="Gradient (3, 4), limit 1: does your result still point in the same direction?"
        ),
        Misconception(
            each_array_by_itself,
            hint="Two arrays of length 1, limit 1: how long are they together, and after your clipping?",
        ),
        Misconception(
            always_scaled_to_the_limit,
            hint="What happens to gradients that are short enough? Should anything?",
        ),
        Misconception(
            root_forgotten,
            hint="How long is (3, 4): 5 or 25? How long is your result, compared with max_norm?",
        ),
        Misconception(
            sum_of_the_sizes,
            hint="How long is (3, 4): 5 or 7? How long is your result, compared with max_norm?",
        ),
        Misconception(
            sum_of_the_lengths, hint="Two arrays at right angles, 3 and 4 long: how long are they together, 5 or 7?"
        ),
        Misconception(too_long_gradients_dropped, hint="A gradient is too long: is its direction worth nothing?"),
    ),
    hints=(
        "One length for all arrays together, and one factor for all of them.",
        "Add up the squares of all numbers of all arrays before you take the one root.",
        "norm = √(sum of all g²);  factor = max_norm / norm if norm > max_norm, otherwise 1.",
        "Arrays (3,) and (4,), limit 1: norm 5, factor 0.2, so (0.6,) and (0.8,).",
    ),
    convention="One length over all arrays. PyTorch divides by norm + 1e-6, which is accepted too.",
)
