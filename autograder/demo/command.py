"""Generate a class, grade it as a real one is graded, and show what an instructor gets."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from autograder.demo.afterwards import exports, make_pages
from autograder.demo.kinds import DUE
from autograder.demo.material import Submission
from autograder.demo.shown import attention_lines, page_lines, surprises, table
from autograder.demo.submissions import hand_in_again, submissions, write
from autograder.errors import CourseError
from autograder.instructor import class_data
from autograder.judge.course import Course
from autograder.judge.grade import seed_for
from autograder.judge.gradebook import opened
from autograder.judge.grading import Graded, grade
from autograder.release import master
from autograder.release.build import Places, fill_tree, release_text, source_text, stems

__all__ = ["add_arguments", "demonstrate", "fresh_root", "run"]

STUDENTS = 40
MARK = "made-by-demo"
"""A file in the folders that a demo made, and may therefore delete."""
SETTINGS = """
# What this class adds: each started day after the due date costs a tenth.
get_config().AssignLatePenalties.plugin_class = "autograder.instructor.late.DailyPenalty"
get_config().DailyPenalty.share = 0.1
"""


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
    parser.add_argument(
        "--feedback", default="*", metavar="PATTERN", help="feedback pages for these students only, such as 'late*'"
    )


def run(args: argparse.Namespace) -> int:
    """Make, grade and show a class for each chapter; 0 when everything came out as the folders' names say."""
    if args.students < 1:
        raise CourseError(f"--students takes the size of the class, 1 or more; got {args.students}")
    fresh_root(args.root)
    wanted = stems(Places(), args.chapters)
    good = [demonstrate(args.root, stem, args.students, args.workers, args.feedback) for stem in wanted]
    print(f"grades:        {', '.join(path.name for path in exports(Course(args.root)))} in {args.root}")
    return 0 if all(good) else 1


def fresh_root(root: Path) -> None:
    """An empty folder for the class; deletes what a demo made there before, and nothing else."""
    if root.exists():
        if not (root / MARK).is_file() and any(root.iterdir()):
            raise CourseError(f"{root} holds something that no demo made; choose another folder with --root")
        shutil.rmtree(root)
    root.mkdir(parents=True)
    (root / MARK).write_text("This folder is deleted by the next python -m autograder demo.\n", encoding="utf-8")


def demonstrate(root: Path, stem: str, students: int, workers: int, feedback: str = "*") -> bool:
    """Make a class for a chapter, grade it, make its pages, print what came out; whether that was as expected."""
    chapter = master.read(Places().master(stem))
    release = release_text(chapter)
    fill_tree(root, stem, source_text(chapter), release)
    class_ = submissions(chapter, release, students)
    write(root, stem, class_)
    course = Course(root)
    set_rules(course, stem)
    print(f"{stem}: {len(class_)} submissions in {root / 'submitted'}")

    graded = graded_twice(course, stem, class_, workers)
    pages = make_pages(course, stem, feedback)
    (data,) = class_data.gather(course, [stem])
    print("\n".join(["", *table(data, class_), "", *attention_lines(data.attention), ""]))
    print("\n".join(page_lines(data, pages, graded)))
    found = list(surprises(data, class_))
    print("\n".join(f"NOT AS EXPECTED: {line}" for line in found) or "every submission came out as its kind says")
    return not found


def set_rules(course: Course, stem: str) -> None:
    """A due date, and what lateness costs."""
    path = course.root / "nbgrader_config.py"
    settings = path.read_text(encoding="utf-8")
    if SETTINGS not in settings:
        path.write_text(settings + SETTINGS, encoding="utf-8")
    with opened(course) as gradebook:
        gradebook.update_or_create_assignment(stem, duedate=DUE)


def graded_twice(course: Course, stem: str, class_: list[Submission], workers: int) -> Graded:
    """Grade the class, and again after some handed in again."""
    seed = seed_for(course)
    graded = grade(course, stem, seed=seed, workers=workers, progress=True)
    if hand_in_again(course.root, stem, class_):
        graded = grade(course, stem, seed=seed, workers=workers)
    return graded
