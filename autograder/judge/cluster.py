"""Judge on the workers of a Dask scheduler: the same work on other machines, which need only this package.

Each worker process starts a sandbox of its own.  Workers get submissions and give outcomes; they never see the
gradebook.  A worker whose exercises, grader or versions differ from this machine's refuses.
"""

from __future__ import annotations

import os
import socket
import threading
from collections import deque
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.judge.jobs import Job, Outcome, Terms, judge_job, lost, sheets_for
from autograder.judge.records import basis_of
from autograder.judge.sandbox import Mode, Sandbox
from autograder.judge.sheets import decode_sheets, encode_sheets

__all__ = ["judged_there"]

AHEAD = 2
"""Submissions that wait for each thread of each worker."""

RETRIES = 2
"""How often a submission is tried again on another worker when its worker is lost."""

CONNECT_SECONDS = 20
WORKER_LOST = "the workers that judged this submission ended"


def judged_there(jobs: Iterable[Job], terms: Terms, address: str) -> Generator[Outcome | None, None, None]:
    """First None, as soon as the workers can begin; then each job's outcome as it is finished.

    address   tcp://host:8786, tls://..., or the path of a scheduler file
    """
    waiting = deque(jobs)
    if not waiting:
        yield None
        return
    with _client(address) as client:
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        threads = sum(client.nthreads().values())
        if not threads:
            raise CourseError(f"no worker has joined the scheduler at {address}; start some: dask worker {address}")
        shared = client.scatter(terms, broadcast=True)
        sheets = None if terms.variants else client.submit(_prepare, shared, pure=False, retries=RETRIES)
        yield None
        by_future: dict[Any, Job] = {}
        running: Any = as_completed(loop=client.loop)  # type: ignore[no-untyped-call]
        while waiting or by_future:
            while waiting and len(by_future) < AHEAD * threads:
                job = waiting.popleft()
                future = client.submit(_work, job.loaded(), shared, sheets, pure=False, retries=RETRIES)
                by_future[future] = job
                running.add(future)
            future = next(running)
            job = by_future.pop(future)
            try:
                outcome = future.result()
            except KilledWorker:
                outcome = lost(job, terms, WORKER_LOST)
            except CourseError:
                raise
            except Exception as problem:
                raise CourseError(
                    f"the cluster at {address} failed ({type(problem).__name__}: {str(problem)[:200]}); "
                    "what was judged is kept; grade again"
                ) from problem
            yield outcome


def _client(address: str) -> Any:
    """A connection to the scheduler."""
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise CourseError("--scheduler needs Dask: python -m pip install distributed") from None
    try:
        where = {"scheduler_file": address} if Path(address).is_file() else {"address": address}
        return Client(**where, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as problem:
        raise CourseError(
            f"no scheduler answers at {address!r} ({type(problem).__name__}); expected such as tcp://host:8786"
        ) from None


_lock = threading.Lock()
_sandboxes: dict[Mode, Sandbox] = {}
_sheets: dict[bytes, Any] = {}
_agreed: set[str] = set()


def _prepare(terms: Terms) -> bytes:
    _agree(terms)
    return encode_sheets(sheets_for(terms))


def _work(job: Job, terms: Terms, sheets: bytes | None) -> Outcome:
    _agree(terms)
    with _lock:
        if terms.mode not in _sandboxes:
            os.environ.setdefault("OMP_NUM_THREADS", "1")
            _sandboxes[terms.mode] = Sandbox.start(terms.mode)
        if sheets is not None and sheets not in _sheets:
            _sheets.clear()
            _sheets[sheets] = decode_sheets(sheets)
        known = _sheets[sheets] if sheets is not None else None
    return judge_job(_sandboxes[terms.mode], terms, known, job)


def _agree(terms: Terms) -> None:
    """CourseError where this worker would judge by other rules than the machine that asked."""
    wanted = repr((terms.chapter, terms.seed, terms.mode, terms.variants, sorted(terms.basis.items())))
    if wanted in _agreed:
        return
    own = basis_of(terms.chapter, terms.release, terms.seed, terms.mode, variants=terms.variants)
    different = sorted(part for part in own.keys() | terms.basis.keys() if own.get(part) != terms.basis.get(part))
    if different:
        raise CourseError(
            f"the worker on {socket.gethostname()} has another version of the course ({', '.join(different)[:200]}); "
            "install the same one there"
        )
    _agreed.add(wanted)
