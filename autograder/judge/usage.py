"""How much memory a submission holds in all its processes, seen from outside of it.

A limit for one process is no limit for thirty of them.  The keeper adds up, a few times a second, what every
descendant of its own holds, by a descriptor of /proc that student code never has.
"""

from __future__ import annotations

import os
import re

__all__ = ["held", "own_pid"]

PAGE = os.sysconf("SC_PAGE_SIZE")
PROPORTIONAL = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


def own_pid(proc: int) -> str:
    """This process's id as the /proc behind the descriptor counts, which may be another namespace's."""
    return os.readlink("self", dir_fd=proc)


def held(proc: int, keeper: str, limit: int) -> int:
    """Bytes of memory that the descendants of `keeper` hold; exact only where it is near or above the limit.

    Resident pages count forked processes' common memory once for each, so they can only say too much.  Where they say
    more than the limit, the kernel's proportional count decides, in which every page counts once.
    """
    pids = _descendants(proc, keeper)
    total = sum(_resident(proc, pid) for pid in pids)
    return total if total <= limit else sum(_proportional(proc, pid) for pid in pids)


def _descendants(proc: int, pid: str) -> list[str]:
    """The process ids below `pid`.  An orphan's new parent is process 1 of its namespace, so none is lost."""
    found: list[str] = []
    waiting = [pid]
    while waiting:
        for one in _children(proc, waiting.pop()):
            found.append(one)
            waiting.append(one)
    return found


def _children(proc: int, pid: str) -> list[str]:
    """The children of every thread of a process; none where it has ended meanwhile."""
    try:
        tasks = os.open(f"{pid}/task", os.O_RDONLY | os.O_DIRECTORY, dir_fd=proc)
    except OSError:
        return []
    try:
        return [child for task in os.listdir(tasks) for child in _read(f"{task}/children", tasks).decode().split()]
    except OSError:
        return []
    finally:
        os.close(tasks)


def _resident(proc: int, pid: str) -> int:
    fields = _read(f"{pid}/statm", proc).split()
    return int(fields[1]) * PAGE if len(fields) > 1 else 0


def _proportional(proc: int, pid: str) -> int:
    """Proportional bytes.  A process may forbid that they are read; then all that is resident is its own.

    One that has ended meanwhile cannot be read either, and is resident nowhere.
    """
    found = PROPORTIONAL.search(_read(f"{pid}/smaps_rollup", proc))
    return int(found[1]) * 1024 if found else _resident(proc, pid)


def _read(path: str, folder: int) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return b""
    try:
        return os.read(file, 1 << 16)
    except OSError:
        return b""
    finally:
        os.close(file)
