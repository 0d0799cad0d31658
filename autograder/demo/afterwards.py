"""What an instructor makes after grading: feedback pages, the class report, similar submissions, tables for an LMS."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from autograder.instructor.class_report import report
from autograder.instructor.export import written
from autograder.instructor.similar import gather, similar
from autograder.instructor.similar_pairs import Found
from autograder.judge.course import Course
from autograder.judge.feedback import feedback

__all__ = ["Pages", "exports", "make_pages"]

PAIRS = 10
"""How many pairs the page of similar submissions shows: the class is made of copies, and ten say it."""


@dataclass(frozen=True)
class Pages:
    """Where the pages of a chapter are, and what the comparison of everybody with everybody found."""

    report: Path
    similar: Path
    found: Found
    feedback: list[Path]


def make_pages(course: Course, stem: str, whose: str = "*") -> Pages:
    """Make the pages of a graded chapter.  whose: feedback for the students whose names fit this pattern."""
    path = course.root / "similar" / f"{stem}.html"
    found = similar(stem, gather(course, stem), path, most=PAIRS)
    made = feedback(course, stem, whose)
    # Last, because it leads to the feedback pages.
    return Pages(report(course, [stem], course.root / "reports"), path, found, made)


def exports(course: Course) -> list[Path]:
    """The gradebook as CSV for people, for Canvas and for Moodle; every student is known by the folder's name."""
    from autograder.instructor.lms import CanvasExporter, CsvExporter, MoodleExporter

    paths = []
    for exporter in (CsvExporter(), CanvasExporter(), MoodleExporter(identifier="ID number")):
        # What has no score yet is told with the class.
        exporter.log = logging.Logger("export", logging.CRITICAL)
        paths.append(written(course, course.root / exporter.default_name, exporter))
    return paths
