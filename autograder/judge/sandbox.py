"""The grader's side of the sandbox: start the fork-server, open sessions, send cells and calls, never trust a reply.

    with Sandbox.start() as sandbox:          one fork-server
        with sandbox.open() as session:       one isolated process
            session.run_cell(source)
                session.calls("softmax", cases)

A session that dies, hangs or talks nonsense raises Lost; `run.SubmissionRun` replaces it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from autograder.engine.answer import Answer
from autograder.errors import RefusedValue, SandboxError
from autograder.judge import protocol
from autograder.judge.server import STATUS

__all__ = ["Limits", "Lost", "Mode", "Oracle", "Sandbox", "Session", "clean"]

Mode = Literal["namespaces", "limits"]
START_SECONDS = 120.0
EMPTY_ENVIRONMENT = {
    "PATH": "/nonexistent",
    "HOME": "/tmp",  # noqa: S108
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    # A process must have one thread when it enters a user namespace, and one is fastest for small arrays.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
WINDOW = 64 * 1024
"""Bytes of messages sent ahead: fewer than a socket holds, so that sending never waits for reading."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use: wall seconds for a cell, a call, all cells, and in all; bytes, CPU, processes."""

    cell_seconds: float = 20.0
    call_seconds: float = 10.0
    cells_seconds: float = 90.0
    total_seconds: float = 240.0
    memory: int = 4 * 2**30
    cpu_seconds: int = 240
    processes: int = 32
    tmp: str = "64m"


