"""The same work on a Dask cluster: a real scheduler and real worker processes on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.errors import CourseError
from autograder.judge import cluster
from autograder.judge.course import Course
from autograder.judge.grading import grade
from autograder.judge.jobs import Terms
from autograder.judge.records import basis_of
from tests.conftest import ROOT
from tests.judge import tiny
from tests.judge.trees import left_behind

pytest.importorskip("distributed")
SEED = 8
HandIn = Callable[..., Path]
WORKER = """
import sys
from pathlib import Path
from autograder.engine import catalogue
catalogue.EXERCISES, catalogue.RECORDINGS = Path(sys.argv[1]), Path(sys.argv[2])
"""


def dask(*words: str, folder: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with (folder / f"{words[0]}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words], env=environment, stdout=log, stderr=log, cwd=folder
        )


@pytest.fixture(scope="module")
def scheduler(tiny_folders: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler with two worker processes that know the tiny chapter; gives its scheduler file."""
    folder = tmp_path_factory.mktemp("cluster")
    preload = folder / "preload.py"
    exercises, recordings = tiny_folders
    preload.write_text(
        WORKER.replace("sys.argv[1]", repr(str(exercises))).replace("sys.argv[2]", repr(str(recordings)))
    )
    file = folder / "scheduler.json"
    options = ["--no-dashboard", "--scheduler-file", str(file)]
    processes = [
        dask("scheduler", "--host", "127.0.0.1", "--port", "0", *options, folder=folder),
        dask("worker", *options, "--nworkers", "2", "--nthreads", "1", "--preload", str(preload), folder=folder),
    ]
    try:
        from distributed import Client

        deadline = time.monotonic() + 90
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        with Client(scheduler_file=str(file), timeout=60, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            client.wait_for_workers(2, timeout=90)
        yield str(file)
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.mark.parametrize("variants", [False, True])
def test_a_cluster_gives_what_one_process_gives(
    course: Course, hand_in: HandIn, scheduler: str, tmp_path: Path, variants: bool
) -> None:
    class_ = {
        "ada": tiny.submission(),
        "ben": tiny.submission({"double": tiny.RIGHT["double"]}),
        "cem": b"not a notebook",
        "dan": tiny.submission(after=["import os; os._exit(1)"]),
        "eva": tiny.submission(tiny.RIGHT | {"double": "def double(x):\n    return 3 * x"}),
    }
    for student, notebook in class_.items():
        hand_in(student, notebook)
        tiny.hand_in(tmp_path / "alone", student, notebook)
    tiny.write_tree(tmp_path / "alone")
    alone = Course(tmp_path / "alone")
    grade(alone, tiny.CHAPTER, seed=SEED, variants=variants)
    found = grade(course, tiny.CHAPTER, seed=SEED, variants=variants, scheduler=scheduler)
    assert (found.judged, found.unjudged) == (5, ())
    assert left_behind(course) == left_behind(alone)


def test_a_worker_with_another_version_of_the_course_refuses(
    course: Course, hand_in: HandIn, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in("ada", tiny.submission())
    real = basis_of

    def other(*arguments: object, **options: object) -> dict[str, str]:
        return {**real(*arguments, **options), "grader": "another", "exercise double": "another"}  # type: ignore[arg-type]

    monkeypatch.setattr("autograder.judge.grading.basis_of", other)
    with pytest.raises(CourseError, match=r"another version of the course \(exercise double, grader\); install"):
        grade(course, tiny.CHAPTER, seed=SEED, scheduler=scheduler)


def test_a_worker_agrees_with_the_terms_of_its_own_version(tiny_chapter: str) -> None:
    release = tiny.release()
    basis = basis_of(tiny_chapter, release["cells"], SEED, "namespaces", variants=False)
    cluster._agree(Terms(tiny_chapter, release, SEED, "namespaces", basis))
    with pytest.raises(CourseError, match=r"\(seed\)"):
        cluster._agree(Terms(tiny_chapter, release, SEED + 1, "namespaces", basis))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "smtp://x:1"])
def test_an_address_where_no_scheduler_answers_is_one_line(
    course: Course, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    hand_in("ada", tiny.submission())
    with pytest.raises(CourseError, match="no scheduler answers at"):
        grade(course, tiny.CHAPTER, seed=SEED, scheduler=address)


def test_a_scheduler_without_workers_says_how_to_start_one(course: Course, hand_in: HandIn, tmp_path: Path) -> None:
    hand_in("ada", tiny.submission())
    file = tmp_path / "scheduler.json"
    process = dask(
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(file),
        folder=tmp_path,
    )
    try:
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        with pytest.raises(CourseError, match=r"no worker has joined .* dask worker"):
            grade(course, tiny.CHAPTER, seed=SEED, scheduler=str(file))
    finally:
        process.terminate()
        process.wait(20)
