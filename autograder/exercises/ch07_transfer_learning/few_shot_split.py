"""Exercise of section 7.4: a few labels of every class, drawn at random.

Source: Fei-Fei, Fergus and Perona 2006, "One-shot learning of object categories".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception, Rng


def drive(few_shot_split, labels, per_class, rng):
    """Forty splits, one after the other from one generator."""
    return [few_shot_split(labels, per_class, rng) for _ in range(40)]


def reference(labels, per_class, rng):
    """A random key for every example; those with the smallest keys of their class are chosen."""
    import torch

    splits = []
    for _ in range(40):
        key = torch.rand(len(labels), generator=rng, device=labels.device)
        before = (labels[:, None] == labels) & (key[:, None] > key)
        chosen = before.sum(dim=1) < per_class
        splits.append([torch.nonzero(chosen)[:, 0], torch.nonzero(~chosen)[:, 0]])
    return splits


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Two of each, twice with other seeds; one of each; a class that is used up; numbers that leave gaps."""
    first = _inputs(rng, {0: 4, 1: 6, 2: 5}, 2)
    yield Case("two of each of three classes", first)
    yield Case("the same, another rng", first | {"rng": Rng(int(rng.integers(2**32)))})
    yield Case("one of each of five classes", _inputs(rng, {0: 3, 1: 2, 2: 3, 3: 3, 4: 2}, 1))
    yield Case("a class of exactly per_class", _inputs(rng, {0: 3, 1: 8, 2: 5}, 3))
    yield Case("classes 2, 5 and 9", _inputs(rng, {2: 5, 5: 3, 9: 6}, 2))


def _inputs(rng: np.random.Generator, sizes: dict[int, int], per_class: int) -> dict[str, Any]:
    labels = rng.permutation(np.repeat(list(sizes), list(sizes.values())))
    return {"labels": labels, "per_class": per_class, "rng": Rng(int(rng.integers(2**32)))}


def measure(answer: Any, labels: np.ndarray, per_class: int, rng: Rng) -> dict[str, Any]:
    """What forty splits have in common whatever was drawn.

    train_size, rest_size           of the first split
    splits_uneven                   in how many some class has another number of examples than per_class: 0
    splits_with_a_place_in_both     0
    splits_with_a_place_twice       0
    splits_with_a_place_in_neither  0
    splits_not_sorted               0
    examples_never_drawn            how many are in no train at all: 0
    all_splits_alike                1 if nothing was left to chance, otherwise 0
    all_splits_of_the_first_ones    1 if train is always what comes first in each class, otherwise 0
    """
    found = dict.fromkeys(
        ("uneven", "with_a_place_in_both", "with_a_place_twice", "with_a_place_in_neither", "not_sorted"), 0.0
    )
    of_class = labels == np.unique(labels)[:, None]  # (C, N)
    first = [np.flatnonzero(members)[:per_class] for members in of_class]
    drawn, different = np.zeros(len(labels)), set()
    for split in answer:
        train, rest = _places(split, len(labels))
        times = np.bincount(train, minlength=len(labels)), np.bincount(rest, minlength=len(labels))
        found["uneven"] += (of_class[:, train].sum(axis=1) != per_class).any()
        found["with_a_place_in_both"] += ((times[0] > 0) & (times[1] > 0)).any()
        found["with_a_place_twice"] += max(times[0].max(), times[1].max()) > 1
        found["with_a_place_in_neither"] += (times[0] + times[1]).min() == 0
        found["not_sorted"] += (train[1:] < train[:-1]).any() or (rest[1:] < rest[:-1]).any()
        drawn += times[0]
        different.add(tuple(sorted(train.tolist())))
    train, rest = _places(answer[0], len(labels))
    return {
        "train_size": float(len(train)),
        "rest_size": float(len(rest)),
        **{f"splits_{name}": float(count) for name, count in found.items()},
        "examples_never_drawn": float(np.sum(drawn == 0)),
        "all_splits_alike": float(len(different) == 1),
        "all_splits_of_the_first_ones": float(different == {tuple(sorted(np.concatenate(first).tolist()))}),
    }


