"""The data that chapters share."""

import numpy as np
import pytest

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


def test_mnist_is_split_without_overlap():
    mnist = data.mnist()
    assert mnist.x_train.shape == (4000, 784)
    assert mnist.x_test.shape == (1000, 784)
    assert mnist.x_train.min() == 0.0
    assert mnist.x_train.max() == 1.0
    everyone = np.concatenate([mnist.y_train, mnist.y_test])
    assert np.bincount(everyone).tolist() == [500] * 10
    assert len(np.unique(np.concatenate([mnist.x_train, mnist.x_test]), axis=0)) == 5000, "no picture is in both parts"


@pytest.mark.parametrize("name", data.PHOTOGRAPHS)
def test_a_photograph_keeps_its_shape_and_its_brightness_when_it_is_shrunk(name):
    full, small = data.photograph(name), data.photograph(name, width=64)
    rows, columns, colours = full.shape
    assert small.shape == (round(rows * 64 / columns), 64, colours)
    assert full.min() >= 0
    assert full.max() <= 1
    assert small.mean(axis=(0, 1)) == pytest.approx(full.mean(axis=(0, 1)), abs=0.01)


def test_a_photograph_that_does_not_exist_or_is_too_small_is_one_line():
    with pytest.raises(ValueError, match="no photograph 'cat'; there are: flower, portrait, temple"):
        data.photograph("cat")
    with pytest.raises(ValueError, match="width came as 10000; the photograph 'flower' has 640 columns"):
        data.photograph("flower", width=10_000)


def test_first_names_are_of_the_letters_a_to_z_and_each_comes_once():
    names = data.first_names()
    assert len(names) > 6000
    assert names == sorted(set(names))
    assert set("".join(names)) == set("abcdefghijklmnopqrstuvwxyz")
    assert {"anna", "thomas"} <= set(names)


def test_sunspots_come_year_by_year():
    year, number = data.sunspots()
    assert year.tolist() == list(range(1700, 2009))
    assert number.shape == (309,)
    assert number.min() == 0.0
    assert year[np.argmax(number)] == 1957, "the largest number on record"


def test_data_of_a_package_that_is_missing_says_what_to_do():
    with pytest.raises(ModuleNotFoundError, match="needs the package no_such_package: python -m autograder setup"):
        data._inside("no_such_package", "file.csv")


def test_textures_are_patches_of_two_halves_that_do_not_meet():
    textures = data.textures(size=64)
    assert textures.x_train.shape == textures.x_test.shape == (96, 64, 64)
    assert np.bincount(textures.y_train).tolist() == np.bincount(textures.y_test).tolist() == [32, 32, 32]
    assert 0 <= textures.x_train.min() < textures.x_train.max() <= 1
    both = np.concatenate([textures.x_train, textures.x_test]).reshape(192, -1)
    assert len(np.unique(both, axis=0)) == 192, "no patch is in both parts"


def test_words_carry_the_feeling_that_people_rated():
    words = dict(data.word_sentiment())
    assert len(words) > 5000
    assert words["good"] == words["happy"] == 1
    assert words["bad"] == words["terrible"] == 0
    assert 0.4 < np.mean(list(words.values())) < 0.6


def test_pythons_manual_is_a_long_text():
    text = data.python_text()
    assert len(text) > 400_000
    assert 'The "if" statement' in text
