"""The notebook that a beginner opens first: it runs, it is no assignment, and what it names is there."""

import json
import os
import re
import shutil
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

from autograder.environment import start, venv
from tests.conftest import ROOT

PATH = ROOT / "course" / start.FIRST


def run(notebook, folder):
    """Execute a notebook in a folder; a cell that may raise is tagged."""
    environment = {
        **os.environ,
        "COURSE_PROGRESS": str(folder / "progress.json"),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    sockets = {"transport": "ipc", "ip": str(folder / "kernel")}
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(folder)}}, config=Config({"KernelManager": sockets})
    )
    client.execute(env=environment)
    return notebook


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    return run(nbformat.read(PATH, as_version=4), tmp_path_factory.mktemp("start"))


def shown(notebook, source):
    """Everything that the cell with this source showed, as text."""
    cell = next(one for one in notebook.cells if one.source.startswith(source))
    return "\n".join(str(output.get("text", "")) + str(output.get("data", "")) for output in cell.outputs)


def test_it_runs_from_its_first_cell_to_its_last(executed):
    assert "What should come out for x = -3?" in shown(executed, "check(relu)")
    assert "hint 1 of 4" in shown(executed, "hint(relu)")
    assert "Next: mend relu; section 1.4" in shown(executed, "progress()")
    assert "ck-static" in shown(executed, "widgets.neuron()")


def test_a_cell_that_may_not_fail_would_be_seen(tmp_path):
    broken = nbformat.read(PATH, as_version=4)
    broken.cells[1].source = "from autograder import nothing"
    with pytest.raises(CellExecutionError):
        run(broken, tmp_path)


def test_a_right_answer_there_passes_and_the_map_goes_on(tmp_path):
    notebook = nbformat.read(PATH, as_version=4)
    (cell,) = [one for one in notebook.cells if one.source.startswith("def relu")]
    cell.source = cell.source.replace("return abs(x)", "return x * (x > 0)")
    done = run(notebook, tmp_path)
    assert "relu: passes" in shown(done, "check(relu)")
    assert "1 of 12 exercises pass" in shown(done, "progress()")


def test_it_is_no_assignment_and_has_no_outputs():
    notebook = json.loads(PATH.read_text(encoding="utf-8"))
    assert PATH.parent == ROOT / "course"  # nbgrader releases folders, and this is in none
    assert all("nbgrader" not in cell["metadata"] for cell in notebook["cells"])
    assert all(not cell.get("outputs") for cell in notebook["cells"])


def links(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.findall(r"\]\(([^)#]+)\)", text)


def test_what_it_links_to_is_there():
    found = links(nbformat.read(PATH, as_version=4))
    assert len(found) >= 2
    assert [link for link in found if not (PATH.parent / link).exists()] == []


def test_the_hours_are_those_of_the_table_in_the_readme():
    table = (ROOT / "course" / "README.md").read_text(encoding="utf-8")
    parts = {"": 0, "¼": 0.25, "½": 0.5, "¾": 0.75}
    hours = [int(whole) + parts[part] for whole, part in re.findall(r"\| (\d+)([¼½¾]?) \|$", table, re.MULTILINE)]
    assert len(hours) == 9
    told = next(cell.source for cell in nbformat.read(PATH, as_version=4).cells if "hours in all" in cell.source)
    assert abs(int(re.search(r"about (\d+) hours in all", told)[1]) - sum(hours)) <= 0.5


def test_starting_opens_it(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(venv, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(venv, "install", lambda: None)
    monkeypatch.setattr(
        start.subprocess, "run", lambda command, **options: ran.append(command) or SimpleNamespace(returncode=0)
    )
    assert start.run(SimpleNamespace(rest=["--no-browser"])) == 0
    assert "--LabApp.default_url=/lab/tree/start.ipynb" in ran[0]
    assert ran[0][-1] == "--no-browser"
    shutil.rmtree(tmp_path / ".venv")
