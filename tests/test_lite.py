"""The site that runs Python in the browser, as far as it can be judged without one."""

import ast
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.lite import distribution, site, start_page, wheels
from autograder.student import store
from tests.conftest import ROOT
from tests.test_layout import imported

PACKAGES = distribution.PINNED["packages"]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The course's wheel, unpacked."""
    place = tmp_path_factory.mktemp("course")
    with zipfile.ZipFile(wheels.course_wheel(place / "wheel")) as archive:
        archive.extractall(place / "unpacked")
    return place / "unpacked"


def unknown_imports(folder, known):
    """What the files below a folder import that is neither Python's own, nor theirs, nor known."""
    allowed = {*sys.stdlib_module_names, *known, "course", "autograder"}
    return {name: path.name for path in sorted(folder.rglob("*.py")) for name in sorted(imported(path) - allowed)}


def importable():
    """The top-level names that a page of the site can import."""
    own = [names for _, names in site.DEPENDS.values()]
    return {name for entry in PACKAGES.values() for name in entry["imports"]}.union(*own)


def test_the_student_part_imports_only_what_the_site_has(course):
    recorders = {"torch": "reference", "gguf": "weights", "safetensors": "weights"}
    found = unknown_imports(course, importable() | set(recorders))
    assert found == {}
    # The rest is imported on use: references on an author's machine, weights where someone fetched them.
    for name in recorders:
        for path in course.rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert name not in _imported_at_once(tree), path


def _imported_at_once(tree):
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_the_import_guard_sees_a_package_that_the_site_lacks(tmp_path):
    (tmp_path / "one.py").write_text("import numpy\nimport tensorflow.keras\n")
    assert unknown_imports(tmp_path, importable()) == {"tensorflow": "one.py"}


def test_the_released_notebooks_import_only_what_the_site_has():
    for chapter in start_page.chapters():
        cells = json.loads(chapter.notebook.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        names = set().union(*(_imported_at_once(ast.parse(source)) for source in code))
        assert names - sys.stdlib_module_names <= importable() | {"autograder", "course"}, chapter.stem


BLOCKED = """
import sys
sys.path.insert(0, {course!r})

class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"the site has no {{name}}", name=name)

sys.meta_path.insert(0, Guard())
{then}
"""


def absent():
    """The top-level names of all packages that this project names anywhere and that the site has not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    packages = {re.match(r"[\w-]+", one)[0].lower().replace("_", "-") for one in named}
    found = packages_distributions().items()
    tops = {top for top, names in found if packages & {name.lower().replace("_", "-") for name in names}}
    return (tops | {"torch", "pandas"}) - importable()


def blocked(course, then):
    """Run Python on the unpacked wheel where of the project's packages only those of the site can be imported."""
    program = BLOCKED.format(course=str(course), blocked=absent(), then=then)
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=course,
        timeout=300,
    )


def test_a_check_and_every_widget_module_work_with_nothing_but_what_the_site_has(course):
    chapters = catalogue.chapters()
    ran = blocked(
        course,
        "import numpy as np, importlib, json\n"
        "from autograder import check, hint, progress\n"
        f"for chapter in {chapters!r}: importlib.import_module(f'course.widgets.{{chapter}}')\n"
        "def relu(x): return np.maximum(x, 0.0)\n"
        "check(relu); hint(relu); progress()\n"
        "from course.data import digits; print(digits().x_train.shape)\n",
    )
    assert ran.returncode == 0, ran.stderr
    assert "relu: passes" in ran.stdout
    assert "(1437, 64)" in ran.stdout


def test_the_run_above_has_no_packages_but_the_site_s(course):
    assert {"nbgrader", "mlxtend", "statsmodels", "skimage", "torch", "pandas"} <= absent()
    ran = blocked(course, "import torch")
    assert "the site has no torch" in ran.stderr


def test_the_course_s_wheel_leaves_the_judge_at_home(course):
    inside = {path.name for path in (course / "autograder").iterdir()}
    assert inside == set(wheels.STUDENT_PART)
    assert len(list((course / "autograder" / "recordings").rglob("*.npz"))) == len(catalogue.exercises())


