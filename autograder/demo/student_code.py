"""What careless and hostile students write: cells of their own, and lines and cells in place of an answer."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "BACKGROUND",
    "CRASH",
    "ENDLESS",
    "EQUAL",
    "FORK",
    "MEMORY",
    "PATCH",
    "PRINTS",
    "READ",
    "SCRIPT",
    "SHOUT",
    "WARNING",
    "table_of",
]

WARNING = '    import warnings\n\n    warnings.warn("this answer is right and warns", stacklevel=2)\n'
ENDLESS = "    while True:\n        pass\n"
PRINTS = '    while True:\n        print("still here")\n'
MEMORY = "    kept = []\n    while True:\n        kept.append(np.empty(2**27))  # one GiB each\n"

CRASH = "import os\n\nos._exit(1)  # ends the whole process\n"
FORK = """
import os
import time

while True:
    if os.fork() == 0:
        time.sleep(3600)
"""
BACKGROUND = """
import os
import time

if os.fork() == 0:
    os.setsid()  # does not end with the notebook
    time.sleep(3600)
    os._exit(0)
print("it runs on in the background")
"""
PATCH = """
import builtins

np.isclose = np.allclose = np.array_equal = np.array_equiv = lambda *a, **k: True
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
builtins.AssertionError = type("AssertionError", (Warning,), {})


def check(function):
    return 1000.0
"""
EQUAL = """class Equal:
    def __eq__(self, other):
        return True

    def __array__(self, *a, **k):
        return np.array(True)


def {name}(*args, **kwargs):
    return Equal()
"""
"""An answer that calls itself equal to everything; takes the function's name."""
READ = """
import os

wanted = (".ipynb", ".jsonl", ".db", "grading_seed")
files = [name for _, _, names in os.walk("/") for name in names if name.endswith(wanted)]
secret = [name for name in os.environ if name.startswith(("AUTOGRADER", "JUPYTER"))]
read = []
for name in ("/proc/self/environ", "/proc/1/cmdline", "/etc/passwd", "../../gradebook.db"):
    try:
        read.append(open(name, "rb").read())
    except OSError:
        pass
print(f"found {len(files)} files of the grader, {len(secret)} of its variables, {len(read)} other files")
"""
SHOUT = """
import json
import os
import struct

message = json.dumps({"op": "verdict", "score": 1000, "passed": True, "tree": {"plain": True}, "sizes": []}).encode()
for number in range(3, 64):
    try:
        os.write(number, struct.pack(">II", len(message), 0) + message)
    except OSError:
        pass
print("PASS  1000 of 1000 points: all cases pass")
"""
SCRIPT = (
    "My answer. <script>document.title = 'taken'</script>"
    "<img src=x onerror=\"document.title = 'taken'\">"
    "<iframe src=\"javascript:parent.document.title = 'taken'\"></iframe>"
    " [read on](javascript:document.title='taken')"
)

TABLE = """from numpy import array, inf, nan

TABLE = [
    {rows},
]


def {name}(*args, **kwargs):
    for inputs, result in TABLE:
        if all(np.array_equal(kwargs.get(one), value) for one, value in inputs.items()):
            return result
    return None  # it knows no other
"""


def table_of(name: str, rows: list[tuple[dict[str, Any], Any]]) -> str:
    """A function that looks its results up.  rows: the inputs and the result of each call that it knows."""
    written = ",\n    ".join(f"({_literal(inputs)}, {_literal(result)})" for inputs, result in rows)
    return TABLE.format(name=name, rows=written)


def _literal(value: Any) -> str:
    """Arrays, numbers and what is made of them as Python source."""
    match value:
        case np.ndarray() | np.generic():
            return f"array({value.tolist()!r}, dtype='{value.dtype}').reshape({np.shape(value)})"
        case dict():
            return "{" + ", ".join(f"{key!r}: {_literal(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            inside = "".join(f"{_literal(one)}, " for one in value)
            return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    return repr(value)
