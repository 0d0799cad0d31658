"""Exercise of section 7.3: batch normalisation inside a frozen body.

Source: Ioffe and Szegedy 2015, "Batch normalization", algorithms 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def drive(frozen_batch_norm, x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """The three arrays, and how many running numbers moved where none may, to the last bit."""
    before = running_mean.copy(), running_var.copy()
    given = x, gamma, beta, running_mean, running_var, training, frozen, momentum, eps
    result = frozen_batch_norm(*given)
    if result is None or isinstance(result, dict):
        return result
    if not isinstance(result, tuple | list) or len(result) != 3:
        raise ValueError("three arrays are expected: y, the running mean and the running variance")
    y, mean, var = result
    moved = 0
    if frozen or not training:
        for now, old in zip((mean, var), before, strict=True):
            now = np.asarray(now)
            moved += int(np.sum(now != old)) if now.shape == old.shape else old.size
    return {"count_of_running_numbers_that_moved": moved, "y": y, "running_mean": mean, "running_var": var}


def reference(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """PyTorch's batch_norm, which changes the statistics that it is given, unless it is in evaluation mode."""
    import torch

    mean, var = running_mean.clone(), running_var.clone()
    mode = bool(training and not frozen)
    y = torch.nn.functional.batch_norm(x, mean, var, gamma, beta, training=mode, momentum=momentum, eps=eps)
    moved = 0 if mode else int((mean != running_mean).sum() + (var != running_var).sum())
    return {"count_of_running_numbers_that_moved": moved, "y": y, "running_mean": mean, "running_var": var}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """All four settings of the two switches; one frozen example; a drift that only the last bits show; a large eps."""
    yield Case("training, frozen", _inputs(rng, 5, 3, training=True, frozen=True))
    yield Case("training, not frozen", _inputs(rng, 4, 3, training=True, frozen=False))
    yield Case("not training, not frozen", _inputs(rng, 5, 2, training=False, frozen=False))
    yield Case("not training, frozen", _inputs(rng, 3, 4, training=False, frozen=True))
    yield Case("one example, training, frozen", _inputs(rng, 1, 3, training=True, frozen=True))
    yield Case("frozen, momentum 1e-9", _inputs(rng, 6, 2, training=True, frozen=True) | {"momentum": 1e-9})
    small = _inputs(rng, 4, 3, training=True, frozen=False)
    yield Case("small numbers, momentum 0.3, eps 0.1", small | {"x": 1e-3 * small["x"], "momentum": 0.3, "eps": 0.1})


def _inputs(rng: np.random.Generator, n: int, size: int, *, training: bool, frozen: bool) -> dict[str, Any]:
    """The first feature varies so little, by either variance, that eps shows even within the tolerance of float32."""
    return {
        "x": rng.normal(2.0, 1.0, (n, size)) * np.array([0.05, 3.0, 0.5, 2.0][:size]),
        "gamma": rng.normal(1.5, 0.3, size),
        "beta": rng.normal(-0.5, 0.3, size),
        "running_mean": rng.normal(1.0, 0.5, size),
        "running_var": rng.uniform(2.0, 4.0, size) * np.array([1e-3, 1.0, 1.0, 1.0][:size]),
        "training": training,
        "frozen": frozen,
    }


def _normed(x, gamma, beta, mean, variance, eps):
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


def _moved(x, running_mean, running_var, momentum, ddof=1):
    mean = np.mean(x, axis=0)
    variance = np.var(x, axis=0) * len(x) / max(len(x) - ddof, 1)
    return (1 - momentum) * running_mean + momentum * mean, (1 - momentum) * running_var + momentum * variance


def _switched(x, gamma, beta, running_mean, running_var, momentum, eps, by_batch, moves):
    """Batch norm with its two decisions apart: by whose statistics it normalises, and whether the averages move."""
    mean, variance = (np.mean(x, axis=0), np.var(x, axis=0)) if by_batch else (running_mean, running_var)
    new = _moved(x, running_mean, running_var, momentum) if moves else (running_mean.copy(), running_var.copy())
    return _normed(x, gamma, beta, mean, variance, eps), *new


