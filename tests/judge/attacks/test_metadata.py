"""Metadata: points, ids, flags, types and outputs of a submitted notebook are edited; the release alone decides."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest

from autograder.judge.judging import Judgement
from autograder.judge.records import Record
from autograder.judge.report import compose
from tests.judge import tiny
from tests.judge.attacks import FULL, NOTHING, WRONG, Scores


def cell_of(notebook: dict, name: str) -> dict:
    return next(cell for cell in notebook["cells"] if cell["id"] == name)


def marks_of(notebook: dict, name: str) -> dict:
    return cell_of(notebook, name)["metadata"]["nbgrader"]


def marks_by_name(notebook: dict) -> dict[str, dict]:
    marks = [cell["metadata"]["nbgrader"] for cell in notebook["cells"] if cell["metadata"].get("nbgrader")]
    return {mark["grade_id"]: mark for mark in marks}


def more_points(notebook: dict) -> None:
    marks_of(notebook, "check_double").update(points=1000)
    marks_of(notebook, "why").update(points=-3)


def points_of_no_kind(notebook: dict) -> None:
    for points, name in zip([None, "inf", {"a": 1}], tiny.RIGHT, strict=True):
        marks_of(notebook, f"check_{name}")["points"] = points


def exchanged_ids(notebook: dict) -> None:
    marks_of(notebook, "check_double")["grade_id"] = "check_ordered"
    marks_of(notebook, "check_ordered")["grade_id"] = "check_double"


def one_id_for_all_checks(notebook: dict) -> None:
    for name in tiny.RIGHT:
        marks_of(notebook, f"check_{name}")["grade_id"] = "check_double"
        cell_of(notebook, f"check_{name}")["id"] = "check_double"


def other_flags(notebook: dict) -> None:
    for name in tiny.RIGHT:
        marks_of(notebook, name).update(grade=True, points=50, locked=True, task=True)
        marks_of(notebook, f"check_{name}").update(grade=False, solution=True, locked=False)


def other_checksums_and_schemas(notebook: dict) -> None:
    for cell in notebook["cells"]:
        cell["metadata"].setdefault("nbgrader", {}).update(checksum="0" * 32, schema_version=99)


def tags(notebook: dict) -> None:
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception", "remove-cell"]


def more_checks(notebook: dict) -> None:
    notebook["cells"] += [copy.deepcopy(cell_of(notebook, "check_double")) for _ in range(5)]


def deleted_checks(notebook: dict) -> None:
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["id"].startswith("check_")]


def checks_of_another_type(notebook: dict) -> None:
    for name in tiny.RIGHT:
        cell_of(notebook, f"check_{name}")["cell_type"] = "markdown"


def checks_that_say_pass(notebook: dict) -> None:
    for name in tiny.RIGHT:
        cell_of(notebook, f"check_{name}")["source"] = f"print('PASS  {name}')\n4.0"


def stale_outputs(notebook: dict) -> None:
    score = {"output_type": "execute_result", "data": {"text/plain": "4.0"}, "metadata": {}, "execution_count": 1}
    for name in tiny.RIGHT:
        cell_of(notebook, f"check_{name}")["outputs"] = [score]
        cell_of(notebook, f"check_{name}")["metadata"]["nbgrader"]["score"] = 4.0


def a_notebook_of_another_course(notebook: dict) -> None:
    notebook["metadata"] = {
        "kernelspec": {"name": "bash", "language": "bash"},
        "celltoolbar": "Edit",
        "nbgrader": {"x": 1},
    }


def metadata_that_is_none(notebook: dict) -> None:
    notebook["metadata"] = None
    for cell in notebook["cells"]:
        cell["metadata"] = None


EDITS = [
    more_points, points_of_no_kind, exchanged_ids, one_id_for_all_checks, other_flags, other_checksums_and_schemas,
    tags, more_checks, deleted_checks, checks_of_another_type, checks_that_say_pass, stale_outputs,
    a_notebook_of_another_course, metadata_that_is_none,
]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS, ids=[edit.__name__ for edit in EDITS])
def test_an_edit_wins_nothing_and_right_functions_keep_their_points(
    judge: Callable[..., Judgement], edit: Callable[[dict], None]
) -> None:
    for answers, wanted in ((WRONG, NOTHING), (tiny.RIGHT, FULL)):
        notebook = tiny.submission(answers)
        edit(notebook)
        found = judge(notebook)
        assert {one.exercise: one.score for one in found.verdicts} == wanted
        assert {one.exercise: one.points for one in found.verdicts} == FULL
        checks = [piece for piece in found.pieces if piece.role == "check"]
        assert sorted(piece.source for piece in checks) == ["check(double)", "check(ordered)", "check(shifted)"]
        graded = compose(
            tiny.release(), found.pieces, Record("key", "ada", tiny.CHAPTER, found.verdicts, found.outcomes)
        )
        assert marks_by_name(graded) == marks_by_name(tiny.release())
        assert len([cell for cell in graded["cells"] if cell["metadata"].get("nbgrader")]) == 7
        assert "'4.0'" not in json.dumps(graded) or wanted is FULL


def test_check_cells_are_the_releases_own_and_never_run(judge: Callable[..., Judgement]) -> None:
    notebook = tiny.submission({})
    cell_of(notebook, "check_double")["source"] = "double = lambda x: 2 * x\n4.0"
    found = judge(notebook)
    assert found.verdicts[0].score == 0.0
    assert all(
        outcome is None for piece, outcome in zip(found.pieces, found.outcomes, strict=True) if piece.role == "check"
    )
    own = tiny.submission({}, after=["double = lambda x: 2 * x\n4.0"])
    assert judge(own).verdicts[0].score == 4.0, "the twin: in a cell of the student's own it counts"


def test_a_solution_cell_of_another_type_is_not_code(scores: Scores) -> None:
    notebook = tiny.submission()
    cell_of(notebook, "double")["cell_type"] = "markdown"
    assert scores(notebook) == FULL | {"double": 0.0}
    cell_of(notebook, "double")["cell_type"] = "code"
    assert scores(notebook) == FULL


def test_a_function_that_carries_another_ones_id_counts_for_its_name_alone(scores: Scores) -> None:
    notebook = tiny.submission({"double": tiny.RIGHT["ordered"], "ordered": tiny.RIGHT["double"]})
    assert scores(notebook) == FULL | {"shifted": 0.0}
    renamed = {"double": tiny.RIGHT["double"].replace("double", "ordered")}
    assert scores(tiny.submission(renamed)) == NOTHING


def test_names_that_stand_for_a_function_are_judged_by_what_they_do(scores: Scores) -> None:
    assert scores(tiny.submission({}, after=["double = shifted = ordered = lambda x: 2 * x"]))["double"] == 4.0
    assert scores(tiny.submission({}, after=["double = np.add", "shifted = 4.0", "ordered = None"])) == NOTHING
