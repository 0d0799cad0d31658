"""Exercise of section 6.11: positions as turns.

Source: Su et al. 2021, "RoFormer: enhanced transformer with rotary position embedding", equations 15 and 34.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._modern import turn_angles, turn_pairs, turned_by_torch
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(x, positions, base=10000.0):
    """Each pair as a complex number, multiplied by one of length 1."""
    return turned_by_torch(x, positions, base)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A pair, two pairs, heads, positions out of order with another base, a batch where wrong axes fit, far on."""
    yield Case("one pair at position 1", _inputs(rng, (1, 2), [1]))
    yield Case("three positions from 0 on", _inputs(rng, (3, 4), [0, 1, 2]))
    yield Case("two heads, from position 5 on", _inputs(rng, (2, 3, 6), [5, 6, 7]))
    yield Case("positions out of order, base 50", _inputs(rng, (3, 8), [7, 2, 12]) | {"base": 50.0})
    yield Case("as many heads as positions and pairs", _inputs(rng, (2, 4, 4, 8), [0, 1, 2, 3]))
    yield Case("position 40", _inputs(rng, (2, 4), [40, 3]))


def _inputs(rng: np.random.Generator, shape: tuple[int, ...], positions: list[int]) -> dict[str, Any]:
    return {"x": rng.normal(0.3, 1.0, shape), "positions": np.array(positions)}


def _pace() -> dict[str, Any]:
    """The queries of a real decoder for 64 positions."""
    return {"x": np.random.default_rng(621).normal(size=(1, 9, 64, 64)), "positions": np.arange(64)}


def _turned(x, positions, base=10000.0):
    return turn_pairs(x, turn_angles(positions, x.shape[-1], base))


def halves_paired(x, positions, base=10000.0):
    """Pairs feature i with feature i + d/2, as many programs do."""
    half = x.shape[-1] // 2
    angles = turn_angles(positions, x.shape[-1], base)
    first, second = x[..., :half], x[..., half:]
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)


def halves_put_together(x, positions, base=10000.0):
    """Pairs neighbours, and lays all first ones before all second ones at the end."""
    turned = _turned(x, positions, base)
    return np.concatenate([turned[..., 0::2], turned[..., 1::2]], axis=-1)


def turned_the_other_way(x, positions, base=10000.0):
    """Turns by minus the angle."""
    return _turned(x, -np.asarray(positions), base)


def second_turned_with_the_new_first(x, positions, base=10000.0):
    """Writes the new first number of a pair before the second one is computed from the old."""
    angles = turn_angles(positions, x.shape[-1], base)
    turned = x.copy()
    turned[..., 0::2] = turned[..., 0::2] * np.cos(angles) - turned[..., 1::2] * np.sin(angles)
    turned[..., 1::2] = turned[..., 0::2] * np.sin(angles) + turned[..., 1::2] * np.cos(angles)
    return turned


def both_signs_plus(x, positions, base=10000.0):
    """Forgets the minus, so that a pair changes its length."""
    angles = turn_angles(positions, x.shape[-1], base)
    first, second = x[..., 0::2], x[..., 1::2]
    cos, sin = np.cos(angles), np.sin(angles)
    return np.stack([first * cos + second * sin, first * sin + second * cos], axis=-1).reshape(x.shape)


def sine_and_cosine_swapped(x, positions, base=10000.0):
    """Uses the sine for the cosine, so that position 0 changes, too."""
    return turn_pairs(x, np.pi / 2 - turn_angles(positions, x.shape[-1], base))


def waves_added(x, positions, base=10000.0):
    """Adds sines and cosines, as the first Transformer."""
    angles = turn_angles(positions, x.shape[-1], base)
    return x + np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(angles.shape[0], x.shape[-1])


