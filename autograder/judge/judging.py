"""Judge one submission: run its cells in the sandbox, call its functions, compare outside, and say what came out."""

from __future__ import annotations

import builtins
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.engine.answer import Answer
from autograder.engine.assess import assess
from autograder.engine.drive import source
from autograder.engine.verdict import CaseResult, Rung, Verdict
from autograder.judge.bounds import bounded
from autograder.judge.preflight import SubmittedCell
from autograder.judge.rebuild import Piece, plan, rebuild
from autograder.judge.replies import clean
from autograder.judge.run import CellOutcome, SubmissionRun, in_words
from autograder.judge.sandbox import Sandbox
from autograder.judge.session import Oracle
from autograder.judge.sheets import Sheet
from autograder.spec import Exercise

__all__ = ["Judgement", "Reference", "judge"]

GENERAL = {
    Rung.DEFINED: "not written yet",
    Rung.RETURNS: "it did not return an array of numbers",
    Rung.SHAPE: "the shape is not the right one",
    Rung.FINITE: "some values are not finite",
    Rung.VALUES: "the values differ",
    Rung.LEAVES_INPUTS: "the values are right, but the call changed its inputs",
    Rung.REPEATABLE: "a second call with the same inputs gave something else",
    Rung.PASSED: "",
}
"""What a student reads about a fresh case: where it failed, and no more."""

MEASURE_MEMORY = 2**29
MEASURE_SECONDS = 5.0
"""What an exercise's `measure` may take for one answer; for right ones it needs a few MiB and milliseconds."""

EXCEPTIONS = frozenset(
    name for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, BaseException)
)

Reference = Callable[[Exercise, Mapping[str, Any]], Any]
"""What an exercise's reference gives for inputs, as NumPy."""


@dataclass(frozen=True)
class Judgement:
    """What came out for one submission.  outcomes stands beside pieces; None for a piece that was not run."""

    pieces: tuple[Piece, ...]
    outcomes: tuple[CellOutcome | None, ...]
    verdicts: tuple[Verdict, ...]
    flags: tuple[str, ...] = ()


def judge(
    sandbox: Sandbox,
    release: Sequence[Mapping[str, Any]],
    submitted: Sequence[SubmittedCell],
    sheets: Sequence[Sheet],
    reference: Reference | None = None,
) -> Judgement:
    """Judge one submission; never raises for what the submission does.

    reference   answers an exercise's failing dependencies, so that they do not sink it; None: no second try
    """
    pieces = rebuild(release, submitted)
    with SubmissionRun(sandbox) as run:
        outcomes = _run_cells(run, pieces)
        # No fresh input is sent before every public case has been answered: what a function raises or warns about in
        # a public case is shown to the student, and could tell what it has seen.
        public = {sheet.exercise.name: _answers(run, sheet, hidden=False) for sheet in sheets}
        verdicts = {sheet.exercise.name: _assess(run, sheet, public[sheet.exercise.name]) for sheet in sheets}
        if reference is not None:
            # Every first verdict is final before a reference is offered: its answers win nothing for its own exercise.
            for sheet in _dependencies_first(sheets):
                verdicts[sheet.exercise.name] = _second_try(run, sheet, sheets, verdicts, reference)
        flags = tuple(run.flags)
    return Judgement(tuple(pieces), tuple(outcomes), tuple(verdicts.values()), flags)


def _run_cells(run: SubmissionRun, pieces: Sequence[Piece]) -> list[CellOutcome | None]:
    """Run what has to run.  Extra cells that take too much must not use up what the exercises need."""
    code = [index for index, piece in enumerate(pieces) if piece.kind == "code"]
    found = run.names([pieces[index].source for index in code])
    names = dict(zip(code, found, strict=True))
    wanted = plan(pieces, [names.get(index) for index in range(len(pieces))])
    outcomes: list[CellOutcome | None] = []
    for piece, go in zip(pieces, wanted, strict=True):
        reason = run.extra_used_up if piece.role == "extra" else ""
        if go and reason:
            run.flag(f"extra cells were not run: {reason}")
        outcomes.append(
            None if not go else CellOutcome(error=f"not run: {reason}") if reason else run.run_cell(piece.source)
        )
    return outcomes


