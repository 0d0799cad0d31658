"""Harm: a submission tries to hurt the grader, the machine, or the submissions beside and after it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.judge import usage
from autograder.judge.judging import Judgement
from autograder.judge.judging import judge as judge_one
from autograder.judge.replies import Lost
from autograder.judge.sandbox import Sandbox
from autograder.judge.session import MAX_ANSWER, Session
from autograder.judge.sheets import Sheet
from tests.judge import tiny
from tests.judge.attacks import FULL
from tests.judge.conftest import LIMITS

MEBI = 2**20


def error_of(session: Session, source: str) -> str:
    return session.run_cell(source)[0]


def printed_by(session: Session, source: str) -> str:
    error, text = session.run_cell(source)
    assert error == ""
    return text.strip()


def processes_below(sandbox: Sandbox) -> list[str]:
    """The ids of all processes of a sandbox, as this process counts."""
    assert sandbox.process is not None
    proc = os.open("/proc", os.O_PATH)
    try:
        return usage._descendants(proc, str(sandbox.process.pid))
    finally:
        os.close(proc)


def wait_until(holds: Callable[[], bool]) -> bool:
    for _ in range(500):
        if holds():
            return True
        time.sleep(0.01)
    return False


# Signals.

KILLS = {
    "its process group": "os.kill(0, signal.SIGTERM)",
    "its process group for good": "os.killpg(os.getpgrp(), signal.SIGKILL)",
    "every process": "os.kill(-1, signal.SIGKILL)",
    "its parent": "os.kill(os.getppid(), signal.SIGKILL)",
    "process 1": "os.kill(1, signal.SIGKILL)",
    "process 1 from below": "os.fork() or os.kill(1, signal.SIGKILL)",
    "the grader": f"os.kill({os.getpid()}, signal.SIGKILL)",
    "all ids": (
        "for number in range(2, 70000):\n    try:\n        os.kill(number, signal.SIGKILL)\n"
        "    except OSError:\n        pass"
    ),
}


@pytest.mark.parametrize("kill", KILLS.values(), ids=KILLS.keys())
def test_a_signal_reaches_no_other_submission_and_not_the_grader(sandbox: Sandbox, kill: str) -> None:
    with sandbox.open() as bystander, sandbox.open() as session:
        assert printed_by(bystander, "print(1)") == "1"
        with contextlib.suppress(Lost):
            session.run_cell(f"import os, signal\n{kill}")
        assert printed_by(bystander, "print(2)") == "2"
    assert sandbox.process is not None
    assert sandbox.process.poll() is None


def test_the_same_signals_reach_the_submissions_own_processes(session: Session) -> None:
    own = (
        "import os, signal\nchild = os.fork()\nif child == 0:\n    signal.pause()\n"
        "os.kill(-1, signal.SIGTERM)\nprint(os.WTERMSIG(os.waitpid(child, 0)[1]))"
    )
    assert printed_by(session, own) == str(int(signal.SIGTERM))


def test_a_submission_ends_with_its_keeper(sandbox: Sandbox) -> None:
    with Sandbox.start(limits=LIMITS) as server, server.open() as session:
        session.run_cell("import threading, time\nthreading.Thread(target=lambda: time.sleep(1e6)).start()")
        inner, keeper, child = processes_below(server)[:3]
        os.kill(int(keeper), signal.SIGKILL)
        assert wait_until(lambda: child not in processes_below(server))
        assert inner in processes_below(server)


# Processes.

DAEMON = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 32):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        time.sleep(1e6)
    os._exit(0)
time.sleep(0.2)
"""


def test_a_daemon_ends_with_its_submission(sandbox: Sandbox) -> None:
    before = set(processes_below(sandbox))
    session = sandbox.open()
    assert session.run_cell(DAEMON) == ("", "")
    assert len(set(processes_below(sandbox)) - before) > 2, "the keeper, the submission and its daemon"
    session.close()
    assert wait_until(lambda: set(processes_below(sandbox)) <= before)


def test_processes_and_threads_are_limited_and_a_few_are_allowed(session: Session) -> None:
    many = (
        "import threading, time\ndef start(count):\n    for _ in range(count):\n"
        "        threading.Thread(target=time.sleep, args=(0.2,), daemon=True).start()\n"
    )
    assert error_of(session, f"{many}start(4)") == ""
    assert "RuntimeError" in error_of(session, "start(100)")


def test_a_fork_bomb_leaves_the_others_their_processes(sandbox: Sandbox) -> None:
    with sandbox.open() as bomber, sandbox.open() as bystander:
        bomb = (
            "import os, time\nfor _ in range(100):\n    try:\n        if os.fork() == 0:\n            time.sleep(3)\n"
            "            os._exit(0)\n    except OSError:\n        print('full')\n        break"
        )
        assert printed_by(bomber, bomb) == "full"
        assert printed_by(
            bystander, "import os\nchild = os.fork()\nif child == 0: os._exit(3)\nprint(os.waitpid(child, 0)[1])"
        )


