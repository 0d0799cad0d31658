"""One sandbox for all tests, and the tiny chapter."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from autograder.engine import catalogue
from autograder.errors import SandboxError
from autograder.judge import judging
from autograder.judge.course import Course
from autograder.judge.judging import Judgement
from autograder.judge.sandbox import Sandbox
from autograder.judge.session import Limits, Session
from autograder.judge.sheets import Sheet, prepare
from tests.judge import tiny

LIMITS = Limits(cell_seconds=6, call_seconds=3, total_seconds=60, memory=2**30, processes=16)
SEED = 20


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """An isolated fork-server."""
    if sys.platform != "linux":
        pytest.skip("grading needs Linux")
    try:
        server = Sandbox.start(limits=LIMITS)
    except SandboxError as problem:
        if "does not let us isolate" not in str(problem):
            raise
        pytest.skip(str(problem))
    with server:
        yield server


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[Session]:
    """One submission's process."""
    with sandbox.open() as session:
        yield session


@pytest.fixture(scope="session")
def tiny_folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tiny chapter's exercises and recordings."""
    base = tmp_path_factory.mktemp("tiny")
    exercises, recorded = base / "exercises", base / "recordings"
    tiny.write_exercises(exercises)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "EXERCISES", exercises)
        patch.setattr(catalogue, "RECORDINGS", recorded)
        _record()
    return exercises, recorded


def _record() -> None:
    from autograder.reference import live, recordings

    for exercise in catalogue.exercises(tiny.CHAPTER):
        cases = recordings.draw(exercise)
        provenance = {"device": "cpu", "torch": "0", "inputs_sha256": recordings.hash_inputs(cases)}
        recordings.save(exercise, cases, live.answers(exercise, cases), provenance)


@pytest.fixture
def tiny_chapter(tiny_folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> str:
    """The tiny chapter in place of the course's own."""
    monkeypatch.setattr(catalogue, "EXERCISES", tiny_folders[0])
    monkeypatch.setattr(catalogue, "RECORDINGS", tiny_folders[1])
    return tiny.CHAPTER


@pytest.fixture
def sheets(tiny_chapter: str) -> list[Sheet]:
    """What the tiny chapter is judged on."""
    return prepare(tiny_chapter, SEED)


@pytest.fixture
def judge(sandbox: Sandbox, sheets: list[Sheet]) -> Callable[..., Judgement]:
    """judge(notebook) -> Judgement."""
    from autograder.reference import live

    def judge(notebook: Mapping, *, oracle: bool = True) -> Judgement:
        reference = live.reference_value if oracle else None
        return judging.judge(sandbox, tiny.release()["cells"], tiny.cells_of(notebook), sheets, reference)

    return judge


@pytest.fixture
def scores(judge: Callable[..., Judgement]) -> Callable[[Mapping], dict[str, float]]:
    """scores(notebook) -> score by exercise."""
    return lambda notebook: {one.exercise: one.score for one in judge(notebook).verdicts}


@pytest.fixture
def course(tiny_chapter: str, tmp_path: Path, sandbox: Sandbox) -> Course:
    """An nbgrader tree with the release of the tiny chapter; needs a machine that can isolate."""
    root = tmp_path / "nbgrader"
    tiny.write_tree(root)
    return Course(root)


@pytest.fixture
def hand_in(course: Course) -> Callable[..., Path]:
    """hand_in(student, notebook or bytes) writes a submission."""
    return lambda student, notebook: tiny.hand_in(course.root, student, notebook)


@pytest.fixture
def scores_of(scores: Callable[[Mapping], dict[str, float]]) -> Callable[[list[str]], float]:
    """scores_of(extra cells at the end) -> score of `double` when its own cell is right."""
    return lambda after: scores(tiny.submission(after=after))["double"]
