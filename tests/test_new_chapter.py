"""The skeleton of a new chapter passes everything that a chapter must pass, as it is made."""

import os
import shutil
import subprocess
import sys

import pytest

from autograder.engine import catalogue
from autograder.errors import SpecError
from autograder.release import build, master, skeleton
from autograder.release.build import Places
from tests.conftest import ROOT

STEM = "ch98_waves"
NOT_COPIED = shutil.ignore_patterns(".*", "build", "__pycache__", "*.egg-info", "ch[0-8]*", "test_ch*")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A tree of our folders with the skeleton in it."""
    skeleton.make(tmp_path, STEM, "Waves")
    monkeypatch.setattr(catalogue, "EXERCISES", tmp_path / "autograder" / "exercises")
    return tmp_path


def test_the_skeleton_fills_the_places_that_every_chapter_has(tree):
    made = {str(path.relative_to(tree)) for path in tree.rglob("*.py")}
    assert made == {
        "solutions/ch98_waves.py",
        "autograder/exercises/ch98_waves/waves_example.py",
        "autograder/exercises/ch98_waves/waves_question.py",
        "course/widgets/ch98_waves.py",
        "tests/test_ch98_claims.py",
    }
    assert not any("{{" in (tree / path).read_text(encoding="utf-8") for path in made)


def test_the_skeletons_master_obeys_the_rules_and_builds(tree):
    chapter = master.read(Places(tree).master(STEM))
    assert chapter.title == "Chapter 98: Waves"
    assert [cell.name for cell in chapter.cells if cell.kind == "exercise"] == ["waves_example"]
    assert len(build.build(Places(tree), STEM)) == 3
    assert list(build.stale(Places(tree))) == []


def test_the_skeleton_overwrites_nothing(tree):
    before = (tree / "solutions" / f"{STEM}.py").read_bytes()
    with pytest.raises(SpecError, match=r"solutions/ch98_waves\.py exists already; new-chapter overwrites nothing"):
        skeleton.make(tree, STEM, "Other waves")
    assert (tree / "solutions" / f"{STEM}.py").read_bytes() == before


@pytest.mark.parametrize(
    ("stem", "title", "message"),
    [
        ("waves", "Waves", "a chapter's stem is chNN_subject"),
        ("ch9_waves", "Waves", "a chapter's stem is chNN_subject"),
        ("../ch97_waves", "Waves", "a chapter's stem is chNN_subject"),
        ("ch97_waves", "", "a title is one line"),
        ("ch98_other", "Waves", "chapter 98 is ch98_waves already"),
    ],
)
def test_a_bad_name_is_refused_in_one_line(tree, stem, title, message):
    with pytest.raises(SpecError, match=message):
        skeleton.make(tree, stem, title)


def in_copy(copy, *command):
    """What a command prints in a copy of the repository, its own packages first."""
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_a_new_chapter_passes_the_tests_of_all_chapters_as_it_is_made(tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    (copy / "autograder" / "exercises").mkdir(exist_ok=True)
    said = in_copy(copy, "autograder", "new-chapter", STEM, "Waves")
    assert f"made course/{STEM}/{STEM}.ipynb" in said
    assert "recorded waves_example with PyTorch" in said
    assert "python -m autograder record ch98_waves" in said
    said = in_copy(copy, "autograder", "build", STEM, "--execute")
    assert f"executed into build/executed/{STEM}/{STEM}.ipynb" in said
    generic = ["test_exercises.py", "test_recordings.py", "test_release.py", "test_layout.py", "test_ch98_claims.py"]
    tests = [f"tests/{name}" for name in generic]
    wanted = "waves_example or ch98 or exercise_names or committed_notebooks or numpy_alone or one_way"
    said = in_copy(copy, "pytest", "-q", "-p", "no:cacheprovider", "-m", "not gpu", "-k", wanted, *tests)
    assert "failed" not in said
    assert int(said.split(" passed")[0].split()[-1]) > 30, said
