"""Inside the sandbox: answer the grader's messages, and ask the grader where a reference stands in for a function.

The grader's side is `session`.  Nothing that is sent from here decides anything.
"""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.engine.answer import Answer
from autograder.errors import RefusedValue
from autograder.judge import protocol
from autograder.judge.student_shell import call, names, run_cell

__all__ = ["serve"]


def serve(shell: Any, connection: socket.socket) -> None:
    """Answer the grader's messages until it hangs up."""
    # The random functions of the standard library and of NumPy start the same way in every submission.
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    channel = _Channel(connection)
    while True:
        try:
            fields, value = channel.read()
        except EOFError:
            return
        number = fields["id"]
        if fields["op"] == "cell":
            error, text = run_cell(shell, fields["source"])
            channel.write({"op": "done", "id": number, "error": error, "text": text})
        elif fields["op"] == "names":
            found = [names(shell, source) for source in fields["sources"]]
            channel.write({"op": "done", "id": number, "names": found})
        elif fields["op"] == "call":
            with _proxies(shell, channel, fields["oracle"], number):
                given = call(shell, fields["name"], value, fields["drive"])
            _send_answer(channel, number, given)


class _Channel:
    """Frames on a socket, from the student's side."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def read(self) -> tuple[dict[str, Any], Any]:
        return protocol.read_frame(self._receive)

    def write(self, fields: dict[str, Any], value: Any = None) -> None:
        self.connection.sendall(protocol.encode(fields, value))

    def _receive(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = self.connection.recv(min(count - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)


def _send_answer(channel: _Channel, number: int, given: Answer) -> None:
    fields = {
        "op": "answer",
        "id": number,
        "trouble": given.trouble,
        "detail": given.detail[:400],
        "changed": list(given.changed),
        "warned": [line[:200] for line in given.warned[:20]],
        "repeatable": given.repeatable,
        "seconds": given.seconds,
    }
    try:
        channel.write(fields, given.value)
    except RefusedValue as problem:
        channel.write({**fields, "trouble": "refused", "detail": str(problem)[:400]})


@contextlib.contextmanager
def _proxies(shell: Any, channel: _Channel, oracle: dict[str, list[str]], number: int) -> Iterator[None]:
    """For the time of one call, put functions that ask the grader in place of the student's own of these names."""
    missing = object()
    kept = {name: shell.user_ns.get(name, missing) for name in oracle}
    for name, parameters in oracle.items():
        shell.user_ns[name] = _proxy(channel, name, parameters, number)
    try:
        yield
    finally:
        for name, function in kept.items():
            if function is missing:
                shell.user_ns.pop(name, None)
            else:
                shell.user_ns[name] = function


def _proxy(channel: _Channel, name: str, parameters: list[str], number: int) -> Callable[..., Any]:
    def ask(*positional: Any, **named: Any) -> Any:
        if len(positional) > len(parameters):
            raise TypeError(f"{name}() takes {len(parameters)} arguments")
        inputs = dict(zip(parameters, positional, strict=False)) | named
        channel.write({"op": "ask", "id": number, "name": name}, inputs)
        fields, value = channel.read()
        if fields.get("error"):
            raise ValueError(f"{name}: {fields['error']}")
        return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value

    ask.__name__ = name
    return ask
