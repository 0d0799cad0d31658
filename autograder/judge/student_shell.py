"""Inside the sandbox: an IPython shell that runs a submission's cells, and calls its functions when asked.

Everything in this process may be patched by the student's code, so nothing here decides anything: it sends back
values, and the grader compares them outside.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import re
import symtable
import sys
import tempfile
import warnings
from typing import Any

from autograder.engine.answer import Answer, answer, describe_error
from autograder.engine.drive import compiled

__all__ = ["TEXT_LIMIT", "call", "make_shell", "names", "run_cell"]

TEXT_LIMIT = 10_000
"""Characters of a cell's printed output that are kept."""
OVERWRITTEN = re.compile(r"[^\n\r]*\r")
CELL_MAGIC = re.compile(r"\s*%%[^\n]*\n?")
"""A line at the beginning of a cell that says what is done with the rest, such as `%%time`."""
IDENTIFIER = re.compile(r"[^\W\d]\w*")
MAGIC_LINE = re.compile(r"^[ \t]*+(?:[\w, \t]++=[ \t]*+)?[%!][^\n]*", re.MULTILINE)
"""A line whose rest is a text to IPython, such as `%time x = f(3)`."""


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
        """What was kept, as a terminal would show it: a progress bar writes over what stands before in its line."""
        return OVERWRITTEN.sub("", "".join(self.parts).replace("\r\n", "\n"))


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
    # `exit` and `quit` end a notebook's kernel; here they end a cell.
    shell.ask_exit = _nothing
    warnings.filterwarnings("ignore", message="To exit: use")
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


def call(shell: Any, name: str, inputs: dict[str, Any], drive: str) -> Answer:
    """Use the student's function or class of this name; what is not there or not a function says so."""
    function = shell.user_ns.get(name)
    if function is None:
        return Answer(trouble="missing", detail=f"no function is called {name}")
    if not callable(function):
        return Answer(trouble="missing", detail=f"{name} is a {type(function).__name__}, not a function")
    sink = CappedText(0)
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = sink
    try:
        return answer(function, inputs, drive=compiled(drive))
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
    uses: set[str] = set()
    try:
        try:
            table = symtable.symtable(source, "cell", "exec")
        except SyntaxError:  # perhaps a magic, to which the code behind it is a text
            table = symtable.symtable(shell.transform_cell(_below_magics(source)), "cell", "exec")
            uses.update(word for line in MAGIC_LINE.findall(source) for word in IDENTIFIER.findall(line))
    except Exception:  # syntax errors, null bytes, nesting too deep
        return None
    binds: set[str] = set()
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


def _below_magics(source: str) -> str:
    start = 0
    while found := CELL_MAGIC.match(source, start):
        start = found.end()
    return source[start:]


# `exit` and `quit` end a notebook's kernel; here they end a cell.
builtins.exit = builtins.quit = _nothing  # type: ignore[assignment]
