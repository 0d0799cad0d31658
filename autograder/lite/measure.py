"""Run every chapter with its model answers in a built site, and write down what took how long and what failed.

    python -m autograder.lite.measure SITE [CHAPTER ...]

SITE is a site that was built with --pyodide.  Needs Chromium and playwright; takes tens of minutes.
"""

from __future__ import annotations

import functools
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, Page, sync_playwright

from autograder.lite import start_page
from autograder.release import master
from autograder.release.build import Places, source_notebook

__all__ = ["HERE_ONLY", "Notebook", "exposed", "measure", "serve"]

HERE_ONLY = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"
CELL_MILLISECONDS = 900_000


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serve(site: Path) -> Iterator[str]:
    """Serve a folder on this machine, as `python -m http.server` does; gives its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def exposed(site: Path, to: Path) -> Path:
    """A copy of a site for a test: its pages show JupyterLab's application, and draw cells outside the window too."""
    shutil.copytree(site, to)
    settings = json.loads((to / "jupyter-lite.json").read_text(encoding="utf-8"))
    page = settings["jupyter-config-data"]
    page["exposeAppInBrowser"] = True
    page["settingsOverrides"]["@jupyterlab/notebook-extension:tracker"] = {"windowingMode": "none"}
    (to / "jupyter-lite.json").write_text(json.dumps(settings), encoding="utf-8")
    return to


class Notebook:
    """A notebook of an exposed site, open in a page, its kernel started."""

    def __init__(self, page: Page, url: str, path: str) -> None:
        self.page = page
        page.goto(f"{url}lab/index.html?path={path}")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
        kernel = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
        page.wait_for_function(f"() => {kernel}?.status === 'idle'", timeout=300_000)

    def cells(self) -> list[dict[str, Any]]:
        """The notebook as it stands, its cells in nbformat's form."""
        found: list[dict[str, Any]] = self.page.evaluate(
            "window.jupyterapp.shell.currentWidget.content.model.sharedModel.toJSON().cells"
        )
        return found

    def write(self, index: int, source: str) -> None:
        """Write a cell as a student would."""
        self.page.evaluate(
            "([i, text]) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.sharedModel.setSource(text)",
            [index, source],
        )

    def run(self, index: int) -> list[dict[str, Any]]:
        """Run a cell to its end; gives its outputs, an error among them."""
        self.page.set_default_timeout(CELL_MILLISECONDS)
        self.page.evaluate(
            """async i => {
                const panel = window.jupyterapp.shell.currentWidget;
                panel.content.activeCellIndex = i;
                panel.content.deselectAll();
                await window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            index,
        )
        outputs: list[dict[str, Any]] = self.cells()[index].get("outputs", [])
        return outputs

    def shown(self, index: int) -> str:
        """What a reader sees under a cell, as text."""
        cell = self.page.locator(".jp-Notebook .jp-Cell").nth(index)
        return cell.locator(".jp-OutputArea").first.inner_text()


def measure(browser: Browser, url: str, stem: str) -> dict[str, Any]:
    """Run one chapter's cells, one after another; the seconds in all, and the first line of each error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    notebook = Notebook(context.new_page(), url, f"{stem}/{stem}.ipynb")
    seconds, failed = 0.0, {}
    for index, cell in enumerate(notebook.cells()):
        if cell["cell_type"] == "code":
            start = time.perf_counter()
            outputs = notebook.run(index)
            spent = time.perf_counter() - start
            seconds += spent
            for error in (one for one in outputs if one["output_type"] == "error"):
                failed[str(index)] = f"{error['ename']}: {error['evalue']}".splitlines()[0]
            if spent > 10:
                print(f"  {stem} cell {index}: {spent:.0f} s  {''.join(cell['source'])[:60]!r}", flush=True)
    context.close()
    return {"seconds": round(seconds), "failed": failed}


def main(site: Path, wanted: list[str]) -> None:
    """Measure the wanted chapters, or all, and write measured.json."""
    places = Places()
    measured = json.loads(start_page.MEASURED.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        copy = exposed(site, Path(folder) / "site")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", f"--host-resolver-rules={HERE_ONLY}", "--disable-background-networking"],
        )
        with serve(copy) as url:
            for chapter in start_page.chapters():
                stem = chapter.stem
                if wanted and stem not in wanted:
                    continue
                solved = source_notebook(master.read(places.master(stem)))
                for cell in solved.cells:
                    cell.metadata.pop("tags", None)  # an error stays an error
                text = nbformat.writes(solved, version=4)
                (copy / "files" / stem / f"{stem}.ipynb").write_text(text, encoding="utf-8")
                measured["chapters"][stem] = measure(browser, url, stem)
                print(stem, measured["chapters"][stem], flush=True)
                start_page.MEASURED.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
