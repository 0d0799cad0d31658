"""How an exercise uses what the student wrote: a plain call, or its own `drive`.

A drive runs wherever the student's code runs, in a notebook's kernel or in the sandbox, where the exercise's file is
not: so only its source travels, and it is compiled from that source everywhere.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from autograder.spec import Exercise

__all__ = ["compiled", "drive_of", "plain_call", "source"]

Drive = Callable[..., Any]


def plain_call(function: Callable[..., Any], **inputs: Any) -> Any:
    """The drive of an exercise that has none of its own."""
    return function(**inputs)


def source(exercise: Exercise) -> str:
    """The source of the exercise's drive, "" for a plain call."""
    return "" if exercise.drive is None else textwrap.dedent(inspect.getsource(exercise.drive))


def drive_of(exercise: Exercise) -> Drive:
    """What is done with the student's function or class to get the answer to a case."""
    return compiled(source(exercise))


@cache
def compiled(text: str) -> Drive:
    """The drive of a source, with nothing around it but NumPy as `np`."""
    if not text:
        return plain_call
    namespace: dict[str, Any] = {"np": np, "__name__": "drive"}
    code = compile("from __future__ import annotations\n" + text, "<drive>", "exec")
    exec(code, namespace)  # noqa: S102 - an author's own text; a student's process may run anything anyway
    (found,) = [one for name, one in namespace.items() if inspect.isfunction(one) and one.__module__ == "drive"]
    return found
