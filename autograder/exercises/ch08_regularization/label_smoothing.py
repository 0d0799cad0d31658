"""Exercise of section 8.6: cross-entropy against labels that are a little less sure.

Source: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna 2016, "Rethinking the Inception architecture", section 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(logits, labels, epsilon):
    """PyTorch's cross_entropy with label_smoothing."""
    import torch

    return torch.nn.functional.cross_entropy(logits, labels, label_smoothing=epsilon)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, a batch, no smoothing, all smoothing, logits of a thousand."""
    yield Case("one example", _inputs(rng, 1, 3, 1.0, 0.1))
    yield Case("five examples, four classes", _inputs(rng, 5, 4, 2.0, 0.2))
    yield Case("no smoothing", _inputs(rng, 4, 3, 2.0, 0.0))
    yield Case("nothing but smoothing", _inputs(rng, 3, 5, 2.0, 1.0))
    yield Case("logits of a thousand", _inputs(rng, 6, 4, 1000.0, 0.1))


def _inputs(rng: np.random.Generator, n: int, classes: int, spread: float, epsilon: float) -> dict[str, Any]:
    logits = spread * rng.normal(0.3, 1.0, (n, classes))
    labels = rng.integers(0, classes, n)
    labels[0] = np.argmax(logits[0])  # at least one example is right
    return {"logits": logits, "labels": labels, "epsilon": epsilon}


def _log_softmax(logits):
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))


def _loss(logits, labels, right, wrong):
    """Cross-entropy against a target of `right` at the label and `wrong` elsewhere."""
    log_p = _log_softmax(logits)
    targets = np.full(log_p.shape, wrong)
    targets[np.arange(len(labels)), labels] = right
    return -np.mean(np.sum(targets * log_p, axis=1))


def spread_over_the_other_classes(logits, labels, epsilon):
    """Gives epsilon / (C - 1) to each wrong class and 1 - epsilon to the right one, another convention."""
    return _loss(logits, labels, 1 - epsilon, epsilon / (logits.shape[1] - 1))


def targets_do_not_add_up(logits, labels, epsilon):
    """Gives the right class 1 - epsilon, without its own share of what is spread."""
    return _loss(logits, labels, 1 - epsilon, epsilon / logits.shape[1])


def epsilon_added_on_top(logits, labels, epsilon):
    """Spreads epsilon without taking it from the right class."""
    return _loss(logits, labels, 1 + epsilon / logits.shape[1], epsilon / logits.shape[1])


def epsilon_for_every_wrong_class(logits, labels, epsilon):
    """Gives each wrong class all of epsilon."""
    return _loss(logits, labels, 1 - epsilon, epsilon)


def probabilities_smoothed_instead(logits, labels, epsilon):
    """Mixes the predicted probabilities with the uniform ones, and leaves the labels hard."""
    p = (1 - epsilon) * np.exp(_log_softmax(logits)) + epsilon / logits.shape[1]
    with np.errstate(all="ignore"):
        return -np.mean(np.log(p[np.arange(len(labels)), labels]))


def not_smoothed(logits, labels, epsilon):
    """Ignores epsilon."""
    return _loss(logits, labels, 1.0, 0.0)


def summed_over_the_batch(logits, labels, epsilon):
    """Adds up instead of averaging."""
    share = epsilon / logits.shape[1]
    return len(labels) * _loss(logits, labels, 1 - epsilon + share, share)


def maximum_not_subtracted(logits, labels, epsilon):
    """Takes e to the power of the logits as they are."""
    with np.errstate(all="ignore"):
        log_p = np.log(np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True))
        hard = -log_p[np.arange(len(labels)), labels]
        return np.mean((1 - epsilon) * hard - epsilon * np.mean(log_p, axis=1))


EXERCISE = Exercise(
    number=14,
    title="Label smoothing",
    section="8.6",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            spread_over_the_other_classes,
            hint="That is a known convention, but not PyTorch's: over how many classes is epsilon spread there, over "
            "C or over C − 1?",
        ),
        Misconception(targets_do_not_add_up, hint="What do the targets of one example add up to: 1?"),
        Misconception(
            epsilon_added_on_top,
            hint="Where does the share that is spread come from? What do your targets add up to?",
        ),
        Misconception(
            epsilon_for_every_wrong_class,
            hint="With a thousand classes and epsilon 0.1, how much do all targets together make?",
        ),
        Misconception(
            probabilities_smoothed_instead,
            hint="What becomes less sure: the label, or what the network says? Which of the two have you mixed?",
        ),
        Misconception(not_smoothed, hint="Does your loss change with epsilon?"),
        Misconception(summed_over_the_batch, hint="Twice the same examples: does your loss double? Should it?"),
        Misconception(
            maximum_not_subtracted,
            hint="What is e to the power of 1000 in float64? What did chapter 1 subtract from the logits first?",
        ),
    ),
    hints=(
        "Two cross-entropies, mixed: one against the label, one against all classes alike.",
        "Log-softmax first. The one against all classes alike is minus the mean of a row's logarithms.",
        "loss = (1 − ε) · (−ln p_label) + ε · (−mean over the classes of ln p), then the mean over the examples.",
        "Logits (2, 0, 0), label 0, ε = 0.1: −ln p = 0.240, 2.240, 2.240; 0.9 · 0.240 + 0.1 · 1.573 = 0.373.",
    ),
    convention="ε is spread over all C classes, the right one included, as in PyTorch. Some texts spread it over the "
    "C − 1 others.",
)
