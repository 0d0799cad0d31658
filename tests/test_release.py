"""From a master to the students' notebook: the rules, nbgrader's metadata, and nothing of the answers."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import nbformat
import pytest

from autograder import nbgrader_config
from autograder.__main__ import main
from autograder.engine import catalogue
from autograder.errors import CourseError, SpecError
from autograder.release import build, execute, master
from autograder.release.build import Places
from autograder.spec import Exercise, FreeAnswer

ROOT = Path(__file__).resolve().parents[1]
STEM = "ch01_tiny"

MASTER = '''\
# %% [markdown]
# # 1 Halves and doubles
#
# We write two functions.

# %%
import numpy as np


def check(function):
    """Stands in for the course's check."""
    print(function(np.ones(2)))


# %%
def halve(x):
    """Half of x, any shape."""
    ### BEGIN SOLUTION
    secret_half = 0.5 * x
    return secret_half
    ### END SOLUTION


# %%
check(halve)

# %% [markdown]
# The second one keeps what it gave.

# %%
class Doubler:
    """Doubles, and counts its calls."""

    def __init__(self, calls=0):
        self.calls = calls

    def double(self, x):
        """Twice x."""
        ### BEGIN SOLUTION
        self.calls += 1
        return x + x
        ### END SOLUTION


# %%
# One line is enough.
check(Doubler)

# %% why_not_both [markdown]
# **Question.** Why is a half of a double the same?
#
# ### BEGIN SOLUTION
# Because the product of the two factors is one.
# ### END SOLUTION

