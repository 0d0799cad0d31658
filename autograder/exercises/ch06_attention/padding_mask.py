"""Exercise of section 6.3: which keys are real.

Source: derived in section 6.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._attention import checked_mask
from autograder.spec import Case, Exercise, Misconception


def reference(lengths, length):
    """A row of True for each sequence, filled up with False by PyTorch's pad."""
    import torch

    rows = [torch.ones(int(one), dtype=torch.bool, device=lengths.device) for one in lengths]
    return torch.stack([torch.nn.functional.pad(row, (0, length - len(row))) for row in rows])[:, None]


def measure(answer, lengths, length):
    """The mask, which must hold booleans, as ones and zeros."""
    return checked_mask(answer)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Two lengths, no padding, as many sequences as positions, an empty sequence, lengths of chance."""
    yield Case("lengths 5 and 3", _inputs([5, 3], 5))
    yield Case("no padding", _inputs([4, 4, 4], 4))
    yield Case("as many sequences as positions", _inputs([3, 1, 4, 2], 4))
    yield Case("padding everywhere, an empty sequence", _inputs([0, 2, 5], 7))
    length = int(rng.integers(20, 40))
    yield Case("six sequences", {"lengths": rng.integers(1, length, 6), "length": length})


def _inputs(lengths: list[int], length: int) -> dict[str, Any]:
    return {"lengths": np.array(lengths), "length": length}


def _right(lengths, length):
    return (np.arange(length) < lengths[:, None])[:, None]


def true_at_padding(lengths, length):
    """Marks the padding."""
    return ~_right(lengths, length)


def one_too_many(lengths, length):
    """Counts the first filled-up position as real."""
    return (np.arange(length) <= lengths[:, None])[:, None]


def one_too_few(lengths, length):
    """Leaves out the last real position."""
    return (np.arange(length) < lengths[:, None] - 1)[:, None]


def no_axis_for_the_queries(lengths, length):
    """Returns (N, T)."""
    return _right(lengths, length)[:, 0]


def axis_of_the_keys_in_the_middle(lengths, length):
    """Returns (N, T, 1), which hides queries instead of keys."""
    return _right(lengths, length).swapaxes(1, 2)


def queries_hidden_too(lengths, length):
    """Returns (N, T, T) and lets queries at the padding look at nothing."""
    return _right(lengths, length) & _right(lengths, length).swapaxes(1, 2)


def a_row_for_every_query(lengths, length):
    """Returns (N, T, T), the same row T times."""
    return np.repeat(_right(lengths, length), length, axis=1)


def padding_at_the_beginning(lengths, length):
    """Takes the padding to come before the sequence."""
    return _right(lengths, length)[:, :, ::-1].copy()


def the_longest_for_all(lengths, length):
    """Gives every sequence the length of the longest one."""
    return _right(np.full_like(lengths, np.max(lengths)), length)


def only_the_last_real_one(lengths, length):
    """Marks one position of each sequence, its last real one."""
    return (np.arange(length) == lengths[:, None] - 1)[:, None]


def numbers_instead_of_booleans(lengths, length):
    """Returns ones and zeros."""
    return _right(lengths, length).astype(float)


def to_be_added_to_the_scores(lengths, length):
    """Returns 0 where one may look and minus infinity elsewhere."""
    return np.where(_right(lengths, length), 0.0, -np.inf)


EXERCISE = Exercise(
    number=3,
    title="The padding mask",
    section="6.3",
    points=2,
    minutes=4,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(true_at_padding, hint="What does True mean in a mask of this course: may look, or may not?"),
        Misconception(
            one_too_many, hint="A sequence of length 3 has the positions 0, 1, 2. How many True has its row?"
        ),
        Misconception(
            one_too_few, hint="A sequence of length 1: how many True should its row have, and how many has it?"
        ),
        Misconception(
            no_axis_for_the_queries,
            hint="A mask says for each query which keys it may see. Where is the axis of the queries in your result?",
        ),
        Misconception(
            axis_of_the_keys_in_the_middle,
            hint="mask[n, i, j]: which of i and j is the key? On which axis does padding have to be hidden?",
        ),
        Misconception(
            queries_hidden_too,
            hint="What does a query at a filled-up position give? Does anybody use it? Which axis needs the mask?",
        ),
        Misconception(
            a_row_for_every_query,
            hint="All rows of an example are the same. Which length of that axis lets NumPy repeat them itself?",
        ),
        Misconception(
            padding_at_the_beginning, hint="Where were the sequences filled up: before their beginning, or at the end?"
        ),
        Misconception(
            the_longest_for_all, hint="Do all sequences end at the same position? How does each row get its own end?"
        ),
        Misconception(only_the_last_real_one, hint="Which keys are real: the last one, or all up to it?"),
        Misconception(
            numbers_instead_of_booleans,
            hint="What is the dtype of your mask? What would ~ do to it? Which dtype do comparisons give?",
        ),
        Misconception(
            to_be_added_to_the_scores,
            hint="Some programs add a mask to the scores. What does this course's attention want in its place?",
        ),
    ),
    hints=(
        "A position is real when its number is smaller than the length of its sequence.",
        "Compare np.arange(length), which lies, with lengths[:, None], which stands: NumPy makes a table of that.",
        "mask[n, 0, j] = (j < lengths[n]).",
        "lengths = [1, 3], length = 3: [[[True, False, False]], [[True, True, True]]].",
    ),
    convention="True at real keys; PyTorch's key_padding_mask is (N, T) and True at padding.",
    measure=measure,
)
