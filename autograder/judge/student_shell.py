"""Inside the sandbox: an IPython shell that runs a submission's cells, and calls its functions when asked.

Everything in this process may be patched by the student's code, so nothing here decides anything: it sends back
values, and the grader compares them outside.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import random
import socket
import symtable
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.engine.answer import Answer, answer, describe_error
from autograder.errors import RefusedValue
from autograder.judge import protocol

__all__ = ["TEXT_LIMIT", "make_shell", "serve"]

TEXT_LIMIT = 10_000
"""Characters of a cell's printed output that are kept."""


class CappedText(io.TextIOBase):
    """A stream that keeps the first characters and forgets the rest."""

    def __init__(self, limit: int = TEXT_LIMIT) -> None:
        super().__init__()
        self.limit = limit
        self.parts: list[str] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.size < self.limit:
            part = str(text)[: self.limit - self.size]
            self.parts.append(part)
            self.size += len(part)
        return len(text)

    def text(self) -> str:
        """What was kept."""
        return "".join(self.parts)


def make_shell() -> Any:
    """An IPython shell without history, threads and tracebacks; magics that measure or configure do nothing."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Minimal"
    with tempfile.TemporaryDirectory() as folder:
        config.ProfileDir.location = folder
        shell = InteractiveShell.instance(config=config)
    shell.showtraceback = shell.showsyntaxerror = shell.showindentationerror = _nothing
    shell.system = shell.system_piped = shell.system_raw = shell.getoutput = _nothing
    shell.displayhook.write_output_prompt = _nothing
    # The switches of a notebook that only change how it looks, and the magics that repeat code to time it.
    for name in (
        "matplotlib",
        "config",
        "load_ext",
        "reload_ext",
        "autoreload",
        "timeit",
        "pip",
        "conda",
        "pylab",
        "prun",
        "history",
    ):
        for kind in ("line", "cell"):
            shell.magics_manager.magics[kind][name] = _nothing
    known = shell.run_line_magic

    def run_line_magic(name: str, line: str, _stack_depth: int = 1) -> Any:
        if shell.find_line_magic(name) is None:
            return None
        return known(name, line, _stack_depth=_stack_depth + 1)

    shell.run_line_magic = run_line_magic
    shell.run_cell("None", store_history=False)
    return shell


def _nothing(*arguments: Any, **options: Any) -> None:
    """A magic or a hook that does nothing."""


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
                given = call(shell, fields["name"], value)
            _send_answer(channel, number, given)


def run_cell(shell: Any, source: str) -> tuple[str, str]:
    """Run one cell as a notebook would; the error in one line, or "", and what was printed."""
    stream = CappedText()
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = stream
    try:
        result = shell.run_cell(source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
    except BaseException as problem:  # a student's cell may raise anything, also from a hook it has set
        error = problem
    finally:
        sys.stdout, sys.stderr = before
        if "matplotlib.pyplot" in sys.modules:
            with contextlib.suppress(Exception):
                sys.modules["matplotlib.pyplot"].close("all")
    try:
        return (describe_error(error) if error is not None else ""), stream.text()
    except Exception:  # an exception whose own text raises
        return type(error).__name__, ""


def call(shell: Any, name: str, inputs: dict[str, Any]) -> Answer:
    """Call the student's function of this name; what is not there or not a function says so."""
    function = shell.user_ns.get(name)
    if function is None:
        return Answer(trouble="missing", detail=f"no function is called {name}")
    if not callable(function):
        return Answer(trouble="missing", detail=f"{name} is a {type(function).__name__}, not a function")
    sink = CappedText(0)
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = sink
    try:
        return answer(function, inputs)
    except BaseException as problem:  # SystemExit and the like are not Exceptions
        return Answer(trouble="raised", detail=_describe_safely(problem))
    finally:
        sys.stdout, sys.stderr = before


def _describe_safely(problem: BaseException) -> str:
    try:
        return describe_error(problem)
    except Exception:
        return type(problem).__name__


def names(shell: Any, source: str) -> dict[str, list[str]] | None:
    """The names that a cell binds at its top level, and the global names that it uses; None: does not compile."""
    try:
        try:
            table = symtable.symtable(source, "cell", "exec")
        except SyntaxError:  # perhaps a magic
            table = symtable.symtable(shell.transform_cell(source), "cell", "exec")
    except Exception:  # syntax errors, null bytes, nesting too deep
        return None
    binds: set[str] = set()
    uses: set[str] = set()
    for symbol in table.get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            binds.add(symbol.get_name())
        if symbol.is_referenced():
            uses.add(symbol.get_name())
    inner = list(table.get_children())
    while inner:
        scope = inner.pop()
        inner += scope.get_children()
        for symbol in scope.get_symbols():
            if symbol.is_global():
                uses.add(symbol.get_name())
                if symbol.is_assigned():
                    binds.add(symbol.get_name())
    return {"binds": sorted(binds)[:2000], "uses": sorted(uses)[:2000]}


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


# `exit` and `quit` end a notebook's kernel; here they end a cell.
builtins.exit = builtins.quit = _nothing  # type: ignore[assignment]
