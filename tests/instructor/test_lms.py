"""What Canvas and Moodle are given: their columns, their marks, and nobody dropped without a word."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import CourseError
from autograder.instructor.export import written
from autograder.judge.course import Course
from tests.instructor import gradebooks
from tests.instructor.test_export import ROSTER, command_line, table

FIRST, SECOND = gradebooks.FIRST, gradebooks.SECOND


@pytest.fixture(scope="module")
def written_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gradebooks.write(tmp_path_factory.mktemp("gradebook") / "nbgrader").root


@pytest.fixture
def course(written_once: Path, tmp_path: Path) -> Course:
    return Course(Path(shutil.copytree(written_once, tmp_path / "nbgrader")))


def made(course: Course, kind: str, roster: str = "", **options: Any) -> tuple[list[list[str]], list[str]]:
    """The table that an exporter writes, and its notes."""
    from autograder.instructor import lms

    if roster:
        path = course.root / "roster.csv"
        path.write_text(roster, encoding="utf-8")
        options["roster"] = str(path)
    exporter = getattr(lms, kind)(**options)
    path = written(course, course.root / "out.csv", exporter)
    return table(path, exporter.delimiter()), exporter.notes


def test_canvas_without_a_roster_gets_its_columns_and_the_points_row(course: Course) -> None:
    rows, _ = made(course, "CanvasExporter")
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", FIRST, SECOND]
    assert rows[1] == ["    Points Possible", "", "", "", "", "7.00", "10.00"]
    by_login = {row[3]: row for row in rows[2:]}
    assert by_login["ada"] == ['Lovelace, Countess, Ada "Enchantress"', "", "", "ada", "", "5.20", "10.00"]
    assert by_login["chen"] == ["陈, 晓明", "", "", "chen", "", "4.34", ""], "no submission is an empty cell"
    assert by_login["dora"][0] == "'=1+2, @SUM(A1)"
    assert by_login["=emil"][5:] == ["", "7.00"]
    rows, _ = made(course, "CanvasExporter", key="SIS User ID", missing="zero")
    assert {row[2]: row[6] for row in rows[2:]}["chen"] == "0.00"


def test_canvas_with_its_own_export_keeps_names_ids_and_excused_students(course: Course) -> None:
    rows, notes = made(course, "CanvasExporter", ROSTER, columns={FIRST: "Homework 1"})
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 1 (71)", "ch02 Chains (72)"]
    assert rows[1] == ["    Points Possible", "", "", "", "", "7", "9"]
    assert rows[2] == ["Lovelace, Ada", "501", "S1", "ada", "A", "5.20", "10.00"]
    assert rows[3] == ["Astrom, Bjorn", "502", "S2", "bjorn", "A", "EX", ""]
    assert len(rows) == 4
    assert "bjorn is excused from ch01_activations in Canvas (EX), which is kept" in notes
    assert "ch02_backprop has 10.00 points here and 9 in Canvas; scores are written as they are" in notes
    for student in ("chen", "dora", "=emil"):
        assert f"{student} is in the gradebook and not in Canvas's roster: left out" in notes
    assert "zoe is in Canvas's roster and not in the gradebook: left out" in notes


def test_canvas_keeps_a_grade_of_a_student_who_handed_in_nothing(course: Course) -> None:
    roster = ROSTER.replace('"Zorn, Zoe",503,S3,zoe,A,3,', '"Chen",503,S3,chen,A,,8.5')
    rows, _ = made(course, "CanvasExporter", roster, columns={FIRST: "Homework 1"})
    assert rows[4][5:] == ["4.34", "8.5"], "an empty cell would take Canvas's grade away"


@pytest.mark.parametrize(("separator", "mark"), [(";", ""), (",", "\ufeff"), ("\t", "\ufeff")])
def test_canvas_exports_of_other_countries_are_read(course: Course, separator: str, mark: str) -> None:
    roster = mark + ROSTER.replace('"Lovelace, Ada"', "Ada").replace('"Astrom, Bjorn"', "Bjorn")
    roster = roster.replace('"Zorn, Zoe"', "Zoe").replace(",", separator)
    rows, _ = made(course, "CanvasExporter", roster, columns={FIRST: "Homework 1"})
    assert rows[2] == ["Ada", "501", "S1", "ada", "A", "5.20", "10.00"]


def test_a_manual_posting_row_and_last_names_first_are_read(course: Course) -> None:
    head, points, *rest = ROSTER.splitlines()
    hidden = ",,,,,Manual Posting,"
    rows, notes = made(
        course, "CanvasExporter", "\n".join([head, hidden, points, *rest]), columns={FIRST: "Homework 1"}
    )
    assert [row[0] for row in rows] == ["Student", "    Points Possible", "Lovelace, Ada", "Astrom, Bjorn"]
    assert not any("Manual" in line for line in notes)
    split = "LastName,FirstName,ID,SIS Login ID,Section,ch01 (1)\n    Points Possible,,,,,7\n=Cmd,@x,501,ada,A,\n"
    rows, _ = made(course, "CanvasExporter", split)
    assert rows[2] == ["'=Cmd", "'@x", "501", "ada", "A", "5.20", "10.00"]


def test_a_chapter_that_canvas_does_not_have_or_has_twice_is_named(course: Course) -> None:
    rows, notes = made(course, "CanvasExporter", ROSTER)
    assert rows[0][5:] == [FIRST, "ch02 Chains (72)"]
    assert any("Canvas has no column for ch01_activations" in line for line in notes)
    with pytest.raises(CourseError, match=r"several columns for ch02_backprop: Ch02 again \(73\), ch02 Chains \(72\)"):
        made(course, "CanvasExporter", ROSTER.replace("Homework 1 (71)", "Ch02 again (73)"))


def test_a_roster_that_does_not_fit_is_one_line(course: Course) -> None:
    with pytest.raises(CourseError, match="has no columns 'SIS Login ID'; expected one of: Student, ID"):
        made(course, "CanvasExporter", ROSTER.replace("SIS Login ID", "Login"))
    with pytest.raises(CourseError, match="has 'ada' twice"):
        made(course, "CanvasExporter", ROSTER.replace(",bjorn,", ",ada,"))
    with pytest.raises(CourseError, match="has no students"):
        made(course, "CanvasExporter", "Student\n")
    with pytest.raises(CourseError, match="Canvas knows a student by ID"):
        made(course, "CanvasExporter", key="Student")


def test_moodle_gets_an_identifier_points_and_its_mark_for_no_grade(course: Course) -> None:
    rows, notes = made(course, "MoodleExporter")
    assert rows[0] == ["Email address", FIRST, SECOND]
    found = {row[0]: row[1:] for row in rows[1:]}
    assert found["ada@example.org"] == ["5.20", "10.00"]
    assert found["chen@example.org"] == ["4.34", "-"]
    assert "=emil has no 'Email address' and is left out; Moodle would stop the import" in notes
    assert len(rows) == 5


def test_moodle_takes_another_identifier_and_separator(course: Course) -> None:
    rows, notes = made(course, "MoodleExporter", identifier="ID number", separator="semicolon", missing="zero")
    found = {row[0]: row[1:] for row in rows[1:]}
    assert found["=emil"] == ["0.00", "7.00"], "Moodle would not know a changed identifier"
    assert any("'=emil' begins like a formula" in line for line in notes)
    with pytest.raises(CourseError, match="Moodle separates by comma"):
        made(course, "MoodleExporter", separator="|")
    with pytest.raises(CourseError, match="Moodle's grade import knows Email address"):
        made(course, "MoodleExporter", identifier="Name")


def test_moodles_feedback_names_each_exercise_and_the_penalty(course: Course) -> None:
    rows, _ = made(course, "MoodleExporter", feedback=True)
    assert rows[0] == ["Email address", FIRST, f"{FIRST} (feedback)", SECOND, f"{SECOND} (feedback)"]
    found = {row[0]: row[1:] for row in rows[1:]}
    assert found["ada@example.org"] == ["5.20", "double 4/4, why 2.5/3, late -1.3", "10.00", "double 10/10"]
    assert found["chen@example.org"][2:] == ["-", ""]


def test_moodles_roster_says_who_is_known(course: Course) -> None:
    roster = "First name,Last name,ID number,Email address\nAda,L,ada,ada@example.org\nZoe,Z,zoe,zoe@example.org\n"
    rows, notes = made(course, "MoodleExporter", roster)
    assert [row[0] for row in rows] == ["Email address", "ada@example.org"]
    assert "zoe@example.org is in Moodle's roster and not in the gradebook: left out" in notes
    assert "bjorn is in the gradebook and not in Moodle's roster: left out" in notes
    rows, _ = made(course, "MoodleExporter", roster.replace("ada@", "a.lovelace@"), key="ID number")
    assert [row[0] for row in rows] == ["Email address", "a.lovelace@example.org"]


def test_more_points_than_moodle_takes_are_named(course: Course) -> None:
    from autograder.judge.gradebook import opened

    assert not any("refuses more than 100" in line for line in made(course, "MoodleExporter")[1])
    with opened(course) as book:
        book.add_grade_cell("check_huge", SECOND, SECOND, max_score=99.0, cell_type="code")
    assert any("109.00 points, and Moodle refuses more than 100" in one for one in made(course, "MoodleExporter")[1])


def test_the_command_prints_the_notes(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    (course.root / "roster.csv").write_text(ROSTER, encoding="utf-8")
    words = ["--format", "canvas", "--roster", str(course.root / "roster.csv"), "--column", "ch01=Homework 1"]
    assert command_line(course, *words) == 0
    said = capsys.readouterr().out
    assert "zoe is in Canvas's roster" in said
    assert f"grades of 3 students in {course.root / 'canvas.csv'}" in said
