"""Exercise of section 2.5: the vector-Jacobian product of softmax.

Source: derived in section 2.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(grad_p, p):
    """PyTorch's autograd through torch.softmax, at logits ln p."""
    import torch

    logits = torch.log(p).requires_grad_()
    torch.softmax(logits, dim=-1).backward(grad_p)
    return logits.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One row, a batch, more axes, equal sizes, a nearly certain distribution."""
    yield Case("one row", _inputs(rng, (3,), 1.0))
    yield Case("a batch", _inputs(rng, (4, 3), 1.0))
    yield Case("as many examples as classes", _inputs(rng, (3, 3), 1.0))
    yield Case("three axes", _inputs(rng, (2, 3, 4), 1.0))
    yield Case("nearly certain", _inputs(rng, (3, 5), 8.0))


def _inputs(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> dict[str, Any]:
    exponentials = np.exp(scale * rng.normal(size=shape))
    return {
        "grad_p": rng.normal(1.0, 2.0, shape),
        "p": exponentials / np.sum(exponentials, axis=-1, keepdims=True),
    }


def each_probability_by_itself(grad_p, p):
    """Uses p (1 - p), as if the probabilities did not share one sum."""
    return grad_p * p * (1 - p)


def plain_mean_subtracted(grad_p, p):
    """Subtracts the mean of the gradients without weighting it by p."""
    return p * (grad_p - np.mean(grad_p, axis=-1, keepdims=True))


def sum_over_everything(grad_p, p):
    """Takes one weighted sum for the whole array."""
    return p * (grad_p - np.sum(p * grad_p))


def sum_over_the_examples(grad_p, p):
    """Adds up along the first axis."""
    return p * (grad_p - np.sum(p * grad_p, axis=0, keepdims=True))


def shared_part_left_out(grad_p, p):
    """Multiplies by p and subtracts nothing."""
    return grad_p * p


def shared_part_added(grad_p, p):
    """Adds the weighted mean instead of subtracting it."""
    return p * (grad_p + np.sum(p * grad_p, axis=-1, keepdims=True))


def factor_p_left_out(grad_p, p):
    """Subtracts the weighted mean and forgets to multiply by p."""
    return grad_p - np.sum(p * grad_p, axis=-1, keepdims=True)


EXERCISE = Exercise(
    number=8,
    title="Backward through softmax",
    section="2.5",
    points=3,
    minutes=15,
    difficulty="hard",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            each_probability_by_itself,
            hint="One logit rises: which probabilities change? Does every one of them find its way into your sum?",
        ),
        Misconception(
            plain_mean_subtracted,
            hint="Does a class with p = 0.001 count as much in the mean as one with 0.9?",
        ),
        Misconception(sum_over_everything, hint="Which numbers share one softmax: those of a row, or the whole array?"),
        Misconception(sum_over_the_examples, hint="Along which axis do the probabilities add up to one?"),
        Misconception(
            shared_part_left_out,
            hint="Add the same number to all logits: the probabilities stay. What must the gradients of a row add up "
            "to?",
        ),
        Misconception(
            shared_part_added,
            hint="Add the same number to all logits: the probabilities stay. What must the gradients of a row add up "
            "to?",
        ),
        Misconception(factor_p_left_out, hint="A class has p = 0: can its logit change anything? What does yours say?"),
    ),
    hints=(
        "Every logit moves every probability of its row. There is a short way to add all of that up.",
        "All gradients of a row share one number: the mean of grad_p, weighted with the probabilities.",
        "grad_z_i = p_i · (grad_p_i − Σ_j p_j grad_p_j).",
        "p = (0.5, 0.5), grad_p = (2, 0): the weighted mean is 1, so grad_z = (0.5 · 1, 0.5 · (−1)) = (0.5, −0.5).",
    ),
)
