"""Exercise of section 5.8: the state after the last real step of padded sequences.

Source: derived in section 5.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(hs, lengths):
    """torch.nn.utils.rnn.unpad_sequence, and the last row of each."""
    import torch

    return torch.stack([one[-1] for one in torch.nn.utils.rnn.unpad_sequence(hs, lengths, batch_first=True)])


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Lengths 5 and 3; a sequence of one step; no padding at all; as many sequences as steps; padding of zeros."""
    yield Case("lengths 5 and 3", _inputs(rng, [5, 3], 5, 4))
    yield Case("lengths 1, 4, 2", _inputs(rng, [1, 4, 2], 6, 2))
    yield Case("no padding", _inputs(rng, [4, 4, 4], 4, 3))
    yield Case("as many sequences as steps", _inputs(rng, [2, 3, 1], 3, 3))
    zeros = _inputs(rng, [2, 6, 3, 5], 7, 3)
    for row, length in zip(zeros["hs"], zeros["lengths"], strict=True):
        row[length:] = 0
        row[length - 1, 0] = 0
    yield Case("padding of zeros", zeros)


def _inputs(rng: np.random.Generator, lengths: list[int], steps: int, size: int) -> dict[str, Any]:
    hs = rng.uniform(0.2, 0.9, (len(lengths), steps, size)) * rng.choice([-1.0, 1.0], (len(lengths), steps, size))
    return {"hs": hs, "lengths": np.array(lengths)}


def last_step_padding_or_not(hs, lengths):
    """Takes the last step of every sequence, whatever its length."""
    return hs[:, -1].copy()


def one_step_too_late(hs, lengths):
    """Takes the step with the number of the length, the first one of the padding."""
    return hs[np.arange(len(hs)), np.minimum(lengths, hs.shape[1] - 1)]


def one_step_too_early(hs, lengths):
    """Takes the step before the last real one."""
    return hs[np.arange(len(hs)), lengths - 2]


def the_same_step_for_all(hs, lengths):
    """Takes the step of the longest sequence from every sequence."""
    return hs[:, np.max(lengths) - 1].copy()


def step_of_the_shortest_for_all(hs, lengths):
    """Takes the step of the shortest sequence from every sequence."""
    return hs[:, np.min(lengths) - 1].copy()


def a_whole_table_for_each_length(hs, lengths):
    """Writes hs[:, lengths - 1], which gives every sequence the steps of all the others, too."""
    return hs[:, lengths - 1]


def mean_of_the_valid_steps(hs, lengths):
    """Averages the real steps."""
    valid = np.arange(hs.shape[1]) < lengths[:, None]
    return np.sum(hs * valid[:, :, None], axis=1) / lengths[:, None]


def lengths_counted_from_the_end(hs, lengths):
    """Takes the step that is a length away from the end."""
    return hs[np.arange(len(hs)), -lengths]


def last_step_that_is_not_zero(hs, lengths):
    """Looks for the last number that is not zero instead of using the lengths."""
    steps = np.arange(hs.shape[1])[None, :, None]
    last = np.max(np.where(hs != 0, steps, 0), axis=1)
    return np.take_along_axis(hs, last[:, None], axis=1)[:, 0]


EXERCISE = Exercise(
    number=12,
    title="The last step that counts",
    section="5.8",
    points=2,
    minutes=6,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            last_step_padding_or_not,
            hint="With lengths 5 and 3, what stands at step 5 of the second sequence?",
        ),
        Misconception(one_step_too_late, hint="A sequence of length 3 has the steps 0, 1, 2. Which one do you take?"),
        Misconception(one_step_too_early, hint="A sequence of length 1: which step is its last, and which is yours?"),
        Misconception(
            the_same_step_for_all, hint="Do all sequences end at the same step? How can each row have its own?"
        ),
        Misconception(
            step_of_the_shortest_for_all, hint="Do all sequences end at the same step? How can each row have its own?"
        ),
        Misconception(
            a_whole_table_for_each_length,
            hint="One colon and an array of N numbers: which shape does that give? What would two arrays of N numbers "
            "give?",
        ),
        Misconception(mean_of_the_valid_steps, hint="Is the last state asked for, or something about all of them?"),
        Misconception(
            lengths_counted_from_the_end, hint="Where does the padding lie: before the sequence, or after it?"
        ),
        Misconception(
            last_step_that_is_not_zero,
            hint="Can a real state be exactly 0? Does padding have to be? What are the lengths for?",
        ),
    ),
    hints=(
        "Each sequence has a last step of its own.",
        "Two arrays of N integers in the brackets pick N pairs: the row and the step of each.",
        "result[n] = hs[n, lengths[n] − 1] for every n.",
        "lengths = [5, 3]: hs[[0, 1], [4, 2]] is hs[0, 4] and hs[1, 2].",
    ),
    convention="Padding comes after the sequence; steps count from 0, lengths from 1.",
)
