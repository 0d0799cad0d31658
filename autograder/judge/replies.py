"""What a submission's process sends back, checked field by field: what is not exactly as expected is Lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from autograder.engine.answer import Answer
from autograder.errors import SandboxError

__all__ = ["Lost", "answer_in", "clean", "name_sets", "text_in"]

CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
TROUBLES = ("", "missing", "not written", "raised", "refused")


class Lost(SandboxError):
    """A session ended before it answered.  trouble is "timeout" or "lost"; the message says how."""

    def __init__(self, trouble: Literal["timeout", "lost"], detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail


def text_in(fields: Mapping[str, Any], key: str, limit: int) -> str:
    """A field that must be a string; control characters and addresses, which differ from run to run, are replaced."""
    value = fields.get(key)
    if type(value) is not str:
        raise Lost("lost", "it sent a malformed message")
    return clean(value[:limit])


def clean(text: str) -> str:
    """A student's text as it may be printed and stored."""
    return ADDRESS.sub("0x…", CONTROL_CHARACTERS.sub("�", text))


def name_sets(found: Any, count: int) -> list[tuple[frozenset[str], frozenset[str]] | None]:
    """The names that each of `count` cells binds and uses; None for one that does not compile."""
    if type(found) is not list or len(found) != count:
        raise Lost("lost", "it sent a malformed message")
    return [_name_pair(one) for one in found]


def _name_pair(found: Any) -> tuple[frozenset[str], frozenset[str]] | None:
    if found is None:
        return None
    if type(found) is not dict:
        raise Lost("lost", "it sent a malformed message")
    return _name_set(found.get("binds")), _name_set(found.get("uses"))


def _name_set(found: Any) -> frozenset[str]:
    if type(found) is not list or any(type(name) is not str for name in found):
        raise Lost("lost", "it sent a malformed message")
    return frozenset(found)


def answer_in(fields: Mapping[str, Any], value: Any, inputs: Mapping[str, Any]) -> Answer:
    """A reply as an Answer, every field of the expected type and size."""
    changed, warned = fields.get("changed"), fields.get("warned")
    seconds, repeatable, trouble = fields.get("seconds"), fields.get("repeatable"), fields.get("trouble")
    well_formed = (
        type(changed) is list
        and type(warned) is list
        and len(warned) <= 20
        and all(type(one) is str for one in [*changed, *warned])
        and (type(seconds) is int or type(seconds) is float)
        and 0 <= seconds < 1e9
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
        detail=text_in(fields, "detail", 400),
        changed=tuple(name for name in inputs if name in changed),
        warned=tuple(clean(line[:200]) for line in warned),
        repeatable=bool(repeatable),
        seconds=float(seconds),
    )
