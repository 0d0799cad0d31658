"""The data that chapters share."""

import numpy as np

from course import data


def test_the_digits_are_split_without_overlap():
    digits = data.digits()
    assert digits.x_train.shape == (1437, 64)
    assert digits.x_test.shape == (360, 64)
    assert digits.y_train.shape == (1437,)
    assert digits.y_test.shape == (360,)
    assert digits.x_train.min() == 0.0
    assert digits.x_train.max() == 1.0
    assert set(digits.y_test) == set(range(10))
    pictures = np.concatenate([digits.x_train, digits.x_test])
    assert len(np.unique(pictures, axis=0)) == 1797, "no picture is in both parts"


def test_the_split_is_the_same_every_time():
    for first, again in zip(data.digits(), data.digits(), strict=True):
        assert np.array_equal(first, again)
