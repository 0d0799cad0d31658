"""Exercise of section 6.6: layer normalisation.

Source: Ba, Kiros and Hinton 2016, "Layer normalization", section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception, Pace


def reference(x, gamma, beta, eps=1e-5):
    """PyTorch's layer_norm."""
    import torch

    return torch.nn.functional.layer_norm(x, (x.shape[-1],), gamma, beta, eps)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One position, all axes different, as many positions as features, heads, small numbers with a large eps."""
    yield Case("one position", _inputs(rng, 4))
    yield Case("all axes different", _inputs(rng, 2, 3, 5))
    yield Case("all axes alike", _inputs(rng, 4, 4, 4))
    yield Case("two features", _inputs(rng, 3, 2))
    yield Case("four axes", _inputs(rng, 2, 3, 4, 6))
    small = _inputs(rng, 2, 4, 3) | {"eps": 0.1}
    small["x"] *= 1e-3
    yield Case("numbers near 0.001, eps 0.1", small)


def _inputs(rng: np.random.Generator, *shape: int) -> dict[str, Any]:
    return {
        "x": rng.normal(1.5, 1.0, shape) * rng.uniform(0.5, 3.0, (*shape[:-1], 1)),
        "gamma": rng.normal(1.2, 0.8, shape[-1]),
        "beta": rng.normal(0.6, 0.8, shape[-1]),
    }


def large() -> dict[str, Any]:
    """Many positions with few features."""
    return _inputs(np.random.default_rng(608), 64, 64, 32)


def _over(x, gamma, beta, eps, axis: Any = -1, ddof: int = 0):
    """The norm over these axes."""
    away = x - np.mean(x, axis=axis, keepdims=True)
    return away / np.sqrt(np.var(x, axis=axis, keepdims=True, ddof=ddof) + eps) * gamma + beta


def _right(x, gamma, beta, eps=1e-5):
    return _over(x, gamma, beta, eps)


def over_the_first_axis(x, gamma, beta, eps=1e-5):
    """Takes mean and variance over the batch, as batch norm does."""
    return _over(x, gamma, beta, eps, axis=0)


def over_the_positions(x, gamma, beta, eps=1e-5):
    """Takes mean and variance over the axis before the last."""
    return _over(x, gamma, beta, eps, axis=max(x.ndim - 2, 0))


def over_all_but_the_features(x, gamma, beta, eps=1e-5):
    """Takes one mean and one variance for each feature, over batch and positions, as batch norm does."""
    return _over(x, gamma, beta, eps, axis=tuple(range(x.ndim - 1)))


def over_positions_and_features(x, gamma, beta, eps=1e-5):
    """Takes one mean and one variance for each example."""
    return _over(x, gamma, beta, eps, axis=tuple(range(max(x.ndim - 2, 0), x.ndim)))


def over_everything(x, gamma, beta, eps=1e-5):
    """Takes one mean and one variance for the whole array."""
    return _over(x, gamma, beta, eps, axis=None)


def variance_over_n_minus_one(x, gamma, beta, eps=1e-5):
    """Divides the sum of squares by D - 1."""
    return _over(x, gamma, beta, eps, ddof=1)


def eps_outside_the_root(x, gamma, beta, eps=1e-5):
    """Adds eps to the standard deviation."""
    away = x - np.mean(x, axis=-1, keepdims=True)
    return away / (np.std(x, axis=-1, keepdims=True) + eps) * gamma + beta


def eps_forgotten(x, gamma, beta, eps=1e-5):
    """Adds nothing to the variance."""
    return _over(x, gamma, beta, 0.0)


def eps_of_its_own(x, gamma, beta, eps=1e-5):
    """Adds 1e-5 whatever eps is."""
    return _over(x, gamma, beta, 1e-5)


def divided_by_the_variance(x, gamma, beta, eps=1e-5):
    """Forgets the root."""
    away = x - np.mean(x, axis=-1, keepdims=True)
    return away / (np.var(x, axis=-1, keepdims=True) + eps) * gamma + beta


def mean_not_subtracted(x, gamma, beta, eps=1e-5):
    """Divides x itself by the standard deviation."""
    return x / np.sqrt(np.var(x, axis=-1, keepdims=True) + eps) * gamma + beta


def root_mean_square(x, gamma, beta, eps=1e-5):
    """Divides by the root of the mean square and subtracts no mean, as RMS norm does."""
    return x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps) * gamma + beta


def not_divided(x, gamma, beta, eps=1e-5):
    """Subtracts the mean and leaves the variance."""
    return (x - np.mean(x, axis=-1, keepdims=True)) * gamma + beta


def scale_and_shift_forgotten(x, gamma, beta, eps=1e-5):
    """Leaves gamma and beta out."""
    return _over(x, 1.0, 0.0, eps)


def shift_forgotten(x, gamma, beta, eps=1e-5):
    """Leaves beta out."""
    return _over(x, gamma, 0.0, eps)


def scale_forgotten(x, gamma, beta, eps=1e-5):
    """Leaves gamma out."""
    return _over(x, 1.0, beta, eps)


def scale_and_shift_swapped(x, gamma, beta, eps=1e-5):
    """Multiplies by beta and adds gamma."""
    return _over(x, beta, gamma, eps)


def shifted_before_scaled(x, gamma, beta, eps=1e-5):
    """Adds beta first and multiplies both by gamma."""
    return gamma * _over(x, 1.0, beta, eps)


def scaled_before_the_norm(x, gamma, beta, eps=1e-5):
    """Applies gamma and beta to x and norms what comes of it."""
    return _over(x * gamma + beta, 1.0, 0.0, eps)


def axis_lost(x, gamma, beta, eps=1e-5):
    """Leaves keepdims out, so that the means meet the features instead of the positions."""
    return (x - np.mean(x, axis=-1)) / np.sqrt(np.var(x, axis=-1) + eps) * gamma + beta


def centred_in_place(x, gamma, beta, eps=1e-5):
    """Subtracts the mean from the caller's array."""
    x -= np.mean(x, axis=-1, keepdims=True)
    return _over(x, gamma, beta, eps)


