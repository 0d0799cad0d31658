"""The fork-server: a plain process with NumPy, matplotlib and an IPython shell ready, one fork for each submission.

Started by `sandbox.Sandbox` as a program with an empty environment and one open socket.  It loads what students
may use, isolates itself for good, and then waits: each message brings two sockets, and each message makes

    keeper    watches the grader's end of the leash; kills the submission when the grader lets go
    submission    process 1 of its own namespaces, with a private folder, limits, no capabilities

Neither references nor torch, gradebook, other submissions or the repository ever enter this process's memory.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import sysconfig
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

STATUS = struct.Struct(">i")
TOO_MUCH_MEMORY = 1000
"""Told in place of an exit status, which is below 256: all processes together held more than they may."""
LOOK_MS = 100
"""Milliseconds between two looks at a submission's memory."""

PACKAGES = (
    "numpy", "numpy.libs", "matplotlib", "matplotlib.libs", "mpl_toolkits", "pylab.py", "PIL", "pillow.libs",
    "contourpy", "kiwisolver", "cycler", "fontTools", "packaging", "pyparsing", "dateutil", "six.py", "IPython",
    "traitlets", "pygments", "decorator.py", "matplotlib_inline", "jedi", "parso", "stack_data", "executing",
    "asttokens", "pure_eval", "prompt_toolkit", "wcwidth", "pexpect", "ptyprocess", "typing_extensions.py",
    "ipython_pygments_lexers.py", "psutil", "tqdm",
)  # fmt: skip
"""What exists of the installed packages inside the sandbox: NumPy, matplotlib, IPython and what they need."""

PRELOADED = (
    "numpy.linalg", "numpy.random", "numpy.fft", "numpy.polynomial", "numpy.ma", "numpy.testing",
    "numpy.lib.stride_tricks", "matplotlib.pyplot", "matplotlib.backends.backend_agg", "mpl_toolkits.mplot3d",
    "IPython.display", "asyncio", "statistics", "dataclasses", "functools", "itertools", "collections", "math",
    "timeit", "typing", "unittest", "copy", "textwrap",
)  # fmt: skip


def main() -> None:
    """Load, isolate, and serve until the grader hangs up."""
    settings = json.loads(sys.argv[1])
    control = socket.socket(fileno=settings["control"])
    try:
        serve_submission = _load(settings)
        filtered, proc = _isolate(settings)
    except Exception as problem:
        traceback.print_exc()
        control.sendall(json.dumps({"error": f"{problem}"}).encode())
        os._exit(1)
    control.sendall(json.dumps({"ready": True, "filtered": filtered}).encode())
    # Keepers are not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            try:
                control.close()
                frames, leash = descriptors
                _keep(frames, leash, proc, settings, serve_submission)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(70)
        for descriptor in descriptors:
            os.close(descriptor)


def _load(settings: dict[str, Any]) -> Any:
    """Import everything that a submission may need, because later there is little to import from."""
    repository = settings["repository"]
    sys.path[:] = [path for path in sys.path if path and Path(path) != Path(__file__).parent] + settings["packages"]
    os.environ.update(settings["environment"])
    import matplotlib as mpl

    mpl.use("Agg")
    for name in PRELOADED:
        importlib.import_module(name)
    # Extension modules load libraries of the system, which do not exist inside.
    for path in Path(sysconfig.get_path("platstdlib"), "lib-dynload").glob("*.so"):
        name = path.name.partition(".")[0]
        if not name.startswith(("_test", "xx", "_tkinter", "_xx")):
            try:
                importlib.import_module(name)
            except ImportError:
                continue

    sys.path.insert(0, repository)
    from autograder.judge import conversation, isolation, standins, student_shell, usage

    global _isolation, _usage
    _isolation, _usage = isolation, usage
    sys.path.remove(repository)
    shell = student_shell.make_shell()
    standins.install()
    return lambda connection: conversation.serve(shell, connection)


