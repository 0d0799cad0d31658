"""Exercise of section 7.4: softmax regression on frozen features.

Source: Alain and Bengio 2016, "Understanding intermediate layers using linear classifier probes", section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception, Pace


def reference(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """torch.nn.Linear, cross_entropy, autograd, and torch.optim.SGD with two groups."""
    import torch

    probe = torch.nn.Linear(features.shape[1], num_classes, device=features.device)
    torch.nn.init.zeros_(probe.weight)
    torch.nn.init.zeros_(probe.bias)
    groups = [{"params": [probe.weight], "weight_decay": weight_decay}, {"params": [probe.bias]}]
    optimizer = torch.optim.SGD(groups, lr=learning_rate)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(probe(features), labels).backward()
        optimizer.step()
    return probe.weight.detach(), probe.bias.detach()


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One step, several, weight decay, a class without examples, features so large that exp overflows, no step."""
    yield Case("one step", _inputs(rng, 5, 3, 2, steps=1))
    yield Case("seven steps", _inputs(rng, 6, 2, 3, steps=7))
    yield Case("weight decay", _inputs(rng, 7, 4, 3, steps=6) | {"weight_decay": 0.4})
    absent = _inputs(rng, 8, 3, 4, steps=5)
    absent["num_classes"] = 6
    yield Case("classes without an example", absent)
    large = _inputs(rng, 6, 2, 3, steps=3)
    yield Case("features of a hundred", large | {"features": 100 * large["features"]})
    yield Case("no step", _inputs(rng, 4, 2, 3, steps=0))


def _inputs(rng: np.random.Generator, n: int, size: int, classes: int, steps: int) -> dict[str, Any]:
    """Every class at least once, and unequal numbers of examples."""
    labels = rng.permutation(np.concatenate([np.arange(classes), np.zeros(n - classes, dtype=int)]))
    return {
        "features": rng.normal(0.7, 1.0, (n, size)),
        "labels": labels,
        "num_classes": classes,
        "learning_rate": float(rng.uniform(0.3, 0.6)),
        "steps": steps,
    }


def _pace() -> dict[str, Any]:
    """A thousand examples with 64 features each, ten classes, twenty steps."""
    rng = np.random.default_rng(709)
    return _inputs(rng, 1000, 64, 10, steps=20) | {"weight_decay": 0.01}


