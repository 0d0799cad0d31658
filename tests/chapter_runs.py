"""A chapter's master run once as plain Python, for tests that compare its prose with what its cells compute."""

from __future__ import annotations

import contextlib
import io
import re
from functools import cache
from typing import Any

import jupytext
import numpy as np

from tests.conftest import ROOT

__all__ = ["prose", "run"]

SET_UP = re.compile(r"^from (autograder|course\.widgets) import .*$", re.MULTILINE)


class Inert:
    """Stands for the widgets: every call does nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *inputs, **options: None


def _cells(chapter: str, kind: str) -> list[str]:
    text = (ROOT / "solutions" / f"{chapter}.py").read_text(encoding="utf-8")
    return [cell.source for cell in jupytext.reads(text, fmt="py:percent").cells if cell.cell_type == kind]


@cache
def run(chapter: str) -> tuple[dict[str, Any], str]:
    """What the master's code cells define and print; checks, hints and widgets do nothing."""
    import matplotlib.pyplot as plt

    def nothing(*inputs: Any) -> None:
        pass

    namespace: dict[str, Any] = {"__name__": chapter, "widgets": Inert()}
    namespace |= dict.fromkeys(("check", "hint", "progress"), nothing)
    printed = io.StringIO()
    before = dict(plt.rcParams)
    plt.switch_backend("agg")
    try:
        with contextlib.redirect_stdout(printed), np.errstate(over="ignore"):
            for source in _cells(chapter, "code"):
                exec(compile(SET_UP.sub("", source), chapter, "exec"), namespace)
                plt.close("all")
    finally:
        plt.rcParams.update(before)
    return namespace, printed.getvalue()


@cache
def prose(chapter: str) -> str:
    """All text cells in one line, with single spaces."""
    return " ".join(" ".join(_cells(chapter, "markdown")).split())