def exponent_not_doubled(x, positions, base=10000.0):
    """Takes base^(-i/d) for pair i."""
    return turn_pairs(x, np.asarray(positions)[:, None] * base ** (-np.arange(x.shape[-1] // 2) / x.shape[-1]))


def one_speed_for_all_pairs(x, positions, base=10000.0):
    """Turns every pair by the position itself."""
    return turn_pairs(x, np.asarray(positions)[:, None] * np.ones(x.shape[-1] // 2))


def later_pairs_faster(x, positions, base=10000.0):
    """Forgets the minus in the exponent."""
    return _turned(x, positions, 1 / base)


def two_pi_in_the_angle(x, positions, base=10000.0):
    """Takes the angles for whole turns."""
    return turn_pairs(x, 2 * np.pi * turn_angles(positions, x.shape[-1], base))


def positions_counted_from_zero(x, positions, base=10000.0):
    """Counts the rows of x and does not look at positions."""
    return _turned(x, np.arange(x.shape[-2]), base)


def positions_one_too_large(x, positions, base=10000.0):
    """Counts from 1."""
    return _turned(x, np.asarray(positions) + 1, base)


def base_ignored(x, positions, base=10000.0):
    """Always takes 10,000."""
    return _turned(x, positions)


def positions_along_the_heads(x, positions, base=10000.0):
    """Lets the angle grow from head to head, where there are heads."""
    angles = turn_angles(positions, x.shape[-1], base)
    return turn_pairs(x, angles[:, None] if x.ndim > 2 else angles)


def turned_in_place(x, positions, base=10000.0):
    """Writes into the x that it was given."""
    x[:] = _turned(x, positions, base)
    return x


EXERCISE = Exercise(
    number=21,
    title="Rotary positions",
    section="6.11",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=_pace, yardstick=_turned),
    misconceptions=(
        Misconception(
            halves_paired,
            hint="Which feature turns together with feature 0 in your code: feature 1, or the one in the middle? Which "
            "pairs does the docstring name?",
        ),
        Misconception(
            halves_put_together,
            hint="At position 0 nothing turns. Does your function give x back there, in the same order?",
        ),
        Misconception(
            turned_the_other_way,
            hint="The pair (1, 0) at position 1: is your second number 0.84 or −0.84? Where is the minus?",
        ),
        Misconception(
            second_turned_with_the_new_first,
            hint="When you compute the second number of a pair, is the first one still the old one?",
        ),
        Misconception(
            both_signs_plus,
            hint="How long is a pair before the turn, and how long is yours after it? Where is the minus?",
        ),
        Misconception(
            sine_and_cosine_swapped, hint="What are sine and cosine of 0? Does your function leave position 0 as it is?"
        ),
        Misconception(
            waves_added, hint="How long is a pair before and after? Does a turn add something, or does it multiply?"
        ),
        Misconception(
            exponent_not_doubled,
            hint="With d = 4 and base 10,000, does your second pair turn by 0.01 a position, or by 0.1? Is i a pair or "
            "a feature in your exponent?",
        ),
        Misconception(
            one_speed_for_all_pairs, hint="Does the last pair turn as fast as the first in your code? What is base for?"
        ),
        Misconception(later_pairs_faster, hint="Which pair should turn most slowly? What sign has your exponent?"),
        Misconception(
            two_pi_in_the_angle,
            hint="At position 1 the first pair turns by one radian. How far does yours turn? Does it come back to "
            "where it was?",
        ),
        Misconception(
            positions_counted_from_zero,
            hint="Call your function with the positions 0, 1 and with 5, 6: do the results differ?",
        ),
        Misconception(positions_one_too_large, hint="What should happen at position 0?"),
        Misconception(base_ignored, hint="Call your function with two values of base: do the results differ?"),
        Misconception(
            positions_along_the_heads,
            hint="x is (..., T, d). Do all heads of one position turn alike in your code? Which axis meets the angles?",
        ),
        Misconception(turned_in_place, hint="What does x hold after the call? Who else may need it?"),
    ),
    hints=(
        "Two numbers side by side are a point in the plane. Turn it.",
        "x[..., 0::2] are the first ones of all pairs and x[..., 1::2] the second ones; the angles are a table "
        "(T, d / 2).",
        "angle = position · base^(−2i/d) for pair i; the new first = first · cos − second · sin; the new second = "
        "first · sin + second · cos.",
        "d = 4, base 10,000, position 1: the first pair turns by 1, the second by 0.01. So (1, 0, 1, 0) becomes "
        "(0.540, 0.841, 0.99995, 0.01000).",
    ),
    convention="Neighbouring features are a pair, as in the paper; many programs pair feature i with i + d/2 "
    "instead, which fits other weights.",
)
