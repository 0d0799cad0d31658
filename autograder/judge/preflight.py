"""Read a submitted file as a notebook, trusting nothing: what comes out is a list of plain cells.

Each reason to refuse a file is one line in a SubmissionError; the class goes on without it.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import SubmissionError

__all__ = ["MAX_BYTES", "MAX_CELLS", "SubmittedCell", "parse", "read", "read_bytes", "student_id"]

MAX_BYTES = 80 * 2**20
MAX_CELLS = 5000
MAX_SOURCE = 400_000
"""Characters of one cell; a longer one is data, not code."""
MAX_SOURCES = 4_000_000
"""Characters of all cells, outputs aside.  Whole books have fewer, and every page of a submission shows them."""
MAX_OLD_BYTES = 10 * 2**20
"""Bytes of a notebook of format 3, which is upgraded as a whole before its cells are counted."""


UNSPEAKABLE = re.compile(r'[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff<>"&\\]')


def student_id(folder: str) -> str:
    """A folder's name as a student's id: what no text file, page or terminal should hold becomes "_".

    Control characters, bytes that are not UTF-8, and what HTML would take as its own.
    """
    return UNSPEAKABLE.sub("_", folder)


@dataclass(frozen=True)
class SubmittedCell:
    """What is taken from a submitted cell: type, source, and two names that help to find its place in the release."""

    kind: str
    source: str
    grade_id: str = ""
    cell_id: str = ""


def read(path: Path) -> list[SubmittedCell]:
    """The cells of a submitted notebook; SubmissionError with one line where it cannot be read as one."""
    return parse(read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """A submitted file's bytes: a regular file, not a link, of reasonable size."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise SubmissionError("there is no notebook; expected " + path.name) from None
    except OSError as error:
        what = "a symbolic link" if path.is_symlink() else f"not readable ({error.strerror})"
        raise SubmissionError(f"{path.name} is {what}; hand in the notebook itself") from None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise SubmissionError(f"{path.name} is not a regular file; hand in the notebook itself")
        if about.st_size > MAX_BYTES:
            size = f"{about.st_size / 2**20:.0f} MiB, more than {MAX_BYTES // 2**20}"
            raise SubmissionError(f"{path.name} has {size}; clear its outputs and hand in again")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES)
    finally:
        os.close(descriptor)


def parse(data: bytes) -> list[SubmittedCell]:
    """The cells in a notebook file's bytes."""
    if not data.strip():
        raise SubmissionError("the file is empty; save the notebook and hand in again")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise SubmissionError("the file is not UTF-8 text; save the notebook in JupyterLab and hand in again") from None
    except RecursionError:
        raise SubmissionError("the file is nested too deeply to be a notebook") from None
    except ValueError as error:
        raise SubmissionError(f"the file is not JSON ({str(error)[:80]}); is it cut off?") from None
    if not isinstance(notebook, dict):
        raise SubmissionError("the file is JSON, but not a notebook")
    version = notebook.get("nbformat")
    if version == 3:
        if len(data) > MAX_OLD_BYTES:
            size = f"{len(data) / 2**20:.0f} MiB in the old format 3"
            raise SubmissionError(f"the notebook has {size}; save it in JupyterLab and hand in again")
        notebook = _upgraded(notebook)
    elif version != 4:
        raise SubmissionError(
            f"the notebook's format is {str(version)[:20]!r}; expected 4; save it in JupyterLab and hand in again"
        )
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise SubmissionError("the notebook has no list of cells")
    if len(cells) > MAX_CELLS:
        raise SubmissionError(f"the notebook has {len(cells)} cells, more than {MAX_CELLS}")
    found = [_cell(one, number) for number, one in enumerate(cells, start=1)]
    length = sum(len(one.source) for one in found)
    if length > MAX_SOURCES:
        raise SubmissionError(f"the notebook's cells have {length} characters, more than {MAX_SOURCES}")
    return found


def _cell(raw: Any, number: int) -> SubmittedCell:
    if not isinstance(raw, dict):
        raise SubmissionError(f"cell {number} is not a cell")
    source = raw.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise SubmissionError(f"cell {number} has no text as its source")
    if len(source) > MAX_SOURCE:
        raise SubmissionError(f"cell {number} has {len(source)} characters, more than {MAX_SOURCE}")
    kind = raw.get("cell_type")
    kind = kind if isinstance(kind, str) and kind in ("code", "markdown", "raw") else "raw"
    metadata = raw.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
    grade_id = mark.get("grade_id") if isinstance(mark, Mapping) else None
    # A lone surrogate is valid JSON but cannot be written as UTF-8.
    source = source.encode("utf-8", "replace").decode("utf-8")
    return SubmittedCell(kind, source, _name(grade_id), _name(raw.get("id")))


def _name(value: Any) -> str:
    return value[:200] if isinstance(value, str) else ""


def _upgraded(notebook: dict[str, Any]) -> dict[str, Any]:
    import nbformat

    try:
        return dict(nbformat.convert(nbformat.from_dict(notebook), 4))
    except Exception:  # nbformat meets whatever the file holds
        raise SubmissionError(
            "the notebook's format is 3 and it cannot be upgraded; save it in JupyterLab and hand in again"
        ) from None