# %% [markdown]
# We write two functions.
'''

EXERCISE = """\
from autograder.spec import Exercise, Misconception

def wrong(x):
    return x

EXERCISE = Exercise(
    number=1, title="{name}", section="1.1", points={points}, minutes=5, difficulty="easy",
    reference=abs, cases=iter,
    misconceptions=(Misconception(wrong, hint="How much is a half of one, in tenths?"),),
    hints=("A nudge about {name}.", "Look at {name}.", "The formula of {name}.", "A worked line of {name}."),
)
"""

QUESTION = """\
from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="Why", section="1.2", points=4, minutes=5, rubric=("names the product of the factors",)
)
"""


class SmallCourse:
    """A course of one chapter in a folder of its own, which a test may change and build."""

    def __init__(self, root: Path) -> None:
        self.places = Places(root)
        self.specs = root / "autograder" / "exercises" / STEM
        self.specs.mkdir(parents=True)
        self.places.masters.mkdir()
        self.write_master(MASTER)
        self.write_spec("halve", EXERCISE.format(name="halve", points=2))
        self.write_spec("Doubler", EXERCISE.format(name="Doubler", points=3))
        self.write_spec("why_not_both", QUESTION)

    def write_master(self, text: str) -> None:
        self.places.master(STEM).write_text(text, encoding="utf-8")

    def write_spec(self, name: str, text: str) -> None:
        (self.specs / f"{name}.py").write_text(text, encoding="utf-8")

    def change(self, old: str, new: str) -> None:
        """Replace text of the master that occurs exactly once."""
        assert MASTER.count(old) == 1, f"{old!r} must occur once in the small master"
        self.write_master(MASTER.replace(old, new))

    def read(self) -> master.Master:
        return master.read(self.places.master(STEM))

    def build(self) -> nbformat.NotebookNode:
        build.build(self.places, STEM)
        return nbformat.read(self.places.course(STEM), as_version=4)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallCourse:
    course = SmallCourse(tmp_path)
    monkeypatch.setattr(catalogue, "EXERCISES", course.specs.parent)
    return course


def graded(notebook: nbformat.NotebookNode) -> dict[str, nbformat.NotebookNode]:
    return {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


# Reading a master


def test_each_cell_of_a_master_is_what_its_content_says(small: SmallCourse) -> None:
    kinds = [(cell.kind, cell.name, cell.points) for cell in small.read().cells]
    assert kinds == [
        ("prose", "", 0),
        ("code", "", 0),
        ("exercise", "halve", 2),
        ("check", "halve", 2),
        ("prose", "", 0),
        ("exercise", "Doubler", 3),
        ("check", "Doubler", 3),
        ("free answer", "why_not_both", 4),
        ("prose", "", 0),
    ]


def test_a_master_gives_its_title_and_its_model_answers_without_markers(small: SmallCourse) -> None:
    chapter = small.read()
    assert chapter.title == "1 Halves and doubles"
    assert list(chapter.model_answers) == ["halve", "Doubler", "why_not_both"]
    assert "secret_half = 0.5 * x" in chapter.model_answers["halve"]
    assert not any("SOLUTION" in answer for answer in chapter.model_answers.values())


BROKEN = {
    "a name without a spec": ("def halve(x):", "def third(x):", "no spec for 'third'"),
    "a check without a spec": ("check(halve)", "check(third)", "no spec for 'third'"),
    "a question without a spec": ("why_not_both [markdown]", "why [markdown]", "no spec for 'why'"),
    "a check of another exercise": (
        "check(halve)",
        "check(Doubler)",
        "found check(Doubler) where check(halve) is due",
    ),
    "an exercise without a check": ("# %%\ncheck(halve)\n", "", "no check(halve) between the exercises"),
    "a last exercise without a check": (
        "check(Doubler)",
        "Doubler",
        "no check(Doubler) after the exercise Doubler",
    ),
    "a check given twice": (
        "check(halve)",
        "check(halve)\n\n# %%\ncheck(halve)",
        "no exercise waits for its check",
    ),
    "a name that comes twice": ("class Doubler:", "class halve:", "halve has two cells"),
    "two functions in one exercise": (
        "def halve(x):",
        "def other(x):\n    pass\n\ndef halve(x):",
        "defines other, halve",
    ),
    "an answer around the whole function": (
        'def halve(x):\n    """Half of x, any shape."""\n    ### BEGIN SOLUTION',
        "### BEGIN SOLUTION\ndef halve(x):",
        "the cell no longer defines halve",
    ),
    "a check with company": ("check(halve)", "check(halve)\nprint(1)", "shares its cell with other lines"),
    "a check of a call": ("check(halve)", "check(halve(1))", "must name one function"),
    "a check with options": ("check(halve)", "check(halve, seed=1)", "must name one function"),
    "a question without a name": (
        "# %% why_not_both [markdown]",
        "# %% [markdown]",
        "an answer without a name",
    ),
    "a title on another cell": ("# %%\ncheck(halve)", "# %% first\ncheck(halve)", "has the title 'first'"),
    "a directive of another kind": ("# %%\ncheck(halve)", '# %% tags=["hard"]\ncheck(halve)', "carries tags"),
    "a raw cell": ("# %%\ncheck(halve)", "# %%\ncheck(halve)\n\n# %% [raw]\n# x", "is a raw cell"),
    "a hidden test": (
        "check(halve)",
        "check(halve)\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS",
        "holds 'BEGIN HIDDEN",
    ),
    "a marker with other words": ("    return secret_half", "    return 1  # END SOLUTION", "does not fit"),
    "a code cell that is not Python": ("check(Doubler)", "check(Doubler", "is not plain Python"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_master_is_refused_in_one_line_that_says_where(small: SmallCourse, fault: str) -> None:
    old, new, message = BROKEN[fault]
    small.change(old, new)
    with pytest.raises(SpecError) as caught:
        small.read()
    line = str(caught.value)
    assert message in line
    assert f"{STEM}.py" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("### BEGIN SOLUTION\nx", "has no ### END SOLUTION"),
        ("### END SOLUTION", "does not fit"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "does not fit"),
    ],
)
def test_markers_that_do_not_pair_up_are_refused(small: SmallCourse, source: str, message: str) -> None:
    small.write_master(MASTER + "\n# %%\n" + source + "\n")
    with pytest.raises(SpecError, match=message):
        small.read()


def test_a_spec_without_a_cell_is_refused(small: SmallCourse) -> None:
    small.write_spec("triple", EXERCISE.format(name="triple", points=1))
    with pytest.raises(SpecError, match=r"triple\.py has no cell"):
        small.read()


def test_a_question_where_a_function_is_asked_is_refused(small: SmallCourse) -> None:
    small.write_spec("halve", QUESTION)
    with pytest.raises(SpecError, match="is a FreeAnswer, but the cell needs Exercise"):
        small.read()


def test_a_chapter_that_is_not_there_is_refused_with_those_that_are(small: SmallCourse) -> None:
    with pytest.raises(SpecError, match="there are: ch01_tiny"):
        build.stems(small.places, ["ch07"])
    assert build.stems(small.places, ["ch01"]) == build.stems(small.places) == [STEM]


# Building


def test_the_release_carries_nbgraders_metadata_and_nothing_on_other_cells(small: SmallCourse) -> None:
    notebook = small.build()
    cells = graded(notebook)
    assert list(cells) == ["halve", "check_halve", "Doubler", "check_Doubler", "why_not_both"]
    shown = ("grade", "solution", "locked", "points", "schema_version")
    flags = {name: tuple(cell.metadata.nbgrader.get(key) for key in shown) for name, cell in cells.items()}
    assert flags == {
        "halve": (False, True, False, None, 3),
        "check_halve": (True, False, True, 2, 3),
        "Doubler": (False, True, False, None, 3),
        "check_Doubler": (True, False, True, 3, 3),
        "why_not_both": (True, True, False, 4, 3),
    }
    assert cells["check_halve"].metadata.tags == ["raises-exception"]
    assert all(not cell.metadata for cell in notebook.cells if cell not in cells.values())
    assert notebook.metadata.kernelspec.language == "python"


def test_cell_ids_are_unique_and_stay_when_a_cell_is_added_before_them(small: SmallCourse) -> None:
    before = [cell.id for cell in small.build().cells]
    assert len(set(before)) == len(before)
    small.write_master("# %% [markdown]\n# A new first cell.\n\n" + MASTER)
    assert [cell.id for cell in small.build().cells][1:] == before


def test_building_twice_gives_identical_bytes_and_writes_nothing_the_second_time(small: SmallCourse) -> None:
    assert len(build.build(small.places, STEM)) == 3
    first = files(small.places.root)
    assert build.build(small.places, STEM) == []
    for path in (small.places.source(STEM), small.places.release(STEM), small.places.course(STEM)):
        path.unlink()
    build.build(small.places, STEM)
    assert files(small.places.root) == first


def test_the_build_leaves_everything_else_in_the_chapters_folder_alone(small: SmallCourse) -> None:
    note = small.places.course(STEM).with_name("notes.md")
    note.parent.mkdir(parents=True)
    note.write_text("written by hand")
    small.build()
    assert note.read_text() == "written by hand"


def converted_by_nbgrader(places: Places, stem: str, root: Path) -> bytes:
    """What the real `nbgrader generate_assignment` makes of the source, in a tree with our configuration."""
    source = root / "source" / stem / f"{stem}.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(build.source_text(master.read(places.master(stem))), encoding="utf-8")
    nbgrader_config.write(root)
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {
        # nbgrader calls alembic by its bare name.
        "PATH": os.pathsep.join([scripts, os.environ.get("PATH", "")]),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", stem]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return (root / "release" / stem / f"{stem}.ipynb").read_bytes()


def test_the_release_equals_what_nbgrader_itself_makes(small: SmallCourse, tmp_path: Path) -> None:
    small.build()
    real = converted_by_nbgrader(small.places, STEM, tmp_path / "nbgrader")
    assert real == small.places.course(STEM).read_bytes() == small.places.release(STEM).read_bytes()
    assert nbgrader_config.CODE_STUB.encode() in real.replace(b'\\"', b'"')


@pytest.mark.slow
@pytest.mark.parametrize("stem", build.stems(Places()))
def test_every_chapters_release_equals_what_nbgrader_itself_makes(stem: str, tmp_path: Path) -> None:
    ours = build.release_text(master.read(Places().master(stem)))
    assert converted_by_nbgrader(Places(), stem, tmp_path) == ours.encode()


# Freshness


def test_the_committed_notebooks_are_what_the_masters_give() -> None:
    assert list(build.stale(Places())) == []


def test_a_stale_a_missing_and_an_orphaned_notebook_are_each_reported(
    small: SmallCourse, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [line.split("; ")[0] for line in build.stale(small.places)] == [
        "course/ch01_tiny/ch01_tiny.ipynb is missing"
    ]
    small.build()
    assert list(build.stale(small.places)) == []
    small.change("We write two functions.\n\n", "We write two small functions.\n\n")
    orphan = small.places.course("ch02_gone")
    orphan.parent.mkdir()
    orphan.write_text("{}")
    before = files(small.places.root)
    lines = list(build.stale(small.places))
    assert len(lines) == 2
    assert "is stale" in lines[0]
    assert "has no master" in lines[1]
    assert files(small.places.root) == before, "a check must not write"


# What students must not get


def leaks(chapter: master.Master, specs: list[Exercise | FreeAnswer], release: nbformat.NotebookNode) -> Iterator[str]:
    """Each answer line, hint, rubric line, output and attachment that stands in a released notebook."""
    text = "\n".join(cell.source for cell in release.cells)
    lines = {line.strip() for line in text.splitlines()}
    for cell in chapter.cells:
        if cell.kind in ("exercise", "free answer"):
            yield from (f"answer: {line}" for line in answer_lines(cell.source) if line in lines)
    for spec in specs:
        secret = (
            list(spec.rubric) if isinstance(spec, FreeAnswer) else [*spec.hints, *(m.hint for m in spec.misconceptions)]
        )
        yield from (f"hint or rubric: {one}" for one in secret if one in text)
    for mark in ("SOLUTION", "HIDDEN", "MARK SCHEME"):
        if mark in text:
            yield f"mark: {mark}"
    for cell in release.cells:
        if cell.get("outputs") or cell.get("execution_count") or cell.get("attachments"):
            yield f"output: {cell.source}"


def answer_lines(source: str) -> list[str]:
    """The lines between the markers that say something; `return x` may well stand in the prose."""
    kept, inside = [], False
    for line in map(str.strip, source.splitlines()):
        if line in (master.BEGIN, master.END):
            inside = line == master.BEGIN
        elif inside and len(line) > 15 and not line.startswith("#"):
            kept.append(line)
    return kept


def test_a_release_holds_no_answer_no_hint_and_no_output(small: SmallCourse) -> None:
    assert list(leaks(small.read(), list(catalogue.entries(STEM)), small.build())) == []


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("secret_half = 0.5 * x", "answer"),
        ("Because the product of the two factors is one.", "answer"),
        ("The formula of halve.", "hint"),
        ("How much is a half of one, in tenths?", "hint"),
        ("names the product of the factors", "hint or rubric"),
        ("### HIDDEN", "mark"),
    ],
)
def test_the_leak_test_finds_what_is_planted(small: SmallCourse, planted: str, found: str) -> None:
    release = small.build()
    release.cells.append(nbformat.v4.new_markdown_cell(f"Words.\n{planted}\nMore words."))
    assert any(leak.startswith(found) for leak in leaks(small.read(), list(catalogue.entries(STEM)), release))


def test_the_leak_test_finds_an_output(small: SmallCourse) -> None:
    release = small.build()
    release.cells[1].outputs = [nbformat.v4.new_output("stream", text="[0.5 0.5]")]
    assert list(leaks(small.read(), list(catalogue.entries(STEM)), release)) == [f"output: {release.cells[1].source}"]


@pytest.mark.parametrize("stem", build.stems(Places()))
def test_no_chapters_release_holds_an_answer_a_hint_or_an_output(stem: str) -> None:
    release = nbformat.read(Places().course(stem), as_version=4)
    assert list(leaks(master.read(Places().master(stem)), list(catalogue.entries(stem)), release)) == []


def raising_stubs(source: str) -> list[str]:
    """The functions of a cell whose body ends in our stub."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return [
        one.name for one in functions if ast.unparse(one.body[-1]) == ast.unparse(ast.parse(nbgrader_config.CODE_STUB))
    ]


def test_a_released_stub_raises_when_it_is_called(small: SmallCourse) -> None:
    namespace: dict[str, object] = {}
    exec(graded(small.build())["halve"].source, namespace)
    halve = namespace["halve"]
    assert callable(halve)
    with pytest.raises(NotImplementedError, match="your own code"):
        halve(1.0)


def test_a_cell_with_its_answer_has_no_raising_stub(small: SmallCourse) -> None:
    assert raising_stubs(small.read().model_answers["halve"]) == []


@pytest.mark.parametrize("stem", build.stems(Places()))
def test_every_exercise_of_a_chapter_is_released_with_a_stub_that_raises(stem: str) -> None:
    cells = graded(nbformat.read(Places().course(stem), as_version=4))
    for cell in master.read(Places().master(stem)).cells:
        if cell.kind == "exercise":
            assert raising_stubs(cells[cell.name].source), f"{cell.name} is released without a stub that raises"
        if cell.kind == "free answer":
            assert nbgrader_config.TEXT_STUB in cells[cell.name].source


def missing_headings(stem: str, text: str) -> list[str]:
    """The headings that the specs of a chapter ask for and its prose does not hold."""
    wanted = []
    for spec in catalogue.entries(stem):
        points = f"{spec.points} point{'s' if spec.points > 1 else ''}"
        if isinstance(spec, Exercise):
            number = f"{int(stem[2:4])}.{spec.number}"
            wanted.append(f"**Exercise {number}: {spec.title}** ({spec.minutes} minutes, {spec.difficulty}, {points})")
        else:
            wanted.append(f"**Question: {spec.title}** ({spec.minutes} minutes, {points}, graded by a person)")
    return [heading for heading in wanted if heading not in text]


@pytest.mark.parametrize("stem", build.stems(Places()))
def test_every_heading_of_a_chapter_says_what_its_spec_says(stem: str) -> None:
    assert missing_headings(stem, Places().master(stem).read_text(encoding="utf-8")) == []


def test_the_heading_test_finds_other_points(small: SmallCourse) -> None:
    title = "**Exercise 1.1: halve** (5 minutes, easy, {} points)"
    others = "**Exercise 1.1: Doubler** (5 minutes, easy, 3 points)\n"
    others += "**Question: Why** (5 minutes, 4 points, graded by a person)"
    assert missing_headings(STEM, title.format(2) + others) == []
    assert missing_headings(STEM, title.format(3) + others) == [title.format(2)]


# Running a master


def test_a_master_runs_and_keeps_its_outputs(small: SmallCourse) -> None:
    notebook = nbformat.read(execute.execute(small.places, STEM), as_version=4)
    first_check = graded(notebook)["check_halve"]
    assert first_check.outputs[0].text == "[0.5 0.5]\n"
    assert not small.places.course(STEM).exists()


def test_a_master_whose_own_check_fails_is_reported_in_one_line(small: SmallCourse) -> None:
    small.change("    return secret_half", "    raise ValueError('no half of that')")
    with pytest.raises(CourseError, match=r"^ch01_tiny\.py does not run to its end: ValueError: no half of that$"):
        execute.execute(small.places, STEM)


# The command


def command(*arguments: str) -> int:
    return main(["build", *arguments])


def test_the_command_builds_checks_and_says_what_it_did(small: SmallCourse, capsys: pytest.CaptureFixture[str]) -> None:
    root = f"--root={small.places.root}"
    assert command("--check", root) == 1
    assert command(root) == 0
    assert command("ch01", root) == 0
    assert command("--check", root) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("course/ch01_tiny/ch01_tiny.ipynb is missing")
    assert said[1:] == [
        "ch01_tiny: 3 files written",
        "ch01_tiny: up to date",
        "course/ is what the masters give",
    ]


def test_the_command_shows_a_fault_as_one_line_and_fails(
    small: SmallCourse, capsys: pytest.CaptureFixture[str]
) -> None:
    small.change("def halve(x):", "def third(x):")
    assert command(f"--root={small.places.root}") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("autograder: ch01_tiny.py, cell 3")
    assert said.err.count("\n") == 1


def test_the_configuration_in_nbgraders_tree_is_plain_python_that_loads_ours(small: SmallCourse) -> None:
    small.build()
    written = small.places.nbgrader / "nbgrader_config.py"
    assert written.read_text() == nbgrader_config.LOADER
    compile(dedent(written.read_text()), str(written), "exec")


DRAWING = re.compile(r"(ax|axes|fig|left|right)\b.*\.(legend|colorbar|set\w*|sup\w+|text|plot|imshow|bar)\(")


def leftovers(source: str) -> list[str]:
    """A cell's last line where its value would be shown by accident, such as <matplotlib.legend.Legend at 0x…>."""
    body = ast.parse(source).body
    shown = ast.unparse(body[-1]) if body and isinstance(body[-1], ast.Expr) else ""
    return [shown] if DRAWING.match(shown) else []


def test_a_value_that_would_be_shown_by_accident_is_found() -> None:
    assert leftovers("fig, ax = plt.subplots()\nax.legend()") == ["ax.legend()"]
    assert leftovers("axes[1, 0].set_ylabel('test')") == ["axes[1, 0].set_ylabel('test')"]
    assert leftovers("bar = fig.colorbar(shown)\nax.grid(alpha=0.2)") == []


@pytest.mark.parametrize("stem", build.stems(Places()))
def test_no_cell_shows_a_drawing_object_by_accident(stem: str) -> None:
    cells = [cell for cell in master.read(Places().master(stem)).cells if cell.kind not in ("prose", "free answer")]
    assert cells
    assert [line for cell in cells for line in leftovers(cell.source)] == []