def test_the_data_wheel_has_every_file_that_the_course_reads_in_other_packages(tmp_path):
    source = (ROOT / "course" / "data.py").read_text(encoding="utf-8")
    read = re.findall(r'_inside\("(\w+)", f?"([^"]+)"\)', source)
    from_pyodide = {"matplotlib", "sklearn"}
    assert {package for package, _ in read} == set(wheels.DATA) - {"pydoc_data"} | from_pyodide
    with zipfile.ZipFile(wheels.data_wheel("1.0", tmp_path)) as archive:
        inside = archive.namelist()
    for package, path in read:
        if package not in from_pyodide:
            pattern = re.escape(f"{package}/{path}").replace(r"\{name\}", r"\w+")
            assert [name for name in inside if re.fullmatch(pattern, name)], (package, path)
    assert "pydoc_data/topics.py" in inside


def test_a_package_that_is_data_alone_says_so_when_it_is_imported(tmp_path):
    with zipfile.ZipFile(wheels.data_wheel("1.0", tmp_path)) as archive:
        text = archive.read("statsmodels/__init__.py").decode()
    with pytest.raises(ImportError, match="statsmodels is its data files alone"):
        exec(compile(text, "statsmodels", "exec"), {})


def test_every_package_in_the_lock_is_there_with_all_that_it_needs():
    own = {name: {"depends": depends} for name, (depends, _) in site.DEPENDS.items()}
    packages = {**PACKAGES, **own}
    assert set(distribution.closure(packages, packages)) == set(packages)
    started = {name.replace("_", "-") for name in site.PRELOADED}
    assert started <= set(packages)


def test_the_lock_guard_sees_a_package_that_is_missing():
    with pytest.raises(KeyError, match="numpy"):
        distribution.closure({"scipy": {"depends": ["numpy"]}}, ["scipy"])


