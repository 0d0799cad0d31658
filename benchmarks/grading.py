"""Seconds to grade one submission: our judge, stock nbgrader, and the same student code in a bare interpreter.

    python -m benchmarks grading

A class of 20 (right, half done, blank, and known wrong answers; nothing that hangs or crashes, because a time-out
would be all that is measured) hands in the same answers in three forms, which are graded in one run:

    judge             `python -m autograder grade` from start to end: start-up, PyTorch's answers to the fresh cases,
                      the sandbox, comparing outside, graded notebooks, gradebook.  It calls every function twice on
                      the recorded and on as many fresh cases, and runs only the cells that the exercises need
    stock, exercises  `nbgrader autograde` on notebooks that hold the exercises and their tests alone
    stock, chapter    `nbgrader autograde` on the whole chapter, whose figures and widgets it runs as well; the first
                      4 of the class, because it takes minutes
    floor             one bare `python script.py` for each submission: the solution cells and the same asserts

Stock nbgrader needs test cells.  They are what an instructor would write: the recorded cases as literals, each
compared by `np.testing.assert_allclose` within the exercise's tolerance, all or nothing for each exercise.  They hold
half as many cases as the judge asks for, call each function once, and tell the student nothing, so the comparison
favours stock nbgrader.  Its configuration is nbgrader's own.  Making the releases is not timed.  Wall seconds on a
shared machine: read the ratios.
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from autograder.demo.submissions import FIXED, Submission, filled, source_parts, submissions
from autograder.engine import catalogue
from autograder.instructor.export import export
from autograder.judge.course import Course
from autograder.reference import recordings
from autograder.release import master
from autograder.release.build import Places, fill_tree, release_text, source_notebook, source_text, stems
from autograder.spec import Exercise, Rng

STUDENTS = 20
WHOLE = 4
HONEST = 3
"""all_right, half_done and blank; the other fixed submissions hang, crash or are no notebooks."""


def main() -> None:
    """Grade the class in every form and print seconds and ratios."""
    stem = stems(Places())[0]
    chapter = master.read(Places().master(stem))
    release = release_text(chapter)
    everyone = submissions(chapter, release, FIXED + STUDENTS - HONEST)
    answers = {one.student: solutions(one) for one in everyone[:HONEST] + everyone[FIXED:]}
    asserts = {exercise.name: assert_cell(exercise) for exercise in catalogue.exercises(stem)}
    print(f"{stem}: {len(answers)} submissions of {len(asserts)} exercises, {os.cpu_count()} cores\n")

    with tempfile.TemporaryDirectory(prefix="grading-") as made:
        folder = Path(made)
        fill_tree(folder / "judge", stem, source_text(chapter), release)
        hand_in(folder / "judge", stem, release, answers)
        bare, whole = (stock_source(chapter, asserts, exercises_alone=alone) for alone in (True, False))
        stock_tree(folder / "bare", stem, bare, answers)
        stock_tree(folder / "whole", stem, whole, dict(list(answers.items())[:WHOLE]))

        grade = [sys.executable, "-m", "autograder", "grade", stem, "--root", str(folder / "judge"), "--seed", "1"]
        autograde = [sys.executable, "-m", "nbgrader", "autograde", stem]
        runs: dict[str, tuple[Callable[[], tuple[float, float]], int]] = {
            "floor": (lambda: floor(folder, answers, asserts), STUDENTS),
            "judge, 1 worker": (lambda: clock([*grade, "--workers", "1"]), STUDENTS),
            f"judge, {os.cpu_count()} workers": (lambda: clock([*grade, "--again"]), STUDENTS),
            "judge, unchanged": (lambda: clock(grade), STUDENTS),
            "stock, exercises": (lambda: clock(autograde, folder / "bare"), STUDENTS),
            "stock, chapter": (lambda: clock(autograde, folder / "whole"), WHOLE),
        }
        print(f"{'':<18}{'s each':>8}{'CPU s each':>12}{'of floor':>10}{'of judge, 1 worker':>20}")
        walls: dict[str, float] = {}
        for name, (timed, count) in runs.items():
            wall, cpu = (seconds / count for seconds in timed())
            walls[name] = wall
            of_judge = f"{wall / walls['judge, 1 worker']:.2f}" if "judge, 1 worker" in walls else ""
            print(f"{name:<18}{wall:>8.2f}{cpu:>12.2f}{wall / walls['floor']:>10.2f}{of_judge:>20}", flush=True)
        agree = [full_marks(folder / tree) for tree in ("judge", "bare", "whole")]
    print(f"\nfull marks: {', '.join(sorted(agree[0]))}; stock nbgrader agrees: {agree[0] == agree[1] == agree[2]}")
    whole = walls[f"judge, {os.cpu_count()} workers"]
    for form in ("exercises", "chapter"):
        ratio = whole / walls[f"stock, {form}"]
        print(f"our whole command against stock nbgrader on the {form}: {ratio:.3f} of the time for a submission")


def solutions(submission: Submission) -> dict[str, str]:
    """A submission's solution cells by grade id."""
    notebook = nbformat.reads(submission.text, as_version=4)
    marked = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in marked}


