"""Costs: a small notebook that makes the grader itself, or a page, take hours or all of the machine's memory.

What runs inside the sandbox has its limits.  These attacks aim at our own code outside: patterns, comparisons,
measures, pages.  `bounded` ends what would not end by itself: at its limits all of these took hours or gigabytes.
"""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.engine.answer import Answer
from autograder.engine.compare import close, compare
from autograder.engine.verdict import Rung
from autograder.errors import SubmissionError
from autograder.instructor.fingerprints import print_of
from autograder.judge import judging, page, preflight
from autograder.judge.bounds import bounded
from autograder.judge.course import Course
from autograder.judge.feedback import feedback
from autograder.judge.grading import grade
from autograder.judge.judging import Judgement
from autograder.judge.rebuild import CHECK_CALL
from autograder.judge.sandbox import Sandbox
from autograder.judge.sheets import Sheet
from tests.judge import tiny
from tests.judge.attacks import FULL

SECONDS = 60
MEMORY = 2**29
LONG = preflight.MAX_SOURCE - 20

BLANKS = {
    "behind a check": f"check(double){' ' * LONG}x",
    "behind a semicolon": f"check(double);{' ' * LONG}x",
    "lines behind a comment": f"check(double)#{chr(10) * LONG}x",
    "before a check": f"{' ' * LONG}chek",
    "inside of a check": f"check({' ' * LONG}",
}


@pytest.mark.parametrize("source", BLANKS.values(), ids=BLANKS.keys())
def test_blanks_around_a_check_are_looked_through_once(source: str) -> None:
    with bounded(MEMORY, SECONDS):
        assert not CHECK_CALL.fullmatch(source)
    for one in ("check(double)", " check( double ) ; # mine\n", "\ncheck(double)\n\n"):
        assert CHECK_CALL.fullmatch(one), one


def test_a_notebook_of_such_cells_is_judged(judge: Callable[..., Judgement]) -> None:
    with bounded(2**30, 300):
        found = judge(tiny.submission(after=list(BLANKS.values())), oracle=False)
    assert {one.exercise: one.score for one in found.verdicts} == FULL


def test_a_huge_key_before_many_numbers_takes_no_more_memory_than_was_sent(sheets: Sequence[Sheet]) -> None:
    exercise, case, wanted = sheets[0].exercise, sheets[0].cases[0], sheets[0].expected[0]
    answer = {"k" * 10**6: [0.0] * 10**5}
    with bounded(MEMORY, SECONDS):
        assert compare(exercise, case, wanted, Answer(value=answer)).rung is Rung.RETURNS
        assert not close(exercise, answer, wanted)
    assert compare(exercise, case, wanted, Answer(value=wanted)).rung is Rung.PASSED
    assert close(exercise, wanted, wanted)


def test_a_tree_with_more_or_fewer_leaves_than_expected_does_not_pass(sheets: Sequence[Sheet]) -> None:
    exercise, case = sheets[0].exercise, sheets[0].cases[0]
    pair = (np.ones(2), np.zeros(3))
    for answer in ((*pair, np.zeros(3)), pair[:1], (), [*pair, 1.0], {"[0]": pair[0], "[1]": pair[1], "x": 0.0}):
        assert compare(exercise, case, pair, Answer(value=answer)).rung is Rung.RETURNS
        assert not close(exercise, answer, pair)
    assert compare(exercise, case, pair, Answer(value=list(pair))).rung is Rung.PASSED


def counts(answer: Any, x: np.ndarray) -> dict[str, np.ndarray]:
    """How often each whole number comes, as some exercises measure it."""
    return {"counts": np.bincount(np.abs(np.asarray(answer)).astype(int).ravel(), minlength=5).astype(float)}


def for_ever(answer: Any, x: np.ndarray) -> dict[str, np.ndarray]:
    """Counts, and never ends for a small number."""
    while np.asarray(answer).size == 1:
        time.sleep(0.01)
    return counts(answer, x)


GREEDY = {
    "memory": (counts, "np.array([2.0**28])"),
    "more memory than there is": (counts, "np.array([2.0**50])"),
    "time": (for_ever, "np.array([1.0])"),
}


@pytest.mark.parametrize(("measure", "answer"), GREEDY.values(), ids=GREEDY.keys())
def test_an_answer_that_is_dear_to_measure_is_given_up_and_the_others_are_judged(
    sandbox: Sandbox, sheets: list[Sheet], monkeypatch: pytest.MonkeyPatch, measure: Callable[..., Any], answer: str
) -> None:
    monkeypatch.setattr(judging, "MEASURE_SECONDS", 0.5)
    first = sheets[0]
    expected = tuple(measure(want, **case.inputs) for case, want in zip(first.cases, first.expected, strict=True))
    exercise = replace(first.exercise, measure=measure)
    changed = [replace(first, exercise=exercise, expected=expected), *sheets[1:]]

    def verdicts(source: str) -> dict[str, Any]:
        notebook = tiny.submission(tiny.RIGHT | {"double": source, "shifted": "def shifted(x):\n    return 2 * x + 1"})
        with bounded(2 * MEMORY, 300):
            found = judging.judge(sandbox, tiny.release()["cells"], tiny.cells_of(notebook), changed)
        return {one.exercise: one for one in found.verdicts}

    found = verdicts(f"def double(x):\n    return {answer}")
    assert {name: one.score for name, one in found.items()} == FULL | {"double": 0.0}
    assert "too much memory or time" in found["double"].message
    assert verdicts(tiny.RIGHT["double"])["double"].score == FULL["double"]


