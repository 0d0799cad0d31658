"""Exercise of section 2.5: softmax and cross-entropy together: p minus one at the right class.

Source: derived in section 2.5; Bridle 1990.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(logits, labels):
    """PyTorch's autograd through cross_entropy."""
    import torch

    logits = logits.clone().requires_grad_()
    torch.nn.functional.cross_entropy(logits, labels).backward()
    return logits.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, a batch, as many examples as classes, logits of a thousand."""
    yield Case("one example", _inputs(rng, 1, 3, 1.0))
    yield Case("five examples, four classes", _inputs(rng, 5, 4, 2.0))
    yield Case("as many examples as classes", _inputs(rng, 3, 3, 1.0))
    yield Case("logits of a thousand", _inputs(rng, 4, 5, 1000.0))


def _inputs(rng: np.random.Generator, n: int, classes: int, scale: float) -> dict[str, Any]:
    logits = scale * rng.normal(0.3, 1.0, (n, classes))
    labels = rng.integers(0, classes, n)
    labels[0] = np.argmin(logits[0])  # at least one example is wrong
    return {"logits": logits, "labels": labels}


def _softmax(logits, axis=1):
    exponentials = np.exp(logits - np.max(logits, axis=axis, keepdims=True))
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)


def _right_class(logits, labels):
    return np.eye(logits.shape[1])[labels]


def right_class_not_subtracted(logits, labels):
    """Returns the probabilities."""
    return _softmax(logits) / len(labels)


def not_divided_by_the_batch(logits, labels):
    """Forgets the 1/N of the mean."""
    return _softmax(logits) - _right_class(logits, labels)


def divided_by_the_classes_too(logits, labels):
    """Divides by N and by C."""
    return (_softmax(logits) - _right_class(logits, labels)) / logits.size


def downhill_instead_of_uphill(logits, labels):
    """Takes the right class minus the probabilities."""
    return (_right_class(logits, labels) - _softmax(logits)) / len(labels)


def only_the_right_class_moves(logits, labels):
    """Leaves the gradients of the other classes at 0."""
    right = _right_class(logits, labels)
    return (_softmax(logits) - right) * right / len(labels)


def maximum_not_subtracted(logits, labels):
    """Takes e to the power of the logits as they are."""
    with np.errstate(all="ignore"):
        p = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
    return (p - _right_class(logits, labels)) / len(labels)


def softmax_over_the_examples(logits, labels):
    """Normalises each class over the batch."""
    return (_softmax(logits, axis=0) - _right_class(logits, labels)) / len(labels)


def slope_of_the_softmax_once_more(logits, labels):
    """Multiplies by p (1 - p), which the logarithm has cancelled."""
    p = _softmax(logits)
    return (p - _right_class(logits, labels)) * p * (1 - p) / len(labels)


EXERCISE = Exercise(
    number=9,
    title="Backward through cross-entropy",
    section="2.5",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            right_class_not_subtracted, hint="Which way should the logit of the right class go? Can your gradient tell?"
        ),
        Misconception(not_divided_by_the_batch, hint="The loss is a mean over N examples. Where does the 1/N live?"),
        Misconception(divided_by_the_classes_too, hint="Over how many numbers is the loss a mean: N, or N times C?"),
        Misconception(
            downhill_instead_of_uphill,
            hint="The right class's logit grows: does the loss grow? Which sign has its slope?",
        ),
        Misconception(
            only_the_right_class_moves,
            hint="What do the gradients of one row add up to? What should they, if all logits shift?",
        ),
        Misconception(
            maximum_not_subtracted,
            hint="What is e to the power of 1000? Which shift leaves a softmax as it is?",
        ),
        Misconception(
            softmax_over_the_examples,
            hint="Which probabilities add up to one: those of one example, or those of one class?",
        ),
        Misconception(
            slope_of_the_softmax_once_more,
            hint="Section 2.5 multiplied 1/p by the slopes of softmax. Was a p (1 − p) left over?",
        ),
    ),
    hints=(
        "The result is as short as the derivation is long: two terms and a division.",
        "Compute the softmax, subtract 1 in one place of each row, and remember that the loss is a mean.",
        "grad = (p − one-hot of the labels) / N.",
        "logits (0, 0), label 1, N = 1: p = (0.5, 0.5), so the gradient is (0.5, −0.5).",
    ),
    convention="The gradient of the mean over the batch: each row is divided by N.",
)