def _answers(run: SubmissionRun, sheet: Sheet, *, hidden: bool, oracle: Oracle | None = None) -> list[Answer]:
    """Call the function on the public or on the hidden cases."""
    chosen = [case.inputs for case, private in zip(sheet.cases, sheet.hidden, strict=True) if private is hidden]
    discreet = hidden or oracle is not None
    answers = (
        run.calls(sheet.exercise.name, chosen, oracle, source(sheet.exercise), discreet=discreet) if chosen else []
    )
    return [_discreet(one) for one in answers] if discreet else answers


def _discreet(given: Answer) -> Answer:
    """An answer without the words that student code chose, which could carry hidden inputs to the feedback page."""
    detail = given.detail
    if given.trouble == "raised":
        name = detail.partition(":")[0]
        detail = name if name in EXCEPTIONS else "an exception"
    elif given.trouble == "refused":
        detail = "something that is not made of arrays and numbers"
    return replace(given, detail=detail, warned=())


def _assess(run: SubmissionRun, sheet: Sheet, public: Sequence[Answer], oracle: Oracle | None = None) -> Verdict:
    """Call the function on the hidden cases, and compare every answer."""
    lost = next((one for one in public if one.trouble in ("timeout", "lost")), None)
    # One lost process for an exercise is enough: the others shall be judged too.
    skipped = [lost] * sum(sheet.hidden) if lost is not None else None
    private = skipped or _answers(run, sheet, hidden=True, oracle=oracle)
    both = iter(public), iter(private)
    answers = [next(both[hidden]) for hidden in sheet.hidden]
    flags = tuple(
        dict.fromkeys(in_words(one.trouble, one.detail) for one in answers if one.trouble in ("timeout", "lost"))
    )
    try:
        # Numbers at the edge of what a dtype holds are no warning of ours.
        with np.errstate(all="ignore"):
            verdict = assess(
                _with_bounds(sheet.exercise),
                sheet.cases,
                sheet.expected,
                answers,
                hidden=sheet.hidden,
                source=sheet.source,
                flags=flags,
            )
    except Exception as problem:
        # A value that we cannot compare must not keep a submission from its verdict, nor an earlier score alive.
        return _not_compared(sheet, problem)
    return _score(_discreetly(verdict, answers, everywhere=oracle is not None), sheet)


def _with_bounds(exercise: Exercise) -> Exercise:
    """The exercise with a `measure` that is given up where an answer makes it take too much memory or time.

    A row number of a billion in an answer of a few bytes is enough to make a table of a billion counts.  What was given
    up once is not tried again for the other cases.
    """
    measure = exercise.measure
    if measure is None:
        return exercise
    given_up: list[str] = []

    def within_bounds(answer: Any, **inputs: Any) -> Any:
        if given_up:
            raise ValueError(given_up[0])
        try:
            with bounded(MEASURE_MEMORY, MEASURE_SECONDS):
                return measure(answer, **inputs)
        except (MemoryError, TimeoutError):
            given_up.append("it takes too much memory or time")
            raise ValueError(given_up[0]) from None

    return replace(exercise, measure=within_bounds)


def _not_compared(sheet: Sheet, problem: Exception) -> Verdict:
    reason = f"the grader could not compare what it returned ({type(problem).__name__})"
    return Verdict(sheet.exercise.name, sheet.exercise.points, 0.0, reason, flags=(reason,))


