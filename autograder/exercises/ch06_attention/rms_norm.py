"""Exercise of section 6.11: a norm that divides and does not subtract.

Source: Zhang and Sennrich 2019, "Root mean square layer normalization".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x, gamma, eps=1e-5):
    """PyTorch's rms_norm."""
    import torch

    return torch.nn.functional.rms_norm(x, gamma.shape, gamma, eps)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One position, a batch with all axes different, all axes equal, small numbers with a large eps, a row of zeros.

    The first position is small wherever eps is: its place then shows even within the tolerance of float32.
    """
    yield Case("one position", _inputs(rng, (5,)))
    yield Case("two sequences of three", _inputs(rng, (2, 3, 6)))
    yield Case("as many positions as features", _inputs(rng, (4, 4, 4)))
    near = _inputs(rng, (3, 5)) | {"x": rng.normal(0.8e-3, 1e-3, (3, 5)), "eps": 0.1}
    yield Case("numbers near 0.001, eps 0.1", near)
    zeros = _inputs(rng, (3, 4))
    zeros["x"][1] = 0.0
    yield Case("a row of zeros", zeros | {"eps": 1e-3})


def _inputs(rng: np.random.Generator, shape: tuple[int, ...]) -> dict[str, Any]:
    x = rng.normal(0.8, 1.0, shape)
    x.reshape(-1, shape[-1])[0] *= 0.03
    return {"x": x, "gamma": rng.normal(1.0, 0.7, shape[-1])}


def _divided(x, gamma, square, eps):
    return x / np.sqrt(square + eps) * gamma


def _mean_square(x, axis=-1):
    return np.mean(x * x, axis=axis, keepdims=True)


def mean_subtracted_first(x, gamma, eps=1e-5):
    """Subtracts the mean first, as layer normalisation."""
    centred = x - np.mean(x, axis=-1, keepdims=True)
    return _divided(centred, gamma, _mean_square(centred), eps)


def divided_by_the_standard_deviation(x, gamma, eps=1e-5):
    """Leaves x as it is, but measures its spread about the mean."""
    return _divided(x, gamma, np.var(x, axis=-1, keepdims=True), eps)


def root_forgotten(x, gamma, eps=1e-5):
    """Divides by the mean square."""
    return x / (_mean_square(x) + eps) * gamma


def length_instead_of_mean(x, gamma, eps=1e-5):
    """Adds the squares up and does not divide by their number."""
    return _divided(x, gamma, np.sum(x * x, axis=-1, keepdims=True), eps)


def divided_by_one_less(x, gamma, eps=1e-5):
    """Divides the sum of squares by D - 1."""
    return _divided(x, gamma, np.sum(x * x, axis=-1, keepdims=True) / (x.shape[-1] - 1), eps)


def mean_of_the_sizes(x, gamma, eps=1e-5):
    """Divides by the mean of the absolute values."""
    return x / (np.mean(np.abs(x), axis=-1, keepdims=True) + eps) * gamma


def eps_outside_the_root(x, gamma, eps=1e-5):
    """Adds eps after the root."""
    return x / (np.sqrt(_mean_square(x)) + eps) * gamma


def eps_left_out(x, gamma, eps=1e-5):
    """Adds nothing, so that a row of zeros is divided by 0."""
    with np.errstate(all="ignore"):
        return _divided(x, gamma, _mean_square(x), 0.0)


def eps_always_the_same(x, gamma, eps=1e-5):
    """Adds 1e-5, whatever eps is."""
    return _divided(x, gamma, _mean_square(x), 1e-5)


def gamma_left_out(x, gamma, eps=1e-5):
    """Divides and does not scale."""
    return _divided(x, 1.0, _mean_square(x), eps)


def one_added_to_gamma(x, gamma, eps=1e-5):
    """Scales by 1 + gamma, as in models that store how far gamma is from 1."""
    return _divided(x, 1 + gamma, _mean_square(x), eps)


def over_the_positions(x, gamma, eps=1e-5):
    """Takes the mean over the positions of each feature."""
    return _divided(x, gamma, _mean_square(x, max(x.ndim - 2, 0)), eps)


def over_the_whole_array(x, gamma, eps=1e-5):
    """Takes one mean over all numbers."""
    return _divided(x, gamma, np.mean(x * x), eps)


def divided_in_place(x, gamma, eps=1e-5):
    """Writes into the x that it was given."""
    x /= np.sqrt(_mean_square(x) + eps)
    x *= gamma
    return x


EXERCISE = Exercise(
    number=20,
    title="RMS norm",
    section="6.11",
    points=1,
    minutes=3,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            mean_subtracted_first,
            hint="Add 10 to every feature of a position: does your result change? Which norm does not notice that?",
        ),
        Misconception(
            divided_by_the_standard_deviation,
            hint="Features 5, 5, 5, 5: what is the root of their mean square, and what do you divide by?",
        ),
        Misconception(root_forgotten, hint="Double x: should the result change? What do the letters R, M and S say?"),
        Misconception(
            length_instead_of_mean,
            hint="A position of ones: what should come out if gamma is 1? Which letter stands for the mean?",
        ),
        Misconception(divided_by_one_less, hint="A position of ones: is the mean of their squares 1 in your function?"),
        Misconception(
            mean_of_the_sizes,
            hint="Features 1 and 7: is their root mean square 4 or 5? In which order do you take them?",
        ),
        Misconception(
            eps_outside_the_root,
            hint="Tiny x and eps = 0.01: do you divide by about 0.1 or by about 0.01? Where does eps belong?",
        ),
        Misconception(eps_left_out, hint="What does your function give for a position of zeros?"),
        Misconception(eps_always_the_same, hint="Call your function with two values of eps: do the results differ?"),
        Misconception(gamma_left_out, hint="What does your function do with gamma?"),
        Misconception(one_added_to_gamma, hint="With gamma = 1, is your result twice as large as x asks for?"),
        Misconception(
            over_the_positions, hint="Change another position of the sequence: should this one change? Which axis is D?"
        ),
        Misconception(
            over_the_whole_array,
            hint="Change another position of the sequence: should this one change? What is averaged?",
        ),
        Misconception(divided_in_place, hint="What does x hold after the call? Who else may need it?"),
    ),
    hints=(
        "Read the three letters from right to left: square, mean, root.",
        "The mean is over the last axis, and keepdims=True keeps that axis, so that the division fits.",
        "y = x / √(mean of x² over the features + eps) · gamma.",
        "x = (1, 7), gamma = (1, 2): the mean square is 25, its root 5, so y = (0.2, 2.8).",
    ),
    convention="No mean is subtracted and nothing is added at the end; eps stands under the root.",
)
