"""Exercise of section 3.5: the gradient of a large batch from those of its pieces.

Source: derived in section 3.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(gradients, batch_sizes):
    """Every example of a piece gets the piece's mean gradient; then one mean over all examples."""
    import torch

    return torch.repeat_interleave(gradients, batch_sizes, dim=0).mean(dim=0)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One piece, equal pieces, a short last one, very unequal ones."""
    yield Case("one piece", _inputs(rng, [4], 3))
    yield Case("three equal pieces", _inputs(rng, [8, 8, 8], 2))
    yield Case("a short last piece", _inputs(rng, [4, 4, 2], 3))
    yield Case("very unequal pieces", _inputs(rng, [1, 30, 5, 2], 4))


def _inputs(rng: np.random.Generator, sizes: list[int], width: int) -> dict[str, Any]:
    return {"gradients": rng.normal(1.0, 2.0, (len(sizes), width)), "batch_sizes": np.array(sizes)}


def added_without_dividing(gradients, batch_sizes):
    """Sums the gradients of the pieces up."""
    return np.sum(gradients, axis=0)


def every_piece_counts_the_same(gradients, batch_sizes):
    """Takes the plain mean over the pieces."""
    return np.mean(gradients, axis=0)


def weighted_without_dividing(gradients, batch_sizes):
    """Multiplies by the sizes and forgets to divide by their sum."""
    return batch_sizes @ gradients


def divided_by_the_number_of_pieces(gradients, batch_sizes):
    """Multiplies by the sizes and divides by K."""
    return batch_sizes @ gradients / len(batch_sizes)


def only_the_last_piece(gradients, batch_sizes):
    """Overwrites the gradient of one piece with that of the next."""
    return gradients[-1]


def divided_by_all_examples_only(gradients, batch_sizes):
    """Sums the means up and divides by the number of examples."""
    return np.sum(gradients, axis=0) / np.sum(batch_sizes)


EXERCISE = Exercise(
    number=8,
    title="A large batch in small pieces",
    section="3.5",
    points=2,
    minutes=8,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            added_without_dividing,
            hint="Cut a batch into twice as many pieces: should the gradient of the mean loss double?",
        ),
        Misconception(
            every_piece_counts_the_same,
            hint="One piece holds 30 examples, another one: how much should each of them count?",
        ),
        Misconception(
            weighted_without_dividing,
            hint="If all pieces have the same gradient, what is the gradient of all of them together?",
        ),
        Misconception(
            divided_by_the_number_of_pieces,
            hint="The weights of a mean add up to 1. Do yours, and by what do you divide?",
        ),
        Misconception(only_the_last_piece, hint="Which pieces does your result depend on? Is there a + missing?"),
        Misconception(
            divided_by_all_examples_only,
            hint="Each row is a mean already. How do you get back to the sum over its examples?",
        ),
    ),
    hints=(
        "Each row is a mean. Turn the means back into sums, add them, and take one mean over everything.",
        "A mean times its number of examples is a sum. How many examples are there in all?",
        "g = (n₁g₁ + n₂g₂ + …) / (n₁ + n₂ + …).",
        "Gradients 1 and 4 with 2 examples and 1 example: (2 · 1 + 1 · 4) / 3 = 2.",
    ),
)
