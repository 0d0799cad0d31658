"""Drives inside the sandbox: only their source travels."""

from __future__ import annotations

from dataclasses import replace

from autograder.engine.drive import source
from autograder.judge.run import SubmissionRun
from autograder.judge.sandbox import Sandbox
from autograder.spec import Exercise
from tests.engine.test_drive import Counter, three_steps

COUNTER = (
    "class Counter:\n    def __init__(self, start): self.n = start\n    def step(self): self.n += 1; return self.n\n"
)


def test_a_class_of_a_submission_is_driven(sandbox: Sandbox, toy: Exercise) -> None:
    text = source(replace(toy, drive=three_steps))
    with SubmissionRun(sandbox) as run:
        run.run_cell(COUNTER)
        first, second = run.calls("Counter", [{"start": 1}, {"start": 10}], drive=text)
        assert first.value == [2.0, 3.0, 4.0]
        assert second.value == [11.0, 12.0, 13.0]
        assert run.calls("Missing", [{"start": 1}], drive=text)[0].trouble == "missing"
        plain = run.calls("Counter", [{"start": 1}])[0]
        assert plain.trouble == "refused", "the twin: without a drive the object itself comes back, and is refused"
    assert three_steps(Counter, 1) == first.value
