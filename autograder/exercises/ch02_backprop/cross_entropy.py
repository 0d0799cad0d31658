"""Exercise of section 2.1: the mean of -ln p(right class), from logits.

Source: Bridle 1990; Goodfellow, Bengio and Courville 2016, section 6.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(logits, labels):
    """PyTorch's cross_entropy."""
    import torch

    return torch.nn.functional.cross_entropy(logits, labels)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, a batch, sure and wrong, logits of a thousand."""
    yield Case("one example", _inputs(rng, 1, 3, 1.0))
    yield Case("five examples, four classes", _inputs(rng, 5, 4, 2.0))
    yield Case("sure, and often wrong", _inputs(rng, 6, 3, 30.0))
    yield Case("logits of a thousand", _inputs(rng, 4, 5, 1000.0))


def _inputs(rng: np.random.Generator, n: int, classes: int, scale: float) -> dict[str, Any]:
    logits = scale * rng.normal(0.3, 1.0, (n, classes))
    labels = rng.integers(0, classes, n)
    labels[0] = np.argmin(logits[0])  # at least one example is wrong
    return {"logits": logits, "labels": labels}


def _log_softmax(logits, axis=1):
    shifted = logits - np.max(logits, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def _picked(log_p, labels):
    return log_p[np.arange(len(labels)), labels]


def maximum_not_subtracted(logits, labels):
    """Takes e to the power of the logits as they are."""
    with np.errstate(all="ignore"):
        p = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
        return -np.mean(np.log(_picked(p, labels)))


def small_number_inside_the_logarithm(logits, labels):
    """Adds 1e-12 to the probability, so that no loss is larger than 27.6."""
    return -np.mean(np.log(_picked(np.exp(_log_softmax(logits)), labels) + 1e-12))


def sum_over_the_batch(logits, labels):
    """Adds up instead of averaging."""
    return -np.sum(_picked(_log_softmax(logits), labels))


def mean_over_classes_too(logits, labels):
    """Divides by the number of classes as well."""
    return -np.mean(_picked(_log_softmax(logits), labels)) / logits.shape[1]


def softmax_twice(logits, labels):
    """Takes probabilities for logits, so that the loss cannot come near 0."""
    return -np.mean(_picked(_log_softmax(np.exp(_log_softmax(logits))), labels))


def minus_forgotten(logits, labels):
    """Returns the mean logarithm, which is negative."""
    return np.mean(_picked(_log_softmax(logits), labels))


def logarithm_of_base_two(logits, labels):
    """Measures in bits."""
    return -np.mean(_picked(_log_softmax(logits), labels)) / np.log(2)


def softmax_over_the_examples(logits, labels):
    """Normalises each class over the batch."""
    return -np.mean(_picked(_log_softmax(logits, axis=0), labels))


EXERCISE = Exercise(
    number=2,
    title="Cross-entropy from logits",
    section="2.1",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            maximum_not_subtracted,
            hint="What is e to the power of 1000? Which shift leaves a softmax as it is?",
        ),
        Misconception(
            small_number_inside_the_logarithm,
            hint="The right class has a logit 900 below the best one: how large is the loss? Can yours be larger "
            "than 27.6?",
        ),
        Misconception(sum_over_the_batch, hint="Put every example in twice: should the loss double?"),
        Misconception(
            mean_over_classes_too,
            hint="How many numbers do you average: one per example, or one per class?",
        ),
        Misconception(
            softmax_twice,
            hint="A network is quite sure and right: can your loss come near 0? How often do you apply softmax?",
        ),
        Misconception(minus_forgotten, hint="A loss shall be small when the answer is good. What sign does ln p have?"),
        Misconception(
            logarithm_of_base_two,
            hint="Two equal logits: is your loss 1 or 0.693? Which logarithm is meant?",
        ),
        Misconception(
            softmax_over_the_examples,
            hint="Which probabilities add up to one: those of one example, or those of one class?",
        ),
    ),
    hints=(
        "Three steps: log-softmax along the classes, pick the right class in each row, take the mean.",
        "Never take the logarithm of a finished softmax. log_p[np.arange(N), labels] picks one number per row.",
        "loss = −mean over n of (z_(n, label) − ln Σ_c e^(z_(n, c))), with the row's maximum subtracted first.",
        "logits (2, 0), label 0: ln p = 2 − ln(e² + 1) = 2 − 2.127 = −0.127, so the loss is 0.127.",
    ),
    convention="The mean over the examples, in nats, from logits, as PyTorch's cross_entropy.",
)
