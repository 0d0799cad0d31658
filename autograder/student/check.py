"""`check(softmax)`: judge the student's function against the recording, and say in one line what to mend."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any

from autograder.engine import catalogue
from autograder.engine.answer import Answer, answer, raised_in
from autograder.engine.assess import assess
from autograder.engine.drive import drive_of
from autograder.engine.verdict import Rung, Verdict
from autograder.errors import CourseError, NotYet
from autograder.reference import recordings
from autograder.spec import Exercise
from autograder.student import show
from autograder.student.hint import offer
from autograder.student.pace import pace_note
from autograder.student.store import Store

__all__ = ["check", "judge"]


def check(function: Callable[..., Any]) -> None:
    """Judge a function of this chapter and show what came out; raises NotYet, one line, when it does not pass.

    Compares with the recorded PyTorch outputs, so neither torch nor a network is needed.
    """
    exercise = exercise_of(function)
    if isinstance(function, str):
        raise NotYet(f"this takes the function itself: check({function}), without quotes")
    verdict = judge(function, exercise)
    if verdict.rung is not Rung.DEFINED:
        Store.open().attempted(exercise, verdict)
    note = pace_note(function, exercise) if verdict.passed else _unfinished_parts(function, exercise)
    show.display(show.verdict_text(verdict, note), show.verdict_html(verdict, note))
    if not verdict.passed:
        offer(exercise)
        raise NotYet(f"{exercise.name}: {verdict.message}")


def judge(function: Callable[..., Any], exercise: Exercise) -> Verdict:
    """The verdict on a function over the recorded cases, computed in this process."""
    recording = recordings.load(exercise)
    answers: list[Answer] = []
    for case in recording.cases:
        answers.append(answer(function, case.inputs, drive=drive_of(exercise)))
        if answers[-1].trouble == "not written":
            answers += [answers[-1]] * (len(recording.cases) - len(answers))
            break
    return assess(exercise, recording.cases, recording.expected, answers, source=recording.source)


def exercise_of(function: Any) -> Exercise:
    """The exercise that a function (or its name) belongs to; NotYet with one line for anything else."""
    name = function if isinstance(function, str) else getattr(function, "__name__", None)
    if not isinstance(name, str):
        came = type(function).__name__
        raise NotYet(
            f"this takes the function itself, such as check(relu), and got a value of type {came}: no brackets"
        )
    try:
        found = catalogue.find(name)
    except CourseError as problem:
        raise NotYet(str(problem)) from None
    if not isinstance(found, Exercise):
        raise NotYet(f"{name} is a question that a person grades; there is nothing to check")
    if not isinstance(function, str) and not callable(function):
        raise NotYet(f"{name} is not a function")
    return found


def _unfinished_parts(function: Callable[..., Any], exercise: Exercise) -> str:
    """A line naming the earlier exercises that this one uses and that do not pass yet, or ""."""
    parts = [one for one in (function, *getattr(function, "__dict__", {}).values()) if inspect.isfunction(one)]
    inside = {name: one for part in parts for name, one in part.__globals__.items() if name in part.__code__.co_names}
    called = [name for name in exercise.uses if name in inside]
    failing = [name for name in called if callable(inside[name]) and not judge(inside[name], exercise_of(name)).passed]
    if not failing:
        return ""
    names = " and ".join(f"`{name}`" for name in failing)
    return f"It calls your {names}, which {'does' if len(failing) == 1 else 'do'} not pass yet: mend that first."


def one_line_errors(shell: Any) -> None:
    """Let IPython answer with one line, instead of a traceback, where an exercise is not there yet.

    That is check(f) while f is not defined, and any cell that calls a function whose stub still stands.
    """

    def handler(self: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None) -> None:
        line = ""
        if isinstance(error, NameError) and error.name == _checked_name(self.user_ns.get("In", [""])[-1]):
            line = f"{error.name} is not defined yet: run the cell above that defines it, then this one again"
        elif isinstance(error, NotImplementedError) and (stub := _stub(trace)):
            line = f"{stub} is not written yet, and this cell needs it"
        if line:
            self._showtraceback(NotYet, NotYet(line), [line])
        else:
            self.showtraceback((kind, error, trace), tb_offset=tb_offset)

    shell.set_custom_exc((NameError, NotImplementedError), handler)


def _stub(trace: Any) -> str:
    """The exercise whose function or method raised, or ""; trace is a traceback."""
    name = raised_in(trace)
    exercise = name.partition(".")[0]
    return name if any(exercise in catalogue.names(chapter) for chapter in catalogue.chapters()) else ""


def _checked_name(source: str) -> str | None:
    """The name f when a cell consists of the one call check(f) or hint(f)."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    match body:
        case [ast.Expr(value=ast.Call(func=ast.Name(id="check" | "hint"), args=[ast.Name(id=name)]))]:
            return name
    return None


_shell = show.shell()
if _shell is not None:
    one_line_errors(_shell)
