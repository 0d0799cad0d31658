"""Every chapter in a real JupyterLab: it opens, its widgets move by mouse and arrow keys, its checks fail and pass."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time

import pytest

from autograder.engine import catalogue
from autograder.release import master
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # Every cell is drawn, also those far below the window, so that the test can look at all of them.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab on a copy of course/, as (url, token)."""
    place = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "course", place / "course", ignore=shutil.ignore_patterns("widgets", "__pycache__"))
    settings = place / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(SETTINGS))
    token = secrets.token_hex(16)
    runtime = place / "runtime"
    options = [
        "--no-browser",
        "--allow-root",
        "--ServerApp.port=0",
        f"--ServerApp.root_dir={place / 'course'}",
        f"--IdentityProvider.token={token}",
        f"--LabServerApp.app_settings_dir={settings}",
        f"--LabApp.app_settings_dir={settings}",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
    ]
    environment = {
        **os.environ,
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "JUPYTER_CONFIG_DIR": str(place / "config"),
        "IPYTHONDIR": str(place / "ipython"),
        "COURSE_PROGRESS": str(place / "progress.json"),
        "OMP_NUM_THREADS": "1",
    }
    log = (place / "log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=log, stderr=log, cwd=place
    )
    try:
        yield _url(runtime, server, place / "log"), token
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def _url(runtime, server, log):
    for _ in range(300):
        found = list(runtime.glob("jpserver-*.json")) if runtime.exists() else []
        if found and found[0].read_text().strip():
            return json.loads(found[0].read_text())["url"]
        assert server.poll() is None, log.read_text()
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start: {log.read_text()}")


class Notebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page):
        self.page = page

    def run_all(self):
        """Run every cell and wait until the kernel has nothing left to do."""
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def set_source(self, index, source):
        """Write a cell as a student would."""
        self.page.evaluate(
            "([i, text]) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.sharedModel.setSource(text)",
            [index, source],
        )

    def run(self, *indices):
        """Run some cells and wait for them; an error in one is an output, not the end of the test."""
        for index in indices:
            self.page.evaluate(
                """async i => {
                    const panel = window.jupyterapp.shell.currentWidget;
                    panel.content.activeCellIndex = i;
                    panel.content.deselectAll();
                    await window.jupyterapp.commands.execute('notebook:run-cell');
                }""",
                index,
            )

    def cell(self, index):
        """A cell on the page."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def output(self, index):
        """The text of a cell's outputs."""
        return self.cell(index).locator(".jp-OutputArea").first.inner_text()

    def wait_for_last_cell(self, timeout):
        """Wait until every code cell has run."""
        self.page.wait_for_function(
            """() => {
                const cells = window.jupyterapp.shell.currentWidget.content.widgets;
                const code = cells.filter(cell => cell.model.type === 'code');
                return code.every(cell => typeof cell.model.executionCount === 'number');
            }""",
            timeout=timeout,
        )


@pytest.fixture
def opened(lab, browser, chapter):
    """The chapter's released notebook, open in a fresh page, with the errors that the page reported."""
    url, token = lab
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}lab/workspaces/{chapter}/tree/{chapter}/{chapter}.ipynb?token={token}&reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=60_000,
    )
    yield Notebook(page), errors
    context.close()


def cells_of(chapter):
    """The released notebook's cells."""
    return json.loads((ROOT / "course" / chapter / f"{chapter}.ipynb").read_text())["cells"]


def test_a_chapter_works_as_a_student_meets_it(opened, chapter):
    notebook, errors = opened
    notebook.run_all()
    notebook.wait_for_last_cell(timeout=180_000)
    cells = cells_of(chapter)
    ids = {cell["metadata"].get("nbgrader", {}).get("grade_id"): index for index, cell in enumerate(cells)}

    # Released stubs: every check fails with its one line, and the notebook ran on to its end.
    for exercise in catalogue.exercises(chapter):
        shown = notebook.output(ids[f"check_{exercise.name}"])
        assert f"{exercise.name}: " in shown
        assert "not written yet" in shown
    waiting = [index for index, cell in enumerate(cells) if "raises-exception" in cell["metadata"].get("tags", [])]
    for index, cell in enumerate(cells):
        if cell["cell_type"] == "code" and index not in waiting:
            assert "Traceback" not in notebook.output(index), "".join(cell["source"])

    answers = master.read(ROOT / "solutions" / f"{chapter}.py").model_answers
    first, *_ = catalogue.exercises(chapter)

    # A wrong answer, then the right one.
    wrong = answers[first.name].replace("return ", "return 2 * ")
    notebook.set_source(ids[first.name], wrong)
    notebook.run(ids[first.name], ids[f"check_{first.name}"])
    shown = notebook.output(ids[f"check_{first.name}"])
    assert "largest error" in shown
    assert "Traceback" not in shown
    check = notebook.cell(ids[f"check_{first.name}"])
    check.get_by_role("button", name="Hint 1: a nudge").click()
    check.get_by_text(first.hints[0]).wait_for(timeout=20_000)

    notebook.set_source(ids[first.name], answers[first.name])
    notebook.run(ids[first.name], ids[f"check_{first.name}"])
    assert "passes" in notebook.output(ids[f"check_{first.name}"])
    assert errors == []


def test_every_widget_moves_by_mouse_and_by_arrow_keys(opened, chapter):
    notebook, errors = opened
    page = notebook.page
    notebook.run_all()
    notebook.wait_for_last_cell(timeout=180_000)
    sources = ["".join(cell["source"]).lstrip() for cell in cells_of(chapter)]
    calls = [index for index, source in enumerate(sources) if re.search(r"^widgets\.", source, re.MULTILINE)]
    shown = [index for index in calls if notebook.cell(index).locator(".ck").count()]
    # a cell that does something else first may stop at an open exercise; a call alone always shows its widget
    assert {index for index in calls if sources[index].startswith("widgets.")} <= set(shown)
    explorers = page.locator(".jp-OutputArea .ck")
    assert explorers.count() == len(shown) > 0
    for number in range(explorers.count()):
        explorer = explorers.nth(number)
        explorer.scroll_into_view_if_needed()
        sliders = explorer.locator("input[type=range]")
        assert sliders.count() + explorer.locator("select").count() > 0
        for index in range(sliders.count()):
            slider = sliders.nth(index)
            if slider.is_disabled():
                continue
            where = f"slider {index} of widget {number}"
            before = slider.input_value()
            slider.focus()
            slider.press("ArrowLeft" if before == slider.get_attribute("max") else "ArrowRight")
            moved = slider.input_value()
            assert moved != before, f"an arrow key did not move {where}"
            box = slider.bounding_box()
            upper_half = float(moved) > float(slider.get_attribute("max")) / 2
            page.mouse.click(box["x"] + box["width"] * (0.1 if upper_half else 0.9), box["y"] + box["height"] / 2)
            assert slider.input_value() != moved, f"the mouse did not move {where}"
        assert explorer.locator(".ck-says").inner_text().strip()
    assert errors == []
