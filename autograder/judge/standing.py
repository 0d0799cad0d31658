"""Which record of each student stands in the gradebook, and whether anything would change by writing it again.

The file `verdicts/<chapter>.standing.json` is replaced as a whole after the gradebook was written.  A run that was
killed before leaves the old one, and the next run writes everything again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.judge import gradebook
from autograder.judge.course import Course
from autograder.judge.records import Record, Store, digest

__all__ = ["Standing", "current", "replace_file", "state_of"]


@dataclass(frozen=True)
class Standing:
    """What stands: each student's key, and a digest of everything that was written from these records."""

    keys: Mapping[str, str] = field(default_factory=dict)
    state: str = ""

    @classmethod
    def read(cls, records: Path) -> Standing:
        """What stands for a chapter's file of records; nothing where no run has ended yet."""
        try:
            raw = json.loads(_path(records).read_text(encoding="utf-8"))
            return cls({str(student): str(key) for student, key in raw["keys"].items()}, str(raw["state"]))
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return cls()

    def write(self, records: Path) -> None:
        """Make this what stands."""
        text = json.dumps({"keys": dict(sorted(self.keys.items())), "state": self.state}, ensure_ascii=False, indent=0)
        replace_file(_path(records), text.encode("utf-8", "surrogatepass"))


def current(records: Path) -> dict[str, Record]:
    """Each student's current record, by student, from a chapter's file of records."""
    store = Store(records)
    found = {student: store.get(key) for student, key in sorted(Standing.read(records).keys.items())}
    return {student: record for student, record in found.items() if record is not None}


def state_of(course: Course, chapter: str, keys: Mapping[str, str]) -> str:
    """A digest of all that grading wrote for these records and of what it was written from.

    Another time of handing in, another configuration, a row of the gradebook or a graded notebook that is not as it
    was left gives another digest.
    """
    config = course.root / "nbgrader_config.py"
    parts = [
        sorted(keys.items()),
        [course.timestamp(student, chapter) for student in sorted(keys)],
        [_size(course.autograded(student, chapter)) for student in sorted(keys)],
        config.read_text(encoding="utf-8") if config.is_file() else "",
        gradebook.snapshot(course, chapter),
    ]
    return digest(json.dumps(parts, default=str).encode())


def replace_file(path: Path, data: bytes) -> None:
    """Write a file as a whole: a reader, or whoever comes after a kill, finds the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    # Never through a link that somebody has put there.
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
        file.write(data)
    new.replace(path)


def _path(records: Path) -> Path:
    return records.with_suffix(".standing.json")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() and not path.is_symlink() else -1
