"""Compare one answer with what was expected, rung by rung, and say the difference in one line."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np

from autograder.engine import tree
from autograder.engine.answer import Answer
from autograder.engine.verdict import CaseResult, Rung
from autograder.spec import Case, Exercise, Rng, Tolerance

__all__ = ["allowed_error", "close", "compare", "describe", "measured"]

NOT_RETURNED = {
    "missing": (Rung.DEFINED, "there is no function of this name"),
    "not written": (Rung.DEFINED, "not written yet"),
    "raised": (Rung.RETURNS, "it raised {detail}"),
    "timeout": (Rung.RETURNS, "it did not finish in time ({detail})"),
    "refused": (Rung.RETURNS, "it returned {detail}"),
    "lost": (Rung.RETURNS, "it ended the process that ran it ({detail})"),
}


def measured(exercise: Exercise, value: Any, inputs: Mapping[str, Any]) -> Any:
    """What is compared: the value itself, or what the exercise's `measure` makes of it."""
    return value if exercise.measure is None else exercise.measure(value, **inputs)


def allowed_error(expected: np.ndarray, tolerance: Tolerance, single: bool = False) -> np.ndarray:
    """The largest allowed absolute error at each element; single: the answer came in float32."""
    rtol, atol = (tolerance.rtol32, tolerance.atol32) if single else (tolerance.rtol, tolerance.atol)
    finite = np.where(np.isfinite(expected), expected, 0.0)
    return np.asarray(atol + rtol * np.abs(finite))


def compare(exercise: Exercise, case: Case, expected: Any, answer: Answer, *, hidden: bool = False) -> CaseResult:
    """Climb the ladder for one case; `expected` is already measured.

    hidden: the case is drawn from a private seed, so the message must not show its values.
    """
    shown = "statistics of the result" if exercise.measure else describe(expected)

    def result(rung: Rung, message: str = "", error: float = np.nan) -> CaseResult:
        return CaseResult(case.name, rung, shown, float(error), message, hidden)

    if answer.trouble:
        rung, sentence = NOT_RETURNED[answer.trouble]
        shapes = f"; the inputs were {_shapes(case)}" if answer.trouble == "raised" and not hidden else ""
        return result(rung, sentence.format(detail=answer.detail) + shapes)
    if answer.value is None:
        return result(Rung.RETURNS, "it returned None; was a return statement reached?")
    try:
        value = measured(exercise, answer.value, case.inputs)
    except Exception as problem:  # an author's measure meets whatever shape a student returned
        return result(Rung.RETURNS, f"what it returned cannot be measured: {problem}")

    wanted, got = _leaves_of_both(expected, value)
    # A list and a tuple of the same leaves have the same paths, and count as the same.
    if [path for path, _ in wanted] != [path for path, _ in got]:
        remedy = "; wrap it in np.array" if isinstance(value, list | tuple) and len(wanted) == 1 else ""
        return result(Rung.RETURNS, f"it returned {describe(value)}; expected {shown}{remedy}")
    worst = 0.0
    for (path, one), (_, other) in zip(wanted, got, strict=True):
        rung, message, error = _compare_leaf(one, other, path, exercise.tolerance, hidden)
        if rung is not Rung.PASSED:
            return result(rung, message, error)
        worst = max(worst, error)
    if answer.changed:
        names = " and ".join(f"`{name}`" for name in answer.changed)
        return result(
            Rung.LEAVES_INPUTS, f"the values are right, but the call changed its input {names}; work on a copy", worst
        )
    if not answer.repeatable:
        remedy = (
            "; draw from the rng that is given" if any(isinstance(one, Rng) for one in case.inputs.values()) else ""
        )
        return result(Rung.REPEATABLE, f"a second call with the same inputs gave something else{remedy}", worst)
    return result(Rung.PASSED, "", worst)


def _leaves_of_both(trusted: Any, other: Any) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """The leaves of a tree, and at most one more of another.

    Every leaf comes with its path, and a path can be as long as a dict's key: a small answer of a huge key and many
    leaves would take more memory than any machine has.
    """
    leaves = list(tree.leaves(trusted))
    return leaves, list(islice(tree.leaves(other), len(leaves) + 1))


