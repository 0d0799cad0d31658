"""Exercise of section 1.8: random weights whose scale keeps a signal alive through ReLU layers.

Source: He, Zhang, Ren and Sun 2015, "Delving deep into rectifiers", equation (10).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception, Rng, Tolerance

FEW = 1000
"""Matrices with fewer entries are too small for statistics; their shape alone is compared."""

MANY = 100_000
"""Matrices with fewer entries tell their variance to a power of two only, which rejects most wrong ones quickly."""

TINY = np.finfo(np.float64).tiny
"""Stands for the variance 0 of a constant matrix, whose logarithm would not be finite."""


def reference(fan_in, fan_out, rng):
    """PyTorch's own Kaiming initialisation, normal, for ReLU."""
    import torch

    weight = torch.empty(fan_out, fan_in, device=rng.device)
    return torch.nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=rng)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A small matrix twice, for shape and rng; one for a rough look; wide and tall ones for sharp statistics."""
    yield Case("a small layer: its shape", _sizes(rng, 3, 5))
    yield Case("the same layer, another rng", _sizes(rng, 3, 5))
    yield Case("60 inputs, 40 outputs", _sizes(rng, 60, 40))
    yield Case("300 inputs, 700 outputs", _sizes(rng, 300, 700))
    yield Case("700 inputs, 300 outputs", _sizes(rng, 700, 300))


def _sizes(rng: np.random.Generator, fan_in: int, fan_out: int) -> dict[str, Any]:
    return {"fan_in": fan_in, "fan_out": fan_out, "rng": Rng(int(rng.integers(2**32)))}


def measure(answer: Any, fan_in: int, fan_out: int, rng: Rng) -> dict[str, float]:
    """What a matrix says about its distribution, so that different draws can be compared.

    rows, columns       its shape
    mean_over_std       mean of all weights over the wanted standard deviation: 0
    log_variance_ratio  logarithm of the variance over the wanted one: 0
    row_to_row          mean product of neighbours in a column over the wanted variance: 0; 1 for equal rows
    column_to_column    the same for neighbours in a row
    doublings_of_the_variance   rounded binary logarithm of that ratio: 0; for matrices of medium size
    """
    weight = np.asarray(answer)
    if weight.dtype.kind not in "iuf":
        raise ValueError(f"it holds {weight.dtype}; expected real numbers")
    if weight.shape != (fan_out, fan_in):
        raise ValueError(f"its shape is {weight.shape}; expected {(fan_out, fan_in)}")
    shape = {"rows": float(weight.shape[0]), "columns": float(weight.shape[1])}
    if fan_in * fan_out < FEW:
        return shape
    scaled = weight.astype(np.float64) / np.sqrt(2 / fan_in)
    # einsum adds up products without an array in between, which halves the time of a check.
    variance = max(float(np.einsum("ij,ij->", scaled, scaled) / scaled.size - np.mean(scaled) ** 2), TINY)
    if fan_in * fan_out < MANY:
        return shape | {"doublings_of_the_variance": float(np.rint(np.log2(variance)))}
    return shape | {
        "mean_over_std": float(np.mean(scaled)),
        "log_variance_ratio": float(np.log(variance)),
        "row_to_row": _mean_product(scaled[:-1], scaled[1:]),
        "column_to_column": _mean_product(scaled[:, :-1], scaled[:, 1:]),
    }


def _mean_product(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.einsum("ij,ij->", left, right) / left.size)


def variance_taken_for_the_standard_deviation(fan_in, fan_out, rng):
    """Passes 2 / fan_in as the standard deviation: the root is missing."""
    return rng.normal(0, 2 / fan_in, (fan_out, fan_in))


def root_taken_of_the_two_alone(fan_in, fan_out, rng):
    """Uses the standard deviation √2 / fan_in."""
    return rng.normal(0, np.sqrt(2) / fan_in, (fan_out, fan_in))


def not_scaled_at_all(fan_in, fan_out, rng):
    """Draws with standard deviation 1, whatever the layer's size."""
    return rng.standard_normal((fan_out, fan_in))


def a_generator_of_its_own(fan_in, fan_out, rng):
    """Makes a generator with a fixed seed, so that every layer of a size gets the same weights."""
    return np.random.default_rng(0).normal(0, np.sqrt(2 / fan_in), (fan_out, fan_in))


