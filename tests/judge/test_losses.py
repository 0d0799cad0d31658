"""Submissions that hang, die, flood or swell: each ends in a verdict, and the next submission is judged as ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from autograder.judge.judging import Judgement
from autograder.judge.records import Record
from autograder.judge.replies import Lost
from autograder.judge.run import MAX_LOSSES, SubmissionRun
from autograder.judge.sandbox import Sandbox
from autograder.judge.session import patience
from tests.judge import tiny

FULL = {"double": 4.0, "shifted": 2.0, "ordered": 2.0}

DEADLY = {
    "endless loop": "while True:\n        pass",
    "os._exit": "import os; os._exit(0)",
    "kill -9": "import os, signal; os.kill(os.getpid(), signal.SIGKILL); os._exit(1)",
    "abort": "import ctypes; ctypes.string_at(0)",
    "fork bomb": (
        "import os\n    while True:\n        try:\n            os.fork()\n        except OSError:\n            pass"
    ),
    "closed connection": "import os; os.closerange(3, 300)\n    while True: pass",
    "endless sleep in C": "import time; time.sleep(1e6)",
}


@pytest.mark.parametrize("body", DEADLY.values(), ids=DEADLY.keys())
def test_a_function_that_loses_the_process_scores_nothing_and_the_others_are_judged(
    judge: Callable[..., Judgement], body: str
) -> None:
    found = judge(tiny.submission(tiny.RIGHT | {"ordered": f"def ordered(x):\n    {body}"}))
    assert {one.exercise: one.score for one in found.verdicts} == FULL | {"ordered": 0.0}
    assert found.flags, "a person should look at it"
    assert {one.exercise: one.score for one in judge(tiny.submission()).verdicts} == FULL


@pytest.mark.parametrize("body", DEADLY.values(), ids=DEADLY.keys())
def test_a_function_that_loses_the_process_does_not_sink_the_one_that_calls_it(
    judge: Callable[..., Judgement], body: str
) -> None:
    found = judge(tiny.submission(tiny.RIGHT | {"double": f"def double(x):\n    {body}"}))
    assert {one.exercise: one.score for one in found.verdicts} == FULL | {"double": 0.0}
    assert found.flags


@pytest.mark.parametrize("body", DEADLY.values(), ids=DEADLY.keys())
def test_a_cell_that_loses_the_process_costs_only_itself(judge: Callable[..., Judgement], body: str) -> None:
    found = judge(tiny.submission(after=[f"def own():\n    {body}\nown()"]))
    assert {one.exercise: one.score for one in found.verdicts} == FULL
    assert found.flags


def test_memory_beyond_the_limit_is_an_error_of_the_function_and_not_of_the_grader(
    judge: Callable[..., Judgement],
) -> None:
    hog = "def ordered(x):\n    keep = [np.ones(2**24) for _ in range(10**6)]\n    return np.sort(x)"
    found = judge(tiny.submission(tiny.RIGHT | {"ordered": hog}))
    assert {one.exercise: one.score for one in found.verdicts} == FULL | {"ordered": 0.0}
    modest = "def ordered(x):\n    keep = [np.ones(2**20) for _ in range(4)]\n    return np.sort(x)"
    assert judge(tiny.submission(tiny.RIGHT | {"ordered": modest})).verdicts[2].score == 2.0


def test_a_flood_of_output_is_cut_and_costs_nothing(judge: Callable[..., Judgement]) -> None:
    found = judge(tiny.submission(before=["for _ in range(20000):\n    print('x' * 100)"]))
    assert {one.exercise: one.score for one in found.verdicts} == FULL
    texts = [outcome.text for outcome in found.outcomes if outcome is not None]
    assert max(map(len, texts)) == 10_000


def test_output_to_the_descriptors_themselves_goes_nowhere(sandbox: Sandbox) -> None:
    with sandbox.open() as session:
        assert session.run_cell(
            "import os\nfor _ in range(1000): os.write(1, b'x' * 10000); os.write(2, b'x' * 10000)"
        ) == ("", "")


def test_a_huge_answer_is_refused(judge: Callable[..., Judgement]) -> None:
    found = judge(tiny.submission(tiny.RIGHT | {"ordered": "def ordered(x):\n    return np.zeros(10**7)"}))
    assert found.verdicts[2].score == 0.0
    assert "MiB" in found.verdicts[2].message
    assert not found.flags, "the process lives on"


def test_endless_loops_everywhere_end_after_a_few_losses(sandbox: Sandbox) -> None:
    with SubmissionRun(sandbox) as run:
        for _ in range(MAX_LOSSES + 3):
            run.run_cell("import os; os._exit(1)")
        assert run.losses == MAX_LOSSES
        assert run.calls("f", [{}, {}])[1].trouble == "lost"
        assert any("scores 0" in flag for flag in run.flags)


def test_good_cells_are_replayed_after_a_loss(sandbox: Sandbox) -> None:
    with SubmissionRun(sandbox) as run:
        run.run_cell("import numpy as np\nn = 3")
        run.run_cell("n = 4; import os; os._exit(1)")
        assert run.run_cell("print(n)").text == "3\n"
        assert run.losses == 1


def test_a_time_out_and_a_death_are_told_apart(sandbox: Sandbox) -> None:
    with sandbox.open() as session, pytest.raises(Lost, match="exit status 3") as death:
        session.run_cell("import os; os._exit(3)")
    assert death.value.trouble == "lost"
    with sandbox.open() as session:
        session.run_cell("def f():\n    while True: pass")
        with pytest.raises(Lost, match="seconds") as late:
            next(session.calls("f", [{}]))
    assert late.value.trouble == "timeout"


def test_threads_and_processes_left_behind_end_with_the_session(judge: Callable[..., Judgement]) -> None:
    left = (
        "import os, threading, time\nif os.fork() == 0:\n    time.sleep(1e6)\n"
        "threading.Thread(target=lambda: time.sleep(1e6)).start()"
    )
    found = judge(tiny.submission(after=[left]))
    assert {one.exercise: one.score for one in found.verdicts} == FULL


def test_the_server_is_started_again_when_it_was_killed(sandbox: Sandbox) -> None:
    with Sandbox.start(limits=sandbox.limits) as server:
        assert server.process is not None
        server.process.kill()
        server.process.wait()
        with server.open() as session:
            assert session.run_cell("print(1)") == ("", "1\n")


def test_extra_cells_that_lose_processes_or_take_long_leave_the_exercises_their_turn(
    judge: Callable[..., Judgement],
) -> None:
    found = judge(tiny.submission(before=["import os; os._exit(1)"] * 6))
    assert {one.exercise: one.score for one in found.verdicts} == FULL
    assert any("extra cells were not run" in flag for flag in found.flags)


def test_an_exercise_that_hangs_in_every_case_costs_one_process(judge: Callable[..., Judgement]) -> None:
    found = judge(tiny.submission(tiny.RIGHT | {"ordered": "def ordered(x):\n    import os\n    os._exit(1)"}))
    assert len([flag for flag in found.flags if "`ordered`" in flag]) == 1
    assert all("process" in result.message for result in found.verdicts[2].results)


def test_one_loss_is_told_to_a_person_once_and_two_losses_twice(judge: Callable[..., Judgement]) -> None:
    ends = "def {}(x):\n    import os\n    os._exit(1)".format

    def told(*names: str) -> tuple[str, ...]:
        found = judge(tiny.submission(tiny.RIGHT | {name: ends(name) for name in names}), oracle=False)
        return Record("key", "ada", tiny.CHAPTER, found.verdicts, found.outcomes, found.flags).all_flags

    assert told("ordered") == ("`ordered`: the process was lost (exit status 1)",)
    assert len(told("double", "ordered")) == 3, "`shifted` calls `double`"


@pytest.mark.parametrize(("load", "factor"), [(0.0, 1.0), (2.0, 1.0), (6.0, 3.0), (500.0, 10.0)])
def test_a_busy_machine_gives_more_seconds(monkeypatch: pytest.MonkeyPatch, load: float, factor: float) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0))
    assert patience() == factor


def test_what_would_be_in_time_on_an_idle_machine_is_in_time_on_a_busy_one(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every function is called twice.
    slow = f"import time\ndef double(x):\n    time.sleep({0.6 * sandbox.limits.call_seconds})\n    return 2 * x"
    answers = {}
    for factor in (1.0, 4.0):
        monkeypatch.setattr("autograder.judge.session.patience", lambda factor=factor: factor)
        with SubmissionRun(sandbox) as run:
            run.run_cell(slow)
            answers[factor] = run.calls("double", [{"x": 1.0}])[0].trouble
    assert answers == {1.0: "timeout", 4.0: ""}
