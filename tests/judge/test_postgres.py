"""The gradebook on a real PostgreSQL server, started for these tests; skipped where none is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import CourseError
from autograder.judge import gradebook
from autograder.judge.course import Course
from autograder.judge.grading import grade
from tests.judge import tiny
from tests.judge.test_resuming import new_tree, run_killed
from tests.judge.trees import left_behind

pytest.importorskip("psycopg")
SEED = 5
HandIn = Callable[..., Path]


def _programs() -> Path | None:
    """The folder with initdb and pg_ctl: on the path, or where Debian puts it."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((one for one in reversed(folders) if (one / "pg_ctl").exists()), None)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty server that listens on a socket in a folder only."""
    programs = _programs()
    if programs is None:
        pytest.skip("needs PostgreSQL: apt install postgresql")
    # A short path: a socket's name has at most 107 characters.
    folder = Path(
        subprocess.run(["mktemp", "-d", "/tmp/pg.XXXXXX"], capture_output=True, text=True, check=True).stdout.strip()
    )
    options: dict[str, Any] = {}
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        options = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def run(program: str, *words: str) -> None:
        done = subprocess.run(
            [str(programs / program), *words], cwd=folder, capture_output=True, text=True, check=False, **options
        )
        assert done.returncode == 0, done.stderr + done.stdout

    data = str(folder / "data")
    run("initdb", "--pgdata", data, "--auth", "trust", "--username", "grader", "--no-sync")
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    # Its own output file: pg_ctl's pipe would stay open as long as the server runs.
    run("pg_ctl", "start", "--pgdata", data, "--wait", "--log", str(folder / "log"), "--options", settings)
    try:
        yield f"postgresql+psycopg://grader@/{{name}}?host={folder}"
    finally:
        run("pg_ctl", "stop", "--pgdata", data, "--mode", "immediate")
        shutil.rmtree(folder)


@pytest.fixture
def database(server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database of this test's own, which the course uses."""
    return _fresh(server, f"t{abs(hash(request.node.name))}", monkeypatch)


def _fresh(server: str, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    from sqlalchemy import create_engine, text

    engine = create_engine(server.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    address = server.format(name=name)
    monkeypatch.setenv("AUTOGRADER_GRADEBOOK", address)
    return address


def scores(found: dict[str, Any]) -> list[tuple]:
    return [tuple(row[:4]) for row in found["grades"]]


def test_the_gradebook_on_a_server_holds_what_sqlite_holds(
    course: Course, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = new_tree(tmp_path / "server")
    grade(tree, tiny.CHAPTER, seed=SEED)
    on_server = left_behind(tree)
    assert not (tree.root / "gradebook.db").exists()
    assert (grade(tree, tiny.CHAPTER, seed=SEED).reused, grade(tree, tiny.CHAPTER, seed=SEED).judged) == (3, 0)
    monkeypatch.delenv("AUTOGRADER_GRADEBOOK")
    file = new_tree(tmp_path / "file")
    grade(file, tiny.CHAPTER, seed=SEED)
    in_file = left_behind(file)
    assert scores(on_server) == scores(in_file)
    assert len(scores(in_file)) == 12
    for part in ("comments", "cells", "version", "notebooks", "keys"):
        assert on_server[part] == in_file[part]


def test_a_killed_run_on_a_server_is_finished_by_the_next(
    course: Course, tmp_path: Path, server: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = new_tree(tmp_path / "undisturbed")
    moments = int(run_killed(tree, 0).stdout.split()[-1])
    wanted = left_behind(tree)
    assert moments > 20
    for last in range(1, moments + 1, 6):
        _fresh(server, f"killed{last}", monkeypatch)
        tree = new_tree(tmp_path / f"killed{last}")
        assert run_killed(tree, last).returncode < 0
        grade(tree, tiny.CHAPTER, seed=SEED)
        assert left_behind(tree) == wanted, f"killed at moment {last} of {moments}"


def test_machines_that_share_a_server_write_one_after_the_other(course: Course, tmp_path: Path, database: str) -> None:
    first, second = new_tree(tmp_path / "first"), new_tree(tmp_path / "second")
    grade(first, tiny.CHAPTER, seed=SEED)
    with gradebook.writing(first, tiny.CHAPTER), pytest.raises(CourseError, match="another run is writing"):
        grade(second, tiny.CHAPTER, seed=SEED)
    assert grade(second, tiny.CHAPTER, seed=SEED).judged in (0, 3)
