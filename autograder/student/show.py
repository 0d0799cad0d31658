"""Verdicts, hints and the map as HTML for a notebook, each with a text twin for a terminal or a screen reader."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from autograder.engine.verdict import CaseResult, Rung, Verdict

__all__ = ["card", "display", "hints_html", "publish", "shell", "verdict_html", "verdict_text"]

STYLE = f"<style>{Path(__file__).with_name('card.css').read_text(encoding='utf-8')}</style>"


def shell() -> Any:
    """The running IPython shell, or None; IPython is not imported for the question."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None


def display(text: str, html: str) -> None:
    """Show HTML with its text twin in a notebook, or print the text in a terminal."""
    if shell() is None or not hasattr(shell(), "kernel"):
        print(text)
        return
    from IPython.display import display as show

    show({"text/plain": text, "text/html": html}, raw=True)


def publish(widget: Any, text: str) -> None:
    """Show a widget with a text twin."""
    from IPython.display import display as show

    bundle = widget._repr_mimebundle_()
    bundle["text/plain"] = text
    show(bundle, raw=True)


def card(kind: str, body: str) -> str:
    """A framed card: kind is "pass", "fail" or "hint"; body is HTML."""
    return f'{STYLE}<div class="nn-card {kind}">{body}</div>'


def verdict_text(verdict: Verdict, note: str = "") -> str:
    """The verdict as plain text, at most about 100 columns."""
    lines = [f"{verdict.exercise}: {_headline(verdict)}"]
    if verdict.rung is Rung.DEFINED:
        return lines[0]
    width = max((len(result.name) for result in verdict.results), default=4)
    for result in verdict.results:
        lines.append(f"  {result.name:<{width}}  {result.expected:<24}  {_error(result):>8}  {result.rung.says}")
    if not verdict.passed:
        lines.append(f"  What differs: {verdict.message}.")
    lines += [f"  {lead}{': ' if lead else ''}{sentence}" for lead, sentence in _sentences(verdict, note)]
    lines.append(f"  Compared with {verdict.source}.")
    return "\n".join(lines)


def verdict_html(verdict: Verdict, note: str = "") -> str:
    """The verdict as a card: headline, what differs, the question that a known misconception raises, the cases."""
    mark = "✓" if verdict.passed else "○"
    parts = [f"<h4>{mark} <code>{escape(verdict.exercise)}</code> {escape(_headline(verdict))}</h4>"]
    if verdict.rung is Rung.DEFINED:
        return card("fail", parts[0])
    if not verdict.passed:
        parts.append(f"<p>{escape(_capital(verdict.message))}.</p>")
    for lead, sentence in _sentences(verdict, note):
        bold = f"<b>{escape(lead)}.</b> " if lead else ""
        parts.append(f"<p>{bold}{_code(escape(_capital(sentence)))}</p>")
    head = "".join(f"<th scope=col>{name}</th>" for name in ("case", "expected", "largest error", "verdict"))
    rows = "".join(_row(result) for result in verdict.results)
    table = (
        f'<div class="nn-wide" tabindex="0" role="group" aria-label="Cases"><table><tr>{head}</tr>{rows}</table></div>'
    )
    folded = f"<details><summary>{len(verdict.results)} cases</summary>{table}</details>"
    parts.append(folded if verdict.passed else table)
    parts.append(f'<p class="nn-quiet">Compared with {escape(verdict.source)}.</p>')
    return card("pass" if verdict.passed else "fail", "".join(parts))


def _row(result: CaseResult) -> str:
    """A case as a row of the table."""
    mark = "✓" if result.passed else "○"
    return (
        f"<tr><td>{escape(result.name)}</td><td>{escape(result.expected)}</td>"
        f'<td class="num">{_error(result)}</td><td>{mark} {escape(result.rung.says)}</td></tr>'
    )


def hints_html(name: str, hints: Sequence[tuple[str, str]]) -> str:
    """Hints as a card; each is its level's name and its text."""
    rows = "".join(f"<p><b>{escape(_capital(level))}.</b> {_code(escape(text))}</p>" for level, text in hints)
    return card("hint", f"<h4>Hints for <code>{escape(name)}</code></h4>{rows}")


def _headline(verdict: Verdict) -> str:
    if verdict.passed:
        return f"passes, {_points(verdict.points)}"
    if verdict.rung is Rung.DEFINED:
        return verdict.message
    passed = sum(result.passed for result in verdict.results)
    return f"not yet: {passed} of {len(verdict.results)} cases pass"


def _sentences(verdict: Verdict, note: str) -> list[tuple[str, str]]:
    """What else there is to say, each sentence with its lead, "" for none."""
    said = []
    if verdict.hint:
        said.append(("A thought", verdict.hint))
    if note:
        said.append(("", note))
    if verdict.warned:
        more = f" and {len(verdict.warned) - 1} more" if len(verdict.warned) > 1 else ""
        said.append(
            ("", f"It warned ({verdict.warned[0]}{more}). That costs no points; a quiet function is a safer one.")
        )
    if verdict.convention:
        said.append(("Convention", verdict.convention))
    return said


def _points(points: float) -> str:
    return f"{points:g} point{'' if points == 1 else 's'}"


def _error(result: CaseResult) -> str:
    if math.isnan(result.error):
        return "–"
    return "0" if result.error == 0 else f"{result.error:.1e}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _code(text: str) -> str:
    """Words between backquotes as code; the text is already escaped."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return text
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))
