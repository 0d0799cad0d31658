"""Exercise of section 6.4: heads laid side by side again.

Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch06_attention._attention import joined
from autograder.spec import Case, Exercise, Misconception


def reference(x):
    """The heads, concatenated along the features."""
    import torch

    return torch.cat(torch.unbind(x, dim=1), dim=-1)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, all axes different, all axes alike (where wrong orders fit), one head, heads of one feature."""
    yield Case("two heads, three positions", {"x": rng.normal(0.0, 1.0, (1, 2, 3, 2))})
    yield Case("all axes different", {"x": rng.normal(0.0, 1.0, (2, 3, 5, 4))})
    yield Case("all axes alike", {"x": rng.normal(0.0, 1.0, (3, 3, 3, 3))})
    yield Case("one head", {"x": rng.normal(0.0, 1.0, (2, 1, 4, 3))})
    yield Case("heads of one feature", {"x": rng.normal(0.0, 1.0, (3, 4, 2, 1))})


def reshaped_at_once(x):
    """Reshapes straight to (N, T, H * d), which mixes positions and heads."""
    n, num_heads, length, d = x.shape
    return x.reshape(n, length, num_heads * d)


def heads_dealt_out_in_turn(x):
    """Takes the first feature of every head, then the second of every head, and so on."""
    n, num_heads, length, d = x.shape
    return x.transpose(0, 2, 3, 1).reshape(n, length, d * num_heads)


def all_axes_turned(x):
    """Writes x.T before the reshape, which reverses all four axes."""
    n, num_heads, length, d = x.shape
    return x.T.reshape(n, length, num_heads * d)


def heads_behind_positions(x):
    """Moves the axes and does not join them: (N, T, H, d)."""
    return x.swapaxes(1, 2).copy()


def heads_added_up(x):
    """Adds the heads up."""
    return np.sum(x, axis=1)


def heads_averaged(x):
    """Averages the heads."""
    return np.mean(x, axis=1)


def heads_one_after_the_other(x):
    """Lays the heads along the positions: (N, H * T, d)."""
    return x.reshape(x.shape[0], -1, x.shape[3])


def first_head_only(x):
    """Returns the first head."""
    return x[:, 0].copy()


def last_head_first(x):
    """Lays the heads side by side from the last to the first."""
    return joined(x[:, ::-1])


def positions_in_front(x):
    """Returns (T, N, H * d)."""
    return joined(x).swapaxes(0, 1)


EXERCISE = Exercise(
    number=5,
    title="Merge the heads",
    section="6.4",
    points=1,
    minutes=3,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            reshaped_at_once,
            hint="Split an x and merge it again: do you get x back? Which axes should be neighbours before reshape "
            "joins them?",
        ),
        Misconception(
            heads_dealt_out_in_turn,
            hint="Do the features of one head stay neighbours in your result? Did they in split_heads?",
        ),
        Misconception(all_axes_turned, hint="What does .T do to four axes? Which two should change places here?"),
        Misconception(heads_behind_positions, hint="How many axes should the result have, and how many has yours?"),
        Misconception(
            heads_added_up, hint="Can one still tell the heads apart in a sum? How many features are asked for?"
        ),
        Misconception(
            heads_averaged, hint="Can one still tell the heads apart in a mean? How many features are asked for?"
        ),
        Misconception(
            heads_one_after_the_other, hint="How many positions go in, and how many come out of your function?"
        ),
        Misconception(first_head_only, hint="Change the last head: does your result change?"),
        Misconception(last_head_first, hint="Where did split_heads take the features of head 0 from?"),
        Misconception(positions_in_front, hint="Which axis of the result is the batch? Which of yours is?"),
    ),
    hints=(
        "split_heads backwards: its last move first.",
        "Before reshape can join heads and features, they have to be neighbours: (N, T, H, d).",
        "result[n, t, h · d + j] = x[n, h, t, j].",
        "One example, two heads, one position: [[[[1, 2]], [[3, 4]]]] gives [[[1, 2, 3, 4]]].",
    ),
)
