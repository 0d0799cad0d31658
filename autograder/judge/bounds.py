"""Bounds on work that the grader does for a submission: references that answer what a student's function asks.

A question may be small and its answer huge, such as a mask for 100,000 positions.  Inside these bounds that is an
exception like any other, which the submission is told.
"""

from __future__ import annotations

import contextlib
import resource
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

__all__ = ["bounded"]


@contextlib.contextmanager
def bounded(memory: int, seconds: float) -> Iterator[None]:
    """Let this process take at most so many bytes more, and, in its main thread, so many seconds of Python code.

    Raises TimeoutError when the time is over; libraries raise MemoryError or RuntimeError for want of memory.
    """
    with _memory(memory), _time(seconds):
        yield


@contextlib.contextmanager
def _memory(more: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = [one for one in (soft, hard) if one != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([taken + more, *limits]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextlib.contextmanager
def _time(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        # Signals reach only the main thread; the bound on memory holds everywhere.
        yield
        return
    before = signal.signal(signal.SIGALRM, _too_late)
    left = signal.setitimer(signal.ITIMER_REAL, seconds)[0]
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, before)


def _too_late(_: int, __: FrameType | None) -> None:
    raise TimeoutError("the reference took too long for these inputs")