def test_what_all_cells_print_together_is_cut(judge: Callable[..., Judgement], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.judge.run.MAX_PRINTED", 2500)
    found = judge(tiny.submission(after=["print('x' * 999)"] * 5), oracle=False)
    assert [len(one.text) for one in found.outcomes[-5:] if one] == [1000, 1000, 500, 0, 0]
    assert {one.exercise: one.score for one in found.verdicts} == FULL


def test_cells_that_are_too_long_together_are_refused() -> None:
    def notebook(count: int) -> bytes:
        cells = [{"cell_type": "markdown", "source": "x" * 100_000}] * count
        return json.dumps({"nbformat": 4, "cells": cells}).encode()

    assert len(preflight.parse(notebook(40))) == 40
    with pytest.raises(SubmissionError, match="4100000 characters, more than 4000000"):
        preflight.parse(notebook(41))


def test_a_large_notebook_of_the_old_format_is_refused_before_it_is_upgraded() -> None:
    def notebook(size: int) -> bytes:
        cells = [{"cell_type": "code", "input": "x = 1", "language": "python", "outputs": []}]
        worksheets = [{"cells": cells, "metadata": {}}]
        return json.dumps({"nbformat": 3, "worksheets": worksheets, "metadata": {"x": "y" * size}}).encode()

    assert preflight.parse(notebook(1000))[0].source == "x = 1"
    with pytest.raises(SubmissionError, match="11 MiB in the old format 3"):
        preflight.parse(notebook(11 * 2**20))


UNCLOSED = {
    "formulas": "\\\\[",
    "environments": "\\begin{a}",
    "brackets": "[",
    "stars": "**a",
    "tables": "|a|b|\n|-|-|\n",
    "code": " `` `",
}


@pytest.mark.parametrize("piece", UNCLOSED.values(), ids=UNCLOSED.keys())
def test_markdown_that_would_be_read_for_hours_is_shown_as_it_was_typed(piece: str) -> None:
    source = piece * (LONG // len(piece))
    with bounded(2**30, SECONDS):
        assert page.markdown({}, source) == f"<pre>{html.escape(source)}</pre>"


def test_long_honest_markdown_is_read_as_markdown() -> None:
    source = "Because $a_1 < b$, **bold** words and `code` follow; see [the book](https://example.org).\n\n" * 100
    assert len(source) > 8000
    text = page.markdown({}, source)
    assert text.count("<strong>bold</strong>") == 100
    assert "<pre>" not in text


OPEN = {
    "brackets": "[a(b" * 7,
    "brackets that close too early": ")" * 13 + "(a" * 13,
    "brackets that close elsewhere": "(a^{b)}" * 13,
    "brackets by name": "\\lfloor a" * 13,
    "brackets of other kinds": "⟦a\\{b" * 7,
    "brackets by another name": "\\def\\x{(}" + "\\x a" * 13,
}
CLOSED = {
    "an interval": "x \\in [0, 1)",
    "a case that is left open": "|x| = \\{ x, -x",
    "many brackets": "(a [b \\lfloor c \\rfloor])" * 100,
    "names that begin alike": "\\lambda \\log \\le \\ldots" * 20,
    "sizes": "\\left( \\bigl[ a \\bigr] \\right)" * 20,
}


@pytest.mark.parametrize("latex", OPEN.values(), ids=OPEN.keys())
def test_a_formula_with_many_open_brackets_is_shown_as_it_was_typed(latex: str) -> None:
    assert page.formula(latex, "inline", f"${latex}$") == html.escape(f"${latex}$")


@pytest.mark.parametrize("latex", CLOSED.values(), ids=CLOSED.keys())
def test_honest_brackets_are_drawn(latex: str) -> None:
    if page.convert is None:
        pytest.skip("nothing draws formulas here")
    assert page.formula(latex, "inline", f"${latex}$").startswith("<math")


def test_blanks_at_the_ends_of_lines_are_not_compared() -> None:
    blanks = "x = 1\n" + "  \n" * 6000 + "y = 2"
    found, plain = print_of(blanks), print_of(blanks.replace("  \n", "\n"))
    assert found.raw_code == plain.raw_code == "x = 1" + "\n" * 6001 + "y = 2"
    assert found.hashes == plain.hashes


def test_a_student_who_writes_of_fonts_neither_stops_the_page_nor_cuts_it(
    course: Course, hand_in: Callable[..., Path]
) -> None:
    fonts = "# @font-face{ kept\n" + "# @font-face{\n" * 20_000 + "# the end }"
    hand_in("ada", tiny.submission(after=[fonts]))
    grade(course, tiny.CHAPTER, seed=5)
    with bounded(2**32, 300):
        (path,) = feedback(course, tiny.CHAPTER)
    text = path.read_text()
    assert "kept" in text
    assert text.count("the end }") == 1
    assert text.count("@font-face") > 20_000
    assert "@font-face" not in text.partition("</head>")[0]