def _probabilities(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _trained(features, labels, num_classes, learning_rate, steps, weight_decay=0.0, squash=_probabilities, priced=0.0):
    """The probe; squash makes probabilities of logits, priced is the bias's weight decay."""
    weight, bias = np.zeros((num_classes, features.shape[1])), np.zeros(num_classes)
    targets = np.eye(num_classes)[labels]
    for _ in range(steps):
        error = (squash(features @ weight.T + bias) - targets) / len(labels)
        weight = weight - learning_rate * (error.T @ features + weight_decay * weight)
        bias = bias - learning_rate * (error.sum(axis=0) + priced * bias)
    return weight, bias


def _yardstick(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    return _trained(features, labels, num_classes, learning_rate, steps, weight_decay)


def exponentials_overflow(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Does not subtract the largest logit."""

    def softmax(logits):
        with np.errstate(all="ignore"):
            powers = np.exp(logits)
            return powers / powers.sum(axis=1, keepdims=True)

    return _trained(features, labels, num_classes, learning_rate, steps, weight_decay, softmax)


def softmax_over_the_examples(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Lets the examples compete, instead of the classes."""
    return _trained(
        features, labels, num_classes, learning_rate, steps, weight_decay, lambda logits: _probabilities(logits.T).T
    )


def a_sigmoid_for_each_class(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Trains one yes-or-no question for each class, which do not compete."""
    return _trained(
        features,
        labels,
        num_classes,
        learning_rate,
        steps,
        weight_decay,
        lambda logits: np.exp(-np.logaddexp(0, -logits)),
    )


def squared_error_of_the_logits(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Fits logits to zeros and ones, as regression does."""
    return _trained(features, labels, num_classes, learning_rate, steps, weight_decay, lambda logits: logits)


def summed_over_the_examples(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Takes the sum of the losses, so that the step grows with the number of examples."""
    n = len(labels)
    return _trained(features, labels, num_classes, n * learning_rate, steps, weight_decay / n)


def averaged_over_the_classes_too(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Divides by N times C."""
    return _trained(features, labels, num_classes, learning_rate / num_classes, steps, weight_decay * num_classes)


def bias_decays_too(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Lets the bias pay as well."""
    return _trained(features, labels, num_classes, learning_rate, steps, weight_decay, priced=weight_decay)


def half_of_the_penalty_forgotten(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Adds 2 * weight_decay * weight to the gradient."""
    return _trained(features, labels, num_classes, learning_rate, steps, 2 * weight_decay)


def half_of_the_penalty_left_in(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Adds weight_decay / 2 * weight to the gradient."""
    return _trained(features, labels, num_classes, learning_rate, steps, weight_decay / 2)


def no_decay_at_all(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Forgets weight_decay."""
    return _trained(features, labels, num_classes, learning_rate, steps)


def decay_averaged_over_the_examples(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Divides the penalty by N, with the losses."""
    return _trained(features, labels, num_classes, learning_rate, steps, weight_decay / len(labels))


def decay_without_the_rate(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Subtracts weight_decay * weight, whatever the rate is."""
    return _trained(features, labels, num_classes, learning_rate, steps, weight_decay / learning_rate)


def bias_left_at_zero(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Trains the weights only, so that every plane goes through the origin."""
    weight, bias = np.zeros((num_classes, features.shape[1])), np.zeros(num_classes)
    for _ in range(steps):
        error = (_probabilities(features @ weight.T) - np.eye(num_classes)[labels]) / len(labels)
        weight = weight - learning_rate * (error.T @ features + weight_decay * weight)
    return weight, bias


def bias_steps_after_the_weights(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Computes the bias's gradient with the new weights."""
    weight, bias = np.zeros((num_classes, features.shape[1])), np.zeros(num_classes)
    targets = np.eye(num_classes)[labels]
    for _ in range(steps):
        error = (_probabilities(features @ weight.T + bias) - targets) / len(labels)
        weight = weight - learning_rate * (error.T @ features + weight_decay * weight)
        error = (_probabilities(features @ weight.T + bias) - targets) / len(labels)
        bias = bias - learning_rate * error.sum(axis=0)
    return weight, bias


def classes_counted_in_the_labels(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Makes rows for the classes that it sees, and not for num_classes."""
    return _trained(features, labels, int(labels.max()) + 1, learning_rate, steps, weight_decay)


def classes_in_columns(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Returns weights of shape (D, C)."""
    weight, bias = _trained(features, labels, num_classes, learning_rate, steps, weight_decay)
    return weight.T, bias


def one_step_too_few(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Counts the start as the first step."""
    return _trained(features, labels, num_classes, learning_rate, max(steps - 1, 0), weight_decay)


def not_begun_from_zeros(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Begins with small random weights."""
    weight = np.random.default_rng(0).normal(0, 0.1, (num_classes, features.shape[1]))
    bias = np.zeros(num_classes)
    for _ in range(steps):
        error = (_probabilities(features @ weight.T + bias) - np.eye(num_classes)[labels]) / len(labels)
        weight = weight - learning_rate * (error.T @ features + weight_decay * weight)
        bias = bias - learning_rate * error.sum(axis=0)
    return weight, bias


def features_centred_first(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """Subtracts the mean of the features, so that the probe fits other numbers than it was given."""
    return _trained(features - features.mean(axis=0), labels, num_classes, learning_rate, steps, weight_decay)


EXERCISE = Exercise(
    number=9,
    title="A linear probe",
    section="7.4",
    points=4,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=_pace, yardstick=_yardstick),
    misconceptions=(
        Misconception(
            exponentials_overflow,
            hint="What is np.exp(1000)? What may you subtract from all logits of a row without changing the softmax?",
        ),
        Misconception(
            softmax_over_the_examples,
            hint="Do the probabilities of one example add up to 1? Along which axis do you sum?",
        ),
        Misconception(
            a_sigmoid_for_each_class,
            hint="Do the probabilities of one example add up to 1? May an example belong to two classes here?",
        ),
        Misconception(
            squared_error_of_the_logits,
            hint="Where is the softmax in your gradient? Which loss does the docstring ask for?",
        ),
        Misconception(
            summed_over_the_examples,
            hint="Give every example twice: does your first step become twice as long? Is the loss a sum or a mean?",
        ),
        Misconception(
            averaged_over_the_classes_too,
            hint="How many losses are averaged: one for each example, or one for each example and class?",
        ),
        Misconception(bias_decays_too, hint="Which of the two arrays is in the penalty? What does the bias pay?"),
        Misconception(
            half_of_the_penalty_forgotten,
            hint="What is the derivative of w² / 2? Where has the half of the penalty gone?",
        ),
        Misconception(
            half_of_the_penalty_left_in,
            hint="What is the derivative of w²? What becomes of the half in front of it?",
        ),
        Misconception(no_decay_at_all, hint="Does your result change when weight_decay does?"),
        Misconception(
            decay_averaged_over_the_examples,
            hint="The mean is taken over the losses of the examples. Is the penalty inside that mean, or beside it?",
        ),
        Misconception(
            decay_without_the_rate,
            hint="The penalty is a part of the loss. Which factor stands before the gradient of the loss?",
        ),
        Misconception(
            bias_left_at_zero,
            hint="All features zero: can your probe prefer a class? What does your second array hold in the end?",
        ),
        Misconception(
            bias_steps_after_the_weights,
            hint="At which point is the gradient of the bias taken: before the step of the weights, or behind it?",
        ),
        Misconception(
            classes_counted_in_the_labels,
            hint="Six classes, and two of them have no example: how many rows should weight have?",
        ),
        Misconception(
            classes_in_columns,
            hint="Which shape does the docstring give to weight? Does a class stand in a row, or in a column?",
        ),
        Misconception(one_step_too_few, hint="steps = 1: how many updates does your loop make?"),
        Misconception(not_begun_from_zeros, hint="steps = 0: what should come back? What do you begin with?"),
        Misconception(
            features_centred_first,
            hint="Which features will your weights meet later? Are they the ones that you trained with?",
        ),
    ),
    hints=(
        "Logits, softmax, minus the right answers: chapter 2 has the gradient of the mean cross-entropy.",
        "np.eye(num_classes)[labels] gives the right answers as rows. The gradient with respect to the logits has the "
        "shape (N, C).",
        "G = (softmax(F Wᵀ + b) − Y) / N; W ← W − η (Gᵀ F + λ W); b ← b − η · (column sums of G).",
        "One example (2, 1) of class 0, two classes, η = 1: softmax is (½, ½), G = (−½, ½), so after one step "
        "W = ((1, ½), (−1, −½)) and b = (½, −½).",
    ),
    convention="Mean cross-entropy, plus weight_decay / 2 times the squared weights; scikit-learn's C is the other way "
    "round, and larger for a smaller price.",
)
