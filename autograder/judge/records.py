"""What came out for one submission as a line of JSON, and the file of such lines that makes a run resumable.

A line's key is a hash of everything that decides the outcome: the submitted file, the release, the exercises, the
grader's own code, the seed and the versions.  Lines are only ever appended; a line that a killed run left half
written is skipped.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from autograder.engine import catalogue
from autograder.engine.verdict import CaseResult, Rung, Verdict
from autograder.judge.run import CellOutcome

__all__ = ["Basis", "Record", "Store", "basis_of", "digest", "submission_key"]

Basis = Mapping[str, str]
"""What an outcome rests on besides the submission: a short hash for each part, such as "seed" or "exercise softmax"."""

RUNGS = {int(rung): rung for rung in Rung}
CASE_FIELDS = {one.name for one in fields(CaseResult)}
VERDICT_FIELDS = tuple(one.name for one in fields(Verdict))
KEY = slice(len('{"key":"'), len('{"key":"') + 64)
"""Where a line holds its key."""


@dataclass(frozen=True)
class Record:
    """The outcome for one submission.

    problem    why the submission could not be judged at all, in one line; "" when it was
    outcomes   how each cell of the rebuilt notebook went; None for cells that were not run
    flags      what a person should look at
    untouched  the answers that were handed in as released
    basis      what the outcome rests on, the submitted file under "submission"
    """

    key: str
    student: str
    chapter: str
    verdicts: tuple[Verdict, ...] = ()
    outcomes: tuple[CellOutcome | None, ...] = ()
    flags: tuple[str, ...] = ()
    problem: str = ""
    untouched: tuple[str, ...] = ()
    basis: Basis = field(default_factory=dict)

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
        """The record as one line of JSON that begins with its key; the same record gives the same bytes."""
        rest = {name: value for name, value in _plain(self).items() if name != "key"}
        ordered = {"key": self.key} | dict(sorted(rest.items()))
        return json.dumps(ordered, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_line(cls, line: bytes) -> Record:
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
            untouched=tuple(raw["untouched"]),
            basis=dict(raw["basis"]),
        )


def _plain(value: Any) -> Any:
    """Dataclasses as dicts; JSON has no NaN and no infinities."""
    if is_dataclass(value):
        return _plain(vars(value))
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _verdict(raw: Mapping[str, Any]) -> Verdict:
    known = {name: raw[name] for name in VERDICT_FIELDS}
    results = tuple(_case(one) for one in raw["results"])
    return Verdict(**{**known, "results": results, "warned": tuple(raw["warned"]), "flags": tuple(raw["flags"])})


def _case(raw: dict[str, Any]) -> CaseResult:
    # A class has tens of thousands of these, and a frozen dataclass sets its fields one by one through object.
    if raw.keys() != CASE_FIELDS:
        raise TypeError("not a case's result")
    raw["rung"], raw["error"] = RUNGS[raw["rung"]], _number(raw["error"])
    found = object.__new__(CaseResult)
    vars(found).update(raw)
    return found


def _number(value: Any) -> float:
    return float(value["float"]) if isinstance(value, dict) else float(value)


class Store:
    """The records of a chapter in a file; a line is read when it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[str, bytes] = {}
        data = path.read_bytes() if path.is_file() else b""
        # A killed run may have left half a line.
        self.torn = bool(data) and not data.endswith(b"\n")
        for line in data.split(b"\n"):
            if line:
                self.lines[line[KEY].decode("ascii", "replace")] = line

    def get(self, key: str) -> Record | None:
        """The record of a key; None where there is none, or only a damaged line."""
        try:
            return Record.from_line(self.lines[key])
        except (ValueError, KeyError, TypeError):
            return None

    def add(self, record: Record) -> None:
        """Append a record; it is in the file when this returns."""
        line = record.line().encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write((b"\n" if self.torn else b"") + line + b"\n")
        self.torn = False
        self.lines[record.key] = line


def digest(data: bytes) -> str:
    """A hash of bytes."""
    return hashlib.sha256(data).hexdigest()


def basis_of(chapter: str, release: Sequence[Mapping[str, Any]], seed: int, mode: str, *, variants: bool) -> Basis:
    """What a chapter's outcomes rest on besides the submissions, part by part."""
    own = Path(__file__).parents[1]
    exercises, recordings = catalogue.EXERCISES / chapter, catalogue.RECORDINGS / chapter
    grader = [own / "spec.py", *sorted((own / "engine").glob("*.py")), *sorted((own / "judge").glob("*.py"))]
    parts = {
        "release": json.dumps(list(release), sort_keys=True).encode(),
        "seed": repr((seed, variants)).encode(),
        "isolation": mode.encode(),
        "grader": _contents(grader),
        "versions": repr((platform.python_version(), _versions(("numpy", "torch", "ipython")))).encode(),
        "shared by exercises": _contents(sorted(exercises.glob("_*.py"))),
    }
    for name in catalogue.names(chapter):
        parts[f"exercise {name}"] = _contents([exercises / f"{name}.py", *sorted(recordings.glob(f"{name}.*"))])
    return {name: digest(part)[:16] for name, part in parts.items()}


def submission_key(basis: Basis, student: str, submitted: str) -> str:
    """The key of a submission's record.  submitted: the digest of the submitted file."""
    return digest(json.dumps([sorted(basis.items()), student, submitted]).encode())


def _contents(paths: Sequence[Path]) -> bytes:
    return b"".join(path.name.encode() + b"\0" + path.read_bytes() for path in paths if path.is_file())


def _versions(names: Sequence[str]) -> list[str]:
    found = []
    for name in names:
        try:
            found.append(version(name))
        except PackageNotFoundError:
            found.append("")
    return found