def factor_two_forgotten(fan_in, fan_out, rng):
    """Uses the variance 1 / fan_in, as if no half of the signal were lost in ReLU."""
    return rng.normal(0, np.sqrt(1 / fan_in), (fan_out, fan_in))


def outputs_counted_instead_of_inputs(fan_in, fan_out, rng):
    """Uses the variance 2 / fan_out."""
    return rng.normal(0, np.sqrt(2 / fan_out), (fan_out, fan_in))


def inputs_and_outputs_averaged(fan_in, fan_out, rng):
    """Uses the variance 2 / (fan_in + fan_out) of Glorot and Bengio, made for tanh."""
    return rng.normal(0, np.sqrt(2 / (fan_in + fan_out)), (fan_out, fan_in))


def inputs_in_rows(fan_in, fan_out, rng):
    """Returns the shape (fan_in, fan_out)."""
    return rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))


def positive_weights_only(fan_in, fan_out, rng):
    """Draws uniform numbers from 0 up, so that the mean is not zero."""
    return rng.random((fan_out, fan_in)) * np.sqrt(6 / fan_in)


def uniform_limit_taken_for_the_standard_deviation(fan_in, fan_out, rng):
    """Draws uniform numbers between -std and std, whose variance is a third of the wanted one."""
    std = np.sqrt(2 / fan_in)
    return rng.uniform(-std, std, (fan_out, fan_in))


def one_row_for_every_neuron(fan_in, fan_out, rng):
    """Draws one neuron and copies it, so that all neurons compute the same for ever."""
    return np.tile(rng.normal(0, np.sqrt(2 / fan_in), fan_in), (fan_out, 1))


EXERCISE = Exercise(
    number=12,
    title="Kaiming initialisation",
    section="1.8",
    points=3,
    minutes=8,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            variance_taken_for_the_standard_deviation,
            hint="Does `rng.normal` want a variance or a standard deviation? How does one become the other?",
        ),
        Misconception(
            root_taken_of_the_two_alone,
            hint="The variance is 2 / fan_in. Over what does the root of the standard deviation reach? "
            "Try fan_in = 8: do you get 0.5?",
        ),
        Misconception(
            not_scaled_at_all,
            hint="How does your standard deviation change from 3 inputs to 300? Which part of the formula "
            "have you not used yet?",
        ),
        Misconception(
            a_generator_of_its_own,
            hint="Two layers of the same size get their weights one after the other. Are yours different? "
            "Which generator was handed to you?",
        ),
        Misconception(
            factor_two_forgotten,
            hint="Which share of the mean square of its input does ReLU let through? What must the weights "
            "do to make up for it?",
        ),
        Misconception(
            outputs_counted_instead_of_inputs,
            hint="How many products does one neuron add up? Which of the two sizes is that?",
        ),
        Misconception(
            inputs_and_outputs_averaged,
            hint="For which activation was the rule with fan_in + fan_out made? How many products does one "
            "neuron add up?",
        ),
        Misconception(
            inputs_in_rows,
            hint="The weights go into your `linear` next. Which shape does it expect: one neuron per row or "
            "per column?",
        ),
        Misconception(
            positive_weights_only,
            hint="What is the mean of your weights? What should it be?",
        ),
        Misconception(
            uniform_limit_taken_for_the_standard_deviation,
            hint="How large is the variance of a uniform draw between -a and a? Which a gives the wanted one?",
        ),
        Misconception(
            one_row_for_every_neuron,
            hint="Compare two rows of your matrix. What could two neurons with the same weights ever learn "
            "differently?",
        ),
    ),
    hints=(
        "One draw of the right shape, from the generator that you were given, with the right scale.",
        "`rng.normal` takes a mean, a standard deviation and a size. The formula gives a variance.",
        "mean 0, variance 2 / fan_in, so the standard deviation is √(2 / fan_in); the shape is (fan_out, fan_in).",
        "fan_in = 8: variance 2 / 8 = 0.25, standard deviation 0.5. fan_in = 800: 0.0025 and 0.05.",
    ),
    tolerance=Tolerance(
        rtol=0.0,
        atol=0.06,
        rtol32=0.0,
        atol32=0.06,
        why="Statistics of 210,000 draws: honest normal and uniform answers miss those of the reference by "
        "at most 0.0114 over 40 seeds; the nearest misconception, variance 1 / fan_in, misses by 0.69.",
    ),
    convention="fan_in (PyTorch's default mode), gain √2 for ReLU; normal and uniform draws of this "
    "variance both pass.",
    measure=measure,
)
