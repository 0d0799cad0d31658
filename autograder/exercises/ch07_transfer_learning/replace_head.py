"""Exercise of section 7.1: keep the body of a network, and draw its last layer anew.

Source: Yosinski, Clune, Bengio and Lipson 2014, "How transferable are features in deep neural networks?", section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch07_transfer_learning._network import random_network
from autograder.spec import Case, Exercise, Misconception, Rng, Tolerance

FEW = 1000
"""Heads with fewer numbers are too small for statistics of their spread."""

TINY = np.finfo(np.float64).tiny
"""Stands for the variance 0 of a constant matrix, whose logarithm would not be finite."""


def drive(replace_head, parameters, num_classes, rng):
    """The new dict, with what became of the body's arrays: counted here, where the given ones lie."""
    before = {name: array.copy() for name, array in parameters.items()}
    new = replace_head(parameters, num_classes, rng)
    if not isinstance(new, dict) or list(new) != list(before):
        return new
    moved = shared = 0
    for name, array in before.items():
        if name not in ("head.weight", "head.bias"):
            now = np.asarray(new[name])
            moved += int(np.sum(now != array)) if now.shape == array.shape else array.size
            shared += int(np.shares_memory(now, parameters[name]))
    return {"count_of_body_numbers_that_changed": moved, "count_of_body_arrays_that_are_no_copies": shared, **new}


