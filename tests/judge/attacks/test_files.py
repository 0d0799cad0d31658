"""Files: what may lie where a notebook should.  Each is one student's loss at most, and the class is graded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from autograder.judge import gradebook
from autograder.judge.course import Course
from autograder.judge.grading import grade
from autograder.judge.records import Record
from tests.judge import tiny

SEED = 5
HandIn = Callable[..., Path]
RIGHT = json.dumps(tiny.submission())


def graded(course: Course) -> dict[str, Record]:
    return {one.student: one for one in grade(course, tiny.CHAPTER, seed=SEED).records}


def place(course: Course, student: str) -> Path:
    """Where a student's notebook belongs; its folder exists."""
    path = course.root / "submitted" / student / tiny.CHAPTER / f"{tiny.CHAPTER}.ipynb"
    path.parent.mkdir(parents=True)
    return path


CONTENTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "cut-off": (RIGHT.encode()[:300], "not JSON"),
    "a-picture": (b"\x89PNG\r\n\x1a\n\xff\xd8", "UTF-8"),
    "utf-16": (RIGHT.encode("utf-16"), "UTF-8"),
    "latin-1": (RIGHT.replace("tiny", "t\xefny").encode("latin-1"), "UTF-8"),
    "format-2": (json.dumps({"nbformat": 2, "worksheets": []}).encode(), "format is '2'"),
    "format-5": (json.dumps(tiny.submission() | {"nbformat": 5}).encode(), "format is '5'"),
    "format-of-4000-digits": (b'{"nbformat": ' + b"9" * 5000 + b"}", "not JSON"),
    "format-true": (b'{"nbformat": true, "cells": []}', "format is 'True'"),
    "deep": (b'{"nbformat": 4, "cells": ' + b"[" * 10**5, "nested too deeply"),
    "deep-in-a-cell": (b'{"nbformat": 4, "cells": [{"source": ' + b'{"a":' * 10**5, "nested too deeply"),
    "old-and-broken": (b'{"nbformat": 3, "worksheets": [{"cells": [3]}]}', "format is 3"),
    "a-program": (b"import os\nos._exit(1)\n", "not JSON"),
    "a-pickle": (b"\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.", "UTF-8"),
    "zeros": (b"\0" * 1000, "not JSON"),
}
READ: dict[str, bytes] = {
    "as-saved": RIGHT.encode(),
    "with-a-mark": b"\xef\xbb\xbf" + RIGHT.encode(),
    "with-windows-line-ends": json.dumps(tiny.submission(), indent=1).replace("\n", "\r\n").encode(),
    "with-more-keys": json.dumps(tiny.submission() | {"more": [1, 2]}).encode(),
    "of-another-minor-format": json.dumps(tiny.submission() | {"nbformat_minor": 99}).encode(),
    "with-half-a-character": RIGHT.replace("# A tiny chapter", "# \\\\ud800").encode(),
}


def test_odd_contents_lose_their_own_points_and_every_other_notebook_is_graded(course: Course, hand_in: HandIn) -> None:
    for student, (data, _) in CONTENTS.items():
        hand_in(student, data)
    for student, data in READ.items():
        hand_in(student, data)
    found = graded(course)
    for student, (_, reason) in CONTENTS.items():
        assert reason in found[student].problem, student
        assert "\n" not in found[student].problem
        assert found[student].score == 0.0
    assert {student: found[student].score for student in READ} == dict.fromkeys(READ, 8.0)
    assert not any(found[student].problem for student in READ)


def link_to_a_file(course: Course, path: Path) -> None:
    path.symlink_to(course.root / "submitted" / "ada" / tiny.CHAPTER / f"{tiny.CHAPTER}.ipynb")


def link_to_the_solution(course: Course, path: Path) -> None:
    path.symlink_to(course.root / "source" / tiny.CHAPTER / f"{tiny.CHAPTER}.ipynb")


def link_to_nothing(course: Course, path: Path) -> None:
    path.symlink_to("/nonexistent")


def link_to_itself(course: Course, path: Path) -> None:
    path.symlink_to(path)


def link_to_a_device(course: Course, path: Path) -> None:
    path.symlink_to("/dev/zero")


def pipe(course: Course, path: Path) -> None:
    os.mkfifo(path)


def folder(course: Course, path: Path) -> None:
    path.mkdir()


def nothing_at_all(course: Course, path: Path) -> None:
    pass


def another_name(course: Course, path: Path) -> None:
    path.with_name("My <b>solution.ipynb").write_text(RIGHT)


def folder_that_is_a_link(course: Course, path: Path) -> None:
    path.parent.rmdir()
    path.parent.symlink_to(course.root / "submitted" / "ada" / tiny.CHAPTER)


