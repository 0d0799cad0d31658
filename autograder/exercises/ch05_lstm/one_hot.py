"""Exercise of section 5.1: tokens as rows with a single one.

Source: derived in section 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(tokens, size):
    """torch.nn.functional.one_hot, as floats."""
    import torch

    return torch.nn.functional.one_hot(tokens, size).to(torch.get_default_dtype())


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A word, a batch, a vocabulary whose last tokens do not come, one token alone, three axes."""
    yield Case("a word of four letters", {"tokens": rng.permutation(5)[:4], "size": 5})
    yield Case("two words of three letters", {"tokens": rng.integers(0, 6, (2, 3)), "size": 6})
    yield Case("the last tokens do not come", {"tokens": rng.integers(0, 4, (3, 2)), "size": 7})
    yield Case("one token alone", {"tokens": np.array(rng.integers(1, 4)), "size": 4})
    yield Case("as many words as letters and tokens", {"tokens": rng.integers(0, 3, (3, 3)), "size": 3})


def size_taken_from_the_tokens(tokens, size):
    """Makes as many columns as the largest token needs, whatever size says."""
    return np.eye(int(np.max(tokens)) + 1)[tokens]


def tokens_counted_from_one(tokens, size):
    """Puts the one a place too early, so that token 0 wraps around to the end."""
    return np.eye(size)[tokens - 1]


def ones_along_the_first_axis(tokens, size):
    """Puts the new axis in front instead of at the end."""
    return np.moveaxis(np.eye(size)[tokens], -1, 0)


def words_run_together(tokens, size):
    """Flattens the tokens, so that all words become one list."""
    return np.eye(size)[np.ravel(tokens)]


def tokens_counted_instead_of_marked(tokens, size):
    """Adds the rows of a word up: how often each token comes, without the order."""
    rows = np.eye(size)[tokens]
    return rows if np.ndim(tokens) == 0 else np.sum(rows, axis=-2)


def the_token_itself_instead_of_a_one(tokens, size):
    """Writes the token's number where the one belongs."""
    return np.eye(size)[tokens] * np.asarray(tokens)[..., None]


def zeros_and_ones_exchanged(tokens, size):
    """Has ones everywhere but at the token."""
    return 1 - np.eye(size)[tokens]


EXERCISE = Exercise(
    number=1,
    title="One-hot vectors",
    section="5.1",
    points=2,
    minutes=5,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            size_taken_from_the_tokens,
            hint="If a word holds no z, does the row still need a place for it? What is size for?",
        ),
        Misconception(tokens_counted_from_one, hint="Which place has the one of token 0? What comes out of yours?"),
        Misconception(
            ones_along_the_first_axis,
            hint="Tokens of shape (2, 3) and size 6: which shape do you get, and which one is asked for?",
        ),
        Misconception(words_run_together, hint="Two words of three letters: can you still tell the words apart?"),
        Misconception(tokens_counted_instead_of_marked, hint="Would “on” and “no” give the same? Which axis has gone?"),
        Misconception(
            the_token_itself_instead_of_a_one,
            hint="Add up each of your rows: what should every sum be, and what is it for token 3?",
        ),
        Misconception(zeros_and_ones_exchanged, hint="How many ones should a row have?"),
    ),
    hints=(
        "Every token becomes a row of size numbers, all of them 0 but one.",
        "The rows of np.eye(size) are those rows already. An array of integers can pick rows.",
        "one_hot[..., k] = 1 where tokens[...] = k, otherwise 0; the shape is tokens.shape + (size,).",
        "tokens = [2, 0], size = 4: [[0, 0, 1, 0], [1, 0, 0, 0]].",
    ),
    convention="Tokens count from 0; the new axis is the last one, as in PyTorch.",
)
