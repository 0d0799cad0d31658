"""Judge many submissions: in this process, or in several that share one fork-server.

Workers take submissions one by one and share no state; whoever calls gets one record for each.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from autograder.engine import catalogue
from autograder.errors import SandboxError
from autograder.judge.judging import judge
from autograder.judge.preflight import SubmittedCell
from autograder.judge.records import Record
from autograder.judge.sandbox import Sandbox
from autograder.judge.session import Limits
from autograder.judge.sheets import Sheet, decode_sheets, encode_sheets, prepare
from autograder.spec import Exercise

__all__ = ["Job", "Pool"]


@dataclass(frozen=True)
class Job:
    """One submission to judge."""

    key: str
    student: str
    chapter: str
    cells: tuple[SubmittedCell, ...]


def judge_job(sandbox: Sandbox, release: Sequence[Mapping[str, Any]], sheets: Sequence[Sheet], job: Job) -> Record:
    """The record of one submission."""
    found = judge(sandbox, release, job.cells, sheets, _reference)
    return Record(job.key, job.student, job.chapter, found.verdicts, found.outcomes, found.flags)


def _reference(exercise: Exercise, inputs: Mapping[str, Any]) -> Any:
    # torch is loaded only where a failing dependency makes it necessary.
    from autograder.reference import live

    return live.reference_value(exercise, inputs)


class Pool:
    """`count` workers on one sandbox; one worker judges in this process."""

    def __init__(self, sandbox: Sandbox, release: Sequence[Mapping[str, Any]], count: int) -> None:
        self.sandbox = sandbox
        self.release = release
        self.count = count
        self.executor: ProcessPoolExecutor | None = None
        if count > 1:
            os.environ.setdefault("OMP_NUM_THREADS", "1")
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload([__name__])
            self.executor = ProcessPoolExecutor(count, context, _start, (_Settings.of(sandbox, release),))
            # All workers start now.
            self.warm = [self.executor.submit(os.getpid) for _ in range(count)]

    def judge(
        self, jobs: Sequence[Job], chapter: str, seed: int, meanwhile: Callable[[], None]
    ) -> Iterator[tuple[Job, Record | None]]:
        """Each job with its record as it is finished; None for a job whose worker was lost.

        meanwhile   called once, while workers load torch and compute what is expected
        """
        self.sandbox.ready()
        if self.executor is None:
            meanwhile()
            sheets = prepare(chapter, seed)
            for job in jobs:
                yield job, _guarded(partial(judge_job, self.sandbox, self.release, sheets, job), job)
            return
        with tempfile.NamedTemporaryFile(prefix="sheets-") as file:
            # One worker computes what is expected, and all read it: this process never needs torch.
            prepared = self.executor.submit(_prepare, chapter, seed, file.name)
            meanwhile()
            try:
                prepared.result()
            except BrokenProcessPool:
                raise SandboxError("a worker ended at once; is this machine out of memory? try --workers 1") from None
            waiting: dict[Future[Record], Job] = {self.executor.submit(_work, job, file.name): job for job in jobs}
            for done in as_completed(waiting):
                yield waiting[done], _guarded(done.result, waiting[done])

    def close(self) -> None:
        """End the workers."""
        if self.executor is not None:
            self.executor.shutdown(cancel_futures=True)


def _guarded(result: Callable[[], Record], job: Job) -> Record | None:
    """The record, or None where the grader itself failed: the class goes on, and the student is named at the end."""
    try:
        return result()
    except BrokenProcessPool:
        return None
    except Exception:
        print(f"while judging {job.student}:\n{traceback.format_exc()}", file=sys.stderr)
        return None


@dataclass(frozen=True)
class _Settings:
    """What a worker needs to begin."""

    control: socket.socket
    limits: Limits
    release: tuple[Mapping[str, Any], ...]
    exercises: Path
    recordings: Path

    @classmethod
    def of(cls, sandbox: Sandbox, release: Sequence[Mapping[str, Any]]) -> _Settings:
        return cls(sandbox.control, sandbox.limits, tuple(release), catalogue.EXERCISES, catalogue.RECORDINGS)


_worker: tuple[Sandbox, _Settings] | None = None
_sheets: dict[str, list[Sheet]] = {}


def _start(settings: _Settings) -> None:
    """Make this process a worker."""
    from autograder.judge import isolation

    global _worker
    # Control-C goes to the whole group; the parent decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    isolation.die_with_parent()
    catalogue.EXERCISES, catalogue.RECORDINGS = settings.exercises, settings.recordings
    _worker = Sandbox.attach(settings.control, settings.limits), settings


def _prepare(chapter: str, seed: int, path: str) -> None:
    Path(path).write_bytes(encode_sheets(prepare(chapter, seed)))


def _work(job: Job, path: str) -> Record:
    assert _worker is not None
    sandbox, settings = _worker
    if path not in _sheets:
        _sheets.clear()
        _sheets[path] = decode_sheets(Path(path).read_bytes())
    return judge_job(sandbox, settings.release, _sheets[path], job)
