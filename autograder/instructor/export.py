"""`python -m autograder export`: the gradebook as CSV, for people, for Canvas, or for Moodle."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.judge.course import ROOT, Course
from autograder.judge.gradebook import opened

if TYPE_CHECKING:
    from autograder.instructor.exporter import Exporter

__all__ = ["add_arguments", "export", "run", "written"]

SQLITE = "sqlite:///"
FORMATS = ("csv", "canvas", "moodle")
ONLY: dict[str, tuple[str, ...]] = {
    "roster": ("canvas", "moodle"),
    "key": ("canvas", "moodle"),
    "column": ("canvas", "moodle"),
}
ONLY |= {"missing": ("canvas", "moodle"), "identifier": ("moodle",), "separator": ("moodle",), "feedback": ("moodle",)}
"""The formats that an option belongs to; others take it from nobody."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--root", type=Path, default=ROOT, help="nbgrader's working tree (default: build/nbgrader)")
    parser.add_argument("--to", type=Path, help="the file to write (default: grades.csv, canvas.csv or moodle.csv)")
    parser.add_argument("--format", choices=FORMATS, default="csv", help="who reads it (default: csv, for people)")
    parser.add_argument(
        "--chapter",
        action="append",
        default=[],
        metavar="CHAPTER",
        help="only this chapter; may be given several times",
    )
    parser.add_argument("--roster", type=Path, metavar="FILE", help="the students as Canvas or Moodle exported them")
    parser.add_argument("--key", metavar="COLUMN", help="the roster's column that holds nbgrader's student ids")
    parser.add_argument(
        "--column", action="append", metavar="CHAPTER=NAME", help="the LMS's name of a chapter; several are possible"
    )
    parser.add_argument(
        "--missing", choices=("keep", "zero"), help="a missing submission: no score (default), or 0 points"
    )
    parser.add_argument("--identifier", metavar="COLUMN", help="Moodle: Email address (default), ID number or Username")
    parser.add_argument("--separator", metavar="NAME", help="Moodle: comma (default), semicolon, tab or colon")
    parser.add_argument("--feedback", action="store_true", default=None, help="Moodle: a column of feedback as well")


def run(args: argparse.Namespace) -> int:
    """Write the file, say where it is and what a person must know."""
    for option, formats in ONLY.items():
        if getattr(args, option) is not None and args.format not in formats:
            raise CourseError(f"--{option} belongs to --format {' or '.join(formats)}; got --format {args.format}")
    options = {name: getattr(args, name) for name in ("key", "missing", "identifier", "separator", "feedback")}
    options["roster"] = None if args.roster is None else str(args.roster)
    options["columns"] = _columns(args.column) if args.column else None
    chapters = [catalogue.chapter_named(one) for one in args.chapter]
    course, given = Course(args.root), {name: one for name, one in options.items() if one is not None}
    exporter = _exporter(args.format, **given)
    path = written(course, args.to or course.root / exporter.default_name, exporter, chapters)
    what = "submissions" if args.format == "csv" else "students"
    print("\n".join([*exporter.notes, f"grades of {exporter.written} {what} in {path}"]))
    return 0


def export(course: Course, path: Path) -> Path:
    """Write every score of the gradebook as CSV; gives the path."""
    return written(course, path, _exporter("csv"))


def written(course: Course, path: Path, exporter: Exporter, chapters: Sequence[str] = ()) -> Path:
    """Write the gradebook, or these chapters of it, with one of the exporters; gives the path."""
    address = str(course.directory("").db_url)
    if address.startswith(SQLITE) and not Path(address.removeprefix(SQLITE)).is_file():
        raise CourseError(f"there is no gradebook in {course.root}; grade first: python -m autograder grade CHAPTER")
    exporter.to, exporter.assignment = str(path), list(chapters)
    with opened(course) as gradebook:
        exporter.export(gradebook)
    return path


def _exporter(form: str, **options: Any) -> Exporter:
    import logging

    from autograder.instructor import lms

    kinds = {"csv": lms.CsvExporter, "canvas": lms.CanvasExporter, "moodle": lms.MoodleExporter}
    exporter: Exporter = kinds[form](**options)
    # The notes are printed.
    exporter.log = logging.Logger("export")
    exporter.log.addHandler(logging.NullHandler())
    return exporter


def _columns(pairs: Sequence[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        chapter, equals, name = pair.partition("=")
        if not equals or not name:
            raise CourseError(f"--column takes CHAPTER=NAME, such as ch01='Homework 1'; got {pair!r}")
        found[catalogue.chapter_named(chapter)] = name
    return found
