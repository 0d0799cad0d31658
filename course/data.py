"""The real data that several chapters share: one place that loads, scales and splits it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Digits", "digits"]

TEST_PICTURES = 360


class Digits(NamedTuple):
    """Handwritten digits in two parts: what a network learns from, and what it has never seen.

    x_train  (1437, 64)  pixels of 8 x 8 pictures, 0 white to 1 black
    y_train  (1437,)     the digits 0 to 9
    x_test   (360, 64)
    y_test   (360,)
    """

    x_train: NDArray[np.float64]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float64]
    y_test: NDArray[np.int64]


def digits() -> Digits:
    """scikit-learn's 1797 digits, shuffled once and for all and split into 1437 for training and 360 for testing.

    Source: E. Alpaydin and C. Kaynak, Optical recognition of handwritten digits, UCI Machine Learning Repository, 1998.
    """
    from sklearn.datasets import load_digits  # takes a second, which only those pay who need it

    raw: Any = load_digits()
    order = np.random.default_rng(0).permutation(len(raw.target))
    x = raw.data[order] / 16
    y = raw.target[order].astype(np.int64)
    return Digits(x[TEST_PICTURES:], y[TEST_PICTURES:], x[:TEST_PICTURES], y[:TEST_PICTURES])
