"""`python -m autograder feedback CHAPTER`: the students' feedback pages, made by nbgrader from the graded notebooks."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.judge.course import ROOT, Course, prepare_nbgrader

__all__ = ["add_arguments", "feedback", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("chapter", metavar="CHAPTER", help="such as ch01 or ch01_activations")
    parser.add_argument("--root", type=Path, default=ROOT, help="nbgrader's working tree (default: build/nbgrader)")
    parser.add_argument("--student", default="*", metavar="ID", help="only this student")


def run(args: argparse.Namespace) -> int:
    """Make the pages and say where they are."""
    chapter, course = catalogue.chapter_named(args.chapter), Course(args.root)
    pages = feedback(course, chapter, args.student)
    print(f"{len(pages)} feedback pages in {course.root / 'feedback'}")
    return 0


def feedback(course: Course, chapter: str, student: str = "*") -> list[Path]:
    """Make the feedback pages; gives their paths."""
    prepare_nbgrader()
    from nbgrader.converters import GenerateFeedback
    from nbgrader.converters.base import NbGraderException

    if not list(course.root.glob(f"autograded/{student}/{chapter}/*.ipynb")):
        raise CourseError(f"nothing is graded yet; grade first: python -m autograder grade {chapter}")
    directory = course.directory(chapter, student_id=student)
    maker = GenerateFeedback(coursedir=directory, config=directory.config, force=True)
    maker.log.setLevel(logging.ERROR)
    try:
        maker.start()
    except NbGraderException as problem:
        raise CourseError(f"nbgrader could not make every feedback page: {problem}") from None
    return sorted(course.root.glob(f"feedback/{student}/{chapter}/{chapter}.html"))