def _compare_leaf(expected: Any, got: Any, path: str, tolerance: Tolerance, hidden: bool) -> tuple[Rung, str, float]:
    """Rung, message and largest absolute error of one pair of leaves."""
    at = f" in {path}" if path else ""
    if isinstance(expected, str) or expected is None:
        same = type(expected) is type(got) and expected == got
        return (
            (Rung.PASSED if same else Rung.VALUES),
            f"expected {expected!r}{at}, got {got!r}"[:200],
            0.0 if same else np.nan,
        )
    if got is None or isinstance(got, str):
        return Rung.RETURNS, f"it returned {describe(got)}{at}; expected {describe(expected)}", np.nan
    wanted, array = np.asarray(expected), np.asarray(got)
    if array.dtype.kind == "c":
        return Rung.RETURNS, f"it returned complex numbers{at}; expected real ones", np.nan
    if array.dtype == np.float16:
        return Rung.RETURNS, f"it computed in float16{at}, which has three digits; use float64", np.nan
    if array.shape != wanted.shape:
        return Rung.SHAPE, f"the shape{at} is {array.shape}; expected {wanted.shape}", np.nan
    single = tolerance.float32 and array.dtype == np.float32
    wanted, array = wanted.astype(np.float64), array.astype(np.float64)
    if wanted.size == 0:
        return Rung.PASSED, "", 0.0
    lost = np.isfinite(wanted) & ~np.isfinite(array)
    if lost.any():
        where = _first(lost)
        what = "not a finite number" if hidden else f"{array[where]} at {_place(where)}"
        return Rung.FINITE, f"{int(lost.sum())} of {lost.size} values are not finite{at}: {what}", np.nan
    with np.errstate(invalid="ignore"):
        error = np.where((wanted == array) | (np.isnan(wanted) & np.isnan(array)), 0.0, np.abs(wanted - array))
    error = np.where(np.isnan(error), np.inf, error)
    worst = float(error.max())
    wrong = error > allowed_error(wanted, tolerance, single)
    if not wrong.any():
        return Rung.PASSED, "", worst
    if hidden:
        return Rung.VALUES, f"the values{at} differ", worst
    at_worst = _first(error == np.where(wrong, error, -1.0).max())
    found, right = (f"{one[at_worst]:.6g}" for one in (array, wanted))
    if found == right:
        found, right = (f"{one[at_worst]:.15g}" for one in (array, wanted))
    # A sum of float32 and float64 is float64 in name only.
    scale = np.max(np.abs(wanted[np.isfinite(wanted)]), initial=0.0)
    small = tolerance.float32 and not single and worst <= tolerance.rtol32 * scale
    remedy = "; so small a difference may come from float32, so use float64 from the beginning" if small else ""
    if wanted.ndim == 0:
        named = path.replace("_", " ") if path else "the number"
        return Rung.VALUES, f"{named} is {found}; expected {right}{remedy}", worst
    shown = f"largest error {worst:.2g} at {_place(at_worst)}{at}: got {found}, expected {right}{remedy}"
    return Rung.VALUES, shown, worst


def close(exercise: Exercise, left: Any, right: Any) -> bool:
    """Whether two (measured) values agree within the exercise's loosest tolerance, NaN equal to NaN.

    left may come from a student; right is our own.
    """
    pairs = _leaves_of_both(right, left)[::-1]
    if len(pairs[0]) != len(pairs[1]):
        return False
    for (_, one), (_, other) in zip(*pairs, strict=True):
        if isinstance(one, str) or one is None or isinstance(other, str) or other is None:
            if type(one) is not type(other) or one != other:
                return False
            continue
        first, second = np.asarray(one), np.asarray(other)
        if first.shape != second.shape or "c" in (first.dtype.kind, second.dtype.kind):
            return False
        single = exercise.tolerance.float32 and np.float32 in (first.dtype, second.dtype)
        first, second = first.astype(np.float64), second.astype(np.float64)
        # NumPy's own isclose knows about NaN and the sign of infinities.
        limits = exercise.tolerance
        rtol, atol = (limits.rtol32, limits.atol32) if single else (limits.rtol, limits.atol)
        if not np.isclose(first, second, rtol=rtol, atol=atol, equal_nan=True).all():
            return False
    return True


def describe(value: Any) -> str:
    """A value in a few words: "array of shape (2, 3)", "a tuple of 2", "None"."""
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}" if value.ndim else "a number"
    if isinstance(value, dict):
        return "a dict of " + ", ".join(value)
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, bool | int | float | np.generic):
        return "a number"
    return "None" if value is None else f"a {type(value).__name__}"


def _shapes(case: Case) -> str:
    """The inputs of a case with their shapes: "x (2, 3), weight (4, 3)"."""
    said = []
    for name, value in case.inputs.items():
        if isinstance(value, np.ndarray):
            said.append(f"{name} {value.shape}")
        elif isinstance(value, list | tuple):
            said.append(f"{name} {describe(value)}")
        else:
            said.append(f"{name} = {value!r}"[:60])
    return ", ".join(said)


def _first(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(index) for index in np.argwhere(mask)[0])


def _place(index: tuple[Any, ...]) -> str:
    return "[" + ", ".join(str(int(one)) for one in index) + "]" if index else "the number"
