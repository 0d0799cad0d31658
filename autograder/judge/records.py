"""What came out for one submission as a line of JSON, and the file of such lines that makes a run resumable.

A line's key is a hash of everything that decides the outcome: the submission's cells, the release, the exercises, the
grader's own code, the seed and the versions.  Lines are only ever appended; a line that a killed run left half
written is skipped.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from autograder.engine import catalogue
from autograder.engine.verdict import CaseResult, Rung, Verdict
from autograder.judge.preflight import SubmittedCell
from autograder.judge.run import CellOutcome

__all__ = ["Record", "Store", "fingerprint", "standing", "submission_key"]


@dataclass(frozen=True)
class Record:
    """The outcome for one submission.

    problem    why the submission could not be judged at all, in one line; "" when it was
    outcomes   how each cell of the rebuilt notebook went; None for cells that were not run
    flags      what a person should look at
    """

    key: str
    student: str
    chapter: str
    verdicts: tuple[Verdict, ...] = ()
    outcomes: tuple[CellOutcome | None, ...] = ()
    flags: tuple[str, ...] = ()
    problem: str = ""

    @property
    def score(self) -> float:
        """The sum over the exercises."""
        return round(sum(one.score for one in self.verdicts), 4)

    @property
    def points(self) -> float:
        """The maximum score of the exercises."""
        return sum(one.points for one in self.verdicts)

    @property
    def all_flags(self) -> tuple[str, ...]:
        """The flags of the submission and of its exercises, each once."""
        own = (f"`{one.exercise}`: {flag}" for one in self.verdicts for flag in one.flags)
        return tuple(dict.fromkeys((*((self.problem,) if self.problem else ()), *self.flags, *own)))

    def line(self) -> str:
        """The record as one line of JSON; the same record gives the same bytes."""
        return json.dumps(_plain(self), sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_line(cls, line: str) -> Record:
        """The record of a line; ValueError, KeyError or TypeError for a damaged one."""
        raw = json.loads(line)
        return cls(
            key=raw["key"],
            student=raw["student"],
            chapter=raw["chapter"],
            verdicts=tuple(_verdict(one) for one in raw["verdicts"]),
            outcomes=tuple(None if one is None else CellOutcome(**one) for one in raw["outcomes"]),
            flags=tuple(raw["flags"]),
            problem=raw["problem"],
        )


def _plain(value: Any) -> Any:
    """Dataclasses as dicts; JSON has no NaN and no infinities."""
    if is_dataclass(value):
        return _plain(vars(value))
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _verdict(raw: Mapping[str, Any]) -> Verdict:
    known = {one.name: raw[one.name] for one in fields(Verdict)}
    results = tuple(
        CaseResult(**{**one, "rung": Rung(one["rung"]), "error": _number(one["error"])}) for one in raw["results"]
    )
    return Verdict(**{**known, "results": results, "warned": tuple(raw["warned"]), "flags": tuple(raw["flags"])})


def _number(value: Any) -> float:
    return float(value["float"]) if isinstance(value, dict) else float(value)


@dataclass
class Store:
    """The records of a chapter in a file."""

    path: Path
    found: dict[str, Record] = field(default_factory=dict)
    torn: bool = False

    def __post_init__(self) -> None:
        if not self.path.is_file():
            return
        text = self.path.read_text(encoding="utf-8", errors="replace")
        # A killed run may have left half a line.
        self.torn = bool(text) and not text.endswith("\n")
        for line in text.split("\n"):
            try:
                record = Record.from_line(line)
            except (ValueError, KeyError, TypeError):
                continue
            self.found[record.key] = record

    def add(self, record: Record) -> None:
        """Append a record; it is on disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(("\n" if self.torn else "") + record.line() + "\n")
        self.torn = False
        self.found[record.key] = record


def standing(path: Path) -> dict[str, Record]:
    """Each student's current record in a chapter's file of records."""
    return {record.student: record for record in Store(path).found.values()}


def fingerprint(chapter: str, release: Sequence[Mapping[str, Any]], seed: int, mode: str) -> str:
    """A hash of everything but the submission that decides an outcome."""
    digest = hashlib.sha256()
    own = Path(__file__).parents[1]
    folders = [own / "engine", own / "judge", catalogue.EXERCISES / chapter, catalogue.RECORDINGS / chapter]
    for path in [own / "spec.py", *(path for folder in folders for path in sorted(folder.glob("*")) if path.is_file())]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    digest.update(json.dumps(list(release), sort_keys=True).encode())
    digest.update(repr((seed, mode, platform.python_version(), _versions(("numpy", "torch", "ipython")))).encode())
    return digest.hexdigest()


def submission_key(common: str, student: str, cells: Iterable[SubmittedCell]) -> str:
    """The key of a submission's record."""
    digest = hashlib.sha256(f"{common}\n{student}\n".encode())
    for cell in cells:
        digest.update(json.dumps([cell.kind, cell.source, cell.grade_id, cell.cell_id]).encode())
    return digest.hexdigest()


def _versions(names: Sequence[str]) -> list[str]:
    found = []
    for name in names:
        try:
            found.append(version(name))
        except PackageNotFoundError:
            found.append("")
    return found
