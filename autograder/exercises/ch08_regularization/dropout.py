"""Exercise of section 8.2: random numbers become 0, the mean stays.

Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, "Dropout", section 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception, Rng

FEW = 1000
"""Arrays with fewer numbers are too small to count how many were dropped."""


def reference(x, p, rng, training=True):
    """PyTorch's Bernoulli draws; its own dropout takes no generator."""
    import torch

    mask = torch.ones_like(x)
    if training:
        mask = torch.bernoulli(torch.full_like(x, 1 - p), generator=rng) / (1 - p) if p < 1 else torch.zeros_like(x)
    return x * mask, mask


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A row twice, for its rng; matrices and pictures for statistics; nothing dropped, all dropped, not training."""
    row = _inputs(rng, (120,), 0.2)  # so long that something is dropped for certain
    yield Case("one row, p = 0.2", row)
    yield Case("the same row, another rng", row | {"rng": Rng(int(rng.integers(2**32)))})
    yield Case("40 examples, p = 0.2", _inputs(rng, (40, 50), 0.2))
    yield Case("pictures, p = 0.7", _inputs(rng, (6, 4, 8, 9), 0.7))
    yield Case("not training", _inputs(rng, (5, 4), 0.4) | {"training": False})
    yield Case("p = 1", _inputs(rng, (3, 4), 1.0))
    yield Case("p = 0", _inputs(rng, (2, 3), 0.0))


def _inputs(rng: np.random.Generator, shape: tuple[int, ...], p: float) -> dict[str, Any]:
    return {"x": rng.normal(0.5, 1.0, shape).round(3), "p": p, "rng": Rng(int(rng.integers(2**32)))}


def measure(answer: Any, x: np.ndarray, p: float, rng: Rng, training: bool = True) -> dict[str, float]:
    """What y and mask have in common whatever was drawn.

    y_is_not_x_times_mask   1 if they differ anywhere, otherwise 0
    smallest_of_the_mask    0 where anything is dropped
    largest_of_the_mask     1 / (1 - p)
    values_in_between       how many numbers of the mask are neither
    tenths_dropped          the share of zeros in the mask, in tenths, rounded; -1 where one draw serves many numbers
    rows_like_the_next      1 if most examples have the mask of the next, otherwise 0
    rows_all_alike          1 if the masks of most examples hold one value only, otherwise 0
    """
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise ValueError("expected two arrays, y and mask")
    y, mask = (np.asarray(one, dtype=np.float64) for one in answer)
    for name, one in (("y", y), ("mask", mask)):
        if one.shape != x.shape:
            raise ValueError(f"{name} has shape {one.shape}; x has {x.shape}")
    with np.errstate(invalid="ignore"):
        apart = ~np.isclose(y, x * mask, rtol=1e-5, atol=1e-6)
    low, high = float(np.min(mask).round(5)), float(np.max(mask).round(5))
    found = {
        "y_is_not_x_times_mask": float(apart.any()),
        "smallest_of_the_mask": low,
        "largest_of_the_mask": high,
        "values_in_between": float(np.sum((mask.round(5) != low) & (mask.round(5) != high))),
    }
    if x.size < FEW:
        return found
    rows = mask.reshape(len(mask), -1)
    like_the_next = float(np.mean((rows[1:] == rows[:-1]).all(axis=1)) > 0.5)
    all_alike = float(np.mean((rows == rows[:, :1]).all(axis=1)) > 0.5)
    return found | {
        "tenths_dropped": float(np.rint(10 * np.mean(mask == 0))) if like_the_next + all_alike == 0 else -1.0,
        "rows_like_the_next": like_the_next,
        "rows_all_alike": all_alike,
    }


def _mask(x, p, rng, training=True):
    if not training:
        return np.ones(x.shape)
    return np.zeros(x.shape) if p == 1 else (rng.random(x.shape) >= p) / (1 - p)


def not_rescaled(x, p, rng, training=True):
    """Drops and leaves the rest as it is, so that the mean falls."""
    mask = (_mask(x, p, rng, training) > 0).astype(float)
    return x * mask, mask


def divided_by_p(x, p, rng, training=True):
    """Rescales by 1 / p."""
    mask = _mask(x, p, rng, training)
    if training and p > 0:
        mask = (mask > 0) / p
    return x * mask, mask


def p_taken_for_the_keep_rate(x, p, rng, training=True):
    """Keeps the share p, instead of dropping it."""
    mask = np.ones(x.shape)
    if training:
        mask = (rng.random(x.shape) < p) / p if p > 0 else np.zeros(x.shape)
    return x * mask, mask


def dropped_and_kept_exchanged(x, p, rng, training=True):
    """Compares the wrong way round, but rescales as if not."""
    mask = _mask(x, p, rng, training)
    if training and 0 < p < 1:
        mask = (rng.random(x.shape) < p) / (1 - p)
    return x * mask, mask


def drops_in_use_too(x, p, rng, training=True):
    """Never looks at training."""
    mask = _mask(x, p, rng)
    return x * mask, mask


def shrinks_in_use(x, p, rng, training=True):
    """The older form: drops without rescaling, and multiplies by 1 - p when not training."""
    kept = (_mask(x, p, rng) > 0).astype(float)
    mask = kept if training else np.full(x.shape, 1 - p)
    return x * mask, mask


def one_mask_for_the_batch(x, p, rng, training=True):
    """Draws for one example and uses that for all."""
    mask = np.broadcast_to(_mask(x[:1], p, rng, training), x.shape) if x.ndim > 1 else _mask(x, p, rng, training)
    return x * mask, mask


def whole_examples_dropped(x, p, rng, training=True):
    """Draws one number for each example."""
    first = x.reshape(len(x), -1)[:, 0]
    mask = np.ones(x.shape) * _mask(first, p, rng, training).reshape(-1, *[1] * (x.ndim - 1))
    return x * mask, mask


def all_dropped_divides_by_zero(x, p, rng, training=True):
    """Computes 0 / 0 where p is 1."""
    with np.errstate(all="ignore"):
        mask = (rng.random(x.shape) >= p) / np.float64(1 - p) if training else np.ones(x.shape)
    return x * mask, mask


def a_generator_of_its_own(x, p, rng, training=True):
    """Makes a generator with a fixed seed, so that the same neurons are dropped in every step."""
    mask = _mask(x, p, np.random.default_rng(0), training)
    return x * mask, mask


def mask_without_its_scale(x, p, rng, training=True):
    """y is right, but the mask says only what was kept, so that the way back is not rescaled."""
    mask = _mask(x, p, rng, training)
    return x * mask, (mask > 0).astype(float)


EXERCISE = Exercise(
    number=2,
    title="Dropout",
    section="8.2",
    points=4,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    measure=measure,
    misconceptions=(
        Misconception(
            not_rescaled,
            hint="Send many ones through your dropout with p = 0.2: what is their mean before, and behind?",
        ),
        Misconception(
            divided_by_p,
            hint="With p = 0.2 four of five numbers stay. By how much must each grow so that the sum stays?",
        ),
        Misconception(
            p_taken_for_the_keep_rate,
            hint="With p = 0.2, how many of a hundred numbers become 0? Is p the chance to go or the chance to stay?",
        ),
        Misconception(
            dropped_and_kept_exchanged,
            hint="How often is a uniform draw from 0 to 1 smaller than p? Should that keep or drop?",
        ),
        Misconception(
            drops_in_use_too,
            hint="Ask a trained network the same question twice: may the answers differ? Which argument says so?",
        ),
        Misconception(
            shrinks_in_use,
            hint="Two places can mend the mean: training or use. In which one does the docstring put it?",
        ),
        Misconception(
            one_mask_for_the_batch,
            hint="Compare the masks of two examples. Which shape must a draw have so that each has its own?",
        ),
        Misconception(
            whole_examples_dropped,
            hint="Look at one row of your mask: can a row hold both kept and dropped numbers?",
        ),
        Misconception(all_dropped_divides_by_zero, hint="What is 1 / (1 − p) when p is 1? What should be left then?"),
        Misconception(
            a_generator_of_its_own,
            hint="Two steps of training come one after the other: are other neurons dropped? Which generator draws?",
        ),
        Misconception(
            mask_without_its_scale,
            hint="y = x * mask: does this hold for what you return, where y was rescaled?",
        ),
    ),
    hints=(
        "One uniform draw for each number of x, one comparison, one division.",
        "rng.random(x.shape) is below p with probability p. What stays is divided by the probability of staying.",
        "mask = (u ≥ p) / (1 − p) with u uniform from 0 to 1; ones when not training; zeros when p = 1. y = x · mask.",
        "x = (2, 4, 6), p = 0.2, u = (0.5, 0.1, 0.9): mask (1.25, 0, 1.25), y = (2.5, 0, 7.5).",
    ),
    convention="Inverted dropout, as in PyTorch: p is the probability of being dropped, and the rest grows in "
    "training. The paper's first form has p for keeping, and shrinks in use instead.",
)
