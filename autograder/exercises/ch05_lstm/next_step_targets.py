"""Exercise of section 5.8: what a model that predicts the next token reads, and what it should say.

Source: derived in section 5.8.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(tokens):
    """PyTorch: windows of two neighbours."""
    import torch

    return tuple(one.contiguous() for one in torch.unbind(tokens.unfold(1, 2, 1), dim=2))


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One sequence, three of them, two steps, as many sequences as steps, a long one."""
    yield Case("one sequence", {"tokens": rng.permutation(20)[None, :4]})
    yield Case("three sequences", {"tokens": rng.permutation(20)[:15].reshape(3, 5)})
    yield Case("two steps", {"tokens": rng.permutation(20)[:6].reshape(3, 2)})
    yield Case("as many sequences as steps", {"tokens": rng.permutation(20)[:16].reshape(4, 4)})
    yield Case("letters that come again", {"tokens": rng.integers(0, 27, (2, 12))})


def targets_not_shifted(tokens):
    """Asks for the token that the model has just read."""
    return tokens[:, :-1], tokens[:, :-1]


def inputs_and_targets_swapped(tokens):
    """Asks for the token before."""
    return tokens[:, 1:], tokens[:, :-1]


def nothing_cut_off(tokens):
    """Moves the tokens one place and lets the first one come in again at the end."""
    return tokens.copy(), np.roll(tokens, -1, axis=1)


def whole_sequence_as_input(tokens):
    """Cuts the targets only, so that there are more inputs than targets."""
    return tokens.copy(), tokens[:, 1:]


def last_token_only(tokens):
    """Asks for the last token, one target for a whole sequence."""
    return tokens[:, :-1], tokens[:, -1]


def shifted_from_sequence_to_sequence(tokens):
    """Moves along the batch instead of along time."""
    return tokens[:-1], tokens[1:]


def shifted_without_a_gap(tokens):
    """Puts 0 where the targets have run out, as if it were a token."""
    targets = np.zeros_like(tokens)
    targets[:, :-1] = tokens[:, 1:]
    return tokens.copy(), targets


def shifted_in_place(tokens):
    """Moves the caller's tokens."""
    inputs = tokens[:, :-1].copy()
    tokens[:, :-1] = tokens[:, 1:]
    return inputs, tokens[:, :-1]


EXERCISE = Exercise(
    number=11,
    title="What comes next",
    section="5.8",
    points=1,
    minutes=4,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            targets_not_shifted,
            hint="Could a model that only copies its input answer all your targets? What should it have to predict?",
        ),
        Misconception(
            inputs_and_targets_swapped, hint="In a word that begins with a, b: what is read first, and what follows?"
        ),
        Misconception(nothing_cut_off, hint="What follows the last token? How many pairs do T tokens make?"),
        Misconception(
            whole_sequence_as_input,
            hint="How many inputs and how many targets are there? Which input has no answer?",
        ),
        Misconception(
            last_token_only, hint="How many predictions does the model make along the sequence? Is each one used?"
        ),
        Misconception(shifted_from_sequence_to_sequence, hint="tokens is (N, T). Which axis is time?"),
        Misconception(
            shifted_without_a_gap, hint="What follows the last token: do you know it? Which shape is asked for?"
        ),
        Misconception(
            shifted_in_place, hint="What does tokens hold after the call? Do you need to move anything at all?"
        ),
    ),
    hints=(
        "Two windows on the same tokens, one step apart.",
        "The last token has no successor, so it is never an input. The first one is never a target.",
        "inputs = all columns but the last; targets = all columns but the first; both (N, T − 1).",
        "tokens = [[0, 5, 2, 0]]: inputs [[0, 5, 2]], targets [[5, 2, 0]].",
    ),
    convention="The target of each place is the token one step later.",
)
