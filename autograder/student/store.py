"""Attempts, points and hints used, kept in one small file beside the notebooks."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.engine.verdict import Verdict
from autograder.spec import Exercise

__all__ = ["FILE", "Store"]

FILE = ".progress.json"


def location() -> Path:
    """$COURSE_PROGRESS, or the file in the folder above a chapter's folder, or in the working directory."""
    if given := os.environ.get("COURSE_PROGRESS"):
        return Path(given)
    here = Path.cwd()
    # README.md leads into a clone, README.ipynb into the site that runs in a browser
    course = any((here.parent / name).exists() for name in ("README.md", "README.ipynb"))
    return (here.parent if here.name.startswith("ch") and course else here) / FILE


@dataclass
class Store:
    """The file's content: for each exercise "attempts", "score", "points", "hints" and "message"."""

    path: Path
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(cls) -> Store:
        """Read the file; a damaged one is set aside under another name, one that cannot be read stays as it is."""
        path = location()
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
                raise ValueError("not a table")
        except FileNotFoundError:
            rows = {}
        except OSError:
            rows = {}
        except ValueError:
            rows = {}
            with contextlib.suppress(OSError):
                os.replace(path, path.with_name(path.name + ".damaged"))
        return cls(path, rows)

    def row(self, name: str) -> dict[str, Any]:
        """An exercise's row, empty at first."""
        return self.rows.setdefault(name, {"attempts": 0, "score": 0.0, "hints": 0, "message": ""})

    def attempted(self, exercise: Exercise, verdict: Verdict) -> None:
        """Note an attempt; the best score stays."""
        row = self.row(exercise.name)
        row["attempts"] = _count(row.get("attempts")) + 1
        row["score"] = max(_number(row.get("score")), verdict.score)
        row["message"] = "" if verdict.passed else verdict.message
        self._save()

    def took_hint(self, exercise: Exercise) -> int:
        """Note that the next hint was shown; the level that is now reached, from 1."""
        row = self.row(exercise.name)
        row["hints"] = min(_count(row.get("hints")) + 1, len(exercise.hints))
        self._save()
        return int(row["hints"])

    def hints_taken(self, exercise: Exercise) -> int:
        """How many hints were shown so far."""
        return min(_count(self.rows.get(exercise.name, {}).get("hints")), len(exercise.hints))

    def score(self, name: str) -> float:
        """The best score so far."""
        return _number(self.rows.get(name, {}).get("score"))

    def tried(self, name: str) -> bool:
        """Whether the exercise was checked at all."""
        return _count(self.rows.get(name, {}).get("attempts")) > 0

    def _save(self) -> None:
        """Write the whole file at once; where the folder cannot be written, progress lives in this call only."""
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            partial.write_text(json.dumps(self.rows, indent=1, sort_keys=True), encoding="utf-8")
            os.replace(partial, self.path)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and value >= 0 else 0.0
