"""The README: every command is run, here or by a test that is named; what cannot be run is listed with the reason."""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")

HERE = {
    ".venv/bin/python -m autograder build": "build/nbgrader/release/ch01_activations/ch01_activations.ipynb",
    '.venv/bin/python -m autograder new-chapter ch10_diffusion "Diffusion"': "solutions/ch10_diffusion.py",
}
"""Run by this file in a copy of the project: the command, and a file that it makes."""

ELSEWHERE = {
    "make start": "tests/test_start_notebook.py",
    "make test": "tests/test_environment.py",
    "make lint": ".pre-commit-config.yaml",
    "make bench": "benchmarks/__main__.py",
    "make slides": "tests/browser/test_slides.py",
    "make book": "tests/test_book.py",
    "make lite": "tests/test_lite.py",
    "python3 -m autograder start": "tests/test_start_notebook.py",
    "python3 -m autograder weights": "tests/test_environment.py",
    "python3 -m autograder setup --grading": "tests/test_instructors_guide.py",
    ".venv/bin/python -m autograder demo ch01": "tests/test_demo.py",
    ".venv/bin/python -m autograder grade ch01_activations": "tests/judge/test_grade.py",
    ".venv/bin/python -m autograder feedback ch01_activations": "tests/judge/test_grade.py",
    ".venv/bin/python -m autograder report ch01_activations": "tests/instructor/test_class_report.py",
    ".venv/bin/python -m autograder similar ch01_activations": "tests/instructor/test_similar.py",
    ".venv/bin/python -m autograder export": "tests/instructor/test_export.py",
}
"""What other files run, because it takes minutes, a network, a sandbox or a browser; here its words are checked."""

NOT_RUN = {
    "py -m autograder start": "py is the launcher of Python on Windows; the same words after it are run as python3",
    "uv venv": "would replace the environment that the tests run in",
    "uv pip install --constraint requirements.lock --editable .": "downloads everything",
    "uv run --no-sync jupyter lab --ServerApp.root_dir=course": "runs until it is stopped",
    "conda env create --file environment.yml": "needs conda and downloads everything",
    "conda activate neural-networks-course": "needs conda",
    "jupyter lab --ServerApp.root_dir=course": "runs until it is stopped",
}


def commands(text):
    """The lines of all blocks without a language."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [line for language, block in blocks if not language for line in block.splitlines() if line.strip()]


def words_of(command):
    """What stands behind `-m autograder`, also of a make target; None for commands of others."""
    if command.startswith("make "):
        shown = subprocess.run(["make", "-n", command.split()[1]], cwd=ROOT, capture_output=True, text=True, check=True)
        command = shown.stdout
    found = re.search(r"-m autograder (.+)", command)
    return shlex.split(found[1]) if found else None


def accepted(words):
    """Whether the command's own parser takes these words; it prints what it does not take."""
    from autograder.__main__ import COMMANDS

    if words[0] not in COMMANDS:
        return False
    command = import_module(COMMANDS[words[0]][0])
    parser = argparse.ArgumentParser(prog=words[0])
    command.add_arguments(parser)
    try:
        parser.parse_args(words[1:])
    except SystemExit:
        return False
    return True


def test_every_command_is_run_here_or_elsewhere_or_listed_with_a_reason():
    told = commands(TEXT)
    assert len(told) > 15
    assert sorted(told) == sorted([*HERE, *ELSEWHERE, *NOT_RUN])
    assert all(NOT_RUN.values())


def test_a_new_command_would_be_seen():
    assert commands(TEXT + "\n```\nmake coffee\n```\n")[-1] == "make coffee"
    assert "make coffee" not in {**HERE, **ELSEWHERE, **NOT_RUN}


@pytest.mark.parametrize("command", [*HERE, *ELSEWHERE])
def test_the_program_takes_the_words_of_its_command(command):
    words = words_of(command)
    if words is None:  # make lint and make bench start other programs
        assert command in ("make lint", "make bench")
        return
    assert accepted(words)


def test_words_that_a_program_does_not_take_would_be_seen(capsys):
    assert not accepted(["fly"])
    assert not accepted(["grade", "ch01", "--no-such-option"])
    assert "--no-such-option" in capsys.readouterr().err


@pytest.mark.parametrize("command", ELSEWHERE)
def test_the_file_that_runs_a_command_is_there_and_speaks_of_it(command):
    path = ROOT / ELSEWHERE[command]
    word = (words_of(command) or [{"make lint": "ruff", "make bench": "benchmarks"}.get(command)])[0]
    assert word in path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project's own files in another folder, where a command may write."""
    place = tmp_path_factory.mktemp("readme") / "course"
    for name in ("autograder", "course", "solutions", "tests"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "Makefile", "README.md"):
        shutil.copyfile(ROOT / name, place / name)
    return place


@pytest.mark.parametrize("command", HERE)
def test_a_command_does_in_a_copy_of_the_project_what_it_says(copy, command):
    words = shlex.split(command)
    assert words[0] == ".venv/bin/python"
    ran = subprocess.run([sys.executable, *words[1:]], cwd=copy, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (copy / HERE[command]).is_file()


def test_what_the_readme_links_to_is_there():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if not link.startswith("http")]
    assert {"INSTRUCTORS.md", "SECURITY.md", "course/start.ipynb", "docs/readme/widget.webp"} <= set(links)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_is_short():
    assert len(TEXT.splitlines()) < 150


def moves(path):
    """The trouble with a moving picture, "" for none."""
    with Image.open(path) as picture:
        if getattr(picture, "n_frames", 1) < 20:
            return "it does not move"
        if picture.width != 640 or picture.info.get("loop") != 0:
            return "it is not 640 pixels wide, or does not begin again"
    return "it is larger than 600 kB" if path.stat().st_size > 600_000 else ""


def test_the_readme_shows_a_picture_that_moves_and_is_small():
    (name,) = re.findall(r"^!\[[^\]]{40,}\]\((.+)\)$", TEXT, re.MULTILINE)
    assert moves(ROOT / name) == ""


def test_a_still_picture_would_be_seen(tmp_path):
    Image.new("RGB", (640, 10)).save(Path(tmp_path, "still.webp"))
    assert moves(tmp_path / "still.webp") == "it does not move"
