"""The outcome of judging one exercise: which case failed on which rung of the ladder, the score, and the hint."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["CaseResult", "Rung", "Verdict"]


class Rung(IntEnum):
    """The rungs of the ladder, in the order in which they are tried; a case fails on the first that does not hold."""

    DEFINED = 1
    RETURNS = 2
    SHAPE = 3
    FINITE = 4
    VALUES = 5
    LEAVES_INPUTS = 6
    REPEATABLE = 7
    PASSED = 8

    @property
    def says(self) -> str:
        """The rung in two or three words, as a case's verdict."""
        return WORDS[self]


WORDS = {
    Rung.DEFINED: "not written",
    Rung.RETURNS: "no array",
    Rung.SHAPE: "wrong shape",
    Rung.FINITE: "not finite",
    Rung.VALUES: "values differ",
    Rung.LEAVES_INPUTS: "input changed",
    Rung.REPEATABLE: "not repeatable",
    Rung.PASSED: "passes",
}


@dataclass(frozen=True)
class CaseResult:
    """How one case went.  error is the largest absolute difference, NaN where nothing could be compared."""

    name: str
    rung: Rung
    expected: str
    error: float
    message: str = ""
    hidden: bool = False

    @property
    def passed(self) -> bool:
        """Whether every rung held."""
        return self.rung is Rung.PASSED


@dataclass(frozen=True)
class Verdict:
    """The outcome for one exercise.

    score          between 0 and points: every case is worth the same share
    message        one line: what is wrong with the first failing case, or that all passed
    misconception  name of the known wrong answer that gives exactly these outputs, or ""
    hint           the misconception's hint, or ""
    warned         warnings that the calls gave: told, never punished
    source         what the answers were compared with, such as "PyTorch 2.13.0 on NVIDIA H200 (recording)"
    flags          what a person should look at (sandbox lost, time-out), for the grader's report
    """

    exercise: str
    points: float
    score: float
    message: str
    results: tuple[CaseResult, ...] = ()
    misconception: str = ""
    hint: str = ""
    warned: tuple[str, ...] = ()
    source: str = ""
    convention: str = ""
    flags: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every case passed."""
        return bool(self.results) and all(result.passed for result in self.results)

    @property
    def rung(self) -> Rung:
        """The lowest rung on which a case failed, or PASSED."""
        return min((result.rung for result in self.results), default=Rung.DEFINED)
