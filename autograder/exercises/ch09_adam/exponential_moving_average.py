"""Exercise of section 9.2: an average that forgets, and the correction for its start at 0.

Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", section 3.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(values, beta, bias_correction=False):
    """All averages at once: a triangular matrix of weights (1 - beta) * beta**(t - i)."""
    import torch

    t = torch.arange(len(values), device=values.device, dtype=values.dtype)
    age = t[:, None] - t[None, :]
    weights = torch.where(age >= 0, (1 - beta) * beta ** age.clamp(min=0), torch.zeros_like(age))
    if bias_correction:
        weights = weights / weights.sum(dim=1, keepdim=True)
    return weights @ values


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """With and without the correction; values far from 0, and several betas."""
    yield Case("four values", {"values": rng.normal(3.0, 1.0, 4), "beta": 0.9})
    yield Case("four values, corrected", {"values": rng.normal(3.0, 1.0, 4), "beta": 0.9, "bias_correction": True})
    yield Case("beta = 0.6", {"values": rng.normal(-2.0, 1.0, 9), "beta": 0.6})
    yield Case("beta = 0.99, corrected", {"values": rng.normal(5.0, 2.0, 30), "beta": 0.99, "bias_correction": True})


def shares_swapped(values, beta, bias_correction=False):
    """Keeps 1 - beta of the old average and takes beta of the new value."""
    average, averages = 0.0, []
    for t, value in enumerate(values, start=1):
        average = (1 - beta) * average + beta * value
        averages.append(average / (1 - (1 - beta) ** t) if bias_correction else average)
    return np.array(averages)


def starts_from_the_first_value(values, beta, bias_correction=False):
    """Begins with the first value instead of 0."""
    average, averages = values[0], []
    for t, value in enumerate(values, start=1):
        average = beta * average + (1 - beta) * value
        averages.append(average / (1 - beta**t) if bias_correction else average)
    return np.array(averages)


def never_corrects(values, beta, bias_correction=False):
    """Ignores the argument bias_correction."""
    average, averages = 0.0, []
    for value in values:
        average = beta * average + (1 - beta) * value
        averages.append(average)
    return np.array(averages)


def always_corrects(values, beta, bias_correction=False):
    """Divides by 1 - beta**t whatever bias_correction says."""
    average, averages = 0.0, []
    for t, value in enumerate(values, start=1):
        average = beta * average + (1 - beta) * value
        averages.append(average / (1 - beta**t))
    return np.array(averages)


def corrects_by_the_same_factor_each_time(values, beta, bias_correction=False):
    """Divides by 1 - beta at every step, which is right at the first one only."""
    average, averages = 0.0, []
    for value in values:
        average = beta * average + (1 - beta) * value
        averages.append(average / (1 - beta) if bias_correction else average)
    return np.array(averages)


def carries_the_corrected_average_on(values, beta, bias_correction=False):
    """Feeds the corrected average into the next step, so that it is corrected again and again."""
    average, averages = 0.0, []
    for t, value in enumerate(values, start=1):
        average = beta * average + (1 - beta) * value
        if bias_correction:
            average = average / (1 - beta**t)
        averages.append(average)
    return np.array(averages)


def correction_counts_one_step_ahead(values, beta, bias_correction=False):
    """Divides the first average by 1 - beta**2."""
    average, averages = 0.0, []
    for t, value in enumerate(values, start=1):
        average = beta * average + (1 - beta) * value
        averages.append(average / (1 - beta ** (t + 1)) if bias_correction else average)
    return np.array(averages)


def new_value_not_weighted(values, beta, bias_correction=False):
    """Adds the whole new value, as momentum does: a sum and not an average."""
    average, averages = 0.0, []
    for t, value in enumerate(values, start=1):
        average = beta * average + value
        averages.append(average / (1 - beta**t) if bias_correction else average)
    return np.array(averages)


EXERCISE = Exercise(
    number=2,
    title="The exponential moving average",
    section="9.2",
    points=2,
    minutes=8,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            shares_swapped, hint="With beta = 0.9, how much of the old average stays? Which share does a new value get?"
        ),
        Misconception(
            starts_from_the_first_value,
            hint="What is the average before the first value, by the docstring? What is it after the first value 3 "
            "with beta = 0.9?",
        ),
        Misconception(
            never_corrects, hint="Call your function with and without bias_correction: should the results be the same?"
        ),
        Misconception(
            always_corrects,
            hint="What should come out when bias_correction is False? Where do you look at the argument?",
        ),
        Misconception(
            corrects_by_the_same_factor_each_time,
            hint="After very many steps, should the correction still change anything? Does your divisor depend on t?",
        ),
        Misconception(
            carries_the_corrected_average_on,
            hint="Two numbers live in your loop: the average, and what you report. Which of them goes into the next "
            "step?",
        ),
        Misconception(
            correction_counts_one_step_ahead,
            hint="One value, 3, corrected: what should come out? Which t belongs to the first value?",
        ),
        Misconception(
            new_value_not_weighted,
            hint="Put in 1, 1, 1, ...: towards which number should an average go, and where does yours go?",
        ),
    ),
    hints=(
        "One number carried through a loop, and a list of what it was after each value.",
        "The shares of the old average and of the new value add up to 1. The correction changes what is reported, "
        "not what is carried on.",
        "a_0 = 0;  a_t = β a_(t−1) + (1 − β) x_t;  corrected: a_t / (1 − β^t), with t = 1 for the first value.",
        "β = 0.9, values 2, 2: a = 0.2, then 0.9 · 0.2 + 0.1 · 2 = 0.38. Corrected: 0.2 / 0.1 = 2 and 0.38 / 0.19 = 2.",
    ),
    convention="The average starts at 0, and t counts from 1.",
)