def _places(split: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The two arrays of a split, if they can be places in an array of n."""
    if not isinstance(split, list | tuple) or len(split) != 2:
        raise ValueError("a split is two arrays, train and rest")
    pair = tuple(np.asarray(one) for one in split)
    for name, one in zip(("train", "rest"), pair, strict=True):
        if one.ndim != 1:
            raise ValueError(f"{name} has shape {one.shape}; expected one axis")
        if one.size and one.dtype.kind not in "iu":
            raise ValueError(f"{name} holds {one.dtype}; expected places, which are integers")
        if one.size and (one.min() < 0 or one.max() >= n):
            raise ValueError(f"{name} holds a place that labels does not have")
    return pair[0].astype(int), pair[1].astype(int)


def _rest(labels, train):
    return np.setdiff1d(np.arange(len(labels)), train)


def _drawn(labels, per_class, rng):
    return np.concatenate([rng.permutation(np.flatnonzero(labels == one))[:per_class] for one in np.unique(labels)])


def the_first_of_each_class(labels, per_class, rng):
    """Draws nothing: takes those that come first."""
    train = np.sort(np.concatenate([np.flatnonzero(labels == one)[:per_class] for one in np.unique(labels)]))
    return train, _rest(labels, train)


def drawn_from_all_together(labels, per_class, rng):
    """Draws the right number, but does not look at classes."""
    train = np.sort(rng.permutation(len(labels))[: per_class * len(np.unique(labels))])
    return train, _rest(labels, train)


def per_class_taken_for_the_total(labels, per_class, rng):
    """Draws per_class examples in all."""
    train = np.sort(rng.permutation(len(labels))[:per_class])
    return train, _rest(labels, train)


def drawn_with_replacement(labels, per_class, rng):
    """Puts an example back before it draws the next, so that one may come twice."""
    train = np.concatenate(
        [rng.choice(np.flatnonzero(labels == one), per_class, replace=True) for one in np.unique(labels)]
    )
    return np.sort(train), _rest(labels, train)


def places_within_the_class(labels, per_class, rng):
    """Returns the places among the examples of a class, and not among all."""
    train = np.concatenate([rng.permutation(int(np.sum(labels == one)))[:per_class] for one in np.unique(labels)])
    return np.sort(train), _rest(labels, train)


def rest_holds_everything(labels, per_class, rng):
    """Leaves the chosen ones in the rest, so that one tests on what was trained on."""
    return np.sort(_drawn(labels, per_class, rng)), np.arange(len(labels))


def train_and_rest_exchanged(labels, per_class, rng):
    """Returns the rest first."""
    train = np.sort(_drawn(labels, per_class, rng))
    return _rest(labels, train), train


def class_after_class(labels, per_class, rng):
    """Does not sort, so that train holds class after class."""
    train = _drawn(labels, per_class, rng)
    return train, _rest(labels, train)


def labels_instead_of_places(labels, per_class, rng):
    """Returns the labels of both parts."""
    train = np.sort(_drawn(labels, per_class, rng))
    return labels[train], labels[_rest(labels, train)]


def masks_instead_of_places(labels, per_class, rng):
    """Returns True and False for each example."""
    chosen = np.isin(np.arange(len(labels)), _drawn(labels, per_class, rng))
    return chosen, ~chosen


def a_generator_of_its_own(labels, per_class, rng):
    """Makes a generator with a fixed seed, so that every split is the same."""
    train = np.sort(_drawn(labels, per_class, np.random.default_rng(0)))
    return train, _rest(labels, train)


def rest_as_small_as_train(labels, per_class, rng):
    """Draws per_class examples for the rest, too, and loses the others."""
    both = [rng.permutation(np.flatnonzero(labels == one)) for one in np.unique(labels)]
    train = np.concatenate([places[:per_class] for places in both])
    rest = np.concatenate([places[per_class : 2 * per_class] for places in both])
    return np.sort(train), np.sort(rest)


EXERCISE = Exercise(
    number=8,
    title="A few labels of each class",
    section="7.4",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    measure=measure,
    misconceptions=(
        Misconception(
            the_first_of_each_class,
            hint="Split twice with one rng: is train another one? What is rng for?",
        ),
        Misconception(
            drawn_from_all_together,
            hint="Count the classes in train: are there per_class examples of each, every time?",
        ),
        Misconception(
            per_class_taken_for_the_total,
            hint="Three classes, two of each: how many examples are in train?",
        ),
        Misconception(
            drawn_with_replacement,
            hint="Is some place in train twice? What does `replace` mean for rng.choice?",
        ),
        Misconception(
            places_within_the_class,
            hint="Look up the labels at the places in train: are all classes there? In which array do you count?",
        ),
        Misconception(
            rest_holds_everything,
            hint="Is a place of train also in rest? What would a test accuracy on such a rest be worth?",
        ),
        Misconception(
            train_and_rest_exchanged,
            hint="Which of the two arrays should be the small one? In which order are they returned?",
        ),
        Misconception(
            class_after_class,
            hint="Do the places in train rise from the first to the last?",
        ),
        Misconception(
            labels_instead_of_places,
            hint="Can x[train] pick the chosen examples? Do you return where they are, or what they are?",
        ),
        Misconception(
            masks_instead_of_places,
            hint="How many numbers does your train hold? Which function tells where an array is True?",
        ),
        Misconception(
            a_generator_of_its_own,
            hint="Split twice with one rng: is train another one? Which generator draws?",
        ),
        Misconception(
            rest_as_small_as_train,
            hint="How many examples are in train and rest together, and how many are there?",
        ),
    ),
    hints=(
        "Class by class: where are its examples, and which of them are drawn? Everything else is the rest.",
        "np.flatnonzero(labels == c) gives the places of class c; rng.choice with replace=False draws some of them.",
        "train = per_class places of every class, joined and sorted; rest = 0 … N − 1 without train (np.setdiff1d).",
        "Labels 1 0 1 0 0, one of each: places of 0 are 1, 3, 4; of 1 are 0, 2. If 3 and 0 are drawn: train 0 3, rest "
        "1 2 4.",
    ),
    convention="Both parts hold places in labels, sorted; every class gives the same number, whatever its size is.",
)