def _isolate(settings: dict[str, Any]) -> tuple[bool, int]:
    """Enter the sandbox for good; whether system calls will be filtered, and a descriptor of the machine's /proc."""
    isolation = _isolation
    proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY)
    if settings["mode"] == "limits":
        return False, proc
    library = sysconfig.get_path("stdlib")
    shown = [library]
    for folder in settings["packages"]:
        shown += [path for name in PACKAGES if os.path.exists(path := f"{folder}/{name}")]
    isolation.enter_server_namespaces()
    private = isolation.build_root(shown, [f"{library}/site-packages", f"{library}/dist-packages"])
    settings["private"] = tempfile.tempdir = os.environ["TMPDIR"] = os.environ["HOME"] = private
    inner = os.fork()
    if inner:
        # The outer process only waits; process 1 of the namespace takes every submission with it.
        os.closerange(3, 65536)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]) & 0xFF)
    isolation.die_with_parent()
    return True, proc


def _keep(frames: int, leash: int, proc: int, settings: dict[str, Any], serve_submission: Any) -> None:
    """Fork the submission, wait until it ends or the grader lets go, kill it, and report how it ended."""
    isolation = _isolation
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    isolated = settings["mode"] == "namespaces"
    if isolated:
        isolation.enter_session_namespaces(proc)
    else:
        isolation.adopt_orphans()
    child = os.fork()
    if child == 0:
        try:
            os.close(leash)
            _confine(frames, proc, settings)
            serve_submission(socket.socket(fileno=frames))
        except BaseException:
            traceback.print_exc()
            os._exit(71)
        os._exit(0)
    os.close(frames)
    ended = os.pidfd_open(child)
    poller = select.poll()
    poller.register(leash, select.POLLIN | select.POLLHUP)
    poller.register(ended, select.POLLIN)
    swollen = _watch(poller, proc, settings)
    if not isolated:
        _kill_group(child)
    signal.pidfd_send_signal(ended, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not isolated:
        _kill_orphans()
    with contextlib.suppress(OSError):
        os.write(leash, STATUS.pack(TOO_MUCH_MEMORY if swollen else os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _watch(poller: select.poll, proc: int, settings: dict[str, Any]) -> bool:
    """Wait for an event; True where the submission's processes together took too much memory before it came."""
    limit, keeper = settings["total_memory"], _usage.own_pid(proc)
    while not poller.poll(LOOK_MS):
        if _usage.held(proc, keeper, limit) > limit:
            return True
    return False


def _confine(frames: int, proc: int, settings: dict[str, Any]) -> None:
    """Everything that has to hold before the first line of a student's code runs."""
    isolation = _isolation
    # A session of its own, because signals to the process group do not stop at a namespace's border: without it
    # os.kill(0, 9) would end the keepers of the class, and, started by an ordinary user, the grader.
    os.setsid()
    isolation.die_with_parent()
    if settings["mode"] == "namespaces":
        with open(os.open("self/oom_score_adj", os.O_WRONLY, dir_fd=proc), "w") as file:
            file.write("1000")
        isolation.private_folder(settings["private"], settings["tmp"])
    else:
        folder = Path(settings["scratch"], str(os.getpid()))
        folder.mkdir()
        if os.geteuid() == 0:
            os.chown(folder, isolation.NOBODY, isolation.NOBODY)
        os.chdir(folder)
    nowhere = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    isolation.close_all_but(frames)
    isolated = settings["mode"] == "namespaces"
    # Outside of namespaces the kernel would count every process of this user.
    isolation.limit(settings["memory"], settings["cpu_seconds"], settings["processes"] if isolated else None)
    if not isolated and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(isolation.NOBODY, isolation.NOBODY, isolation.NOBODY)
        os.setresuid(isolation.NOBODY, isolation.NOBODY, isolation.NOBODY)
        isolation.die_with_parent()
    isolation.give_up_privileges()


def _kill_group(child: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)


def _kill_orphans() -> None:
    """Kill the processes that a submission left behind; without namespaces nobody else does."""
    for _ in range(100):
        try:
            left = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        except OSError:
            return
        if not left:
            return
        for pid in left:
            try:
                os.kill(int(pid), signal.SIGKILL)
                os.waitpid(int(pid), os.WNOHANG)
            except OSError:
                continue
        time.sleep(0.01)


_isolation: Any = None
_usage: Any = None

if __name__ == "__main__":
    main()