class Lost(SandboxError):
    """A session ended before it answered.  trouble is "timeout" or "lost"; the message says how."""

    def __init__(self, trouble: Literal["timeout", "lost"], detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail


@dataclass
class Oracle:
    """References that a submission may ask during one call, in place of its own functions.

    parameters   the parameter names of each function
    answer       answer(name, inputs) -> tree; may raise, and the submission is told
    questions    how many more questions are answered
    """

    parameters: Mapping[str, Sequence[str]]
    answer: Callable[[str, Mapping[str, Any]], Any]
    questions: int = 2000


class Session:
    """One submission's process."""

    def __init__(self, frames: socket.socket, leash: socket.socket, limits: Limits) -> None:
        self.frames = frames
        self.leash = leash
        self.limits = limits
        self.number = 0
        frames.setblocking(False)
        self.poller = select.poll()
        self.poller.register(leash, select.POLLIN)

    def run_cell(self, source: str) -> tuple[str, str]:
        """Run one cell; its error in one line ("" for none) and what it printed."""
        fields = self._request({"op": "cell", "source": source}, self.limits.cell_seconds)
        return _text(fields, "error", 300), _text(fields, "text", 10_000)

    def names(self, sources: Sequence[str]) -> list[tuple[frozenset[str], frozenset[str]] | None]:
        """For each cell the names that it binds and uses, or None where it does not compile.  Only ever a hint."""
        fields = self._request({"op": "names", "sources": list(sources)}, self.limits.cell_seconds)
        found = fields.get("names")
        if type(found) is not list or len(found) != len(sources):
            raise Lost("lost", "it sent a malformed message")
        return [_name_sets(one) for one in found]

    def calls(self, name: str, cases: Sequence[Mapping[str, Any]], oracle: Oracle | None = None) -> Iterator[Answer]:
        """Call a function of the submission on each case's inputs; Answers whose every field has been checked.

        Messages are sent ahead, so that neither side waits for the other, but not when answers from an oracle
        have to go in between.
        """
        parameters = {one: list(names) for one, names in oracle.parameters.items()} if oracle else {}
        first = self.number + 1
        self.number += len(cases)
        ahead: deque[bytes] = deque()
        for index, inputs in enumerate(cases):
            deadline = time.monotonic() + self.limits.call_seconds
            with self._losses(self.limits.call_seconds):
                while len(ahead) < len(cases) - index and (
                    not ahead or (oracle is None and sum(map(len, ahead)) < WINDOW)
                ):
                    place = index + len(ahead)
                    fields = {"op": "call", "name": name, "oracle": parameters, "id": first + place}
                    ahead.append(protocol.encode(fields, dict(cases[place])))
                    self._send(ahead[-1], deadline)
                reply, value = self._reply(first + index, deadline, oracle)
                ahead.popleft()
                given = _answer(reply, value, inputs)
            yield given

    def close(self) -> None:
        """Let go: the keeper kills the process and everything that it started."""
        self.frames.close()
        self.leash.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _request(self, fields: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a message without arrays and wait for the reply to it."""
        self.number += 1
        deadline = time.monotonic() + seconds
        with self._losses(seconds):
            self._send(protocol.encode({**fields, "id": self.number}), deadline)
            return self._reply(self.number, deadline, None)[0]

    def _reply(self, number: int, deadline: float, oracle: Oracle | None) -> tuple[dict[str, Any], Any]:
        """The reply to message `number`, answering questions on the way."""
        while True:
            reply, given = protocol.read_frame(lambda count: self._receive(count, deadline))
            if reply.get("id") != number:
                raise Lost("lost", "it sent a message that was not asked for")
            if reply.get("op") != "ask":
                return reply, given
            self._send(self._consult(reply, given, oracle), deadline)

    @contextlib.contextmanager
    def _losses(self, seconds: float) -> Iterator[None]:
        """Turn everything that can go wrong on the way into Lost."""
        try:
            yield
        except RefusedValue as problem:
            raise Lost("lost", f"it sent {problem}") from None
        except TimeoutError:
            raise Lost("timeout", f"more than {seconds:g} seconds") from None
        except (OSError, EOFError):
            raise Lost("lost", self._ending()) from None

    def _consult(self, reply: dict[str, Any], inputs: Any, oracle: Oracle | None) -> bytes:
        """The answer to a submission's question, or why there is none."""
        name = reply.get("name")
        allowed = oracle is not None and type(name) is str and name in oracle.parameters and type(inputs) is dict
        if oracle is None or not allowed or not set(inputs) <= set(oracle.parameters[str(name)]):
            raise Lost("lost", "it sent a message that was not asked for")
        oracle.questions -= 1
        if oracle.questions < 0:
            raise Lost("lost", "it asked too many questions")
        try:
            return protocol.encode({"id": reply["id"]}, oracle.answer(str(name), inputs))
        except Exception as problem:  # the reference meets inputs that a student's function made
            line = " ".join(str(problem).split())[:200]
            return protocol.encode(
                {"id": reply["id"], "error": line.encode("ascii", "replace").decode() or "not possible"}
            )

    def _send(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        while view:
            self._wait(select.POLLOUT, deadline)
            with contextlib.suppress(BlockingIOError):
                view = view[self.frames.send(view) :]

    def _receive(self, count: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            with contextlib.suppress(BlockingIOError):
                part = self.frames.recv(min(count - len(parts), 1 << 20))
                if not part:
                    raise EOFError
                parts += part
                continue
            self._wait(select.POLLIN, deadline)
        return bytes(parts)

    def _wait(self, event: int, deadline: float) -> None:
        """Until the socket is ready; EOFError when the process has ended with nothing left to read."""
        self.poller.register(self.frames, event)
        left = deadline - time.monotonic()
        ready = dict(self.poller.poll(max(0.0, left) * 1000)) if left > 0 else {}
        if not ready:
            raise TimeoutError
        if self.frames.fileno() not in ready:
            raise EOFError

    def _ending(self) -> str:
        """How the process ended, in words."""
        self.frames.close()
        self.leash.settimeout(5)
        try:
            data = self.leash.recv(STATUS.size)
            # A process that closed the connection but lives on is killed by the keeper when we let go.
            (code,) = STATUS.unpack(data)
        except (OSError, ValueError, TypeError):
            return "it closed the connection"
        except Exception:
            return "its keeper ended"
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"killed by {signal.Signals(-code).name}"
            return f"killed by signal {-code}"
        return f"exit status {code}"


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
    if (
        error.startswith(("unshare", "uid_map", "mount", "pivot_root", "[Errno 1]", "syscall", "[Errno 38]"))
        or "proc/self" in error
    ):
        return (
            f"this machine does not let us isolate student code ({error}); allow user namespaces "
            "(sysctl kernel.unprivileged_userns_clone=1 or kernel.apparmor_restrict_unprivileged_userns=0; "
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


CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
TROUBLES = ("", "missing", "not written", "raised", "refused")


def _text(fields: Mapping[str, Any], key: str, limit: int) -> str:
    """A field that must be a string; control characters and addresses, which differ from run to run, are replaced."""
    value = fields.get(key)
    if type(value) is not str:
        raise Lost("lost", "it sent a malformed message")
    return clean(value[:limit])


def clean(text: str) -> str:
    """A student's text as it may be printed and stored."""
    return ADDRESS.sub("0x…", CONTROL_CHARACTERS.sub("�", text))


def _name_sets(found: Any) -> tuple[frozenset[str], frozenset[str]] | None:
    if found is None:
        return None
    if type(found) is not dict:
        raise Lost("lost", "it sent a malformed message")
    return _name_set(found.get("binds")), _name_set(found.get("uses"))


def _name_set(found: Any) -> frozenset[str]:
    if type(found) is not list or any(type(name) is not str for name in found):
        raise Lost("lost", "it sent a malformed message")
    return frozenset(found)


def _answer(fields: Mapping[str, Any], value: Any, inputs: Mapping[str, Any]) -> Answer:
    """A reply as an Answer, every field of the expected type and size."""
    changed, warned = fields.get("changed"), fields.get("warned")
    seconds, repeatable, trouble = fields.get("seconds"), fields.get("repeatable"), fields.get("trouble")
    well_formed = (
        type(changed) is list
        and type(warned) is list
        and len(warned) <= 20
        and all(type(one) is str for one in [*changed, *warned])
        and type(seconds) in (int, float)
        and type(repeatable) is bool
        and type(trouble) is str
        and trouble in TROUBLES
    )
    if not well_formed:
        raise Lost("lost", "it sent a malformed message")
    assert isinstance(changed, list) and isinstance(warned, list) and isinstance(seconds, int | float)  # noqa: PT018
    return Answer(
        value=None if trouble else value,
        trouble=trouble,  # type: ignore[arg-type]
        detail=_text(fields, "detail", 400),
        changed=tuple(name for name in inputs if name in changed),
        warned=tuple(clean(line[:200]) for line in warned),
        repeatable=bool(repeatable),
        seconds=float(seconds),
    )
