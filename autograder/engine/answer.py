"""Call a student's function on a case and keep what came back, whatever came back.

The same code runs in a notebook's kernel (the self-check) and inside the sandbox (grading), so it needs NumPy alone.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

import numpy as np

from autograder.engine import tree
from autograder.engine.drive import Drive, plain_call
from autograder.errors import RefusedValue
from autograder.spec import Rng

__all__ = ["Answer", "answer", "describe_error", "raised_in", "same"]

Trouble = Literal["", "missing", "not written", "raised", "timeout", "refused", "lost"]


@dataclass(frozen=True)
class Answer:
    """What a function gave for one case.

    value        plain tree of arrays and numbers; None when there is trouble
    trouble      "" or why there is no value: missing (no such function), not written (the stub), raised,
                 timeout, refused (not a plain value), lost (the sandbox died)
    detail       one line about the trouble
    changed      names of the inputs that the call changed in place
    warned       first lines of the warnings that the call gave
    repeatable   False when a second call with the same inputs gave something else
    seconds      wall time of the first call
    """

    value: Any = None
    trouble: Trouble = ""
    detail: str = ""
    changed: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    repeatable: bool = True
    seconds: float = 0.0


def answer(
    function: Callable[..., Any], inputs: Mapping[str, Any], *, drive: Drive = plain_call, twice: bool = True
) -> Answer:
    """Use function on copies of the inputs and return the Answer; never raises for what the function does.

    function  the student's function or class
    drive     what is done with it: function(**inputs), if nothing else is said
    twice     do it a second time, to see whether it gives the same again
    """
    given = _materialise(inputs)
    try:
        with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn", under="ignore"):
            warnings.simplefilter("always")
            start = time.perf_counter()
            raw = drive(function, **given)
            seconds = time.perf_counter() - start
            changed = tuple(name for name in inputs if not same(given[name], inputs[name]))
            value = _plain(raw)
            again = _plain(drive(function, **_materialise(inputs))) if twice else value
    except NotImplementedError as error:
        return _not_written(function, error)
    except RefusedValue as error:
        return Answer(trouble="refused", detail=str(error))
    except (Exception, SystemExit) as error:  # a student's function may raise anything; exit() is no reason to stop
        return Answer(trouble="raised", detail=describe_error(error))
    warned = tuple(dict.fromkeys(f"{one.category.__name__}: {one.message}".splitlines()[0][:200] for one in caught))
    return Answer(
        value=value,
        changed=changed,
        warned=warned,
        repeatable=same(value, again),
        seconds=seconds,
    )


def _not_written(function: Callable[..., Any], error: NotImplementedError) -> Answer:
    """What a NotImplementedError means: the stub itself, or another one that the function calls."""
    stub = raised_in(error.__traceback__)
    if isinstance(function, type):
        # Methods are written one by one, but nothing works without __init__.
        if stub.startswith(f"{function.__name__}.") and not stub.endswith(".__init__"):
            return Answer(trouble="raised", detail=f"NotImplementedError in {stub}, which is not written yet")
        own = f"{function.__name__}.__init__"
    else:
        own = getattr(getattr(function, "__code__", None), "co_name", stub)
    if stub != own:
        return Answer(
            trouble="raised", detail=f"NotImplementedError in {stub}, which it calls and which is not written yet"
        )
    return Answer(trouble="not written", detail=describe_error(error))


def raised_in(trace: TracebackType | None) -> str:
    """The name of the function at a traceback's end: "softmax", or "Value.backward" for a method."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_qualname.rpartition("<locals>.")[2] if trace is not None else ""


def describe_error(error: BaseException) -> str:
    """An exception as one line of at most 300 characters."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__


def _materialise(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Fresh copies for one call, with generators in place of seeds."""
    return {name: value.generator() if isinstance(value, Rng) else tree.copy(value) for name, value in inputs.items()}


def _plain(raw: Any) -> Any:
    """The returned value as a tree of its own, read once, so that later changes inside the function do not show."""
    return tree.unpack(*tree.pack(raw))


def same(left: Any, right: Any) -> bool:
    """Whether two trees are equal, NaN to NaN; generators and seeds are not compared."""
    if left is right or isinstance(left, np.random.Generator | Rng):
        return True
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right, equal_nan=True)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(type(left) is type(right) and (left == right or left != left))
