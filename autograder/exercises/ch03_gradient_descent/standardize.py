"""Exercise of section 3.4: features with mean 0 and standard deviation 1, measured on the training set.

Source: LeCun, Bottou, Orr and Müller 1998, "Efficient BackProp", section 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x_train, x_test):
    """PyTorch's mean and biased standard deviation along the examples."""
    import torch

    std, mean = torch.std_mean(x_train, dim=0, correction=0)
    std = torch.where(std == 0, torch.ones_like(std), std)
    return (x_train - mean) / std, (x_test - mean) / std


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Unequal scales, a test set from elsewhere, a constant feature."""
    scales = np.array([0.01, 1.0, 300.0])
    yield Case(
        "three scales",
        {"x_train": rng.normal(2.0, 1.0, (8, 3)) * scales, "x_test": rng.normal(2.0, 1.0, (5, 3)) * scales},
    )
    yield Case("a shifted test set", {"x_train": rng.normal(0, 2, (6, 2)), "x_test": rng.normal(9, 5, (4, 2))})
    constant = rng.normal(1.0, 1.0, (5, 3))
    constant[:, 1] = 4.0
    yield Case("a constant feature", {"x_train": constant, "x_test": rng.normal(1.0, 1.0, (3, 3))})
    yield Case("one test example", {"x_train": rng.normal(3, 1, (4, 2)), "x_test": rng.normal(3, 1, (1, 2))})


def unbiased(x_train, x_test):
    """Divides by n - 1 inside the standard deviation, which is right too."""
    mean = np.mean(x_train, axis=0)
    std = np.std(x_train, axis=0, ddof=1)
    scale = np.where(std > 0, std, 1.0)
    return (x_train - mean) / scale, (x_test - mean) / scale


def _scaled(x, mean, std):
    return (x - mean) / np.where(std > 0, std, 1.0)


def test_set_by_its_own_statistics(x_train, x_test):
    """Measures the test set by itself."""
    return tuple(_scaled(x, np.mean(x, axis=0), np.std(x, axis=0)) for x in (x_train, x_test))


def statistics_of_both_sets(x_train, x_test):
    """Measures training and test set together."""
    both = np.concatenate([x_train, x_test])
    mean, std = np.mean(both, axis=0), np.std(both, axis=0)
    return _scaled(x_train, mean, std), _scaled(x_test, mean, std)


def one_scale_for_all_features(x_train, x_test):
    """Takes mean and standard deviation over the whole array."""
    mean, std = np.mean(x_train), np.std(x_train)
    return _scaled(x_train, mean, std), _scaled(x_test, mean, std)


def constant_features_divided_by_zero(x_train, x_test):
    """Divides by a standard deviation of 0."""
    mean, std = np.mean(x_train, axis=0), np.std(x_train, axis=0)
    with np.errstate(all="ignore"):
        return (x_train - mean) / std, (x_test - mean) / std


def divides_by_the_variance(x_train, x_test):
    """Forgets the root."""
    mean, variance = np.mean(x_train, axis=0), np.var(x_train, axis=0)
    return _scaled(x_train, mean, variance), _scaled(x_test, mean, variance)


def mean_left_in(x_train, x_test):
    """Scales without shifting."""
    std = np.std(x_train, axis=0)
    return _scaled(x_train, 0.0, std), _scaled(x_test, 0.0, std)


def each_example_by_itself(x_train, x_test):
    """Measures along the features of one example."""
    pairs = []
    for x in (x_train, x_test):
        pairs.append(_scaled(x, np.mean(x, axis=1, keepdims=True), np.std(x, axis=1, keepdims=True)))
    return tuple(pairs)


EXERCISE = Exercise(
    number=6,
    title="Standardise the features",
    section="3.4",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    alternatives=(unbiased,),
    misconceptions=(
        Misconception(
            test_set_by_its_own_statistics,
            hint="A single example arrives tomorrow: what are its mean and its spread? Whose statistics can you use?",
        ),
        Misconception(
            statistics_of_both_sets,
            hint="What may the training know about the test set? From where come your mean and spread?",
        ),
        Misconception(
            one_scale_for_all_features,
            hint="One feature is in metres, one in grams: may they share one spread?",
        ),
        Misconception(
            constant_features_divided_by_zero,
            hint="What is the standard deviation of a feature that is always 4? What do you divide by then?",
        ),
        Misconception(divides_by_the_variance, hint="What is the spread of your result in the training set: 1?"),
        Misconception(mean_left_in, hint="What is the mean of your result in the training set: 0?"),
        Misconception(
            each_example_by_itself,
            hint="Which axis holds the examples? Along which one do you measure a feature's spread?",
        ),
    ),
    hints=(
        "Measure once, on the training set. Use what you measured twice.",
        "One mean and one spread for each column. Where a spread is 0, divide by 1.",
        "x' = (x − mean of the column) / (standard deviation of the column), both from x_train.",
        "Training column 1, 3: mean 2, deviation 1, so −1, 1. A test value of 5 becomes (5 − 2) / 1 = 3.",
    ),
    convention="The standard deviation divides by n (NumPy's default); dividing by n − 1 is accepted too.",
)
