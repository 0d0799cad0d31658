"""From answers to a verdict: compare every case, score, and name the misconception where one gives these answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autograder.engine.answer import Answer, answer, same
from autograder.engine.compare import close, compare, measured
from autograder.engine.drive import drive_of
from autograder.engine.verdict import CaseResult, Rung, Verdict
from autograder.spec import Case, Exercise, Misconception, Rng

__all__ = ["assess", "diagnose", "ignores_rng"]


def assess(
    exercise: Exercise,
    cases: Sequence[Case],
    expected: Sequence[Any],
    answers: Sequence[Answer],
    *,
    hidden: Sequence[bool] | None = None,
    source: str = "",
    flags: tuple[str, ...] = (),
) -> Verdict:
    """Judge one exercise's answers, case by case, against the expected (measured) values.

    cases, expected, answers and hidden run in parallel.  An exercise's alternatives are tried when the answers
    miss the expected values; an alternative counts only when it is what the answers give on every case.
    """
    hidden = hidden if hidden is not None else [False] * len(cases)
    results = _compare_all(exercise, cases, expected, answers, hidden)
    if not all(result.passed for result in results):
        for alternative in exercise.alternatives:
            other = [
                measured(exercise, answer(alternative, case.inputs, drive=drive_of(exercise)).value, case.inputs)
                for case in cases
            ]
            retried = _compare_all(exercise, cases, other, answers, hidden)
            if all(result.passed for result in retried):
                results = retried
                break

    passed = sum(result.passed for result in results)
    misconception = None if passed == len(cases) else diagnose(exercise, cases, answers)
    return Verdict(
        exercise=exercise.name,
        points=exercise.points,
        score=round(exercise.points * passed / len(cases), 4) if cases else 0.0,
        message=_summary(results),
        results=results,
        misconception=misconception.name if misconception else "",
        hint=misconception.hint if misconception else "",
        warned=tuple(dict.fromkeys(line for one in answers for line in one.warned)),
        source=source,
        convention=exercise.convention,
        flags=flags,
    )


def diagnose(exercise: Exercise, cases: Sequence[Case], answers: Sequence[Answer]) -> Misconception | None:
    """The one misconception that gives exactly these answers on every case, or None.

    None as well when two misconceptions fit, or when no answer has a value: then there is nothing to recognise.
    """
    if not any(given.value is not None for given in answers):
        return None
    values = [_measured(exercise, case, given) for case, given in zip(cases, answers, strict=True)]
    fitting = [one for one in exercise.misconceptions if _fits(exercise, one, cases, answers, values)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(
    exercise: Exercise,
    misconception: Misconception,
    cases: Sequence[Case],
    answers: Sequence[Answer],
    values: Sequence[Any],
) -> bool:
    """Whether the misconception gives these answers, whose measured values are `values`.

    Stops at the first case that differs, so most misconceptions are called once or twice.
    """
    wrong: list[Answer] = []
    for case, given, value in zip(cases, answers, values, strict=True):
        wrong.append(answer(misconception.wrong, case.inputs, drive=drive_of(exercise), twice=not given.repeatable))
        if not _alike(exercise, given, value, wrong[-1], _measured(exercise, case, wrong[-1])):
            return False
    return ignores_rng(cases, answers) == ignores_rng(cases, wrong)


def _alike(exercise: Exercise, given: Answer, value: Any, wrong: Answer, other: Any) -> bool:
    """Whether two answers, with their measured values, are the same to the grader."""
    if (given.trouble, given.changed, given.repeatable) != (wrong.trouble, wrong.changed, wrong.repeatable):
        return False
    if isinstance(value, Exception) or isinstance(other, Exception):
        return type(value) is type(other) and str(value) == str(other)
    return bool(given.trouble) or close(exercise, value, other)


def _measured(exercise: Exercise, case: Case, given: Answer) -> Any:
    """The answer, measured; or the exception that says why it cannot be."""
    try:
        return None if given.value is None else measured(exercise, given.value, case.inputs)
    except Exception as problem:  # an author's measure meets whatever was returned
        return problem


def _compare_all(
    exercise: Exercise,
    cases: Sequence[Case],
    expected: Sequence[Any],
    answers: Sequence[Answer],
    hidden: Sequence[bool],
) -> tuple[CaseResult, ...]:
    rows = zip(cases, expected, answers, hidden, strict=True)
    results = [compare(exercise, case, want, given, hidden=private) for case, want, given, private in rows]
    if ignores_rng(cases, answers):
        message = "another rng gave the same numbers; draw from the rng that is given"
        for index, case in enumerate(cases):
            if results[index].passed and _seeds(case):
                results[index] = replace(results[index], rung=Rung.REPEATABLE, message=message)
    return tuple(results)


def ignores_rng(cases: Sequence[Case], answers: Sequence[Answer]) -> bool:
    """Whether two cases that differ in nothing but their generators got the same numbers.

    Seen from outside: what the function says about itself does not matter.
    """
    seen: list[tuple[Case, Answer]] = []
    for case, given in zip(cases, answers, strict=True):
        if _seeds(case) and given.value is not None:
            for other, before in seen:
                twins = _seeds(case) != _seeds(other) and same(_without_seeds(case), _without_seeds(other))
                if twins and same(given.value, before.value):
                    return True
            seen.append((case, given))
    return False


def _seeds(case: Case) -> list[int]:
    return [value.seed for value in case.inputs.values() if isinstance(value, Rng)]


def _without_seeds(case: Case) -> dict[str, Any]:
    return {name: value for name, value in case.inputs.items() if not isinstance(value, Rng)}


def _summary(results: Sequence[CaseResult]) -> str:
    """What is wrong with the first failing case, in one line; "not finite" counts like "differs"."""
    failed = [result for result in results if not result.passed]
    if not failed:
        return f"all {len(results)} cases pass"
    first = min(failed, key=lambda result: Rung.FINITE if result.rung is Rung.VALUES else result.rung)
    if first.rung is Rung.DEFINED:
        return first.message
    where = "in a hidden case" if first.hidden else f"in the case “{first.name}”"
    return f"{where}, {first.message}"
