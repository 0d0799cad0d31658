"""Odd files: each is read, or refused with one line that says why."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from autograder.errors import SubmissionError
from autograder.judge import preflight
from tests.judge import tiny

NOTEBOOK = tiny.submission()
TEXT = json.dumps(NOTEBOOK)

REFUSED = {
    "empty": (b"", "empty"),
    "spaces": (b" \n", "empty"),
    "cut off": (TEXT[:200].encode(), "not JSON"),
    "a picture": (b"\x89PNG\r\n\x1a\n\xff", "UTF-8"),
    "UTF-16": (TEXT.encode("utf-16"), "UTF-8"),
    "a list": (b"[]", "not a notebook"),
    "a number": (b"3", "not a notebook"),
    "format 2": (json.dumps({"nbformat": 2}).encode(), "format is '2'"),
    "format 5": (json.dumps(NOTEBOOK | {"nbformat": 5}).encode(), "format is '5'"),
    "no format": (b"{}", "expected 4"),
    "no cells": (b'{"nbformat": 4}', "no list of cells"),
    "cells that are a dict": (b'{"nbformat": 4, "cells": {}}', "no list of cells"),
    "a cell that is a text": (b'{"nbformat": 4, "cells": ["x"]}', "cell 1 is not a cell"),
    "a source that is a number": (
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}',
        "cell 1 has no text",
    ),
    "a source with numbers": (
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [3]}]}',
        "cell 1 has no text",
    ),
    "too many cells": (json.dumps({"nbformat": 4, "cells": [{}] * 5001}).encode(), "5001 cells"),
    "a long cell": (json.dumps({"nbformat": 4, "cells": [{"source": "x" * 500000}]}).encode(), "500000 characters"),
    "deep nesting": (b'{"nbformat": 4, "cells": ' + b"[" * 100000 + b"]" * 100000 + b"}", "nested"),
    "a broken format 3": (b'{"nbformat": 3, "worksheets": 3}', "format is 3"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_is_no_notebook_is_refused_in_one_line(data: bytes, reason: str) -> None:
    with pytest.raises(SubmissionError, match=reason) as refusal:
        preflight.parse(data)
    assert "\n" not in str(refusal.value)


ACCEPTED = {
    "as saved": TEXT.encode(),
    "with a byte order mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "with Windows line ends": TEXT.replace("\n", "\r\n").encode(),
    "with sources as lists": json.dumps(
        NOTEBOOK | {"cells": [cell | {"source": cell["source"].splitlines(True)} for cell in NOTEBOOK["cells"]]}
    ).encode(),
}


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_notebooks_as_programs_write_them_are_read(data: bytes) -> None:
    assert [cell.source for cell in preflight.parse(data)] == [cell["source"] for cell in NOTEBOOK["cells"]]


def test_missing_and_odd_keys_of_a_cell_do_not_matter() -> None:
    odd = [
        {},
        {"cell_type": 3, "source": "a", "metadata": [], "id": 4},
        {"cell_type": "code", "metadata": {"nbgrader": 3}},
    ]
    odd.append({"cell_type": "code", "metadata": {"nbgrader": {"grade_id": ["x"]}}, "source": "b"})
    cells = preflight.parse(json.dumps({"nbformat": 4, "cells": odd}).encode())
    assert [(cell.kind, cell.grade_id) for cell in cells] == [("raw", ""), ("raw", ""), ("code", ""), ("code", "")]


def test_a_notebook_of_format_3_is_upgraded() -> None:
    cell = {"cell_type": "code", "input": ["x = 1"], "language": "python", "metadata": {}, "outputs": []}
    sheet = {"metadata": {}, "cells": [cell]}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [sheet]}
    assert preflight.parse(json.dumps(old).encode())[0].source == "x = 1"


def test_a_lone_surrogate_does_not_stop_the_writing_later() -> None:
    cells = preflight.parse(b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "x = \'\\ud800\'"}]}')
    assert cells[0].source.encode() == b"x = '?'"


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    real = tmp_path / "real.ipynb"
    real.write_text(TEXT)
    assert len(preflight.read(real)) == len(NOTEBOOK["cells"])
    link = tmp_path / "link.ipynb"
    link.symlink_to(real)
    pipe = tmp_path / "pipe.ipynb"
    os.mkfifo(pipe)
    folder = tmp_path / "folder.ipynb"
    folder.mkdir()
    for path, reason in (
        (link, "symbolic link"),
        (pipe, "regular file"),
        (folder, "regular file"),
        (tmp_path / "none.ipynb", "no notebook"),
    ):
        with pytest.raises(SubmissionError, match=reason):
            preflight.read(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge.ipynb"
    with huge.open("wb") as file:
        file.truncate(preflight.MAX_BYTES + 1)
    with pytest.raises(SubmissionError, match="clear its outputs"):
        preflight.read(huge)


def test_outputs_are_dropped_on_reading() -> None:
    notebook = json.loads(TEXT)
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 10**6}]
    assert preflight.parse(json.dumps(notebook).encode()) == preflight.parse(TEXT.encode())


@pytest.mark.parametrize(
    ("folder", "student"),
    [
        (b"ada", "ada"),
        ("Ünal o'neill 王小明 🙂".encode(), "Ünal o'neill 王小明 🙂"),
        (b"caf\xe9", "caf_"),
        (b"<img src=x onerror=alert(1)>", "_img src=x onerror=alert(1)_"),
        (b'a"b&c\\d', "a_b_c_d"),
        (b"a\nb\x1b[31mc", "a_b_[31mc"),
        ("a\u202eb".encode(), "a_b"),
    ],
)
def test_a_folders_name_becomes_an_id_that_a_page_and_a_file_can_hold(folder: bytes, student: str) -> None:
    assert preflight.student_id(os.fsdecode(folder)) == student
    student.encode()
