"""The house stays easy to see: who imports whom, what is public, and what is in step with what."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import autograder
from tests.conftest import ROOT

FORBIDDEN = {
    "course/widgets": {"autograder", "torch", "solutions", "sklearn"},
    "autograder": {"course", "solutions"},
    "autograder/engine": {"torch", "nbgrader", "IPython", "ipywidgets", "matplotlib"},
    "autograder/student": {"torch", "nbgrader", "jupytext"},
    "autograder/environment": {"numpy", "torch", "nbgrader"},
    "autograder/reference": {"nbgrader", "jupytext", "IPython", "tqdm"},
}


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports anywhere, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def trespasses(folder: Path, forbidden: set[str]) -> list[str]:
    """Files below a folder that import what they must not, each with the names."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        if bad := imported(path) & forbidden:
            found.append(f"{path.name}: {', '.join(sorted(bad))}")
    return found


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_data_flows_one_way(folder):
    found = trespasses(ROOT / folder, FORBIDDEN[folder])
    allowed = {"autograder/reference": ["device.py: torch", "live.py: torch"]}.get(folder, [])
    assert [line for line in found if line not in allowed] == []


def test_the_import_guard_sees_a_trespasser(tmp_path):
    (tmp_path / "bad.py").write_text("def f():\n    from course.widgets import kit\n")
    (tmp_path / "good.py").write_text("import numpy\n")
    assert trespasses(tmp_path, FORBIDDEN["autograder"]) == ["bad.py: course"]


def test_the_public_names_are_three():
    assert autograder.__all__ == ["check", "hint", "progress"]
    assert dir(autograder) == autograder.__all__
    assert all(callable(getattr(autograder, name)) for name in autograder.__all__)
    with pytest.raises(AttributeError, match="no attribute 'grade'"):
        autograder.grade  # noqa: B018


def test_every_module_says_what_it_does_in_its_first_line():
    folders = (ROOT / "autograder", ROOT / "course", ROOT / "tests", ROOT / "benchmarks")
    missing = [
        str(path.relative_to(ROOT))
        for folder in folders
        for path in folder.rglob("*.py")
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert missing == []


def test_every_chapter_has_its_six_places(chapter):
    assert (ROOT / "solutions" / f"{chapter}.py").is_file()
    assert (ROOT / "course" / chapter / f"{chapter}.ipynb").is_file()
    assert (ROOT / "autograder" / "exercises" / chapter).is_dir()
    assert (ROOT / "autograder" / "recordings" / chapter).is_dir()
    widgets = ROOT / "course" / "widgets" / chapter
    assert widgets.is_dir() or widgets.with_suffix(".py").is_file()


def test_no_recording_is_left_without_its_exercise(chapter):
    from autograder.engine import catalogue

    recorded = {path.stem for path in (ROOT / "autograder" / "recordings" / chapter).iterdir()}
    assert recorded == {exercise.name for exercise in catalogue.exercises(chapter)}


def requirements(lines: list[str]) -> dict[str, str]:
    """Package names and version ranges of requirement lines, without spaces."""
    found = {}
    for line in lines:
        match = re.fullmatch(r"([A-Za-z0-9_-]+)\s*(.*)", line.strip())
        if match:
            found[match[1].lower()] = match[2].replace(" ", "")
    return found


def test_environment_yml_is_in_step_with_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = requirements([*project["dependencies"], *extras["grading"], *extras["torch"]])
    wanted["pytorch"] = wanted.pop("torch")
    lines = re.findall(r"^ +- ([a-z].*)$", (ROOT / "environment.yml").read_text(), flags=re.MULTILINE)
    listed = requirements([line for line in lines if not line.startswith(("conda-forge", "pip", "python "))])
    assert listed == wanted


def test_the_lock_pins_every_direct_dependency_but_torch():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = requirements([*project["dependencies"], *extras["grading"], *extras["dev"]])
    pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE))
    assert set(wanted) <= pinned
    assert "torch" not in pinned


def tracked() -> list[Path]:
    """The files that git knows, or would know."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


def test_no_notebook_is_committed_with_outputs():
    with_outputs = [path.name for path in tracked() if path.suffix == ".ipynb" and '"output_type"' in path.read_text()]
    assert with_outputs == []


def test_no_path_of_a_machine_is_committed():
    here = [str(ROOT), str(Path.home()) + "/"]
    texts = [
        path for path in tracked() if path.suffix in (".py", ".md", ".toml", ".yml", ".ipynb", ".js", ".json", ".lock")
    ]
    assert [path.name for path in texts if any(place in path.read_text(encoding="utf-8") for place in here)] == []


def test_the_command_line_lists_its_commands():
    shown = subprocess.run([sys.executable, "-m", "autograder"], capture_output=True, text=True, check=True, cwd=ROOT)
    from autograder.__main__ import COMMANDS

    assert all(name in shown.stdout for name in COMMANDS)
    wrong = subprocess.run(
        [sys.executable, "-m", "autograder", "fly"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("autograder: there is no command 'fly'; there are: start, ")
    assert "Traceback" not in wrong.stderr


def test_the_command_line_starts_without_any_package():
    """Setting up works before anything is installed."""
    code = "import sys; sys.modules['numpy'] = None; from autograder.__main__ import main; main(['setup', '--help'])"
    shown = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert shown.returncode == 0, shown.stderr
    assert "--grading" in shown.stdout


def test_every_command_in_the_readme_and_the_guide_exists():
    from autograder.__main__ import COMMANDS

    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        commands, made = (
            re.findall(r"-m autograder ([a-z-]+)", text),
            re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE),
        )
        assert commands
        assert made
        assert set(commands) <= set(COMMANDS), name
        assert set(made) <= targets, name
