"""What a chapter's submissions are judged on: recorded cases, fresh ones, and what PyTorch gives for each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograder.engine import catalogue, tree
from autograder.errors import SpecError
from autograder.judge import protocol
from autograder.spec import Case, Exercise

__all__ = ["Sheet", "decode_sheets", "encode_sheets", "prepare"]


@dataclass(frozen=True)
class Sheet:
    """What one exercise is judged on: its cases, what is expected of each, and which of them students cannot know."""

    exercise: Exercise
    cases: tuple[Case, ...]
    expected: tuple[Any, ...]
    hidden: tuple[bool, ...]
    source: str

    @cached_property
    def fresh(self) -> tuple[bool, ...]:
        """Which cases have inputs that no public case has; some probes are the same for every seed."""
        public = {_fingerprint(case) for case, hidden in zip(self.cases, self.hidden, strict=True) if not hidden}
        pairs = zip(self.cases, self.hidden, strict=True)
        return tuple(hidden and _fingerprint(case) not in public for case, hidden in pairs)


def _fingerprint(case: Case) -> str:
    structure, arrays = tree.pack(dict(case.inputs))
    return repr((case.name, structure, [(one.dtype.str, one.shape, one.tobytes()) for one in arrays]))


def prepare(chapter: str, seed: int) -> list[Sheet]:
    """The chapter's sheets: the recorded cases, and fresh ones of the private seed that PyTorch answers now."""
    # torch takes seconds to load and must not be there before a sandbox has started.
    from autograder.reference import live, recordings

    sheets = []
    for exercise in catalogue.exercises(chapter):
        recorded = recordings.load(exercise)
        fresh = recordings.draw_private(exercise, seed)
        sheets.append(
            Sheet(
                exercise,
                (*recorded.cases, *fresh),
                (*recorded.expected, *live.answers(exercise, fresh)),
                (False,) * len(recorded.cases) + (True,) * len(fresh),
                f"{recorded.source}; fresh cases: {live.source()}",
            )
        )
    return sheets


def encode_sheets(sheets: Sequence[Sheet]) -> bytes:
    """Sheets as bytes for another process, one frame each; exercises travel by name."""
    return b"".join(
        protocol.encode(
            {
                "chapter": one.exercise.chapter,
                "name": one.exercise.name,
                "source": one.source,
                "hidden": list(one.hidden),
            },
            {
                "expected": list(one.expected),
                "cases": [{"name": case.name, "inputs": dict(case.inputs)} for case in one.cases],
            },
        )
        for one in sheets
    )


def decode_sheets(data: bytes) -> list[Sheet]:
    """The sheets in the bytes of `encode_sheets`."""
    file = io.BytesIO(data)
    sheets = []
    while file.tell() < len(data):
        fields, value = protocol.read_frame(file.read)
        exercise = catalogue.load(catalogue.EXERCISES / fields["chapter"] / f"{fields['name']}.py")
        if not isinstance(exercise, Exercise):
            raise SpecError(f"{fields['name']} is not an exercise")
        cases = tuple(Case(case["name"], case["inputs"]) for case in value["cases"])
        sheets.append(Sheet(exercise, cases, tuple(value["expected"]), tuple(fields["hidden"]), fields["source"]))
    return sheets