def hand_in(root: Path, stem: str, release: str, answers: Mapping[str, Mapping[str, str]]) -> None:
    """Put every student's answers into the release, where nbgrader collects them."""
    for student, sources in answers.items():
        path = root / "submitted" / student / stem / f"{stem}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(filled(release, sources), encoding="utf-8")


def assert_cell(exercise: Exercise) -> str:
    """An ordinary test cell: the recorded cases as literals, compared within the exercise's tolerance."""
    recording = recordings.load(exercise)
    cases = [(dict(case.inputs), wanted) for case, wanted in zip(recording.cases, recording.expected, strict=True)]
    got, helper = f"{exercise.name}(**inputs)", ""
    if exercise.measure is not None:
        helper = "\n\n".join(["from typing import Any", *source_parts(exercise.measure)]) + "\n\n"
        # An annotation of our own that a notebook does not know.
        helper = helper.replace("rng: Rng", "rng: Any")
        got = f"list({exercise.measure.__name__}({got}, **inputs).values())"
        cases = [(inputs, list(wanted.values())) for inputs, wanted in cases]
    limits = f"rtol={exercise.tolerance.rtol}, atol={exercise.tolerance.atol}"
    rows = ",\n    ".join(f"({literal(inputs)}, {literal(wanted)})" for inputs, wanted in cases)
    return (
        f"from numpy import array, inf, nan\n\n{helper}for inputs, wanted in [\n    {rows},\n]:\n"
        f"    np.testing.assert_allclose({got}, wanted, {limits})"
    )


def literal(value: Any) -> str:
    """A value as Python source."""
    match value:
        case np.ndarray() | np.generic():
            return f"array({value.tolist()!r}, dtype='{value.dtype}').reshape({np.shape(value)})"
        case Rng():
            return f"np.random.default_rng({value.seed})"
        case dict():
            return "{" + ", ".join(f"{key!r}: {literal(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            inside = ", ".join(literal(one) for one in value)
            return f"[{inside}]" if isinstance(value, list) else f"({inside},)"
    return repr(value)


def stock_source(
    chapter: master.Master, asserts: Mapping[str, str], exercises_alone: bool = False
) -> nbformat.NotebookNode:
    """The chapter's source notebook with test cells in place of our checks."""
    notebook = source_notebook(chapter)
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("grade") and not mark.get("solution"):
            cell.source = asserts[mark["grade_id"].removeprefix("check_")]
            del cell.metadata["tags"]
    if exercises_alone:
        marked = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
        notebook.cells = [nbformat.v4.new_code_cell("import numpy as np", id="numpy"), *marked]
    return notebook


def stock_tree(root: Path, stem: str, source: nbformat.NotebookNode, answers: Mapping[str, Mapping[str, str]]) -> None:
    """An nbgrader tree with this source, its release made by nbgrader, and the class's submissions."""
    path = root / "source" / stem / f"{stem}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(nbformat.writes(source), encoding="utf-8")
    # No configuration: ours lets `nbgrader autograde` call the judge.
    clock([sys.executable, "-m", "nbgrader", "generate_assignment", stem], root)
    release = (root / "release" / stem / f"{stem}.ipynb").read_text(encoding="utf-8")
    hand_in(root, stem, release, answers)


def floor(folder: Path, answers: Mapping[str, Mapping[str, str]], asserts: Mapping[str, str]) -> tuple[float, float]:
    """Wall and CPU seconds of one bare script for each submission."""
    wall = cpu = 0.0
    for student, sources in answers.items():
        path = folder / f"{student}.py"
        path.write_text("\n\n".join(["import numpy as np", *script(sources, asserts)]), encoding="utf-8")
        one = clock([sys.executable, str(path)], folder)
        wall, cpu = wall + one[0], cpu + one[1]
    return wall, cpu


def script(sources: Mapping[str, str], asserts: Mapping[str, str]) -> list[str]:
    """The solution cells, each followed by its test, which may fail."""
    parts = []
    for name, test in asserts.items():
        inside = "\n".join(f"    {line}" for line in test.splitlines())
        parts += [sources[name], f"try:\n{inside}\nexcept Exception as error:\n    print(type(error))"]
    return parts


def clock(command: Sequence[str], folder: Path | None = None) -> tuple[float, float]:
    """Wall and CPU seconds of a command and its children; ends the benchmark where it fails."""
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {
        # nbgrader calls alembic by its bare name.
        "PATH": os.pathsep.join([scripts, os.environ.get("PATH", "")]),
        "PYTHONPATH": str(Places().root),
        "OMP_NUM_THREADS": "1",
    }
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def full_marks(root: Path) -> set[str]:
    """The students who got all points that a machine gives."""
    path = export(Course(root), root / "grades.csv")
    with path.open(encoding="utf-8", newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    return {student for student, score in scores.items() if score == max(scores.values())}


if __name__ == "__main__":
    main()
