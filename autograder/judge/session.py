"""The grader's side of one submission's process: send cells and calls, wait no longer than allowed, trust no reply.

A process that dies, hangs or talks nonsense raises Lost; `run.SubmissionRun` replaces it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from autograder.engine.answer import Answer
from autograder.errors import RefusedValue
from autograder.judge import protocol
from autograder.judge.bounds import bounded
from autograder.judge.replies import Lost, answer_in, name_sets, text_in
from autograder.judge.server import STATUS, TOO_MUCH_MEMORY

__all__ = ["Limits", "Oracle", "Session", "patience"]

WINDOW = 64 * 1024
"""Bytes of messages sent ahead: fewer than a socket holds, so that sending never waits for reading."""
MAX_ANSWER = 4 * 2**20
"""Bytes of one answer that is kept, more than twice the largest right one; a submission gives hundreds of them."""
MAX_ANSWERS = 256 * 2**20
"""Bytes of all answers of one process that are kept: they wait in the grader's memory until an exercise is judged."""
PROCESSORS = os.cpu_count() or 1
QUESTION_MEMORY = 2**30
"""Bytes that a reference may take to answer one question."""


def patience() -> float:
    """How much longer than on an idle machine a process may take: how many want each processor now, at most 10.

    Slowness that is the machine's shall cost nobody a point.
    """
    return min(max(1.0, os.getloadavg()[0] / PROCESSORS), 10.0)


@dataclass(frozen=True)
class Limits:
    """What one submission may use: wall seconds for a cell, a call, all cells, and in all; bytes, CPU, processes.

    Seconds are those of an idle machine; a busy one gives more of them.

    memory         bytes of address space of each process
    total_memory   bytes of memory that all its processes hold together
    """

    cell_seconds: float = 20.0
    call_seconds: float = 10.0
    cells_seconds: float = 90.0
    total_seconds: float = 240.0
    memory: int = 4 * 2**30
    total_memory: int = 4 * 2**30
    cpu_seconds: int = 240
    processes: int = 32
    tmp: str = "64m"


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
        self.received = self.kept = 0
        frames.setblocking(False)
        self.poller = select.poll()
        self.poller.register(leash, select.POLLIN)

    def run_cell(self, source: str) -> tuple[str, str]:
        """Run one cell; its error in one line ("" for none) and what it printed."""
        fields = self._request({"op": "cell", "source": source}, self.limits.cell_seconds)
        return text_in(fields, "error", 300), text_in(fields, "text", 10_000)

    def names(self, sources: Sequence[str]) -> list[tuple[frozenset[str], frozenset[str]] | None]:
        """For each cell the names that it binds and uses, or None where it does not compile.  Only ever a hint."""
        fields = self._request({"op": "names", "sources": list(sources)}, self.limits.cell_seconds)
        return name_sets(fields.get("names"), len(sources))

    def calls(
        self, name: str, cases: Sequence[Mapping[str, Any]], oracle: Oracle | None = None, drive: str = ""
    ) -> Iterator[Answer]:
        """Use a function of the submission on each case's inputs; Answers whose every field has been checked.

        drive is the source of what is done with it, "" for a plain call.

        Messages are sent ahead, so that neither side waits for the other, but not when answers from an oracle
        have to go in between.
        """
        parameters = {one: list(names) for one, names in oracle.parameters.items()} if oracle else {}
        first = self.number + 1
        self.number += len(cases)
        ahead: deque[bytes] = deque()
        for index, inputs in enumerate(cases):
            deadline = time.monotonic() + self.limits.call_seconds * patience()
            with self._losses(self.limits.call_seconds):
                while len(ahead) < len(cases) - index and (
                    not ahead or (oracle is None and sum(map(len, ahead)) < WINDOW)
                ):
                    place = index + len(ahead)
                    fields = {"op": "call", "name": name, "drive": drive, "oracle": parameters, "id": first + place}
                    ahead.append(protocol.encode(fields, dict(cases[place])))
                    self._send(ahead[-1], deadline)
                reply, value = self._reply(first + index, deadline, oracle)
                ahead.popleft()
                given = answer_in(reply, value, inputs)
                self.kept += self.received
                if self.received > MAX_ANSWER:
                    given = Answer(trouble="refused", detail=f"a value of more than {MAX_ANSWER / 2**20:g} MiB")
                elif self.kept > MAX_ANSWERS:
                    given = Answer(trouble="refused", detail=f"more than {MAX_ANSWERS / 2**20:g} MiB in all answers")
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
        deadline = time.monotonic() + seconds * patience()
        with self._losses(seconds):
            self._send(protocol.encode({**fields, "id": self.number}), deadline)
            return self._reply(self.number, deadline, None)[0]

    def _reply(self, number: int, deadline: float, oracle: Oracle | None) -> tuple[dict[str, Any], Any]:
        """The reply to message `number`, answering questions on the way."""
        while True:
            self.received = 0
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
            with bounded(QUESTION_MEMORY, self.limits.call_seconds):
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
        self.received += count
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
        if code == TOO_MUCH_MEMORY:
            return f"more than {self.limits.total_memory // 2**20} MiB of memory in all its processes"
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"killed by {signal.Signals(-code).name}"
            return f"killed by signal {-code}"
        return f"exit status {code}"
