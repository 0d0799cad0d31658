"""`python -m autograder feedback CHAPTER`: the students' feedback pages, made by nbgrader from the graded notebooks."""

from __future__ import annotations

import argparse
import importlib.util
import logging
from pathlib import Path
from typing import Any

from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.judge.course import ROOT, Course, prepare_nbgrader

__all__ = ["add_arguments", "configure", "feedback", "run"]

TEMPLATES = Path(__file__).with_name("templates")


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


def configure(config: Any) -> None:
    """Let nbgrader make its feedback pages with our exporter and template, whoever asks it to."""
    found = importlib.util.find_spec("nbgrader")
    if found is None or found.origin is None:
        raise CourseError("nbgrader is missing; install it: python -m autograder setup --grading")
    formgrader = Path(found.origin).parent / "server_extensions" / "formgrader"
    styles = formgrader / "static" / "node_modules" / "bootstrap" / "dist" / "css"
    config.GenerateFeedback.exporter_class = "autograder.judge.page.FeedbackPage"
    # In a section of its own, because formgrader reads HTMLExporter's.
    config.FeedbackPage.template_name = "course_feedback"
    config.FeedbackPage.extra_template_basedirs = [str(TEMPLATES), str(formgrader / "templates")]
    config.FeedbackPage.extra_template_paths = [str(formgrader / "templates"), str(styles)]


def feedback(course: Course, chapter: str, student: str = "*") -> list[Path]:
    """Make the feedback pages; gives their paths."""
    prepare_nbgrader()
    from nbgrader.converters import GenerateFeedback
    from nbgrader.converters.base import NbGraderException

    name = f"{chapter}/{chapter}.html"
    graded = {path.parent.parent.name for path in course.root.glob(f"autograded/{student}/{chapter}/*.ipynb")}
    if not graded:
        raise CourseError(f"nothing is graded yet; grade first: python -m autograder grade {chapter}")
    directory = course.directory(chapter, student_id=student)
    configure(directory.config)
    maker = GenerateFeedback(coursedir=directory, config=directory.config, force=True)
    maker.log.setLevel(logging.ERROR)
    try:
        maker.start()
    except NbGraderException:
        missing = sorted(one for one in graded if not course.root.joinpath("feedback", one, name).is_file())
        raise CourseError(
            f"nbgrader could not make the feedback pages of {', '.join(missing)}; all others are made; "
            f"see nbgrader generate_feedback {chapter} for the reason"
        ) from None
    return sorted(course.root.glob(f"feedback/{student}/{name}"))