EXERCISE = Exercise(
    number=8,
    title="Layer normalisation",
    section="6.6",
    points=2,
    minutes=5,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            over_the_first_axis, hint="Change another example of the batch: does the first one's result change?"
        ),
        Misconception(
            over_the_positions,
            hint="Change another position: does the result of the first one change? Which axis is "
            "that of the features?",
        ),
        Misconception(
            over_all_but_the_features,
            hint="Is this the norm of chapter 8? Over which axis does layer norm take its mean?",
        ),
        Misconception(
            over_positions_and_features, hint="Change another position: does the result of the first one change?"
        ),
        Misconception(over_everything, hint="Change another position: does the result of the first one change?"),
        Misconception(
            variance_over_n_minus_one,
            hint="[1, 2, 3, 4]: is its variance here 5/4 or 5/3? By what does the docstring divide?",
        ),
        Misconception(
            eps_outside_the_root, hint="With numbers near 0.001 and eps 0.1: is eps added before the root, or after it?"
        ),
        Misconception(eps_forgotten, hint="Change eps to 0.1: does your result change?"),
        Misconception(eps_of_its_own, hint="Change eps to 0.1: does your result change?"),
        Misconception(
            divided_by_the_variance, hint="Multiply x by 10: should the result change? By what do you divide?"
        ),
        Misconception(
            mean_not_subtracted,
            hint="With gamma 1 and beta 0, what is the mean of each of your rows? What should it be?",
        ),
        Misconception(
            root_mean_square, hint="With gamma 1 and beta 0, what is the mean of each of your rows? What should it be?"
        ),
        Misconception(
            not_divided, hint="With gamma 1 and beta 0, what is the variance of each of your rows? What should it be?"
        ),
        Misconception(scale_and_shift_forgotten, hint="Change gamma, then beta: does your result change?"),
        Misconception(shift_forgotten, hint="Change beta: does your result change?"),
        Misconception(scale_forgotten, hint="Change gamma: does your result change?"),
        Misconception(
            scale_and_shift_swapped, hint="With gamma 1 and beta 0, what comes out of yours? Which of them multiplies?"
        ),
        Misconception(
            shifted_before_scaled, hint="With gamma 0, what should come out: 0, or beta? Which operation comes first?"
        ),
        Misconception(
            scaled_before_the_norm,
            hint="With beta 100 everywhere, what should the mean of the result be? What is yours?",
        ),
        Misconception(
            axis_lost,
            hint="The means of a table (3, 5) along its last axis: which shape have they, and which is needed to "
            "subtract them?",
        ),
        Misconception(centred_in_place, hint="What does x hold after the call? What does -= do to an array?"),
    ),
    hints=(
        "Every position for itself: its mean, its variance, then the two learned vectors.",
        "axis=-1 is the axis of the features, and keepdims=True leaves a 1 in its place.",
        "y = (x − mean) / √(variance + eps) · gamma + beta, the variance with 1 / D.",
        "x = [1, 2, 3, 4], gamma 1, beta 0: mean 2.5, variance 1.25, first number −1.5 / 1.118 = −1.342.",
    ),
    convention="The variance divides by D, and eps stands under the root, as in PyTorch.",
    pace=Pace(inputs=large, yardstick=_right),
)