def _discreetly(verdict: Verdict, answers: Sequence[Answer], *, everywhere: bool) -> Verdict:
    """A verdict whose messages hold nothing that student code chose after it had seen fresh inputs.

    A shape or a dict's keys can spell what a function has seen.  everywhere: public cases were asked late, too.
    """
    results = tuple(
        replace(result, message=GENERAL[result.rung], error=math.nan)
        if (result.hidden or everywhere) and not result.passed and not given.trouble
        else replace(result, message=clean(result.message)[:400])
        for result, given in zip(verdict.results, answers, strict=True)
    )
    failed = [(result, given) for result, given in zip(results, answers, strict=True) if not result.passed]
    if not failed:
        return replace(verdict, results=results)
    first, _ = min(failed, key=lambda pair: pair[0].rung)
    message = clean(verdict.message)[:500]
    if first.rung is not Rung.DEFINED and (first.hidden or everywhere):
        message = f"with fresh inputs, {first.message} ({len(results) - len(failed)} of {len(results)} cases pass)"
    return replace(verdict, results=results, message=message)


def _score(verdict: Verdict, sheet: Sheet) -> Verdict:
    """Score by the names of the cases: recorded and fresh inputs of one name must both pass.

    Recorded cases are public, so a table of their answers passes them.  Such a table earns nothing: a case counts
    only with its fresh twin, and cases whose inputs never change count only beside one fresh case that passes.
    """
    if not any(sheet.hidden):
        return verdict
    by_name: dict[str, list[CaseResult]] = {}
    for result in verdict.results:
        by_name.setdefault(result.name, []).append(result)
    fresh = [result.passed for result, new in zip(verdict.results, sheet.fresh, strict=True) if new]
    if fresh and not any(fresh) and any(result.passed for result in verdict.results):
        note = "right only where the inputs are known beforehand, so no points"
        return replace(verdict, score=0.0, message=f"{verdict.message}; {note}")
    passed = sum(all(one.passed for one in results) for results in by_name.values())
    return replace(verdict, score=round(verdict.points * passed / len(by_name), 4))


def _second_try(
    run: SubmissionRun, sheet: Sheet, sheets: Sequence[Sheet], verdicts: Mapping[str, Verdict], reference: Reference
) -> Verdict:
    """The better of two verdicts: with the student's own functions, and with right ones for those that fail."""
    exercise, first = sheet.exercise, verdicts[sheet.exercise.name]
    others = {one.exercise.name: one.exercise for one in sheets}
    # A driven exercise's reference answers whole cases and not the calls that a student's function makes.
    failing = [name for name in _all_uses(exercise, others) if not verdicts[name].passed and others[name].drive is None]
    # A lost process may be the fault of a dependency that lost its own, too; otherwise a second try only costs time.
    blamed = not first.flags or any(verdicts[name].flags for name in failing)
    if first.passed or not failing or not blamed or run.exhausted:
        return first
    oracle = Oracle(
        {name: tuple(inspect.signature(others[name].reference).parameters) for name in failing},
        lambda name, inputs: reference(others[name], inputs),
    )
    second = _assess(run, sheet, _answers(run, sheet, hidden=False, oracle=oracle), oracle)
    if second.score <= first.score:
        return first
    names = " and ".join(f"`{name}`" for name in failing)
    note = f"judged with a right {names} in place of yours"
    return replace(second, message=f"{second.message}; {note}")


def _all_uses(exercise: Exercise, others: Mapping[str, Exercise]) -> list[str]:
    """The exercises that an exercise uses, and those that they use in turn.

    One that passed with a right function in place of another still calls the student's own.
    """
    found: dict[str, None] = {}
    waiting = list(exercise.uses)
    while waiting:
        name = waiting.pop(0)
        if name in others and name not in found:
            found[name] = None
            waiting += others[name].uses
    return [name for name in found if name != exercise.name]


def _dependencies_first(sheets: Sequence[Sheet]) -> list[Sheet]:
    by_name = {sheet.exercise.name: sheet for sheet in sheets}
    ordered: dict[str, Sheet] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in by_name and name not in ordered and name not in above:
            for other in by_name[name].exercise.uses:
                visit(other, (*above, name))
            ordered[name] = by_name[name]

    for name in by_name:
        visit(name, ())
    return list(ordered.values())
