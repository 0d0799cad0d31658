"""JupyterLite around Pyodide and the wheels: notebooks, settings, one lock file that names every package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.lite import distribution, start_page, wheels

__all__ = ["APPS", "DEPENDS", "build", "lock"]

APPS = ("lab", "notebooks", "tree", "edit")
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
PRELOADED = ("ssl", "sqlite3", "micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython")
"""What the kernel wants before it starts, by the names that it compares with."""

FRONT = """\
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title}</title>
    <meta http-equiv="refresh" content="0; url={page}">
    <script id="jupyter-config-data" type="application/json" data-jupyter-lite-root=".">{{}}</script>
  </head>
  <body><p><a href="{page}">{title}</a></p></body>
</html>
"""
"""The site's first page, which leads on to the first notebook; JupyterLite's pages look for settings in it."""

DATA = "neural-networks-course-data"
DEPENDS: dict[str, tuple[list[str], list[str]]] = {
    "anywidget": (["ipywidgets", "psygnal", "typing-extensions"], ["anywidget"]),
    "comm": ([], ["comm"]),
    "faker": (["python-dateutil"], ["faker"]),
    "ipykernel": ([], ["ipykernel"]),
    "ipywidgets": (["comm", "ipython", "traitlets", "widgetsnbextension"], ["ipywidgets"]),
    "neural-networks-course": (
        ["anywidget", "contourpy", "faker", "ipywidgets", "matplotlib", "numpy", "pillow", "scikit-learn", DATA],
        ["autograder", "course"],
    ),
    DATA: ([], []),
    "piplite": (["micropip"], ["piplite"]),
    "psygnal": ([], ["psygnal"]),
    "pyodide-kernel": (["comm", "ipykernel", "ipython"], ["pyodide_kernel"]),
    "typing-extensions": ([], ["typing_extensions"]),
    "widgetsnbextension": ([], ["widgetsnbextension"]),
}
"""For each wheel of the site what it needs and which imports bring it: Pyodide loads a package for the imports that
a cell names, and for what the package itself imports later only by this list."""


def build(to: Path, pyodide: Path | None, kept: Path) -> None:
    """Write the site into a folder, which must be new or an earlier site.

    pyodide  a folder or archive of its distribution, copied into the site; None: the site asks the CDN
    kept     a folder for the wheels from the package index
    """
    if to.exists() and any(to.iterdir()) and not (to / "jupyter-lite.json").is_file():
        raise CourseError(f"{to} is not empty and no earlier site; name a new folder")
    for module in ("hatchling", "jupyterlite_core"):
        if find_spec(module) is None:
            raise CourseError(f"lite needs {module}: .venv/bin/python -m pip install --editable .[lite]")
    fetched = wheels.fetch(kept)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        static = place / "static"
        (static / "course").mkdir(parents=True)
        _fill(static / "course", fetched)
        if pyodide is not None:
            distribution.copy_distribution(pyodide, static / "pyodide")
        shutil.copyfile(Path(__file__).with_name("kernel.py"), static / "course" / "kernel.py")
        source = "../pyodide/" if pyodide is not None else distribution.CDN
        loader = Path(__file__).with_name("loader.js").read_text(encoding="utf-8").replace("@PYODIDE@", source)
        (static / "course" / "pyodide.js").write_text(loader, encoding="utf-8")
        project = place / "project"
        project.mkdir()
        _settings(project, offline=pyodide is not None)
        _contents(project / "contents")
        _jupyterlite(project, to, fetched)
        shutil.copytree(static, to / "static")
        _finish(to)


def _fill(static: Path, fetched: dict[str, Path]) -> None:
    """Put the wheels and the lock file that names them into a folder."""
    course = wheels.course_wheel(static)
    made = [course, wheels.data_wheel(course.name.split("-")[1], static)]
    made += wheels.kernel_wheels(fetched["jupyterlite-pyodide-kernel"], static)
    for name, path in fetched.items():
        if name.replace("_", "-") in DEPENDS:
            made.append(Path(shutil.copyfile(path, static / path.name)))
    (static / "pyodide-lock.json").write_text(json.dumps(lock(made), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def lock(made: list[Path]) -> dict[str, Any]:
    """Pyodide's pinned lock with the site's own wheels in it."""
    own = {}
    for wheel in made:
        name = wheel.name.split("-")[0].lower().replace("_", "-")
        own[name] = wheels.entry(wheel, *DEPENDS[name])
    return {"info": distribution.PINNED["info"], "packages": {**distribution.PINNED["packages"], **own}}


def _settings(place: Path, offline: bool) -> None:
    """JupyterLite's settings: the kernel's start, the title, and no looking for news."""
    kernel = {
        "pyodideUrl": "./static/course/pyodide.js",
        "pipliteUrls": [],
        "disablePyPIFallback": offline,
        "loadPyodideOptions": {"packages": [name.replace("-", "_") for name in PRELOADED]},
    }
    page = {"appName": start_page.TITLE, "litePluginSettings": {KERNEL: kernel}, "defaultKernelName": "python"}
    _write(place / "jupyter-lite.json", {"jupyter-lite-schema-version": 0, "jupyter-config-data": page})
    overrides = {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 20},
    }
    _write(place / "overrides.json", overrides)


def _contents(place: Path) -> None:
    """The released notebooks in their folders and the notebook that leads in."""
    chapters = start_page.chapters()
    for chapter in chapters:
        target = place / chapter.stem / f"{chapter.stem}.ipynb"
        target.parent.mkdir(parents=True)
        shutil.copyfile(chapter.notebook, target)
    (place / start_page.NAME).write_text(start_page.notebook(chapters), encoding="utf-8")


def _jupyterlite(place: Path, to: Path, fetched: dict[str, Path]) -> None:
    extensions = ("anywidget", "jupyterlab_widgets", "jupyterlite-pyodide-kernel")
    options = {
        "lite_dir": str(place),
        "output_dir": str(to.resolve()),
        "cache_dir": str(place / ".cache"),
        "contents": [str(place / "contents")],
        "apps": list(APPS),
        "ignore_sys_prefix": True,
        "federated_extensions": [str(fetched[name].resolve()) for name in extensions],
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "no_libarchive": True,
        "source_date_epoch": int(os.environ.get("SOURCE_DATE_EPOCH", wheels.EPOCH)),
    }
    _write(place / "jupyter_lite_config.json", {"LiteBuildConfig": options})
    if to.exists():
        shutil.rmtree(to)
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--config", "jupyter_lite_config.json"]
    ran = subprocess.run(command, cwd=place, check=False, capture_output=True, text=True)
    if ran.returncode:
        raise CourseError(f"jupyter lite build failed:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")


def _finish(to: Path) -> None:
    """The course's own first page and name, and listings in the same order on every machine."""
    front = FRONT.format(title=start_page.TITLE, page=f"lab/index.html?path={start_page.NAME}")
    (to / "index.html").write_text(front, encoding="utf-8")
    manifest = json.loads((to / "manifest.webmanifest").read_text(encoding="utf-8"))
    about = "A course in notebooks; Python runs in the browser"
    _write(to / "manifest.webmanifest", {**manifest, "name": start_page.TITLE, "description": about, "shortcuts": []})
    lab = to / "lab" / "index.html"
    page = lab.read_text(encoding="utf-8").replace("<title>JupyterLite<", f"<title>{start_page.TITLE}<")
    lab.write_text(page, encoding="utf-8")
    for path in sorted((to / "api" / "contents").rglob("all.json")):
        listing = json.loads(path.read_text(encoding="utf-8"))
        listing["content"].sort(key=lambda item: item["name"])
        _write(path, listing)


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