def frozen_ignored(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Freezes nothing: only gamma and beta would stay."""
    return _switched(x, gamma, beta, running_mean, running_var, momentum, eps, training, training)


def averages_move_though_frozen(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Uses the running statistics, and lets the batch into them all the same."""
    by_batch = training and not frozen
    return _switched(x, gamma, beta, running_mean, running_var, momentum, eps, by_batch, training)


def frozen_but_normalised_by_the_batch(
    x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5
):
    """Keeps the averages, but computes y from the batch."""
    moves = training and not frozen
    return _switched(x, gamma, beta, running_mean, running_var, momentum, eps, training, moves)


def evaluation_mode_ignored(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Looks at frozen alone."""
    return _switched(x, gamma, beta, running_mean, running_var, momentum, eps, not frozen, not frozen)


def both_switches_needed(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Takes the running statistics only if it is frozen and not training."""
    by_batch = training or not frozen
    return _switched(x, gamma, beta, running_mean, running_var, momentum, eps, by_batch, by_batch)


def never_by_the_batch(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Uses and keeps the running statistics always, even where the layer trains."""
    return _switched(x, gamma, beta, running_mean, running_var, momentum, eps, False, False)


def running_statistics_fed_to_themselves(
    x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5
):
    """Chooses the statistics first, and then always updates with what it has chosen."""
    by_batch = training and not frozen
    n = len(x)
    mean, variance = (np.mean(x, axis=0), np.var(x, axis=0)) if by_batch else (running_mean, running_var)
    unbiased = variance * n / max(n - 1, 1)
    new = (1 - momentum) * running_mean + momentum * mean, (1 - momentum) * running_var + momentum * unbiased
    return _normed(x, gamma, beta, mean, variance, eps), *new


def averages_used_in_training(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Updates the averages where it may, and then normalises by them instead of by the batch."""
    new = running_mean.copy(), running_var.copy()
    if training and not frozen:
        new = _moved(x, running_mean, running_var, momentum)
    return _normed(x, gamma, beta, *new, eps), *new


def frozen_without_scale_and_shift(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Leaves gamma and beta out where the layer is frozen."""
    right = _switched(
        x, gamma, beta, running_mean, running_var, momentum, eps, training and not frozen, training and not frozen
    )
    return ((x - running_mean) / np.sqrt(running_var + eps), *right[1:]) if frozen else right


def running_variance_divides_by_n(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Lets the biased variance into the running average, as many books do."""
    if frozen or not training:
        return _switched(x, gamma, beta, running_mean, running_var, momentum, eps, False, False)
    new = _moved(x, running_mean, running_var, momentum, ddof=0)
    return _normed(x, gamma, beta, np.mean(x, axis=0), np.var(x, axis=0), eps), *new


def momentum_the_other_way_round(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Takes momentum for the share of the old average."""
    trains = training and not frozen
    return _switched(x, gamma, beta, running_mean, running_var, 1 - momentum, eps, trains, trains)


def divided_by_the_variance(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Takes the variance for a standard deviation."""
    trains = training and not frozen
    _, *new = _switched(x, gamma, beta, running_mean, running_var, momentum, eps, trains, trains)
    mean, variance = (np.mean(x, axis=0), np.var(x, axis=0)) if trains else (running_mean, running_var)
    return gamma * (x - mean) / (variance + eps) + beta, *new


def output_divides_by_n_minus_one(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Normalises by the batch's unbiased variance."""
    if frozen or not training:
        return _switched(x, gamma, beta, running_mean, running_var, momentum, eps, False, False)
    y = _normed(x, gamma, beta, np.mean(x, axis=0), np.var(x, axis=0, ddof=1), eps)
    return y, *_moved(x, running_mean, running_var, momentum)


def eps_outside_the_root(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Adds eps to the standard deviation."""
    trains = training and not frozen
    _, *new = _switched(x, gamma, beta, running_mean, running_var, momentum, eps, trains, trains)
    mean, variance = (np.mean(x, axis=0), np.var(x, axis=0)) if trains else (running_mean, running_var)
    return gamma * (x - mean) / (np.sqrt(variance) + eps) + beta, *new


def averages_changed_in_place(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Writes the new averages into the arrays that it was given."""
    trains = training and not frozen
    y, *new = _switched(x, gamma, beta, running_mean, running_var, momentum, eps, trains, trains)
    running_mean[:], running_var[:] = new
    return y, running_mean, running_var


EXERCISE = Exercise(
    number=6,
    title="Batch norm that stays as it is",
    section="7.3",
    points=4,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            frozen_ignored,
            hint="Send a batch through with frozen=True: does the running mean move? Which argument have you not used?",
        ),
        Misconception(
            averages_move_though_frozen,
            hint="Your y is right. Compare the running mean before and after the call: who moved it, though nothing "
            "may learn here?",
        ),
        Misconception(
            frozen_but_normalised_by_the_batch,
            hint="Send one example alone through the frozen layer, with training=True: what is left of it? By whose "
            "statistics?",
        ),
        Misconception(
            evaluation_mode_ignored,
            hint="What should happen with training=False where nothing is frozen? Which argument have you not used?",
        ),
        Misconception(
            both_switches_needed,
            hint="There are four settings of the two switches. In how many of them is the batch used, in your code "
            "and in the docstring?",
        ),
        Misconception(
            never_by_the_batch,
            hint="Training, and not frozen: what would batch normalisation do in an ordinary network?",
        ),
        Misconception(
            running_statistics_fed_to_themselves,
            hint="0.9 · v + 0.1 · v: is that v to the last bit? And what does n / (n − 1) do to it? Should a frozen "
            "layer reach that line?",
        ),
        Misconception(
            averages_used_in_training,
            hint="While it trains, whose statistics does the layer use: those of this batch, or an average of many?",
        ),
        Misconception(
            frozen_without_scale_and_shift,
            hint="The layers behind have learned with gamma and beta. Does freezing take them away, or keep them?",
        ),
        Misconception(
            running_variance_divides_by_n,
            hint="The docstring has one variance for y and another one for the average. By what is each divided?",
        ),
        Misconception(
            momentum_the_other_way_round,
            hint="With momentum 0.1, how much of the new batch enters the average? What share keeps the old one?",
        ),
        Misconception(
            divided_by_the_variance,
            hint="What has the unit of x, the variance or its root? What do you divide by?",
        ),
        Misconception(
            output_divides_by_n_minus_one,
            hint="The docstring has one variance for y and another one for the average. Which divides by N?",
        ),
        Misconception(eps_outside_the_root, hint="What is eps added to: the variance, or its root?"),
        Misconception(
            averages_changed_in_place,
            hint="What do the given running_mean and running_var hold after the call? Can you return new arrays?",
        ),
    ),
    hints=(
        "One question decides both things: by what is y normalised, and do the averages move?",
        "Only in one of the four settings of the two switches is the batch used. Write that one as your if.",
        "training and not frozen: μ, σ² of the batch, and (1 − m) · old + m · new. Otherwise: the running ones, kept.",
        "x = 5, running mean 1, running variance 4, γ = 3, β = 0.5, frozen: 3 · (5 − 1) / 2 + 0.5 = 6.5; the mean "
        "stays 1.",
    ),
    convention="momentum is the new batch's share, and the running variance divides by N − 1, as in PyTorch, where "
    "a layer is frozen by eval(). What is kept is compared to the last bit.",
)