def folder_that_is_a_loop(course: Course, path: Path) -> None:
    path.parent.rmdir()
    path.parent.symlink_to(path.parent)


def folder_that_is_a_file(course: Course, path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("x")


def too_large(course: Course, path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(81 * 2**20)


PLACES: list[Callable[[Course, Path], None]] = [
    link_to_a_file, link_to_the_solution, link_to_nothing, link_to_itself, link_to_a_device, pipe, folder,
    nothing_at_all, another_name, folder_that_is_a_link, folder_that_is_a_file, too_large,
]  # fmt: skip


def test_links_pipes_folders_and_missing_files_are_refused_and_stop_nobody(course: Course, hand_in: HandIn) -> None:
    hand_in("ada", tiny.submission())
    for put in PLACES:
        put(course, place(course, put.__name__))
    folder_that_is_a_loop(course, place(course, "loop"))
    found = graded(course)
    assert "loop" not in found, "as if nothing had been handed in"
    assert found["ada"].score == 8.0
    for put in PLACES:
        assert found[put.__name__].score == 0.0, put.__name__
        assert found[put.__name__].problem, put.__name__


def test_sixty_megabytes_of_outputs_are_read_past(course: Course, hand_in: HandIn) -> None:
    notebook = tiny.submission()
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * (60 * 2**20)}]
    hand_in("ada", notebook)
    assert graded(course)["ada"].score == 8.0
    assert course.autograded("ada", tiny.CHAPTER).stat().st_size < 10**5


NAMES = ["Ünal-Çelik", "王小明", "o'neill", "anna maria", "-dash", "a.b@c", "100%", "🙂", "x" * 200]


def test_student_folders_may_have_names_of_every_kind(course: Course, hand_in: HandIn) -> None:
    for name in NAMES:
        hand_in(name, tiny.submission())
    assert {student: one.score for student, one in graded(course).items()} == dict.fromkeys(NAMES, 8.0)
    for name in NAMES:
        assert course.autograded(name, tiny.CHAPTER).is_file()


def test_a_worse_or_broken_second_submission_does_not_keep_the_old_score(course: Course, hand_in: HandIn) -> None:
    second: Mapping[str, bytes | dict] = {
        "worse": tiny.submission({"double": tiny.RIGHT["double"]}),
        "broken": b"{",
        "deadly": tiny.submission(before=["import os\nos._exit(1)"], answers={}),
        "unchanged": tiny.submission(),
    }
    for student in second:
        hand_in(student, tiny.submission())
    assert {student: one.score for student, one in graded(course).items()} == dict.fromkeys(second, 8.0)
    for student, notebook in second.items():
        hand_in(student, notebook)
    found = {student: one.score for student, one in graded(course).items()}
    assert found == {"worse": 4.0, "broken": 0.0, "deadly": 0.0, "unchanged": 8.0}


TIMES = {
    "nothing": "",
    "no-time": "<script>alert(1)</script>",
    "too-many-digits": "1" * 99,
    "digits-that-decimal-refuses": "10" * 20 + "1:" + "10" * 20,
    "before-all-time": "0001-01-01 00:00:00 +23:59",
    "after-all-time": "9999-12-31 23:59:59 -23:59",
    "a-zone-that-is-none": "2026-01-01 00:00:00 +99:99",
    "zeros": "\0" * 50,
}


def test_a_time_of_handing_in_that_is_none_stops_nobody(course: Course, hand_in: HandIn) -> None:
    hand_in("ada", tiny.submission()).with_name("timestamp.txt").write_text("2026-01-02 03:04:05 UTC")
    for student, text in TIMES.items():
        hand_in(student, tiny.submission()).with_name("timestamp.txt").write_text(text)
    assert {student: one.score for student, one in graded(course).items()} == dict.fromkeys(["ada", *TIMES], 8.0)
    times = {row[0]: row[7] for row in gradebook.snapshot(course, tiny.CHAPTER)}
    assert times["ada"].startswith("2026-01-02 03:04:05")
    assert times["digits-that-decimal-refuses"] is None


@pytest.mark.parametrize("name", [b"<img src=x onerror=alert(1)>", b"a\nb", b"a\x1b[31mb", b"caf\xe9"])
def test_a_folder_name_that_no_page_or_file_can_hold_stops_nobody(course: Course, hand_in: HandIn, name: bytes) -> None:
    hand_in("ada", tiny.submission())
    odd = os.fsencode(course.root / "submitted") + b"/" + name + b"/" + tiny.CHAPTER.encode()
    os.makedirs(odd)
    with open(odd + f"/{tiny.CHAPTER}.ipynb".encode(), "w") as file:
        file.write(RIGHT)
    assert graded(course)["ada"].score == 8.0
