"""Which record of each student stands in the gradebook, and whether anything would change by writing it again.

The file `verdicts/<chapter>.standing.json` is replaced as a whole after the gradebook was written.  A run that was
killed before leaves the old one, and the next run writes everything again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.judge import gradebook
from autograder.judge.course import Course
from autograder.judge.records import Record, Store, digest

__all__ = ["Standing", "current", "replace_file", "states_of"]


@dataclass(frozen=True)
class Standing:
    """What stands: for each student the key of the record, and a digest of everything that was written from it."""

    keys: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, records: Path) -> Standing:
        """What stands for a chapter's file of records; nothing where no run has ended yet."""
        try:
            raw = json.loads(_path(records).read_text(encoding="utf-8"))
            pairs = {str(student): (str(key), str(state)) for student, (key, state) in raw.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return cls()
        return cls(
            {student: key for student, (key, _) in pairs.items()},
            {student: state for student, (_, state) in pairs.items()},
        )

    def write(self, records: Path) -> None:
        """Make this what stands."""
        pairs = {student: [key, self.states.get(student, "")] for student, key in sorted(self.keys.items())}
        replace_file(_path(records), json.dumps(pairs, indent=0).encode("ascii"))


def current(records: Path) -> dict[str, Record]:
    """Each student's current record, by student, from a chapter's file of records."""
    store = Store(records)
    found = {student: store.get(key) for student, key in sorted(Standing.read(records).keys.items())}
    return {student: record for student, record in found.items() if record is not None}


def states_of(course: Course, chapter: str, students: Iterable[str]) -> dict[str, str]:
    """For each student a digest of all that grading wrote for them and of what it was written from.

    Another time of handing in, another configuration, a row of the gradebook or a graded notebook that is not as it
    was left gives another digest.
    """
    file = course.root / "nbgrader_config.py"
    config, address = file.read_text(encoding="utf-8") if file.is_file() else "", course.db_url
    rows: dict[str, list[Any]] = {}
    for row in gradebook.snapshot(course, chapter):
        rows.setdefault(row[0], []).append(row)
    return {
        student: digest(
            json.dumps(
                [
                    address,
                    config,
                    course.timestamp(student, chapter),
                    _size(course.autograded(student, chapter)),
                    rows.get(student),
                ],
                default=str,
            ).encode()
        )
        for student in students
    }


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
