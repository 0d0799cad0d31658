"""What the submissions of the demonstration are made of: a chapter's release, its model answers, its recordings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from autograder.demo import notebooks, rewording, student_code
from autograder.engine import catalogue
from autograder.engine.answer import Answer, same
from autograder.engine.compare import compare
from autograder.engine.verdict import Rung
from autograder.errors import CourseError
from autograder.reference import recordings
from autograder.release.master import Master
from autograder.spec import Exercise

__all__ = ["Chapter", "Submission"]

LITERAL = 30_000
"""Characters of the longest table of answers that a demonstration needs."""
PLAIN = (np.ndarray, np.generic, int, float, str, tuple, list, type(None))


@dataclass(frozen=True)
class Submission:
    """What one student hands in.

    student    the folder's name
    about      what it shows
    text       the file's text
    passes     the exercises that must earn all their points, while all others earn none; None: that is not known
    flagged    whether the judge must call a person; None: that is not known
    group      the heading under which it is shown
    handed_in  the time for nbgrader's timestamp.txt; "" for none
    again      what the same student hands in after the class was graded
    """

    student: str
    about: str
    text: str
    passes: frozenset[str] | None = None
    flagged: bool | None = None
    group: str = ""
    handed_in: str = ""
    again: Submission | None = None

    @property
    def last(self) -> Submission:
        """What counts in the end."""
        return self.again or self


class Chapter:
    """What submissions are made of: the released notebook, the model answers, the names of the exercises."""

    def __init__(self, master: Master, release: str) -> None:
        self.release = release
        self.answers = dict(master.model_answers)
        self.exercises = catalogue.exercises(master.stem)
        self.names = [one.name for one in self.exercises]
        self.questions = [one.name for one in catalogue.questions(master.stem)]
        self.functions = [name for name in self.names if re.search(rf"^def {name}\(", self.answers[name], re.MULTILINE)]
        used = {name for one in self.exercises for name in one.uses}
        # What goes wrong in a function that others call goes wrong in all of them, which takes its time.
        self.alone = [name for name in self.functions if name not in used] or self.functions

    def victim(self, number: int) -> str:
        """A function that something happens to, another one for each number as far as there are others."""
        return self.alone[number % len(self.alone)]

    def submission(
        self,
        student: str,
        about: str,
        changed: Mapping[str, str] | None = None,
        *,
        fails: Collection[str] = (),
        flagged: bool | None = False,
        extra: str = "",
        edit: Callable[[str], str] = str,
    ) -> Submission:
        """Every model answer but for what is changed; all must pass but what fails."""
        text = edit(notebooks.filled(self.release, self.answers | dict(changed or {}), extra))
        return Submission(student, about, text, frozenset(self.names) - set(fails), flagged)

    def only(self, student: str, about: str, sources: Mapping[str, str], *, extra: str = "") -> Submission:
        """The release with these sources; what is an exercise among them must pass, and nothing else."""
        text = notebooks.filled(self.release, sources, extra)
        return Submission(student, about, text, frozenset(self.names) & sources.keys(), flagged=False)

    def refused(self, student: str, about: str, text: str) -> Submission:
        """A file that the judge refuses: no points, and a person decides."""
        return Submission(student, about, text, frozenset(), flagged=True)

    @cached_property
    def table(self) -> tuple[Exercise, str]:
        """The exercise whose recorded answers make the shortest table, and the table as a cell.

        None of its fresh cases has the inputs of a recorded one, so that the table knows nothing that counts.
        """
        tables = [(one, written) for one in self.exercises if one.name in self.alone and (written := _table(one))]
        if not tables:
            raise CourseError("no exercise that stands alone has plain inputs that differ from seed to seed")
        return min(tables, key=lambda pair: len(pair[1]))

    @cached_property
    def other_types(self) -> dict[str, str]:
        """Answers that give another type than the model answer, of the exercises whose comparison takes it."""
        found = {}
        for one in self.exercises:
            if one.name in self.alone and (wrapped := _other_type(one)):
                found[one.name] = rewording.returning(self.answers[one.name], one.name, wrapped)
        return found


def _table(exercise: Exercise) -> str:
    """The recorded answers as a function, "" where a table is no attack: inputs that may repeat or are not plain."""
    if exercise.measure is not None or exercise.drive is not None:
        return ""
    recorded = recordings.load(exercise)
    seeds = [recorded.cases, *(recordings.draw_private(exercise, seed) for seed in (1, 2))]
    known = [dict(case.inputs) for cases in seeds for case in cases]
    if not all(isinstance(value, PLAIN) for inputs in known for value in inputs.values()):
        return ""
    # A few whole numbers may be the same for two seeds.
    if not all(any(map(_real, inputs.values())) for inputs in known):
        return ""
    if any(same(one, other) for number, one in enumerate(known) for other in known[:number]):
        return ""
    rows = [(dict(case.inputs), result) for case, result in zip(recorded.cases, recorded.expected, strict=True)]
    written = student_code.table_of(exercise.name, rows)
    return written if len(written) <= LITERAL else ""


def _real(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and bool((value != value.round()).any())


def _other_type(exercise: Exercise) -> str:
    """What a result may be wrapped in: np.float32, or list for a tuple; "" where the comparison takes neither."""
    if exercise.measure is not None or exercise.drive is not None:
        return ""
    recorded = recordings.load(exercise)
    pairs = list(zip(recorded.cases, recorded.expected, strict=True))
    kinds: dict[str, tuple[type, Callable[[Any], Any]]] = {
        "np.float32": (np.ndarray, np.float32),
        "list": (tuple, list),
    }
    for name, (kind, wrapped) in kinds.items():
        with np.errstate(all="ignore"):
            if all(
                isinstance(result, kind)
                and compare(exercise, case, result, Answer(wrapped(result))).rung is Rung.PASSED
                for case, result in pairs
            ):
                return name
    return ""
