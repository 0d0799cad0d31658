"""The course's grader: `check` for students, `python -m autograder` for everyone else.

Importing this package loads nothing; the names below are loaded on first use, without torch and without nbgrader.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.student.check import check
    from autograder.student.hint import hint
    from autograder.student.progress import progress

__all__ = ["check", "hint", "progress"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"autograder.student.{name}"), name)
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
