"""The class report's tables as CSV, for spreadsheets and for programs.

Files are UTF-8 with a byte order mark, which spreadsheets need; text is quoted, numbers are not.  Text that a
spreadsheet would take for a formula gets an apostrophe in front: ids and messages are chosen by students.

scores.csv          one row a student: student, status (judged, refused, not judged, nothing handed in), code_score,
                    code_points, automatic, by_hand, late_penalty, total, max_score, then the score in each exercise
                    under its name.  Empty where there is no number
exercises.csv       one row an exercise, in the chapter's order: exercise, number, title, section, points, judged,
                    passed, passed_share, mean_share, then how many failed first on each rung (not_written, no_array,
                    wrong_shape, not_finite, values_differ, input_changed, not_repeatable), recognised, unrecognised,
                    discrimination, hardest
misconceptions.csv  one row a student who has one: exercise, misconception (empty where values differ and nothing is
                    recognised), count (how many students share it), says, hint, message, student
attention.csv       one row a thing to look at: kind, student, exercise, what, file, formgrader
chapters.csv        (course overview) one row a chapter: chapter, submissions, judged, refused, mean, median,
                    lower_quartile, upper_quartile (shares of code_points), code_points, waiting, hardest
totals.csv          (course overview) one row a student: student, the total in each chapter under its name, total,
                    max_score
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.engine.verdict import Rung
from autograder.instructor.class_statistics import Figures

__all__ = ["RUNGS", "Cell", "exercise_rows", "misconception_rows", "neutral", "one_line", "write"]

Cell = str | float | int | None

RUNGS = tuple(rung for rung in Rung if rung is not Rung.PASSED)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Beginnings that spreadsheets take for a formula, also in their wide forms."""

JOINERS = "\u200c\u200d"
"""Invisible characters that some scripts need inside words."""


def one_line(text: str, limit: int = 400) -> str:
    """Text without line breaks, control characters, reversed writing or halves of characters."""
    shown = "".join(one if one.isprintable() or one in JOINERS else " " for one in text[: 4 * limit])
    joined = " ".join(shown.split())
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"


def neutral(cell: Cell) -> Cell:
    """A cell that no spreadsheet runs; numbers are ours and stay numbers."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    text = one_line(cell)
    return f"'{text}" if text.startswith(FORMULA) or cell.startswith(FORMULA) else text


def write(path: Path, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Path:
    """Write a table; gives the path."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow(head)
        writer.writerows([neutral(cell) for cell in row] for row in rows)
    return path


def exercise_rows(figures: Figures) -> tuple[list[str], list[list[Cell]]]:
    """Head and rows of exercises.csv."""
    rungs = [rung.says.replace(" ", "_") for rung in RUNGS]
    head = ["exercise", "number", "title", "section", "points", "judged", "passed", "passed_share", "mean_share"]
    head += [*rungs, "recognised", "unrecognised", "discrimination", "hardest"]
    rows: list[list[Cell]] = []
    for one in figures.exercises:
        row: list[Cell] = [one.name, one.number, one.title, one.section, one.points, one.judged, one.passed]
        row += [_rounded(one.passed_share), _rounded(one.mean_share)]
        row += [one.rungs.get(rung, 0) for rung in RUNGS]
        row += [one.recognised, one.unrecognised, one.discrimination, "yes" if one.hardest else "no"]
        rows.append(row)
    return head, rows


def misconception_rows(figures: Figures) -> tuple[list[str], list[list[Cell]]]:
    """Head and rows of misconceptions.csv."""
    head = ["exercise", "misconception", "count", "says", "hint", "message", "student"]
    rows: list[list[Cell]] = [
        [one.exercise, one.name, len(one.students), one.says, one.hint, "", student]
        for one in figures.misconceptions
        for student in one.students
    ]
    rows += [
        [one.exercise, "", len(one.students), "values differ, nothing recognised", "", one.message, student]
        for one in figures.unrecognised
        for student in one.students
    ]
    return head, rows


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
