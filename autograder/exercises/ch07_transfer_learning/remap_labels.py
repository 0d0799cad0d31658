"""Exercise of section 7.1: the same classes under other numbers.

Source: derived in section 7.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(labels, old_names, new_names):
    """A table of all pairs of names, read row by row."""
    import torch

    same = torch.tensor([[one == other for other in new_names] for one in old_names], device=labels.device)
    place = torch.where(same.any(dim=1), same.int().argmax(dim=1), -1)
    return torch.nn.functional.embedding(labels, place[:, None])[:, 0]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A cycle of three, names that are missing, many new names, names that begin alike, one label."""
    yield Case("three names change places", _inputs(rng, ["cat", "dog", "bird"], ["bird", "cat", "dog"], 7))
    yield Case("two names are missing", _inputs(rng, ["cup", "tree", "car", "shoe"], ["shoe", "cup"], 9))
    yield Case(
        "more names than before",
        _inputs(rng, ["plum", "apple", "pear"], ["fig", "pear", "lime", "plum", "date", "apple"], 8),
    )
    yield Case(
        "names that begin alike",
        _inputs(rng, ["carpet", "car", "cart", "art"], ["cart", "carpet", "part", "car", "cartoon"], 11),
    )
    yield Case("nothing in common", _inputs(rng, ["one", "two"], ["three", "four", "five"], 5))


def _inputs(rng: np.random.Generator, old_names: list[str], new_names: list[str], n: int) -> dict[str, object]:
    """Every class at least once, in a random order."""
    extra = rng.integers(0, len(old_names), n - len(old_names))
    labels = rng.permutation(np.concatenate([np.arange(len(old_names)), extra]))
    return {"labels": labels, "old_names": old_names, "new_names": new_names}


def _place(name, names, missing):
    return names.index(name) if name in names else missing


def labels_left_as_they_are(labels, old_names, new_names):
    """Takes the numbers for the classes themselves."""
    return labels.copy()


def from_new_to_old(labels, old_names, new_names):
    """Reads the table the wrong way round: from new places to old ones."""
    table = [_place(name, old_names, -1) for name in new_names]
    return np.array([table[label] if label < len(table) else -1 for label in labels])


def one_class_after_the_other(labels, old_names, new_names):
    """Replaces number by number in one array, so that a label is replaced again by a later round."""
    result = labels.copy()
    for old, name in enumerate(old_names):
        result[result == old] = _place(name, new_names, -1)
    return result


def missing_left_out(labels, old_names, new_names):
    """Drops the labels whose name is gone, so that they no longer fit the examples."""
    found = [_place(old_names[label], new_names, -1) for label in labels]
    return np.array([place for place in found if place >= 0], dtype=int)


def missing_become_class_0(labels, old_names, new_names):
    """Gives class 0 to names that the new list does not have."""
    return np.array([_place(old_names[label], new_names, 0) for label in labels])


def missing_become_a_class_of_their_own(labels, old_names, new_names):
    """Gives them the number behind the last one."""
    return np.array([_place(old_names[label], new_names, len(new_names)) for label in labels])


def missing_keep_their_number(labels, old_names, new_names):
    """Leaves the old number where the name is gone, which is another class now."""
    return np.array([_place(old_names[label], new_names, label) for label in labels])


def new_names_sorted(labels, old_names, new_names):
    """Numbers the new names by the alphabet, as some libraries do, and not as they are given."""
    return np.array([_place(old_names[label], sorted(new_names), -1) for label in labels])


def beginnings_compared(labels, old_names, new_names):
    """Takes the first new name that begins with the old one."""
    table = [next((place for place, new in enumerate(new_names) if new.startswith(name)), -1) for name in old_names]
    return np.array(table)[labels]


def counted_from_one(labels, old_names, new_names):
    """Calls the first new class 1."""
    return np.array([_place(old_names[label], new_names, -2) + 1 for label in labels])


def given_labels_overwritten(labels, old_names, new_names):
    """Writes the new numbers into the array that it was given."""
    labels[:] = [_place(old_names[label], new_names, -1) for label in labels]
    return labels


EXERCISE = Exercise(
    number=2,
    title="The order of the labels",
    section="7.1",
    points=2,
    minutes=10,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            labels_left_as_they_are,
            hint="Which name has the number 0 in the old list, and which in the new one?",
        ),
        Misconception(
            from_new_to_old,
            hint="A label is a place in old_names. Does your table begin with the old place, or with the new one?",
        ),
        Misconception(
            one_class_after_the_other,
            hint="Your first round turns 0 into 1, your second turns 1 into 2: what has become of the zeros?",
        ),
        Misconception(
            missing_left_out,
            hint="How many examples are there, and how many labels do you return? Whose label is the third one now?",
        ),
        Misconception(
            missing_become_class_0,
            hint="Class 0 of the new list has a name. Is that what these examples show?",
        ),
        Misconception(
            missing_become_a_class_of_their_own,
            hint="Which number does the docstring give to a name that is not there?",
        ),
        Misconception(
            missing_keep_their_number,
            hint="Old label 1, and its name is gone: what is called 1 in the new list?",
        ),
        Misconception(
            new_names_sorted,
            hint="Who decides about the order of the new classes: the alphabet, or the list that you were given?",
        ),
        Misconception(
            beginnings_compared,
            hint="A car and a cart: do two names have to be equal, or is it enough that they begin alike?",
        ),
        Misconception(counted_from_one, hint="Which place has the first name of a Python list?"),
        Misconception(
            given_labels_overwritten,
            hint="What does labels hold after the call? Is your result an array of its own?",
        ),
    ),
    hints=(
        "First find out for every old name where it stands now. Then read that table with the labels.",
        "A dict from new name to new place answers quickly; .get(name, -1) answers for names that are not there.",
        "table[k] = the place of old_names[k] in new_names, or −1. The result is table[labels].",
        "Old: cat, dog, cup. New: cup, cat. The table is 1, −1, 0, so the labels 2, 0, 1, 0 become 0, 1, −1, 1.",
    ),
    convention="Labels are places in a list, counted from 0; -1 says that the class is not there.",
)
