"""Exercise of section 6.5: positions as sines and cosines.

Source: Vaswani et al. 2017, "Attention is all you need", section 3.5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception, Pace


def reference(length, d_model):
    """Points on the unit circle: PyTorch's polar, its imaginary part in front."""
    import torch

    pairs = torch.arange(0, d_model, 2, dtype=torch.get_default_dtype())
    rates = torch.exp(-torch.log(torch.tensor(10000.0)) * pairs / d_model)
    angles = torch.outer(torch.arange(length, dtype=rates.dtype), rates)
    return torch.view_as_real(torch.polar(torch.ones_like(angles), angles)).flip(-1).flatten(1)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """The first position alone, two features, four, as many positions as features, then sizes of chance."""
    yield Case("one position", {"length": 1, "d_model": 4})
    yield Case("two features", {"length": 3, "d_model": 2})
    yield Case("four features", {"length": 5, "d_model": 4})
    yield Case("as many positions as features", {"length": 6, "d_model": 6})
    yield Case("many positions", {"length": int(rng.integers(40, 90)), "d_model": 2 * int(rng.integers(4, 8))})


def large() -> dict[str, int]:
    """As many positions as BERT could read, and the features of a small model."""
    return {"length": 512, "d_model": 384}


def _waves(length, d_model, exponents, first=0):
    """Sines in the even columns and cosines in the odd ones; exponents: of 10000, for every column."""
    angles = np.arange(first, first + length)[:, None] / 10000.0 ** np.asarray(exponents)
    encoding = np.sin(angles)
    encoding[:, 1::2] = np.cos(angles[:, 1::2])
    return encoding


def _paired(d_model):
    return np.arange(d_model) // 2 * 2 / d_model


def _right(length, d_model):
    angles = np.arange(length)[:, None] / 10000.0 ** (np.arange(0, d_model, 2) / d_model)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, d_model)


def every_column_its_own_rate(length, d_model):
    """Takes the column's number in the exponent, so that a sine and its cosine turn at different rates."""
    return _waves(length, d_model, np.arange(d_model) / d_model)


def twice_the_column_in_the_exponent(length, d_model):
    """Takes 2 times the column's number, as if the formula's i counted columns."""
    return _waves(length, d_model, 2 * np.arange(d_model) / d_model)


def two_used_twice(length, d_model):
    """Counts the even columns, 0, 2, 4, and multiplies them by 2 once more."""
    return _waves(length, d_model, 2 * _paired(d_model))


def the_two_forgotten(length, d_model):
    """Takes i / D in the exponent instead of 2i / D."""
    return _waves(length, d_model, _paired(d_model) / 2)


def positions_start_at_one(length, d_model):
    """Counts positions from 1."""
    return _waves(length, d_model, _paired(d_model), first=1)


def sines_and_cosines_swapped(length, d_model):
    """Puts the cosines into the even columns."""
    return _right(length, d_model).reshape(length, -1, 2)[:, :, ::-1].reshape(length, d_model)


def halves_instead_of_neighbours(length, d_model):
    """Puts all sines first and all cosines behind them, as some programs do."""
    pairs = _right(length, d_model).reshape(length, -1, 2)
    return np.concatenate([pairs[:, :, 0], pairs[:, :, 1]], axis=1)


def sines_only(length, d_model):
    """Takes the sine in every column."""
    return np.sin(np.arange(length)[:, None] / 10000.0 ** _paired(d_model))


def position_times_the_power(length, d_model):
    """Multiplies by the power of 10000 instead of dividing."""
    return _waves(length, d_model, -_paired(d_model))


def base_of_a_thousand(length, d_model):
    """Takes 1000 for 10000."""
    return _waves(length, d_model, 0.75 * _paired(d_model))


def one_rate_for_all(length, d_model):
    """Rounds the exponent down to 0, so that all columns turn at the same rate."""
    return _waves(length, d_model, np.zeros(d_model))


def last_rate_reaches_the_end(length, d_model):
    """Spreads the rates so that the last one is exactly 1 / 10000."""
    return _waves(length, d_model, np.arange(d_model) // 2 / max(d_model // 2 - 1, 1))


def position_as_a_share(length, d_model):
    """Divides the position by the length, so that a position's row depends on how long the text is."""
    angles = np.arange(length)[:, None] / length / 10000.0 ** (np.arange(0, d_model, 2) / d_model)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, d_model)


def features_by_positions(length, d_model):
    """Returns (D, T)."""
    return _right(length, d_model).T.copy()


EXERCISE = Exercise(
    number=7,
    title="Positions as waves",
    section="6.5",
    points=3,
    minutes=8,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            every_column_its_own_rate,
            hint="A sine and the cosine beside it belong to one angle. Do the columns 2 and 3 of yours?",
        ),
        Misconception(
            twice_the_column_in_the_exponent,
            hint="In the formula, does i count columns or pairs of columns? How many different angles has a row?",
        ),
        Misconception(
            two_used_twice,
            hint="D = 4: what is the exponent of the second pair, 2/4 or 4/4? Are your numbers 0, 1, 2 or 0, 2, 4?",
        ),
        Misconception(
            the_two_forgotten, hint="D = 4: what is the exponent of the second pair, 1/4 or 2/4? Which one is yours?"
        ),
        Misconception(
            positions_start_at_one, hint="Which angle has the first position? What are the sine and the cosine of it?"
        ),
        Misconception(
            sines_and_cosines_swapped, hint="What stands in your first row, and what are the sine and cosine of 0?"
        ),
        Misconception(
            halves_instead_of_neighbours,
            hint="What stands in your first row? Do sines and cosines take turns in it?",
        ),
        Misconception(sines_only, hint="What stands in your first row? Which columns are cosines?"),
        Misconception(
            position_times_the_power, hint="Should later pairs turn faster than the first one, or slower? Do yours?"
        ),
        Misconception(base_of_a_thousand, hint="How many zeros has the base in the formula, and how many has yours?"),
        Misconception(
            one_rate_for_all,
            hint="Are all your pairs of columns the same? Did you divide with // where the exponent is a fraction?",
        ),
        Misconception(
            last_rate_reaches_the_end,
            hint="By what do you divide i: by D / 2, or by one less? Which rate has the last of two pairs?",
        ),
        Misconception(
            position_as_a_share,
            hint="Make the text longer: do the rows of its first positions change? Should they?",
        ),
        Misconception(features_by_positions, hint="Which axis is the first one: the positions, or the features?"),
    ),
    hints=(
        "D / 2 angles for each position; the sine and the cosine of each are neighbours.",
        "A column of positions times a row of rates is a table of angles. encoding[:, 0::2] are the even columns.",
        "encoding[t, 2i] = sin(t / 10000^(2i / D)), encoding[t, 2i + 1] = cos(t / 10000^(2i / D)), for i < D / 2.",
        "D = 4: the rates are 1 and 10000^(−2/4) = 0.01; position 1 gives [sin 1, cos 1, sin 0.01, cos 0.01] = "
        "[0.8415, 0.5403, 0.0100, 1.0000].",
    ),
    convention="Sines and cosines take turns, as in the paper; some programs put all sines in front.",
    pace=Pace(inputs=large, yardstick=_right),
)
