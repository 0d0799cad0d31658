"""`python -m autograder report CHAPTER`: how the class did, as a page and as CSV files.

<folder>/<chapter>/index.html   the page: one file that asks no host for anything
                   *.csv        scores, exercises, misconceptions, attention (columns: class_tables)
<folder>/index.html             with CHAPTER "all": the course, leading to the chapters' pages
         *.csv                  chapters, totals
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from autograder.engine import catalogue
from autograder.instructor.class_data import ChapterData, gather, graded_chapters, write_tables
from autograder.instructor.class_page import chapter_page, overview_page
from autograder.instructor.class_tables import Cell, write
from autograder.judge.course import ROOT, Course

__all__ = ["add_arguments", "report", "run"]

ALL = "all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("chapter", metavar="CHAPTER", help="such as ch01 or ch01_activations; all: every graded one")
    parser.add_argument("--root", type=Path, default=ROOT, help="nbgrader's working tree (default: build/nbgrader)")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where to write (default: reports in the tree)")


def run(args: argparse.Namespace) -> int:
    """Write the report and say where it is."""
    course = Course(args.root)
    folder = args.to or course.root / "reports"
    chapters = graded_chapters(course) if args.chapter == ALL else [catalogue.chapter_named(args.chapter)]
    page = report(course, chapters, folder, overview=args.chapter == ALL)
    print(f"report of {', '.join(chapters)}: {page}")
    return 0


def report(course: Course, chapters: Sequence[str], folder: Path, *, overview: bool = False) -> Path:
    """Write the pages and tables of chapters into folder; gives the path of the page to open first."""
    everything = gather(course, chapters)
    page = folder
    for data in everything:
        page = _chapter(data, folder / data.chapter, overview)
    if overview:
        page = folder / "index.html"
        page.write_text(overview_page(everything), encoding="utf-8")
        _overview_tables(everything, folder)
    return page


def _chapter(data: ChapterData, folder: Path, overview: bool) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(data, folder)
    page = folder / "index.html"
    page.write_text(chapter_page(data, folder, overview=overview), encoding="utf-8")
    return page


def _overview_tables(everything: Sequence[ChapterData], folder: Path) -> None:
    head = ["chapter", "submissions", "judged", "refused", "mean", "median", "lower_quartile", "upper_quartile"]
    rows: list[list[Cell]] = []
    for data in everything:
        scores = data.figures.scores
        averages = (scores.mean, scores.median, scores.lower, scores.upper)
        shares: list[Cell] = [None if one is None else round(one, 4) for one in averages]
        hardest = " ".join(one.name for one in data.figures.exercises if one.hardest)
        counts: list[Cell] = [data.handed_in, len(data.figures.judged), len(data.figures.refused)]
        rows.append([data.chapter, *counts, *shares, data.figures.points, len(data.waiting), hardest])
    write(folder / "chapters.csv", [*head, "code_points", "waiting", "hardest"], rows)

    students = sorted({row.student for data in everything for row in data.rows})
    maximum = sum(data.grades.max_score for data in everything)
    totals: list[list[Cell]] = []
    for student in students:
        entries = [data.grades.entries.get(student) for data in everything]
        each: list[Cell] = [one.total if one else None for one in entries]
        totals.append([student, *each, round(sum(one.total for one in entries if one), 4), maximum])
    write(folder / "totals.csv", ["student", *(data.chapter for data in everything), "total", "max_score"], totals)