# Memory.


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """A sandbox in which all processes of a submission may hold 500 MiB."""
    with Sandbox.start(limits=replace(LIMITS, total_memory=500 * MEBI)) as server:
        yield server


BREED = """
import mmap, os, time
def breed(count, deed, seconds=1.5):
    for _ in range(count):
        if os.fork() == 0:
            kept = deed()
            time.sleep(seconds)
            os._exit(0)
    time.sleep(seconds)
def own():
    return b'x' * (80 * 2**20)
def mapped():
    kept = mmap.mmap(-1, 80 * 2**20)
    for start in range(0, len(kept), 4096):
        kept[start] = 1
    return kept
def orphan():
    if os.fork() == 0:
        os.setsid()
        return own()
    os._exit(0)
def hidden():
    import ctypes
    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
    return own()
"""
SWELL = {
    "children": "breed(8, own)",
    "memory that is shared": "breed(8, mapped)",
    "orphans in sessions of their own": "breed(6, orphan)",
    "processes that may not be looked at": "breed(8, hidden)",
}


@pytest.mark.parametrize("swell", SWELL.values(), ids=SWELL.keys())
def test_memory_is_limited_over_all_processes_together(small: Sandbox, swell: str) -> None:
    with small.open() as session, pytest.raises(Lost, match="more than 500 MiB of memory in all its processes"):
        session.run_cell(BREED + swell)


def test_pages_that_forked_processes_share_count_once(small: Sandbox) -> None:
    with small.open() as session:
        session.run_cell(BREED)
        assert error_of(session, "kept = b'x' * (150 * 2**20)\nbreed(8, lambda: len(kept), 0.5)") == ""


def test_a_submission_that_takes_too_much_memory_is_told_to_a_person_and_the_others_are_judged(
    small: Sandbox, sheets: list[Sheet]
) -> None:
    swelling = tiny.submission(
        tiny.RIGHT | {"ordered": f"{BREED}\ndef ordered(x):\n    breed(8, own)\n    return np.sort(x)"}
    )
    found = judge_one(small, tiny.release()["cells"], tiny.cells_of(swelling), sheets)
    assert {one.exercise: one.score for one in found.verdicts} == FULL | {"ordered": 0.0}
    assert any("500 MiB of memory" in flag for flag in found.flags)


UNSEEN = {
    "files in memory": "print(libc.memfd_create(b'x', 0))",
    "secret files in memory": "print(libc.syscall(447, 0))",
    "shared memory of System V": "print(libc.shmget(0, 2**20, 0o1600))",
    "messages of System V": "print(libc.msgget(0, 0o1600))",
    "semaphores of System V": "print(libc.semget(0, 32000, 0o1600))",
}


@pytest.mark.parametrize("deed", UNSEEN.values(), ids=UNSEEN.keys())
def test_memory_that_no_limit_counts_cannot_be_had(session: Session, deed: str) -> None:
    assert printed_by(session, f"import ctypes\nlibc = ctypes.CDLL(None)\n{deed}") == "-1"
    assert printed_by(session, "print(libc.getppid())") == "0"


def test_one_process_alone_has_its_own_limit(session: Session) -> None:
    assert "MemoryError" in error_of(session, "import numpy as np\nkept = np.ones(2**28)")
    assert error_of(session, "kept = np.ones(2**22)") == ""


