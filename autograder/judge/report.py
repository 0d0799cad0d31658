"""The graded notebook: the rebuilt cells with our own outputs, and a readable verdict under every check."""

from __future__ import annotations

import copy
import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.engine.verdict import Verdict
from autograder.judge.rebuild import Piece
from autograder.judge.records import Record
from autograder.judge.run import CellOutcome

__all__ = ["FLAGGED", "check_name", "compose", "notebook_text", "say"]

WIDTH = 96
TAG_START = re.compile(r"<(?=[a-zA-Z/!?])")
LINK_PARTS = re.compile(r"\](?=[(:])")
"""What makes a bracket a link, an image or a link's definition."""
SCRIPT_LINK = re.compile(r"\b(javascript|vbscript|data)\s*(?::|&colon;|&#0*58;|&#x0*3a;)", re.IGNORECASE)

FLAGGED = "look_at_this"
"""Key in the metadata of a check cell whose verdict a person should look at."""


def check_name(exercise: str) -> str:
    """The grade id of an exercise's check cell."""
    return f"check_{exercise}"


def say(verdict: Verdict) -> str:
    """A verdict as the lines that a student reads."""
    score = f"{round(verdict.score, 2):g} of {verdict.points:g} points"
    lines = [f"{'PASS' if verdict.passed else 'FAIL'}  {score}: {verdict.message}"]
    if verdict.results and not verdict.passed:
        width = max(len(result.name) for result in verdict.results)
        for result in verdict.results:
            fresh = "  (fresh inputs)" if result.hidden else ""
            asked = "pass" if result.passed else f"FAIL  {result.message}"
            lines.append(f"  {result.name:<{width}}  {asked}{fresh}")
    if verdict.hint:
        lines.append(f"hint: {verdict.hint}")
    lines += [f"note: it gave a warning, which costs no points: {line}" for line in verdict.warned[:3]]
    if verdict.convention:
        lines.append(f"convention: {verdict.convention}")
    if verdict.source:
        lines.append(f"compared with {verdict.source}")
    lines += [f"for the person who grades: {flag}" for flag in verdict.flags]
    return (
        "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="    ", drop_whitespace=False) for line in lines) + "\n"
    )


def compose(notebook: Mapping[str, Any], pieces: Sequence[Piece], record: Record) -> dict[str, Any]:
    """The graded notebook as JSON: metadata from the release, outputs from us."""
    verdicts = {check_name(one.exercise): one for one in record.verdicts}
    outcomes = record.outcomes or (None,) * len(pieces)
    cells = [
        _cell(piece, number, outcome, verdicts.get(piece.name) if piece.role == "check" else None, record.problem)
        for number, (piece, outcome) in enumerate(zip(pieces, outcomes, strict=True), start=1)
    ]
    return {
        "cells": cells,
        "metadata": copy.deepcopy(dict(notebook.get("metadata", {}))),
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def notebook_text(notebook: Mapping[str, Any]) -> str:
    """A notebook as the text of its file, as nbformat writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _cell(
    piece: Piece, number: int, outcome: CellOutcome | None, verdict: Verdict | None, problem: str
) -> dict[str, Any]:
    release = piece.release
    cell: dict[str, Any] = {
        "cell_type": piece.kind,
        "id": str(release["id"]) if release is not None and release.get("id") else f"extra-{number}",
        "metadata": copy.deepcopy(dict(release["metadata"])) if release is not None else {},
        "source": _harmless(piece.source) if piece.changed and piece.kind != "code" else piece.source,
    }
    if piece.kind == "code":
        cell["execution_count"] = number if outcome is not None or verdict is not None else None
        cell["outputs"] = _verdict_outputs(verdict, number, problem) if verdict is not None else _outputs(outcome)
    if verdict is not None and (verdict.flags or problem):
        # nbgrader's formgrader lists what has this mark as waiting for a person.
        cell["metadata"][FLAGGED] = True
    return cell


def _harmless(text: str) -> str:
    """A student's Markdown without HTML, links and images, which nbgrader's pages would show as they come.

    Scripts would run in the grader's browser, an image would tell its server who looks, and a link may hide a script
    behind any spelling.  A space takes away their meaning and leaves formulas such as $a<b$ as they look.
    """
    return SCRIPT_LINK.sub(r"\1 :", LINK_PARTS.sub("] ", TAG_START.sub("< ", text)))


def _outputs(outcome: CellOutcome | None) -> list[dict[str, Any]]:
    """What a cell printed, and its error as one line; text only."""
    if outcome is None:
        return []
    text = outcome.text + (f"\n{outcome.error}\n" if outcome.error else "")
    return [_stream(text)] if text.strip() else []


def _verdict_outputs(verdict: Verdict, number: int, problem: str) -> list[dict[str, Any]]:
    """Lines for people, and the score as nbgrader reads it."""
    text = say(verdict) + (f"for the person who grades: {problem}\n" if problem else "")
    score = {
        "output_type": "execute_result",
        "execution_count": number,
        "metadata": {},
        "data": {"text/plain": repr(float(verdict.score))},
    }
    return [_stream(text), score]


def _stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}
