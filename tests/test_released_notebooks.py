"""A released notebook runs to its end, fails only where exercises are open, and nbgrader's Validate button agrees."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

from autograder.engine import catalogue
from autograder.release import master
from autograder.release.build import source_text
from tests.conftest import ROOT


def environment(folder):
    return {**os.environ, "COURSE_PROGRESS": str(folder / "progress.json"), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Run a released notebook once, as `Run All` does, and keep it."""
    done = {}

    def run(chapter):
        if chapter not in done:
            folder = tmp_path_factory.mktemp(chapter)
            notebook = nbformat.read(ROOT / "course" / chapter / f"{chapter}.ipynb", as_version=4)
            sockets = Config({"KernelManager": {"transport": "ipc", "ip": str(folder / "kernel")}})
            client = NotebookClient(
                notebook, timeout=300, config=sockets, resources={"metadata": {"path": str(folder)}}
            )
            client.execute(env=environment(folder))
            done[chapter] = notebook
        return done[chapter]

    return run


def errors(cell):
    return [output for output in cell.get("outputs", []) if output.output_type == "error"]


def test_every_check_of_a_released_notebook_fails_with_one_line(executed, chapter):
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in executed(chapter).cells}
    for exercise in catalogue.exercises(chapter):
        (error,) = errors(cells[f"check_{exercise.name}"])
        assert error.ename == "NotYet"
        # the methods of a class are told one by one
        method = rf"{exercise.name}: .* NotImplementedError in {exercise.name}\.\w+, which is not written yet.*"
        assert re.fullmatch(rf"{exercise.name}: not written yet|{method}", error.evalue), error.evalue
        assert error.traceback == [error.evalue]


def test_other_cells_fail_only_for_want_of_an_exercise_and_say_which(executed, chapter):
    names = {exercise.name for exercise in catalogue.exercises(chapter)}
    for cell in executed(chapter).cells:
        if cell.metadata.get("nbgrader") is None:
            for error in errors(cell):
                unwritten = error.ename == "NotYet" and re.match(r"\w*", error.evalue)[0] in names
                assert unwritten or error.ename == "NameError", f"{error.ename}: {error.evalue}\n{cell.source}"


def test_a_released_notebook_is_quiet(executed, chapter):
    """Nothing on the error stream: neither warnings nor noise from widgets without a front end."""
    for cell in executed(chapter).cells:
        assert not [one for one in cell.get("outputs", []) if one.get("name") == "stderr"], cell.source


def validate(path, folder):
    """What nbgrader's Validate button says."""
    command = [sys.executable, "-m", "nbgrader", "validate", str(path)]
    result = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)
    return result.stdout


@pytest.mark.slow
def test_the_validate_button_reports_every_open_exercise_and_passes_the_model_answers(chapter, tmp_path):
    released = validate(ROOT / "course" / chapter / f"{chapter}.ipynb", tmp_path)
    for exercise in catalogue.exercises(chapter):
        assert f"check({exercise.name})" in released
    assert re.search(r"VALIDATION FAILED ON \d+ CELL", released)
    solved = Path(tmp_path, "solved.ipynb")
    solved.write_text(source_text(master.read(ROOT / "solutions" / f"{chapter}.py")))
    assert "Success! Your notebook passes all the tests." in validate(solved, tmp_path)
