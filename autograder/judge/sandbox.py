"""The fork-server behind every submission: start it, watch it, end it, and open sessions on it.

with Sandbox.start() as sandbox:          one fork-server
    with sandbox.open() as session:       one isolated process
        session.run_cell(source)
        session.calls("softmax", cases)
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from autograder.errors import SandboxError
from autograder.judge.session import Limits, Session

__all__ = ["Mode", "Sandbox"]

Mode = Literal["namespaces", "limits"]
START_SECONDS = 120.0
FORBIDDEN = re.compile(r"\b(unshare|uid_map|gid_map|u?mount2?|pivot_root|syscall)\b|proc/self|\[Errno (1|38)\]")
"""What the server says where the system does not let it isolate itself."""
EMPTY_ENVIRONMENT = {
    "PATH": "/nonexistent",
    "HOME": "/tmp",  # noqa: S108
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    # A forgotten breakpoint() does nothing, because nobody answers the debugger.
    "PYTHONBREAKPOINT": "0",
    # A process must have one thread when it enters a user namespace, and one is fastest for small arrays.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # The C library returns freed memory at once, and every array of 128 KiB is faulted in page by page again.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
}


class Sandbox:
    """A fork-server: started here (`start`), or by another process of the same run (`attach`)."""

    def __init__(self, mode: Mode, limits: Limits, control: socket.socket | None = None) -> None:
        self.mode = mode
        self.limits = limits
        self.filtered = False
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.waiting = control is None
        if control is None:
            self._launch()
        else:
            self.control = control

    @classmethod
    def start(cls, mode: Mode = "namespaces", limits: Limits | None = None, *, wait: bool = True) -> Sandbox:
        """Start a fork-server; SandboxError with one line where this machine cannot isolate student code.

        wait: False lets the caller do other things while the server loads; `ready` or `open` waits for it.
        """
        if sys.platform != "linux":
            raise SandboxError(f"grading isolates student code and needs Linux for it; this is {sys.platform}")
        sandbox = cls(mode, limits or Limits())
        if wait:
            sandbox.ready()
        return sandbox

    @classmethod
    def attach(cls, control: socket.socket, limits: Limits) -> Sandbox:
        """Use the server behind this control socket, which another process has started and ends."""
        return cls("namespaces", limits, control)

    def open(self) -> Session:
        """A fresh process for one submission; restarts the server should it have been killed from outside."""
        with self.lock:
            self._await_ready()
            if self.process is not None and self.process.poll() is not None:
                self._stop()
                self._launch()
                self._await_ready()
            for attempt in (1, 2):
                frames, frames_inside = socket.socketpair()
                leash, leash_inside = socket.socketpair()
                try:
                    socket.send_fds(self.control, [b"s"], [frames_inside.fileno(), leash_inside.fileno()])
                    return Session(frames, leash, self.limits)
                except OSError:
                    frames.close()
                    leash.close()
                    if attempt == 2 or self.process is None:
                        raise SandboxError("the sandbox's server has ended; is this machine out of memory?") from None
                    self._stop()
                    self._launch()
                    self._await_ready()
                finally:
                    frames_inside.close()
                    leash_inside.close()
        raise AssertionError("unreachable")

    def ready(self) -> None:
        """Wait until the server is isolated; SandboxError where this machine cannot do that."""
        with self.lock:
            self._await_ready()

    def close(self) -> None:
        """End the server and every session."""
        with self.lock:
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _launch(self) -> None:
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server
        self.scratch = tempfile.mkdtemp(prefix="sandbox-")
        # Packets and not a stream: several processes may send requests through one socket.
        self.control, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = {
            "control": inside.fileno(),
            "repository": str(Path(__file__).resolve().parents[2]),
            "packages": _package_folders(),
            "mode": self.mode,
            "environment": {"MPLCONFIGDIR": _font_cache()},
            "scratch": self.scratch,
            "memory": self.limits.memory,
            "total_memory": self.limits.total_memory,
            "cpu_seconds": self.limits.cpu_seconds,
            "processes": self.limits.processes,
            "tmp": self.limits.tmp,
        }
        if self.mode == "limits":
            Path(self.scratch).chmod(0o711)
        program = str(Path(__file__).with_name("server.py").resolve())
        with inside:
            self.process = subprocess.Popen(
                # -P and -S: neither the current folder nor .pth files decide what is imported.
                [sys.executable, "-P", "-s", "-S", program, json.dumps(settings)],
                env=EMPTY_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.log,
                pass_fds=[inside.fileno()],
            )
        self.waiting = True

    def _await_ready(self) -> None:
        if not self.waiting:
            return
        self.waiting = False
        self.control.settimeout(START_SECONDS)
        try:
            data = self.control.recv(65536)
            reply = json.loads(data) if data else {"error": "it ended"}
        except TimeoutError:
            reply = {"error": f"it was not ready after {START_SECONDS:g} seconds"}
        self.control.settimeout(None)
        if "error" in reply:
            self.log.seek(0)
            log = self.log.read().decode(errors="replace").strip().splitlines()
            self._stop()
            raise SandboxError(_advice(str(reply["error"]), log[-1] if log else ""))
        self.filtered = bool(reply["filtered"])

    def _stop(self) -> None:
        self.control.close()
        if self.process is None:
            return
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


def _advice(error: str, log: str) -> str:
    """Why the server did not start and what to do, in one line."""
    if FORBIDDEN.search(error):
        return (
            f"this machine does not let us isolate student code ({error}); allow user namespaces "
            "(sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, or "
            "user.max_user_namespaces=10000; "
            "in a container add --security-opt seccomp=unconfined --security-opt apparmor=unconfined), "
            "or grade with --sandbox limits, which hides no files from student code"
        )
    return f"the sandbox's server did not start: {error}{f' ({log})' if log and log != error else ''}"


def _package_folders() -> list[str]:
    """The folders of installed packages of this Python."""
    import numpy as np

    own = str(Path(np.__file__).resolve().parents[1])
    return list(dict.fromkeys([sysconfig.get_path("platlib"), sysconfig.get_path("purelib"), own]))


def _font_cache() -> str:
    """matplotlib's own cache folder, so that the server does not search the machine's fonts on every start."""
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("MPLCONFIGDIR") or os.path.join(caches, "matplotlib")
