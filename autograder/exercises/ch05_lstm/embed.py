"""Exercise of section 5.1: a row of a table for every token.

Source: Bengio, Ducharme, Vincent and Jauvin 2003, "A neural probabilistic language model".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(tokens, table):
    """torch.nn.functional.embedding."""
    import torch

    return torch.nn.functional.embedding(tokens, table)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A word, a batch, one token alone, a square table (where columns fit, too), one number a token."""
    yield Case("a word of four letters", _inputs(rng, (4,), 5, 3))
    yield Case("two words of three letters", _inputs(rng, (2, 3), 6, 4))
    yield Case("one token alone", _inputs(rng, (), 4, 2))
    yield Case("as many numbers as tokens", _inputs(rng, (3, 2), 4, 4))
    yield Case("one number a token", _inputs(rng, (3, 5), 6, 1))


def _inputs(rng: np.random.Generator, shape: tuple[int, ...], size: int, width: int) -> dict[str, Any]:
    return {"tokens": np.array(rng.integers(0, size, shape)), "table": rng.normal(0.5, 1.0, (size, width))}


def columns_instead_of_rows(tokens, table):
    """Takes a column for every token; tokens that have none take the last one."""
    return np.moveaxis(table[:, np.minimum(tokens, table.shape[1] - 1)], 0, -1)


def single_numbers_taken(tokens, table):
    """Counts through all numbers of the table, as np.take does without an axis."""
    return np.take(table, tokens)


def tokens_counted_from_one(tokens, table):
    """Takes the row before."""
    return table[tokens - 1]


def words_run_together(tokens, table):
    """Flattens the tokens, so that all words become one list."""
    return table[np.ravel(tokens)]


def rows_of_a_word_averaged(tokens, table):
    """Gives one row for a whole word, without the order."""
    rows = table[tokens]
    return rows if np.ndim(tokens) == 0 else np.mean(rows, axis=-2)


def rows_multiplied_by_the_token(tokens, table):
    """Takes the token for an amount: token 4 gets twice what token 2 gets."""
    return table[tokens] * np.asarray(tokens)[..., None]


def width_in_front(tokens, table):
    """Puts the axis of the table's width first instead of last."""
    return np.moveaxis(table[tokens], -1, 0)


EXERCISE = Exercise(
    number=2,
    title="Look up a table",
    section="5.1",
    points=2,
    minutes=5,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(columns_instead_of_rows, hint="The table is (V, E). Which of its axes counts the tokens?"),
        Misconception(single_numbers_taken, hint="How many numbers does one token get: one, or a row of E?"),
        Misconception(tokens_counted_from_one, hint="Which row belongs to token 0, and which one do you take?"),
        Misconception(words_run_together, hint="Two words of three letters: can you still tell the words apart?"),
        Misconception(rows_of_a_word_averaged, hint="Would “on” and “no” give the same? Which axis has gone?"),
        Misconception(
            rows_multiplied_by_the_token,
            hint="Is token 4 twice as much of something as token 2? What does token 0 get?",
        ),
        Misconception(
            width_in_front,
            hint="Tokens of shape (2, 3) and rows of 4 numbers: which shape do you get, and which one is asked for?",
        ),
    ),
    hints=(
        "It is a look-up: nothing is computed.",
        "An array of integers of any shape can stand in the brackets of an array and picks rows.",
        "embedded[..., :] = table[tokens[...]]: shape tokens.shape + (E,). It equals one_hot(tokens, V) @ table.",
        "table = [[1, 2], [3, 4], [5, 6]], tokens = [2, 0]: [[5, 6], [1, 2]].",
    ),
    convention="One row of the table for each token, as in PyTorch.",
)
