"""Judge many submissions on this machine: in this process, or in several that share one fork-server.

Workers take submissions one by one and share no state.  A worker that is lost takes nobody with it: the submissions
that were under way are judged again, each alone, and only one that loses its worker alone is given up.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import traceback
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.engine import catalogue
from autograder.errors import SandboxError
from autograder.judge.jobs import Job, Outcome, Terms, judge_job, lost, sheets_for
from autograder.judge.sandbox import Sandbox
from autograder.judge.session import Limits
from autograder.judge.sheets import Sheet, decode_sheets, encode_sheets

__all__ = ["judged_here"]

AHEAD = 4
"""Submissions that wait for each worker, read into memory."""

WORKER_LOST = "the grader's own process ended while it judged this submission"
GRADER_FAILED = "the grader failed while it judged this submission"


def judged_here(jobs: Iterable[Job], terms: Terms, count: int) -> Generator[Outcome | None, None, None]:
    """First None, as soon as `count` workers are starting; then each job's outcome as it is finished."""
    waiting = deque(jobs)
    count = max(1, min(count, len(waiting)))
    if not waiting:
        yield None
    elif count == 1:
        yield from _in_this_process(waiting, terms)
    else:
        yield from _in_processes(waiting, terms, count)


def _in_this_process(jobs: Iterable[Job], terms: Terms) -> Generator[Outcome | None, None, None]:
    # The server starts before a reference or torch is loaded.
    with Sandbox.start(terms.mode, wait=False) as sandbox:
        yield None
        sandbox.ready()
        sheets = None if terms.variants else sheets_for(terms)
        for job in jobs:
            yield _guarded(sandbox, terms, sheets, job)


def _guarded(sandbox: Sandbox, terms: Terms, sheets: list[Sheet] | None, job: Job) -> Outcome:
    """The outcome, also where the grader itself failed: the class goes on, and a person hears of it."""
    try:
        return judge_job(sandbox, terms, sheets, job)
    except SandboxError:
        raise
    except Exception:
        print(f"while judging {job.student}:\n{traceback.format_exc()}", file=sys.stderr)
        return lost(job, terms, GRADER_FAILED)


def _in_processes(jobs: deque[Job], terms: Terms, count: int) -> Generator[Outcome | None, None, None]:
    suspects: deque[Job] = deque()
    begun = False
    with tempfile.TemporaryDirectory(prefix="sheets-") as folder:
        sheets = Path(folder, "sheets")
        while jobs or suspects:
            alone = bool(suspects)
            with Sandbox.start(terms.mode, wait=False) as sandbox:
                processes = _Processes(sandbox, terms, 1 if alone else count, sheets)
                try:
                    if not begun:
                        begun = True
                        yield None
                    sandbox.ready()
                    processes.ready()
                    if alone:
                        yield from _each_alone(processes, suspects, terms)
                    else:
                        suspects.extend((yield from _round(processes, jobs, AHEAD * count)))
                finally:
                    processes.close()


def _round(processes: _Processes, jobs: deque[Job], window: int) -> Generator[Outcome, None, list[Job]]:
    """Outcomes until every job is done or a worker is lost; gives the jobs that were under way then."""
    running: dict[Future[Outcome], Job] = {}
    try:
        while jobs or running:
            while jobs and len(running) < window:
                job = jobs.popleft()
                try:
                    running[processes.submit(job.loaded())] = job
                except BrokenProcessPool:
                    jobs.appendleft(job)
                    raise
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for one in done:
                outcome = one.result()
                del running[one]
                yield outcome
    except (BrokenProcessPool, SandboxError):
        return list(running.values())
    return []


def _each_alone(processes: _Processes, suspects: deque[Job], terms: Terms) -> Iterator[Outcome]:
    """One at a time, until one loses the worker: that one is given up."""
    while suspects:
        job = suspects.popleft()
        unfinished = yield from _round(processes, deque([job]), 1)
        if unfinished:
            yield lost(job, terms, WORKER_LOST)
            return


class _Processes:
    """`count` worker processes on one sandbox."""

    def __init__(self, sandbox: Sandbox, terms: Terms, count: int, sheets: Path) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self.terms = terms
        self.sheets = sheets
        self.executor = ProcessPoolExecutor(count, context, _start, (_Settings.of(sandbox, terms, sheets),))
        # All workers start now, and one of them computes what is expected, for all to read: this process never needs
        # torch, which loads while nbgrader and the sandbox's server do.
        needed = not (terms.variants or sheets.exists())
        self.first: list[Future[Any]] = [self.executor.submit(_prepare)] if needed else []
        self.first += [self.executor.submit(os.getpid) for _ in range(count - len(self.first))]

    def ready(self) -> None:
        """Wait until every worker can judge."""
        try:
            for one in self.first:
                one.result()
        except BrokenProcessPool:
            raise SandboxError("a worker ended at once; is this machine out of memory? try --workers 1") from None

    def submit(self, job: Job) -> Future[Outcome]:
        """Hand a job to the next free worker."""
        return self.executor.submit(_work, job)

    def close(self) -> None:
        """End the workers."""
        self.executor.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Settings:
    """What a worker needs to begin."""

    control: socket.socket
    limits: Limits
    terms: Terms
    sheets: Path
    exercises: Path
    recordings: Path

    @classmethod
    def of(cls, sandbox: Sandbox, terms: Terms, sheets: Path) -> _Settings:
        return cls(sandbox.control, sandbox.limits, terms, sheets, catalogue.EXERCISES, catalogue.RECORDINGS)


_worker: tuple[Sandbox, _Settings] | None = None
_sheets: list[Sheet] | None = None


def _start(settings: _Settings) -> None:
    """Make this process a worker."""
    from autograder.judge import isolation

    global _worker
    # Control-C goes to the whole group; the parent decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    isolation.die_with_parent()
    threading.Thread(target=_end_with_grader, daemon=True).start()
    catalogue.EXERCISES, catalogue.RECORDINGS = settings.exercises, settings.recordings
    _worker = Sandbox.attach(settings.control, settings.limits), settings


def _end_with_grader() -> None:
    """End this process when the grader does, however it ends.

    The parent of a worker is the fork-server of `multiprocessing`, which lives as long as one of its workers: without
    this they would keep each other, and the sandbox, alive for ever.
    """
    grader = multiprocessing.parent_process()
    assert grader is not None
    grader.join()
    os._exit(1)


def _prepare() -> None:
    assert _worker is not None
    settings = _worker[1]
    new = settings.sheets.with_suffix(".new")
    new.write_bytes(encode_sheets(sheets_for(settings.terms)))
    new.rename(settings.sheets)


def _work(job: Job) -> Outcome:
    global _sheets
    assert _worker is not None
    sandbox, settings = _worker
    if _sheets is None and not settings.terms.variants:
        _sheets = decode_sheets(settings.sheets.read_bytes())
    return _guarded(sandbox, settings.terms, _sheets, job)
