"""Exercise of section 6.3: nobody looks ahead.

Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.3.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch06_attention._attention import checked_mask
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(length):
    """Where PyTorch's own mask for decoders, whose hidden places are minus infinity, is 0."""
    import torch

    return torch.nn.Transformer.generate_square_subsequent_mask(length) == 0


def measure(answer, length):
    """The mask, which must hold booleans, as ones and zeros."""
    return checked_mask(answer)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One position, two, three, then two lengths of chance."""
    for length in (1, 2, 3, int(rng.integers(4, 20)), int(rng.integers(20, 60))):
        yield Case(f"{length} position{'s' if length > 1 else ''}", {"length": length})


def large() -> dict[str, int]:
    """As many positions as GPT-2 could read."""
    return {"length": 1024}


def _right(length):
    return np.arange(length)[:, None] >= np.arange(length)


def itself_hidden(length):
    """Hides the diagonal: a position sees what came before and not itself."""
    return _right(length) & ~np.eye(length, dtype=bool)


def only_itself_hidden(length):
    """Hides nothing but the diagonal."""
    return ~np.eye(length, dtype=bool)


def one_position_ahead(length):
    """Lets a position see the next one, too."""
    return np.arange(length)[:, None] >= np.arange(length) - 1


def rows_and_columns_swapped(length):
    """Lets a position see itself and what comes after it."""
    return _right(length).T.copy()


def true_where_hidden(length):
    """Marks what may not be seen."""
    return ~_right(length)


def everything_seen(length):
    """Lets everybody see everything."""
    return np.ones((length, length), dtype=bool)


def only_itself_seen(length):
    """Lets each position see itself alone."""
    return np.eye(length, dtype=bool)


def only_itself_and_the_one_before(length):
    """Lets a position see one step back and no further."""
    back = np.arange(length)[:, None] - np.arange(length)
    return (back == 0) | (back == 1)


def numbers_instead_of_booleans(length):
    """Returns ones and zeros."""
    return np.tril(np.ones((length, length)))


def to_be_added_to_the_scores(length):
    """Returns 0 where one may look and minus infinity elsewhere, as some programs add it to the scores."""
    return np.where(_right(length), 0.0, -np.inf)


def one_row_only(length):
    """Returns one row of True instead of a row for every query."""
    return np.ones(length, dtype=bool)


EXERCISE = Exercise(
    number=2,
    title="The causal mask",
    section="6.3",
    points=1,
    minutes=3,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            itself_hidden, hint="What may the very first position look at in your mask? May a token look at itself?"
        ),
        Misconception(
            only_itself_hidden, hint="May position 0 look at the last one in your mask? May it look at itself?"
        ),
        Misconception(one_position_ahead, hint="May position 0 look at position 1 in your mask? Which one is that?"),
        Misconception(
            rows_and_columns_swapped,
            hint="mask[0] is the row of the first position. How many positions came before it, and how many are True?",
        ),
        Misconception(true_where_hidden, hint="What does True mean in a mask of this course: may look, or may not?"),
        Misconception(everything_seen, hint="May position 0 look at the last one in your mask? Has it come yet?"),
        Misconception(only_itself_seen, hint="May the last position look at the first one? How many True has its row?"),
        Misconception(
            only_itself_and_the_one_before, hint="How far back may the last position look? How many True has its row?"
        ),
        Misconception(
            numbers_instead_of_booleans,
            hint="What is the dtype of your mask? What would ~ do to it? Which dtype do comparisons give?",
        ),
        Misconception(
            to_be_added_to_the_scores,
            hint="Some programs add a mask to the scores. What does this course's attention want in its place?",
        ),
        Misconception(one_row_only, hint="Each query has its own rule. How many rows does the mask need?"),
    ),
    hints=(
        "Draw it for three positions: a row for each one that looks, a column for each one that is looked at.",
        "np.tril keeps a triangle of an array; comparing two aranges, one of them standing upright, does it as well.",
        "mask[i, j] = (j ≤ i).",
        "length 3: [[True, False, False], [True, True, False], [True, True, True]].",
    ),
    convention="True: may look, as in PyTorch's scaled_dot_product_attention; its MultiheadAttention means the "
    "opposite.",
    measure=measure,
    pace=Pace(inputs=large, yardstick=_right),
)