def test_large_answers_are_not_kept_and_answers_of_the_right_size_are(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox.open() as session:
        session.run_cell("import numpy as np\ndef f(n):\n    return np.ones(n)")
        few, many = session.calls("f", [{"n": 50_000}, {"n": MAX_ANSWER // 8 + 1}])
        assert few.value.size == 50_000
        assert (many.trouble, many.value) == ("refused", None)
        assert many.detail.startswith("a value of more than ")
        # A submission gives hundreds of answers, and each may be as large as is allowed.
        monkeypatch.setattr("autograder.judge.session.MAX_ANSWERS", session.kept + 2**20)
        found = list(session.calls("f", [{"n": 50_000}] * 4))
    assert [one.trouble for one in found] == ["", "", "refused", "refused"]
    assert found[-1].detail.endswith(" MiB in all answers")


# Disk, output, devices, network.


def test_many_files_fill_only_the_submissions_own_folder(sandbox: Sandbox) -> None:
    fill = (
        "count = 0\ntry:\n    while True:\n        open(f'file{count}', 'w').close()\n        count += 1\n"
        "except OSError as error:\n    print(error.errno, count < 5000)"
    )
    with sandbox.open() as session, sandbox.open() as other:
        assert printed_by(session, fill) == "28 True"
        assert error_of(other, "open('mine', 'w').write('x')") == ""


def test_a_full_folder_stops_neither_the_functions_nor_the_next_submission(judge: Callable[..., Judgement]) -> None:
    fill = "try:\n    for n in range(200):\n        open(f'f{n}', 'wb').write(b'x' * 2**20)\nexcept OSError:\n    pass"
    found = judge(tiny.submission(before=[fill]))
    assert {one.exercise: one.score for one in found.verdicts} == FULL


FLOODS = {
    "to stdout": "import sys\nfor _ in range(300):\n    sys.stdout.write('x' * 10**6)",
    "to stderr": "import sys\nfor _ in range(300):\n    print('x' * 10**6, file=sys.stderr)",
    "to the descriptors": "import os\nfor _ in range(300):\n    os.write(1, b'x' * 10**6); os.write(2, b'x' * 10**6)",
    "of displays": "from IPython.display import display\nfor _ in range(2000):\n    display('x' * 10**4)",
    "a huge repr": "class Huge:\n    def __repr__(self): return 'x' * 10**8\nHuge()",
    "a huge exception": "class Huge(Exception):\n    def __str__(self): return 'x ' * 10**7\nraise Huge",
    "an exception whose text raises": "class Odd(Exception):\n    def __str__(self): raise self\nraise Odd",
    "a chain of exceptions": (
        "def chain(depth):\n    try:\n        chain(depth - 1) if depth else 1 / 0\n    except Exception as error:\n"
        "        raise ValueError('x' * 1000) from error\nchain(300)"
    ),
    "warnings": (
        "import warnings\nwarnings.simplefilter('always')\nfor n in range(20000):\n    warnings.warn('x' * 1000)"
    ),
    "logging": "import logging\nfor n in range(20000):\n    logging.error('x' * 1000)",
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_is_cut_and_costs_nothing(judge: Callable[..., Judgement], flood: str) -> None:
    found = judge(tiny.submission(before=[flood]))
    assert {one.exercise: one.score for one in found.verdicts} == FULL
    assert all(len(one.text) <= 10_000 and len(one.error) <= 300 for one in found.outcomes if one is not None)


def test_a_flood_from_a_function_costs_nothing(judge: Callable[..., Judgement]) -> None:
    loud = "def double(x):\n    for _ in range(100):\n        print('x' * 10**5)\n    return 2 * x"
    assert judge(tiny.submission(tiny.RIGHT | {"double": loud})).verdicts[0].score == 4.0


def test_no_socket_of_any_family_can_be_made(session: Session) -> None:
    tried = (
        "import socket\nmade = []\nfor family in range(64):\n"
        "    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):\n"
        "        try:\n            made.append(socket.socket(family, kind))\n        except OSError:\n"
        "            pass\nprint(made)"
    )
    assert printed_by(session, tried) == "[]"
    assert printed_by(session, "a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))") == "b'x'"


def test_no_device_and_no_new_root_can_be_made(session: Session) -> None:
    for deed in ("os.mknod('disk', 0o60600, os.makedev(8, 0))", "os.chroot('.')", "os.setgid(0)", "os.nice(-5)"):
        assert error_of(session, f"import os\n{deed}").startswith(("PermissionError", "OSError")), deed
    assert error_of(session, "os.mkfifo('pipe'); os.nice(1)") == ""


def test_a_program_brought_along_gets_no_rights(session: Session) -> None:
    bring = (
        "import os, shutil, sys\nopen('own', 'wb').write(b'#!/bin/sh\\necho hi')\nos.chmod('own', 0o6755)\n"
        "os.execv('./own', ['own'])"
    )
    assert "FileNotFoundError" in error_of(session, bring), "there is no interpreter to run it"
    assert printed_by(session, "import ctypes\nprint(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0))") == "1"


def test_files_outside_of_the_private_folder_cannot_be_changed(session: Session) -> None:
    for path in ("/tmp/../work", "/dev/null2", "/usr/lib/x", "/x", "/etc/passwd", "/../x"):
        assert error_of(session, f"open({path!r}, 'w')") != ""
    for deed in (
        "os.chmod('/dev', 0o777)",
        "os.rename('/dev', '/x')",
        "os.link('/dev/null', '/dev/x')",
        "os.rmdir('/dev')",
    ):
        assert "Error" in error_of(session, f"import os\n{deed}"), deed
    assert not Path("/x").exists()
    assert error_of(session, "open('x', 'w').write('x'); os.chmod('x', 0o777); os.rename('x', 'y')") == ""
