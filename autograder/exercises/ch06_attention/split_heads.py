"""Exercise of section 6.4: features cut into heads.

Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._attention import into_heads
from autograder.spec import Case, Exercise, Misconception


def reference(x, num_heads):
    """The features in equal chunks, stacked as an axis of their own."""
    import torch

    return torch.stack(torch.chunk(x, num_heads, dim=-1), dim=1)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, all axes different, all axes alike (where wrong orders fit), one head, heads of one feature."""
    yield Case("two heads, three positions", _inputs(rng, 1, 3, 4, 2))
    yield Case("all axes different", _inputs(rng, 2, 5, 12, 3))
    yield Case("all axes alike", _inputs(rng, 3, 3, 9, 3))
    yield Case("one head", _inputs(rng, 2, 4, 3, 1))
    yield Case("heads of one feature", _inputs(rng, 3, 2, 4, 4))


def _inputs(rng: np.random.Generator, n: int, length: int, d_model: int, num_heads: int) -> dict[str, Any]:
    return {"x": rng.normal(0.0, 1.0, (n, length, d_model)), "num_heads": num_heads}


def reshaped_at_once(x, num_heads):
    """Reshapes straight to (N, H, T, d), which mixes positions and features."""
    n, length, d_model = x.shape
    return x.reshape(n, num_heads, length, d_model // num_heads)


def heads_behind_positions(x, num_heads):
    """Returns (N, T, H, d)."""
    return into_heads(x, num_heads).swapaxes(1, 2)


def heads_in_front(x, num_heads):
    """Returns (H, N, T, d)."""
    return into_heads(x, num_heads).swapaxes(0, 1)


def heads_and_batch_in_one_axis(x, num_heads):
    """Returns (N * H, T, d), as some programs do."""
    heads = into_heads(x, num_heads)
    return heads.reshape(-1, *heads.shape[2:])


def features_dealt_out_in_turn(x, num_heads):
    """Gives head h every num_heads-th feature instead of a block of them."""
    n, length, d_model = x.shape
    return x.reshape(n, length, d_model // num_heads, num_heads).transpose(0, 3, 1, 2)


def number_and_size_of_heads_swapped(x, num_heads):
    """Makes D / H heads of H features."""
    return into_heads(x, x.shape[-1] // num_heads)


def positions_and_features_swapped(x, num_heads):
    """Returns (N, H, d, T)."""
    return into_heads(x, num_heads).swapaxes(2, 3)


def positions_cut_instead_of_features(x, num_heads):
    """Cuts the text into num_heads pieces and leaves the features together."""
    n, length, d_model = x.shape
    return x.reshape(n, num_heads, length // num_heads, d_model)


def every_head_gets_everything(x, num_heads):
    """Repeats all features for every head."""
    return np.repeat(x[:, None], num_heads, axis=1)


def a_list_of_heads(x, num_heads):
    """Returns a list of H arrays (N, T, d)."""
    return list(np.moveaxis(into_heads(x, num_heads), 1, 0))


EXERCISE = Exercise(
    number=4,
    title="Split into heads",
    section="6.4",
    points=2,
    minutes=5,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            reshaped_at_once,
            hint="Are the numbers of your head 0 at position 1 really features of position 1? Does reshape move "
            "numbers, or only count them anew?",
        ),
        Misconception(
            heads_behind_positions, hint="In which order should the four axes come, and in which do yours come?"
        ),
        Misconception(heads_in_front, hint="In which order should the four axes come, and in which do yours come?"),
        Misconception(
            heads_and_batch_in_one_axis, hint="How many axes should the result have? Which two did you join?"
        ),
        Misconception(
            features_dealt_out_in_turn,
            hint="D = 4, two heads: does head 0 get the features 0 and 1, or 0 and 2? Which does your reshape give it?",
        ),
        Misconception(
            number_and_size_of_heads_swapped,
            hint="D = 12 and num_heads = 3: how many heads do you make, and how many features has each?",
        ),
        Misconception(
            positions_and_features_swapped, hint="Which axis should be the last one: the positions, or the features?"
        ),
        Misconception(
            positions_cut_instead_of_features,
            hint="Does each head read a piece of the text, or all of it with a part of the features?",
        ),
        Misconception(
            every_head_gets_everything, hint="How many features has a head when D features are shared out among H?"
        ),
        Misconception(a_list_of_heads, hint="What is asked for: a list, or one array with an axis for the heads?"),
    ),
    hints=(
        "Two moves: give the features two axes instead of one, then bring the axes into the order that is asked for.",
        "reshape keeps the numbers in their order, so it can only cut the last axis into (H, d). transpose moves axes.",
        "result[n, h, t, j] = x[n, t, h · d + j] with d = D / H.",
        "One example, one position, x = [[[1, 2, 3, 4]]], two heads: [[[[1, 2]], [[3, 4]]]], of shape (1, 2, 1, 2).",
    ),
    convention="A head gets neighbouring features, as in PyTorch's MultiheadAttention.",
)
