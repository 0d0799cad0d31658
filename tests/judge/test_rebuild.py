"""Which cells the judged notebook has, and which of them run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence

from autograder.judge.judging import Judgement
from autograder.judge.rebuild import Piece, plan, rebuild
from autograder.judge.session import Session
from tests.judge import tiny

RELEASE = tiny.release()["cells"]


def sources(notebook: Mapping) -> list[str]:
    return [piece.source for piece in rebuild(RELEASE, tiny.cells_of(notebook))]


def run_of(session: Session, notebook: Mapping) -> list[str]:
    """The sources of the cells that run."""
    pieces = rebuild(RELEASE, tiny.cells_of(notebook))
    names = session.names([piece.source for piece in pieces])
    return [piece.source for piece, go in zip(pieces, plan(pieces, names), strict=True) if go]


def test_an_untouched_release_rebuilds_to_itself() -> None:
    assert sources(tiny.release()) == [cell["source"] for cell in RELEASE]
    assert sources({"nbformat": 4, "cells": []}) == [cell["source"] for cell in RELEASE]


def test_extra_cells_stay_where_they_stood() -> None:
    notebook = tiny.submission(before=["a = 1", "b = 2"], after=["c = 3"])
    found = sources(notebook)
    assert found[3:5] == ["a = 1", "b = 2"]
    assert found[-1] == "c = 3"
    assert len(found) == len(RELEASE) + 3


def test_rebuilding_twice_changes_nothing() -> None:
    notebook = tiny.submission(before=["a = 1"])
    once = rebuild(RELEASE, tiny.cells_of(notebook))
    again = {"nbformat": 4, "cells": [_as_cell(piece) for piece in once]}
    assert [piece.source for piece in rebuild(RELEASE, tiny.cells_of(again))] == [piece.source for piece in once]


def _as_cell(piece: Piece) -> dict:
    metadata = copy.deepcopy(dict(piece.release["metadata"])) if piece.release else {}
    return {"cell_type": piece.kind, "source": piece.source, "metadata": metadata}


def test_a_cell_that_came_back_stands_after_its_neighbour() -> None:
    notebook = tiny.submission()
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] != "check_double"]
    found = sources(notebook)
    assert found.index("check(double)") == found.index(tiny.RIGHT["double"]) + 1


def test_only_the_students_cells_and_what_they_use_run(session: Session) -> None:
    ran = run_of(session, tiny.submission())
    assert set(tiny.RIGHT.values()) < set(ran)
    assert "import numpy as np" in ran[0]
    assert not any("widgets" in source or "history" in source for source in ran)


def test_a_released_cell_runs_when_a_students_cell_uses_what_it_binds(session: Session) -> None:
    answers = tiny.RIGHT | {"double": "def double(x):\n    return x * (grid.size - 3)"}
    assert any("grid = np.linspace" in source for source in run_of(session, tiny.submission(answers)))


def test_a_released_cell_that_only_a_local_name_resembles_does_not_run(session: Session) -> None:
    answers = tiny.RIGHT | {"double": "def double(x):\n    grid = 2 * x\n    return grid"}
    assert not any("grid = np.linspace" in source for source in run_of(session, tiny.submission(answers)))


def test_a_released_cell_that_was_edited_runs_as_the_student_left_it(session: Session) -> None:
    notebook = tiny.submission()
    notebook["cells"][2]["source"] = "grid = 3"
    assert "grid = 3" in run_of(session, notebook)


def test_checks_do_not_run_wherever_they_stand(session: Session) -> None:
    ran = run_of(
        session, tiny.submission(after=["check(double)", "check(double)  # again", "check(double); extra = 1"])
    )
    assert [source for source in ran if "check(" in source and "import" not in source] == ["check(double); extra = 1"]


def test_a_cell_that_does_not_compile_lets_everything_run_that_it_mentions(session: Session) -> None:
    ran = run_of(session, tiny.submission(after=["grid +"]))
    assert any("grid = np.linspace" in source for source in ran)


def test_names_are_found_through_magics_and_nesting(session: Session) -> None:
    function = "def f(a, b=c):\n    global d\n    d = e\n    return [g(i) for i in a]\n"
    source = f"%matplotlib inline\n{function}class H(K):\n    pass"
    (found,) = session.names([source])
    assert found is not None
    assert {"f", "H", "d"} <= found[0]
    assert {"c", "e", "g", "K"} <= found[1]
    assert "a" not in found[1]
    assert session.names(["def broken(", "x\0", "(" * 5000, "-" * 100000 + "1"]).count(None) >= 3


def test_the_last_cell_that_defines_a_function_decides(scores_of: Callable[[Sequence[str]], float]) -> None:
    assert scores_of(["def double(x):\n    return x + x"]) == 4.0
    assert scores_of(["def double(x):\n    return x"]) == 0.0


def test_a_failing_cell_keeps_what_it_did_before_it_failed(judge: Callable[..., Judgement]) -> None:
    answers = {"double": "def double(x):\n    return 2 * x\nprint(double(3))\n1 / 0"}
    found = judge(tiny.submission(answers))
    assert found.verdicts[0].score == 4.0
    errors = [outcome.error for outcome in found.outcomes if outcome is not None]
    assert "ZeroDivisionError: division by zero" in errors