def test_every_pinned_wheel_has_a_digest_and_a_use():
    lines = [line for line in wheels.PINS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert len(wheels.pins()) == len(lines)
    extensions_alone = {"jupyterlab_widgets", "jupyterlite-pyodide-kernel"}
    assert {name.replace("_", "-") for name in set(wheels.pins()) - extensions_alone} <= set(site.DEPENDS)


# A small Pyodide in place of the pinned one.


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A distribution of two files in a folder."""
    files = {"pyodide.js": b"// starts", "numpy.whl": b"wheel"}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    monkeypatch.setattr(distribution, "files_needed", lambda: digests)
    folder = tmp_path / "pyodide"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "pyodide-lock.json").write_text(json.dumps({"info": {"version": distribution.VERSION}}))
    return folder


def _tar(folder, to):
    with tarfile.open(to, "w:bz2") as archive:
        archive.add(folder, "pyodide")
    return to


def _zip(folder, to):
    with zipfile.ZipFile(to, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"inside/{path.name}")
    return to


@pytest.mark.parametrize("form", ["folder", "folder above", "tar", "zip"])
def test_a_distribution_is_taken_from_a_folder_or_an_archive(small, tmp_path, form):
    source = {
        "folder": lambda: small,
        "folder above": lambda: tmp_path,
        "tar": lambda: _tar(small, tmp_path / "full.tar.bz2"),
        "zip": lambda: _zip(small, tmp_path / "some.whl"),
    }[form]()
    distribution.copy_distribution(source, tmp_path / "to")
    assert {path.name: path.read_bytes() for path in (tmp_path / "to").iterdir()} == {
        "pyodide.js": b"// starts",
        "numpy.whl": b"wheel",
    }


def _wrong_version(folder):
    (folder / "pyodide-lock.json").write_text('{"info": {"version": "0.1.0"}}')


def _missing(folder):
    (folder / "numpy.whl").unlink()


def _damaged(folder):
    (folder / "numpy.whl").write_bytes(b"another wheel")


def _empty(folder):
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_wrong_version, "is Pyodide 0.1.0; this site's kernel runs Pyodide"),
        (_missing, "lacks numpy.whl"),
        (_damaged, "holds other files than Pyodide .*: numpy.whl"),
        (_empty, "none of its files is in it"),
    ],
)
def test_a_distribution_that_does_not_fit_is_one_clear_line(small, tmp_path, spoil, says):
    spoil(small)
    with pytest.raises(CourseError, match=says) as caught:
        distribution.copy_distribution(small, tmp_path / "to")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_a_file_that_is_no_archive_is_one_clear_line(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(CourseError, match="cannot be read as a folder, a tar or a zip archive") as caught:
        distribution.copy_distribution(tmp_path / "file", tmp_path / "to")
    assert "\n" not in str(caught.value)


def test_a_path_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(CourseError, match="cannot be read"):
        distribution.copy_distribution(tmp_path / "nowhere", tmp_path / "to")


def test_a_folder_that_holds_something_else_is_not_written_over(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(CourseError, match="is not empty and no earlier site"):
        site.build(tmp_path, None, tmp_path / "wheels")
    assert (tmp_path / "mine.txt").read_text() == "keep"


# The start page.


def chapter(**changes):
    """A chapter as the start page gets it."""
    row = {"stem": "ch01_a", "title": "1 A", "builds": "things", "hours": "4", "seconds": 95.0, "failed": {}}
    return start_page.Chapter(**(row | changes))


def test_the_start_page_says_of_each_chapter_what_was_measured():
    listed = [
        chapter(),
        chapter(stem="ch02_b", title="2 B", seconds=None),
        chapter(stem="ch03_c", title="3 C", failed={"7": "MemoryError: too much"}),
    ]
    text = "".join(json.loads(start_page.notebook(listed))["cells"][0]["source"])
    assert "| [1 A](ch01_a/ch01_a.ipynb) | things | 4 | works; its cells take 2 minutes in all |" in text
    assert "| [2 B](ch02_b/ch02_b.ipynb) | things | 4 | not tried yet |" in text
    assert "works but for cell 7: MemoryError: too much" in text


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(3, "10 seconds"), (34, "30 seconds"), (58, "1 minute"), (95, "2 minutes"), (700, "12 minutes")],
)
def test_times_are_said_as_people_say_them(seconds, says):
    assert start_page.minutes(seconds) == says


def test_every_released_chapter_was_tried_in_the_browser():
    assert [one.stem for one in start_page.chapters()] == catalogue.chapters()
    assert [one.stem for one in start_page.chapters() if one.seconds is None] == []


def test_progress_is_one_file_for_all_chapters_of_the_site(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    (tmp_path / "ch01_activations").mkdir()
    monkeypatch.chdir(tmp_path / "ch01_activations")
    assert store.location() == tmp_path / "ch01_activations" / store.FILE
    (tmp_path / start_page.NAME).write_text("{}")
    assert store.location() == tmp_path / store.FILE


@pytest.mark.parametrize("module", ["hatchling", "jupyterlite_core"])
def test_a_tool_that_is_missing_is_one_clear_line(tmp_path, monkeypatch, module):
    monkeypatch.setattr(site, "find_spec", lambda name: None if name == module else name)
    with pytest.raises(CourseError, match=rf"lite needs {module}: .*\[lite\]"):
        site.build(tmp_path / "site", None, tmp_path / "wheels")


# The site itself.


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """The same site, built twice."""
    pytest.importorskip("jupyterlite_core", reason="needs jupyterlite-core, which the extra `lite` brings")
    place = tmp_path_factory.mktemp("sites")
    for name in ("one", "two"):
        site.build(place / name, None, ROOT / "build" / "lite-wheels")
    return place / "one", place / "two"


def _files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_builds_give_the_same_bytes(sites):
    one, two = map(_files, sites)
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_the_site_has_the_notebooks_the_wheels_and_the_widgets_front_ends(sites):
    built = sites[0]
    for one in start_page.chapters():
        assert (built / "files" / one.stem / f"{one.stem}.ipynb").read_bytes() == one.notebook.read_bytes()
    lock = json.loads((built / "static" / "course" / "pyodide-lock.json").read_text())
    own = [entry for entry in lock["packages"].values() if entry["file_name"].startswith("./")]
    assert len(own) == len(site.DEPENDS)
    for entry in own:
        data = (built / "static" / "course" / entry["file_name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    settings = json.loads((built / "jupyter-lite.json").read_text())["jupyter-config-data"]
    extensions = {one["name"] for one in settings["federated_extensions"]}
    assert extensions == {"anywidget", "@jupyter-widgets/jupyterlab-manager", "@jupyterlite/pyodide-kernel-extension"}
    assert distribution.CDN in (built / "static" / "course" / "pyodide.js").read_text()
    assert f"<title>{start_page.TITLE}</title>" in (built / "lab" / "index.html").read_text()


def test_a_stated_time_of_the_source_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    with zipfile.ZipFile(io.BytesIO(Path(wheels.data_wheel("1.0", tmp_path)).read_bytes())) as archive:
        assert {info.date_time[0] for info in archive.infolist()} == {2023}
