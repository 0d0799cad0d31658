"""`python -m autograder export`: the gradebook as CSV, written by nbgrader's own exporter."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.errors import CourseError
from autograder.judge.course import ROOT, Course, prepare_nbgrader
from autograder.judge.gradebook import opened

__all__ = ["add_arguments", "export", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--root", type=Path, default=ROOT, help="nbgrader's working tree (default: build/nbgrader)")
    parser.add_argument("--to", type=Path, help="the file to write (default: grades.csv in the working tree)")


def run(args: argparse.Namespace) -> int:
    """Write the file and say where it is."""
    course = Course(args.root)
    path = export(course, args.to or course.root / "grades.csv")
    print(f"grades of {len(path.read_text(encoding='utf-8').splitlines()) - 1} submissions in {path}")
    return 0


def export(course: Course, path: Path) -> Path:
    """Write every score of the gradebook as CSV; gives the path."""
    if not (course.root / "gradebook.db").is_file():
        raise CourseError(f"there is no gradebook in {course.root}; grade first: python -m autograder grade CHAPTER")
    prepare_nbgrader()
    from nbgrader.plugins import CsvExportPlugin

    with opened(course) as gradebook:
        CsvExportPlugin(to=str(path)).export(gradebook)
    return path
