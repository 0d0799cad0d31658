"""Where the files of the optional weights are."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

__all__ = ["HOW", "find", "folder", "reader"]

HOW = "python -m autograder weights"
"""The command that installs them."""


def folder() -> Path:
    """Where the weights are looked for first: the environment variable COURSE_WEIGHTS, or .weights beside course/."""
    return Path(os.environ.get("COURSE_WEIGHTS") or Path(__file__).parents[2] / ".weights")


def find(package: str, path: str) -> Path | None:
    """A file of a package in that folder, or of an installed one; None when there is neither."""
    places = [folder() / package]
    found = find_spec(package)  # does not import the package
    if found is not None and found.origin is not None:
        places.append(Path(found.origin).parent)
    return next((place / path for place in places if (place / path).is_file()), None)


def reader(module: str) -> ModuleType:
    """The module that reads a file format; ModuleNotFoundError with one line when its package is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        package = module.partition(".")[0]
        raise ModuleNotFoundError(
            f"the weights are there, but the package {package} that reads them is not: {HOW} installs it", name=package
        ) from None
