"""Generate a class, grade it as a real one is graded, and print the gradebook as a table."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from autograder.demo.submissions import Submission, submissions, write
from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.instructor.export import export
from autograder.judge.course import Course
from autograder.judge.feedback import feedback
from autograder.judge.grade import seed_for
from autograder.judge.grading import Graded, grade
from autograder.release import master
from autograder.release.build import Places, fill_tree, release_text, source_text, stems

__all__ = ["add_arguments", "demonstrate", "fresh_root", "run", "table"]

STUDENTS = 20
MARK = "made-by-demo"
"""A file in the folders that a demo made, and may therefore delete."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m autograder demo`."""
    default = Places().root / "build" / "demo"
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="such as ch01; all by default")
    parser.add_argument("--root", type=Path, default=default, help="where the class goes (default: build/demo)")
    parser.add_argument(
        "--students", type=int, default=STUDENTS, metavar="N", help=f"size of the class (default: {STUDENTS})"
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one for each core)"
    )


def run(args: argparse.Namespace) -> int:
    """Make, grade and show a class for each chapter."""
    if args.students < 1:
        raise CourseError(f"--students takes the size of the class, 1 or more; got {args.students}")
    fresh_root(args.root)
    graded = [demonstrate(args.root, stem, args.students, args.workers) for stem in stems(Places(), args.chapters)]
    print(f"CSV: {export(Course(args.root), args.root / 'grades.csv')}")
    return 1 if any(one.unjudged for one in graded) else 0


def fresh_root(root: Path) -> None:
    """An empty folder for the class; deletes what a demo made there before, and nothing else."""
    if root.exists():
        if not (root / MARK).is_file() and any(root.iterdir()):
            raise CourseError(f"{root} holds something that no demo made; choose another folder with --root")
        shutil.rmtree(root)
    root.mkdir(parents=True)
    (root / MARK).write_text("This folder is deleted by the next python -m autograder demo.\n", encoding="utf-8")


def demonstrate(root: Path, stem: str, students: int, workers: int) -> Graded:
    """Make a class for a chapter, grade it, make its feedback, and print what came out."""
    chapter = master.read(Places().master(stem))
    release = release_text(chapter)
    fill_tree(root, stem, source_text(chapter), release)
    class_ = submissions(chapter, release, students)
    write(root, stem, class_)
    print(f"{stem}: {len(class_)} submissions in {root / 'submitted'}")

    course = Course(root)
    graded = grade(course, stem, seed=seed_for(course), workers=workers, progress=True)
    pages = feedback(course, stem)
    print("\n".join(["", *table(graded, class_), ""]))
    questions = catalogue.questions(stem)
    if questions:
        points = sum(question.points for question in questions)
        names = " and ".join(question.name for question in questions)
        print(f"a person gives {points} points more, for {names}: nbgrader formgrader in {root}")
    print(f"feedback: {len(pages)} pages, such as {pages[0]}" if pages else "feedback: none")
    return graded


def table(graded: Graded, class_: Sequence[Submission]) -> list[str]:
    """The gradebook as lines: score, exercises passed, what was recognised, and what a person should look at."""
    records = {record.student: record for record in graded.records}
    width = max(len(one.student) for one in class_)
    head = f"{'student':<{width}}   score     of  passed"
    lines = [head, "-" * len(head)]
    for one in class_:
        record = records.get(one.student)
        if record is None:
            lines.append(f"{one.student:<{width}}  not judged: its worker ended; grade again")
            continue
        passed = f"{sum(verdict.passed for verdict in record.verdicts)}/{len(record.verdicts)}"
        lines.append(f"{one.student:<{width}}  {round(record.score, 2):6g} {record.points:6g}  {passed:>6}")
        lines.append(f"    {one.about}")
        lines += [f"    recognised in {v.exercise}: {v.misconception}" for v in record.verdicts if v.misconception]
        lines += [f"    for a person: {flag}" for flag in record.all_flags]
    return lines
