"""`python -m autograder export`, and the same exporters as plug-ins of nbgrader's own command."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.errors import CourseError
from autograder.instructor import export as command
from autograder.instructor.export import export
from autograder.instructor.scores import harmless, rounded
from autograder.judge.course import Course, prepare_nbgrader
from tests.instructor import gradebooks

ROSTER = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (71),ch02 Chains (72)\n"
    "    Points Possible,,,,,7,9\n"
    '"Lovelace, Ada",501,S1,ada,A,,\n"Astrom, Bjorn",502,S2,bjorn,A,EX,\n"Zorn, Zoe",503,S3,zoe,A,3,\n'
)


@pytest.fixture(scope="module")
def written_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gradebooks.write(tmp_path_factory.mktemp("gradebook") / "nbgrader").root


@pytest.fixture
def course(written_once: Path, tmp_path: Path) -> Course:
    return Course(Path(shutil.copytree(written_once, tmp_path / "nbgrader")))


def table(path: Path, separator: str = ",") -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def command_line(course: Course, *words: str) -> int:
    import argparse

    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(["--root", str(course.root), *words]))


def test_the_csv_table_survives_commas_quotes_and_other_alphabets(course: Course, tmp_path: Path) -> None:
    head, *rows = table(export(course, tmp_path / "grades.csv"))
    found = {(row[0], row[3]): dict(zip(head, row, strict=True)) for row in rows}
    assert len(found) == 2 * len(gradebooks.NAMES)
    ada = found[gradebooks.FIRST, "ada"]
    assert (ada["last_name"], ada["first_name"]) == gradebooks.NAMES["ada"][:2]
    assert found[gradebooks.FIRST, "chen"]["first_name"] == "晓明"
    assert (ada["raw_score"], ada["late_submission_penalty"], ada["max_score"]) == ("6.5", "1.3", "7.0")
    assert float(ada["score"]) == pytest.approx(5.2)
    assert ada["timestamp"] == "2025-03-03 11:00:00"
    missing = found[gradebooks.SECOND, "chen"]
    assert (missing["timestamp"], missing["score"]) == ("", "0.0")


def test_nbgraders_own_table_has_the_same_numbers_and_breaks_at_a_comma(course: Course, tmp_path: Path) -> None:
    prepare_nbgrader()
    from nbgrader.plugins import CsvExportPlugin

    from autograder.judge.gradebook import opened

    with opened(course) as book:
        CsvExportPlugin(to=str(tmp_path / "stock.csv")).export(book)
    stock, own = table(tmp_path / "stock.csv"), table(export(course, tmp_path / "own.csv"))
    assert stock[0] == own[0]
    assert [row[-4:] for row in stock] == [row[-4:] for row in own]
    assert {len(row) for row in own} == {11}
    assert {len(row) for row in stock} == {11, 12}


def test_the_class_report_and_the_export_count_the_same_points(course: Course) -> None:
    from autograder.instructor import class_gradebook, scores
    from autograder.judge.gradebook import opened

    with opened(course) as book:
        for cell, extra, by_hand in (("check_double", None, 1.25), ("why", 0.5, 2.0)):
            grade = book.find_grade(cell, gradebooks.FIRST, gradebooks.FIRST, "bjorn")
            grade.extra_credit, grade.manual_score = extra, by_hand
        book.find_submission_notebook(gradebooks.FIRST, gradebooks.FIRST, "dora").late_submission_penalty = 2.0
        book.db.commit()
        exported = scores.grades_of(book)
        for chapter in exported.points:
            reported = class_gradebook.grades_of(book, chapter)
            assert reported.max_score == exported.points[chapter]
            totals = {student: score.value for (where, student), score in exported.scores.items() if where == chapter}
            assert {student: entry.total for student, entry in reported.entries.items()} == pytest.approx(totals)
    assert exported.scores[gradebooks.FIRST, "bjorn"].value == 3.75
    assert exported.scores[gradebooks.FIRST, "dora"].value == 0.0


def test_a_name_that_begins_like_a_formula_gets_an_apostrophe(course: Course, tmp_path: Path) -> None:
    rows = {row[3]: row for row in table(export(course, tmp_path / "grades.csv"))}
    assert rows["dora"][4:6] == ["'=1+2", "'@SUM(A1)"]
    assert "=emil" in rows, "an id is what the file is joined by"
    assert [harmless(one) for one in ("-1", "+1", "\tx", " =x", "x=1", "")] == ["'-1", "'+1", "'\tx", "' =x", "x=1", ""]


def test_a_score_has_two_decimals_and_halves_go_up() -> None:
    assert [rounded(one) for one in (2.675, 0.005, 3, 1e-9, 12.344)] == ["2.68", "0.01", "3.00", "0.00", "12.34"]


def test_the_command_writes_one_chapter_and_says_what_waits_for_a_person(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line(course, "--chapter", "ch01") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("ch01_activations: 1 submissions have answers without a score")
    assert said[-1] == f"grades of 5 submissions in {course.root / 'grades.csv'}"
    assert {row[0] for row in table(course.root / "grades.csv")[1:]} == {"ch01_activations"}


def test_bad_input_is_one_line(course: Course, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="no gradebook in"):
        export(Course(tmp_path / "elsewhere"), tmp_path / "grades.csv")
    with pytest.raises(CourseError, match="no graded chapter 'ch03_gradient_descent'; there are: ch01"):
        command_line(course, "--chapter", "ch03")
    with pytest.raises(CourseError, match="--feedback belongs to --format moodle; got --format canvas"):
        command_line(course, "--format", "canvas", "--feedback")
    with pytest.raises(CourseError, match="--column takes CHAPTER=NAME"):
        command_line(course, "--format", "canvas", "--column", "ch01")
    with pytest.raises(CourseError, match=r"roster .* cannot be read"):
        command_line(course, "--format", "canvas", "--roster", str(tmp_path / "none.csv"))


def test_nbgraders_own_command_takes_the_exporter_and_its_options(course: Course, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    (course.root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CanvasExporter.columns = {'ch01_activations': 'Homework 1'}\n", encoding="utf-8"
    )
    words = ["--exporter=autograder.instructor.lms.CanvasExporter", "--to=out.csv"]
    words.append(f"--CanvasExporter.roster={tmp_path / 'roster.csv'}")
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "export", *words],
        cwd=course.root,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "zoe is in Canvas's roster and not in the gradebook" in done.stderr
    assert "Unrecognized" not in done.stderr
    assert "not recognized" not in done.stderr
    assert table(course.root / "out.csv")[2][5:] == ["5.20", "10.00"]