def reference(parameters, num_classes, rng):
    """Clones of the body, and torch.nn.init for the head."""
    import torch

    new = {name: array.clone() for name, array in parameters.items()}
    weight = torch.empty(num_classes, parameters["head.weight"].shape[1], device=rng.device)
    new["head.weight"] = torch.nn.init.kaiming_normal_(weight, nonlinearity="linear", generator=rng)
    new["head.bias"] = torch.nn.init.zeros_(torch.empty(num_classes, device=rng.device))
    body = [name for name in parameters if not name.startswith("head.")]
    moved = sum(int((new[name] != parameters[name]).sum()) for name in body)
    shared = sum(int(new[name].data_ptr() == parameters[name].data_ptr()) for name in body)
    return {"count_of_body_numbers_that_changed": moved, "count_of_body_arrays_that_are_no_copies": shared, **new}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A small network twice, for its rng; fewer classes than before; and two large heads for their spread."""
    small = _inputs(rng, 6, 4, 9)
    yield Case("from 4 classes to 9", small)
    yield Case("the same, another rng", small | {"rng": _rng(rng)})
    yield Case("from 8 classes to 3", _inputs(rng, 5, 8, 3))
    yield Case("700 features, 300 classes", _inputs(rng, 700, 3, 300))
    yield Case("300 features, 700 classes", _inputs(rng, 300, 2, 700))


def _rng(rng: np.random.Generator) -> Rng:
    return Rng(int(rng.integers(2**32)))


def _inputs(rng: np.random.Generator, features: int, before: int, classes: int) -> dict[str, Any]:
    parameters = random_network(
        rng,
        conv1={"weight": (3, 2, 2, 3), "bias": (3,)},
        norm1={"gamma": (3,), "beta": (3,)},
        head={"weight": (before, features), "bias": (before,)},
    )
    return {"parameters": parameters, "num_classes": classes, "rng": _rng(rng)}


def measure(answer: Any, parameters: dict[str, np.ndarray], num_classes: int, rng: Rng) -> dict[str, Any]:
    """What a new network has to have whatever was drawn.

    count_of_body_numbers_that_changed       0
    count_of_body_arrays_that_are_no_copies  0
    rows, columns                            of head.weight
    bias                                     head.bias itself
    rows_like_the_first                      how many further rows equal the first: 0
    old_numbers_in_the_head                  of small heads, how many weights stood in the old one: 0
    mean_over_std, log_variance_ratio        of large heads, against the variance 1 / D: 0
    row_to_row, column_to_column             mean product of neighbours over the wanted variance: 0
    """
    wanted = list(parameters)
    if not isinstance(answer, dict):
        raise ValueError(f"it is no dict of {', '.join(wanted)}")
    counted = [name for name in answer if name.startswith("count_of_")]
    if list(answer) != [*counted, *wanted]:
        raise ValueError(f"its names are {', '.join(answer)}; expected {', '.join(wanted)}")
    weight = np.asarray(answer["head.weight"], dtype=np.float64)
    old = parameters["head.weight"]
    if weight.shape != (num_classes, old.shape[1]):
        raise ValueError(f"head.weight has shape {weight.shape}; expected {(num_classes, old.shape[1])}")
    found = {name: float(answer[name]) for name in counted} | {
        "rows": float(weight.shape[0]),
        "columns": float(weight.shape[1]),
        "bias": np.asarray(answer["head.bias"]),
        "rows_like_the_first": float((weight[1:] == weight[0]).all(axis=1).sum()),
    }
    if weight.size < FEW:
        return found | {"old_numbers_in_the_head": float(np.isin(weight, old).sum())}
    scaled = weight * np.sqrt(weight.shape[1])
    # einsum adds up products without an array in between, which shortens a check.
    variance = max(float(np.einsum("ij,ij->", scaled, scaled) / scaled.size - np.mean(scaled) ** 2), TINY)
    return found | {
        "mean_over_std": float(np.mean(scaled)),
        "log_variance_ratio": float(np.log(variance)),
        "row_to_row": _mean_product(scaled[1:], scaled[:-1]),
        "column_to_column": _mean_product(scaled[:, 1:], scaled[:, :-1]),
    }


def _mean_product(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.einsum("ij,ij->", left, right) / left.size)


def _with_head(parameters, weight, bias):
    new = {name: array.copy() for name, array in parameters.items()}
    new["head.weight"], new["head.bias"] = weight, bias
    return new


def _drawn(parameters, num_classes, rng):
    features = parameters["head.weight"].shape[1]
    return rng.normal(0, 1 / np.sqrt(features), (num_classes, features))


def variance_taken_for_the_standard_deviation(parameters, num_classes, rng):
    """Passes 1 / D as the standard deviation: the root is missing."""
    features = parameters["head.weight"].shape[1]
    return _with_head(parameters, rng.normal(0, 1 / features, (num_classes, features)), np.zeros(num_classes))


def scale_made_for_relu(parameters, num_classes, rng):
    """Uses the variance 2 / D of Kaiming, though no ReLU follows the head."""
    return _with_head(parameters, np.sqrt(2) * _drawn(parameters, num_classes, rng), np.zeros(num_classes))


def not_scaled_at_all(parameters, num_classes, rng):
    """Draws with variance 1, whatever the number of features is."""
    weight = rng.standard_normal((num_classes, parameters["head.weight"].shape[1]))
    return _with_head(parameters, weight, np.zeros(num_classes))


def classes_counted_instead_of_features(parameters, num_classes, rng):
    """Uses the variance 1 / C."""
    weight = rng.standard_normal((num_classes, parameters["head.weight"].shape[1])) / np.sqrt(num_classes)
    return _with_head(parameters, weight, np.zeros(num_classes))


def head_of_zeros(parameters, num_classes, rng):
    """Does not draw."""
    return _with_head(parameters, np.zeros((num_classes, parameters["head.weight"].shape[1])), np.zeros(num_classes))


def one_row_for_every_class(parameters, num_classes, rng):
    """Draws one row and copies it, so that all classes begin alike."""
    return _with_head(parameters, np.tile(_drawn(parameters, 1, rng), (num_classes, 1)), np.zeros(num_classes))


def old_rows_kept(parameters, num_classes, rng):
    """Keeps what it can of the old head, as if class 0 were the same in both tasks."""
    weight = _drawn(parameters, num_classes, rng)
    both = min(num_classes, len(parameters["head.weight"]))
    weight[:both] = parameters["head.weight"][:both]
    return _with_head(parameters, weight, np.zeros(num_classes))


def bias_of_the_old_head(parameters, num_classes, rng):
    """Replaces the weights only."""
    return _with_head(parameters, _drawn(parameters, num_classes, rng), parameters["head.bias"].copy())


def bias_drawn_too(parameters, num_classes, rng):
    """Draws the bias like the weights."""
    weight = _drawn(parameters, num_classes, rng)
    return _with_head(parameters, weight, rng.normal(0, 1 / np.sqrt(weight.shape[1]), num_classes))


def features_in_rows(parameters, num_classes, rng):
    """Gives the weights the shape (D, C)."""
    return _with_head(parameters, _drawn(parameters, num_classes, rng).T, np.zeros(num_classes))


def body_drawn_anew(parameters, num_classes, rng):
    """Draws every array anew, so that nothing is transferred."""
    new = _with_head(parameters, _drawn(parameters, num_classes, rng), np.zeros(num_classes))
    for name, array in parameters.items():
        if not name.startswith("head."):
            new[name] = rng.normal(0, 1 / np.sqrt(array.size / len(array)), array.shape)
    return new


def body_not_copied(parameters, num_classes, rng):
    """Copies the dict and not the arrays, so that both networks share one body."""
    weight = _drawn(parameters, num_classes, rng)
    return dict(parameters) | {"head.weight": weight, "head.bias": np.zeros(num_classes)}


def given_network_changed(parameters, num_classes, rng):
    """Puts the new head into the dict that it was given."""
    parameters["head.weight"] = _drawn(parameters, num_classes, rng)
    parameters["head.bias"] = np.zeros(num_classes)
    return {name: array.copy() for name, array in parameters.items()}


def second_head_added(parameters, num_classes, rng):
    """Leaves the old head where it is and puts another one behind it."""
    new = {name: array.copy() for name, array in parameters.items()}
    return new | {"new_head.weight": _drawn(parameters, num_classes, rng), "new_head.bias": np.zeros(num_classes)}


def a_generator_of_its_own(parameters, num_classes, rng):
    """Makes a generator with a fixed seed, so that every new head has the same weights."""
    return _with_head(parameters, _drawn(parameters, num_classes, np.random.default_rng(0)), np.zeros(num_classes))


EXERCISE = Exercise(
    number=1,
    title="A new head",
    section="7.1",
    points=2,
    minutes=8,
    difficulty="easy",
    reference=reference,
    cases=cases,
    drive=drive,
    measure=measure,
    misconceptions=(
        Misconception(
            variance_taken_for_the_standard_deviation,
            hint="Does `rng.normal` want a variance or a standard deviation? How does one become the other?",
        ),
        Misconception(
            scale_made_for_relu,
            hint="The 2 in 2 / D makes up for what a ReLU takes away. Which activation comes behind the head?",
        ),
        Misconception(
            not_scaled_at_all,
            hint="How large do your logits become with 4 features, and with 400? Which number in the docstring have "
            "you not used yet?",
        ),
        Misconception(
            classes_counted_instead_of_features,
            hint="How many products does one class add up: as many as there are classes, or as there are features?",
        ),
        Misconception(head_of_zeros, hint="What is rng for? What does the docstring say about the weights?"),
        Misconception(
            one_row_for_every_class,
            hint="Compare two rows of your head. Which class does it prefer for any picture at all?",
        ),
        Misconception(
            old_rows_kept,
            hint="Class 0 was a cat, and is now a leaf: what does the old row for class 0 know about leaves?",
        ),
        Misconception(
            bias_of_the_old_head,
            hint="How many numbers does your head.bias hold, and how many classes are there now?",
        ),
        Misconception(bias_drawn_too, hint="Which class should a fresh head prefer before it has seen an example?"),
        Misconception(
            features_in_rows,
            hint="Which shape had the old head.weight? Where do its classes stand, in the rows or in the columns?",
        ),
        Misconception(
            body_drawn_anew,
            hint="Which arrays know something that the new task can use? Are their numbers still there?",
        ),
        Misconception(
            body_not_copied,
            hint="Change one number of the new body in place: does the old network change, too? What does dict() copy?",
        ),
        Misconception(
            given_network_changed,
            hint="Can you still use the old network after your call? Whose dict do you write into?",
        ),
        Misconception(
            second_head_added,
            hint="Which names should the new dict have? How many heads has your network?",
        ),
        Misconception(
            a_generator_of_its_own,
            hint="Call your function twice with one rng: are the two heads different? Which generator draws?",
        ),
    ),
    hints=(
        "Copy everything first, then put two new arrays in the place of two old ones.",
        "The old head.weight has D columns, one for each feature. rng.normal takes mean, standard deviation and size.",
        "head.weight: mean 0, standard deviation 1 / √D, shape (num_classes, D). head.bias: num_classes zeros.",
        "Old head (10, 64), 3 classes now: a draw of shape (3, 64) with standard deviation 1/8, and three zeros.",
    ),
    tolerance=Tolerance(
        rtol=0.0,
        atol=0.06,
        rtol32=0.0,
        atol32=0.06,
        why="Statistics of 210,000 draws: honest answers miss those of the reference by at most 0.0143 over 40 seeds; "
        "the nearest misconception that a spread betrays, variance 2 / D, misses by 0.69.",
    ),
    convention="Variance 1 / D: no ReLU follows the head. PyTorch's own Linear begins with uniform weights of variance "
    "1 / (3 D), and a bias that is drawn.",
)
