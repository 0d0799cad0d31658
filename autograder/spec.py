"""What an author writes in an exercise file: cases, tolerance, misconceptions, and the exercise itself.

Importing this module needs NumPy alone; references import torch inside themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["Case", "Exercise", "FreeAnswer", "Misconception", "Pace", "Rng", "Tolerance"]

Tree = Any
"""An array, number, string, bool or None, or a dict, list or tuple of trees."""

Difficulty = Literal["easy", "medium", "hard"]


@dataclass(frozen=True)
class Rng:
    """A seed that stands for a random generator among a case's inputs.

    The student's function receives `numpy.random.default_rng(seed)`, the reference a `torch.Generator`.
    """

    seed: int

    def generator(self) -> np.random.Generator:
        """The NumPy generator that this seed stands for."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True)
class Case:
    """One named set of keyword inputs."""

    name: str
    inputs: Mapping[str, Tree]


@dataclass(frozen=True)
class Tolerance:
    """How far from the expected value an answer may lie: |answer - expected| <= atol + rtol * |expected|.

    float32 says whether an answer that the student computed in float32 is accepted within
    `rtol32` and `atol32`; otherwise it is compared like any other.
    """

    rtol: float = 1e-7
    atol: float = 1e-9
    float32: bool = True
    rtol32: float = 2e-5
    atol32: float = 2e-6
    why: str = ""


@dataclass(frozen=True)
class Misconception:
    """A known wrong answer, written in NumPy with the exercise's own signature, and the hint it earns.

    wrong is a function, or a class where the student writes a class.  Its name says the misconception
    (`softmax_over_the_wrong_axis`), its docstring's first line says it to an instructor.  The hint asks; it does
    not tell.
    """

    wrong: Callable[..., Tree]
    hint: str

    @property
    def name(self) -> str:
        """The misconception in snake_case words."""
        return self.wrong.__name__

    @property
    def says(self) -> str:
        """The misconception as a sentence for the instructor."""
        return (self.wrong.__doc__ or self.name.replace("_", " ")).strip().splitlines()[0]


@dataclass(frozen=True)
class Pace:
    """How fast an answer can be: told after a check that passes, and never worth a point.

    inputs      inputs() gives the keyword inputs of one call of the chapter's size: a loop over every number takes 0.1
                to 1 second with them, the model answer a few milliseconds or less
    yardstick   a right answer that is as fast as the model answer, with the exercise's own signature; most files have
                it anyway, because their misconceptions are small deviations from it
    """

    inputs: Callable[[], Mapping[str, Tree]]
    yardstick: Callable[..., Tree]


@dataclass(frozen=True)
class Exercise:
    """A function or a class that the student writes, and everything needed to judge it.

    The file's name is the exercise's name and the name of what the student writes; its folder is the chapter.

    number           its place in the chapter: 9 for "Exercise 1.9"
    title            a few words for tables: "Softmax along any axis"
    section          where the chapter explains it: "1.5"
    points           the maximum score; every case is worth the same share
    minutes          honest time for a student who has read the section
    difficulty       "easy", "medium" or "hard"
    reference        PyTorch: gets the inputs as tensors (a generator for `Rng`), returns a tensor or a tree of them
    cases            cases(rng) yields Case objects, small ones first; the same rng gives the same cases
    misconceptions   known wrong answers with their hints
    hints            four levels, on request: a nudge, where to look, the formula, a worked line
    tolerance        see Tolerance
    convention       one line where PyTorch and the books differ; printed with every check
    alternatives     NumPy functions that are right too (another convention), accepted on all cases or none
    drive            drive(answer, **inputs) -> tree: what is done with the student's function or class where one plain
                     call does not do: several steps of an object, a function as an argument, arrays changed in place.
                     Its source travels into the sandbox, so it uses `np`, what it imports itself, and nothing else
    measure          measure(answer, **inputs) -> tree that is compared instead of the answer itself:
                     statistics of random results.  Runs in the grader, on plain arrays, for answer and reference alike
    pace             see Pace; only where a loop is a plausible answer
    uses             names of earlier exercises that the model answer may call.  The reference stands in for one that
                     fails, unless that one has a `drive`
    """

    number: int
    title: str
    section: str
    points: int
    minutes: int
    difficulty: Difficulty
    reference: Callable[..., Any]
    cases: Callable[[np.random.Generator], Iterator[Case]]
    misconceptions: tuple[Misconception, ...]
    hints: tuple[str, str, str, str]
    tolerance: Tolerance = Tolerance()
    convention: str = ""
    alternatives: tuple[Callable[..., Tree], ...] = ()
    drive: Callable[..., Tree] | None = None
    measure: Callable[..., Tree] | None = None
    pace: Pace | None = None
    uses: tuple[str, ...] = ()
    name: str = ""
    chapter: str = ""


@dataclass(frozen=True)
class FreeAnswer:
    """A question that a person grades: the student writes prose.

    rubric           what earns the points, one line each, for the person who grades
    """

    title: str
    section: str
    points: int
    minutes: int
    rubric: tuple[str, ...]
    name: str = ""
    chapter: str = ""
