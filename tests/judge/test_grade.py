"""The whole command on a small class: scores, resuming, the gradebook, feedback, CSV, and nbgrader's own route."""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.engine import catalogue
from autograder.engine.verdict import Verdict
from autograder.errors import CourseError
from autograder.instructor.export import export
from autograder.judge import grade as command
from autograder.judge import gradebook
from autograder.judge import workers as pool
from autograder.judge.course import Course
from autograder.judge.feedback import feedback
from autograder.judge.grade import seed_for, summary
from autograder.judge.grading import Graded, grade
from autograder.judge.records import Record, Store
from autograder.judge.report import say
from autograder.judge.sandbox import Sandbox
from autograder.judge.standing import current
from tests.judge import faulty, tiny

SEED = 11
HandIn = Callable[..., Path]

CLASS = {
    "ada": tiny.submission(),
    "ben": tiny.submission({"double": tiny.RIGHT["double"]}),
    "cem": tiny.submission(tiny.RIGHT | {"double": "def double(x):\n    return 3 * x"}),
    "dan": b"not a notebook",
    "eva": tiny.submission(
        tiny.RIGHT | {"why": "Because $a<b$. <script>alert(1)</script>"}, after=["import os; os._exit(1)"]
    ),
}
SCORES = {"ada": 8.0, "ben": 4.0, "cem": 4.0, "dan": 0.0, "eva": 8.0}


@pytest.fixture(scope="session")
def graded_tree(
    tiny_folders: tuple[Path, Path], sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Graded]:
    """The class, graded once for all tests, which work on copies."""
    course = Course(tmp_path_factory.mktemp("class") / "nbgrader")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "EXERCISES", tiny_folders[0])
        patch.setattr(catalogue, "RECORDINGS", tiny_folders[1])
        tiny.write_tree(course.root)
        for student, notebook in CLASS.items():
            tiny.hand_in(course.root, student, notebook)
        return course.root, grade(course, tiny.CHAPTER, seed=SEED)


@pytest.fixture
def graded(course: Course, graded_tree: tuple[Path, Graded]) -> Graded:
    """The graded class in this test's own tree."""
    shutil.copytree(graded_tree[0], course.root, dirs_exist_ok=True)
    return graded_tree[1]


def lines_of(graded: Graded) -> list[str]:
    """The records in a form that compares NaN as equal."""
    return [record.line() for record in graded.records]


def rows(course: Course, query: str) -> list[tuple]:
    with sqlite3.connect(course.root / "gradebook.db") as database:
        found = database.execute(query).fetchall()
    database.close()
    return found


GRADES = (
    "select a.student_id, b.name, g.auto_score, g.manual_score, g.needs_manual_grade from grade g "
    "join base_cell b on b.id = g.cell_id join submitted_notebook n on n.id = g.notebook_id "
    "join submitted_assignment a on a.id = n.assignment_id order by 1, 2"
)


def table_of(path: Path) -> dict[str, dict[str, str]]:
    with path.open() as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def grades_of(course: Course, student: str) -> dict[str, tuple]:
    return {row[1]: row[2:] for row in rows(course, GRADES) if row[0] == student}


def test_every_submission_gets_its_score_and_a_broken_one_stops_nobody(graded: Graded) -> None:
    assert {one.student: one.score for one in graded.records} == SCORES
    assert graded.unjudged == ()


def test_two_workers_give_the_same_records_as_one(graded: Graded, course: Course) -> None:
    alone = sorted(course.verdicts(tiny.CHAPTER).read_text().splitlines())
    course.verdicts(tiny.CHAPTER).unlink()
    together = grade(course, tiny.CHAPTER, seed=SEED, workers=2)
    assert lines_of(together) == lines_of(graded)
    assert sorted(course.verdicts(tiny.CHAPTER).read_text().splitlines()) == alone


def test_an_unchanged_submission_is_not_judged_again_and_a_changed_one_is(
    graded: Graded, course: Course, hand_in: HandIn
) -> None:
    again = grade(course, tiny.CHAPTER, seed=SEED)
    assert (again.judged, again.reused) == (0, 5)
    assert lines_of(again) == lines_of(graded)
    hand_in("ben", tiny.submission({"ordered": tiny.RIGHT["ordered"]}))
    third = grade(course, tiny.CHAPTER, seed=SEED)
    assert (third.judged, third.reused) == (1, 4)
    assert {one.student: one.score for one in third.records}["ben"] == 2.0
    assert grade(course, tiny.CHAPTER, seed=SEED + 1).judged == 5
    assert grade(course, tiny.CHAPTER, seed=SEED, again=True).judged == 5


def test_a_killed_run_goes_on_where_it_stopped(graded: Graded, course: Course) -> None:
    path = course.verdicts(tiny.CHAPTER)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:2]) + "\n" + lines[2][:50])
    again = grade(course, tiny.CHAPTER, seed=SEED)
    assert (again.judged, again.reused) == (3, 2)
    assert lines_of(again) == lines_of(graded)
    assert len([key for key in Store(path).lines if Store(path).get(key) is not None]) == 5


def test_a_record_survives_its_line(graded: Graded) -> None:
    for record in graded.records:
        assert Record.from_line(record.line().encode()).line() == record.line()


def test_scores_and_waiting_answers_stand_in_the_gradebook(graded: Graded, course: Course) -> None:
    assert grades_of(course, "ada") == {
        "check_double": (4.0, None, 0),
        "check_ordered": (2.0, None, 0),
        "check_shifted": (2.0, None, 0),
        "why": (0.0, None, 0),
    }
    assert grades_of(course, "eva")["why"] == (None, None, 1)
    assert all(one[0] == 0.0 and one[2] == 1 for one in grades_of(course, "dan").values()), "a person should look at it"


def test_a_worse_submission_replaces_the_old_score_and_keeps_what_a_person_gave(
    graded: Graded, course: Course, hand_in: HandIn
) -> None:
    with gradebook.opened(course) as book:
        book.find_grade("why", tiny.CHAPTER, tiny.CHAPTER, "eva").manual_score = 2.5
        book.db.commit()
    hand_in("eva", tiny.submission({"why": "Something else."}))
    hand_in("ada", b"")
    grade(course, tiny.CHAPTER, seed=SEED)
    assert grades_of(course, "eva")["why"] == (None, 2.5, 1)
    assert grades_of(course, "eva")["check_double"][0] == 0.0
    assert grades_of(course, "ada")["check_double"][0] == 0.0


def test_what_a_person_has_settled_stays_settled_until_the_student_hands_in_again(
    graded: Graded, course: Course, hand_in: HandIn
) -> None:
    def settle() -> None:
        with gradebook.opened(course) as book:
            grade_of_why = book.find_grade("why", tiny.CHAPTER, tiny.CHAPTER, "eva")
            grade_of_why.manual_score, grade_of_why.needs_manual_grade = 2.5, False
            book.db.commit()

    settle()
    grade(course, tiny.CHAPTER, seed=SEED)
    assert grades_of(course, "eva")["why"] == (None, 2.5, 0), "an unchanged class"
    grade(course, tiny.CHAPTER, seed=SEED + 1)
    assert grades_of(course, "eva")["why"] == (None, 2.5, 0), "the same submission on other terms"
    hand_in("eva", tiny.submission(tiny.RIGHT | {"why": "Something else."}))
    grade(course, tiny.CHAPTER, seed=SEED)
    assert grades_of(course, "eva")["why"] == (None, 2.5, 1), "another answer"
    settle()
    with gradebook.opened(course) as book:
        book.find_grade("check_double", tiny.CHAPTER, tiny.CHAPTER, "eva").auto_score = 1.0
        book.find_grade("check_double", tiny.CHAPTER, tiny.CHAPTER, "eva").manual_score = 1.0
        book.db.commit()
    grade(course, tiny.CHAPTER, seed=SEED)
    assert grades_of(course, "eva")["check_double"] == (4.0, 1.0, 1), "a score that moves is looked at again"


def test_what_the_judge_flags_has_a_flag_in_formgrader_until_a_person_takes_it_away(
    graded: Graded, course: Course
) -> None:
    def flags() -> dict[str, bool]:
        with gradebook.opened(course) as book:
            return {one.student.id: one.notebooks[0].flagged for one in book.assignment_submissions(tiny.CHAPTER)}

    assert flags() == {"ada": False, "ben": False, "cem": False, "dan": True, "eva": True}
    with gradebook.opened(course) as book:
        book.find_submission_notebook(tiny.CHAPTER, tiny.CHAPTER, "eva").flagged = False
        book.db.commit()
    grade(course, tiny.CHAPTER, seed=SEED + 1)
    assert flags()["eva"] is False


def test_what_nbgraders_exchange_needs_to_return_feedback_lies_beside_the_graded_notebook(
    graded: Graded, course: Course
) -> None:
    (course.root / "submitted" / "ada" / tiny.CHAPTER / "submission_secret.txt").write_text("a secret")
    grade(course, tiny.CHAPTER, seed=SEED, again=True)
    assert course.autograded("ada", tiny.CHAPTER).with_name("submission_secret.txt").read_text() == "a secret"


def test_a_submission_that_is_gone_scores_nothing_and_is_flagged(graded: Graded, course: Course) -> None:
    folder = course.root / "submitted" / "ada" / tiny.CHAPTER
    (folder / f"{tiny.CHAPTER}.ipynb").rename(folder / "other name.ipynb")
    for path in (course.root / "submitted" / "ben" / tiny.CHAPTER).iterdir():
        path.unlink()
    (course.root / "submitted" / "ben" / tiny.CHAPTER).rmdir()
    again = {one.student: one for one in grade(course, tiny.CHAPTER, seed=SEED).records}
    assert "found other name.ipynb" in again["ada"].problem
    assert "no longer there" in again["ben"].problem
    assert grades_of(course, "ben")["check_double"][0] == 0.0


def test_a_student_whom_somebody_took_out_of_the_gradebook_does_not_come_back(graded: Graded, course: Course) -> None:
    shutil.rmtree(course.root / "submitted" / "ben")
    with gradebook.opened(course) as book:
        book.remove_student("ben")
    found = grade(course, tiny.CHAPTER, seed=SEED)
    assert [one.student for one in found.records] == ["ada", "cem", "dan", "eva"]
    assert not rows(course, "select id from student where id = 'ben'")
    assert sorted(current(course.verdicts(tiny.CHAPTER))) == ["ada", "cem", "dan", "eva"]


def test_one_student_can_be_graded_alone_without_touching_the_others(
    graded: Graded, course: Course, hand_in: HandIn
) -> None:
    for student in CLASS:
        hand_in(student, tiny.submission({}))
    only = grade(course, tiny.CHAPTER, seed=SEED, students=["ben"])
    assert [one.student for one in only.records] == ["ben"]
    assert grades_of(course, "ben")["check_double"][0] == 0.0
    assert grades_of(course, "ada")["check_double"][0] == 4.0
    with pytest.raises(CourseError, match="no submission of zoe"):
        grade(course, tiny.CHAPTER, seed=SEED, students=["zoe"])


def test_nothing_is_written_to_the_gradebook_when_one_score_fails(
    graded: Graded, course: Course, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(course, GRADES)
    for student in CLASS:
        hand_in(student, tiny.submission({}))
    write_one, seen = gradebook.Writer._write_one, []

    def fail_at_the_third(writer: gradebook.Writer, record: Record, **options: bool) -> None:
        seen.append(1)
        if len(seen) == 3:
            raise RuntimeError("power cut")
        write_one(writer, record, **options)

    monkeypatch.setattr(gradebook.Writer, "_write_one", fail_at_the_third)
    with pytest.raises(RuntimeError, match="power cut"):
        grade(course, tiny.CHAPTER, seed=SEED)
    assert rows(course, GRADES) == before
    monkeypatch.undo()


def test_the_graded_notebook_is_ours_and_readable(graded: Graded, course: Course) -> None:
    import nbformat

    notebook = nbformat.read(course.autograded("cem", tiny.CHAPTER), as_version=4)
    nbformat.validate(notebook)
    outputs = {cell.id: cell.get("outputs", []) for cell in notebook.cells}
    text, score = outputs["check_double"]
    assert text.text.startswith("FAIL  0 of 4 points")
    assert "hint: How often do you add x?" in text.text
    assert "a right `double` in place of yours" in outputs["check_shifted"][0].text
    assert score.data["text/plain"] == "0.0"
    assert {output.output_type for outs in outputs.values() for output in outs} <= {"stream", "execute_result"}


def test_hidden_inputs_and_their_values_do_not_reach_the_student(graded: Graded, course: Course) -> None:
    text = course.autograded("cem", tiny.CHAPTER).read_text()
    assert "(fresh inputs)" in text
    from autograder.reference import recordings

    fresh = recordings.draw_private(catalogue.find("double"), SEED)  # type: ignore[arg-type]
    shown = [f"{abs(number):.4g}" for case in fresh[1:] for number in (2 * case.inputs["x"]).ravel()]
    assert not [number for number in shown if number in text]


def test_feedback_pages_show_verdicts_and_run_no_script_of_a_student(graded: Graded, course: Course) -> None:
    pages = feedback(course, tiny.CHAPTER)
    assert [page.parent.parent.name for page in pages] == list(CLASS)
    text = {page.parent.parent.name: page.read_text() for page in pages}
    assert "PASS  4 of 4 points" in text["ada"]
    assert "FAIL  0 of 4 points: not judged" in text["dan"]
    assert "<script>alert" not in text["eva"]
    assert "alert(1)" in text["eva"], "the twin: the answer itself is there"


def test_the_gradebook_exports_as_csv(graded: Graded, course: Course, tmp_path: Path) -> None:
    path = export(course, tmp_path / "grades.csv")
    table = table_of(path)
    assert {student: float(row["score"]) for student, row in table.items()} == SCORES
    assert {float(row["max_score"]) for row in table.values()} == {11.0}


def test_late_submissions_pay_what_nbgraders_plugin_says(graded: Graded, course: Course, tmp_path: Path) -> None:
    with gradebook.opened(course) as book:
        book.update_or_create_assignment(tiny.CHAPTER, duedate="2026-01-01 00:00:00")
    stamp = course.root / "submitted" / "ada" / tiny.CHAPTER / "timestamp.txt"
    stamp.write_text("2026-01-02 00:00:00 UTC")
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nget_config().LateSubmissionPlugin.penalty_method = 'zero'\n")
    grade(course, tiny.CHAPTER, seed=SEED)
    table = table_of(export(course, tmp_path / "late.csv"))
    assert (table["ada"]["raw_score"], table["ada"]["score"]) == ("8.0", "0.0")
    assert table["eva"]["score"] == "8.0"


def nbgrader(course: Course, *words: str, folders: tuple[Path, Path]) -> subprocess.CompletedProcess[str]:
    """Run an nbgrader command in the tree; the tiny chapter stands in for the course's."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom autograder.engine import catalogue\n"
        f"catalogue.EXERCISES, catalogue.RECORDINGS = Path({str(folders[0])!r}), Path({str(folders[1])!r})\n"
        "from nbgrader.apps.nbgraderapp import main\nsys.argv = ['nbgrader', *sys.argv[1:]]\nmain()\n"
    )
    environment = os.environ | {
        "AUTOGRADER_SEED": str(SEED),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=course.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nbgraders_own_autograde_gives_the_same_scores(
    graded: Graded, course: Course, hand_in: HandIn, tiny_folders: tuple[Path, Path]
) -> None:
    ours = rows(course, GRADES)
    hand_in("dan", tiny.submission({}))
    verdicts = course.verdicts(tiny.CHAPTER)
    lines = verdicts.read_text()
    verdicts.unlink()
    with sqlite3.connect(course.root / "gradebook.db") as database:
        database.execute("update grade set auto_score = null, needs_manual_grade = 1")
    database.close()
    done = nbgrader(course, "autograde", tiny.CHAPTER, "--force", folders=tiny_folders)
    assert done.returncode == 0, done.stderr[-3000:]
    theirs = rows(course, GRADES)
    assert [row for row in theirs if row[0] != "dan"] == [row for row in ours if row[0] != "dan"]
    assert _without_dan(verdicts.read_text()) == _without_dan(lines)


def _without_dan(lines: str) -> list[str]:
    return sorted(line for line in lines.splitlines() if '"dan"' not in line)


def test_a_release_that_does_not_fit_the_exercises_is_not_graded(course: Course, hand_in: HandIn) -> None:
    hand_in("ada", tiny.submission())
    path = course.root / "release" / tiny.CHAPTER / f"{tiny.CHAPTER}.ipynb"
    path.write_text(path.read_text().replace('"points": 4', '"points": 5'))
    with pytest.raises(CourseError, match=r"check_double has 5.0 points in the release, 4.0"):
        grade(course, tiny.CHAPTER, seed=SEED)


def test_a_missing_release_a_missing_class_and_an_unknown_chapter_say_what_to_do(
    course: Course, tmp_path: Path
) -> None:
    with pytest.raises(CourseError, match="no submissions: expected"):
        grade(course, tiny.CHAPTER, seed=SEED)
    with pytest.raises(CourseError, match="python -m autograder build"):
        grade(Course(tmp_path), tiny.CHAPTER, seed=SEED)
    with pytest.raises(CourseError, match="no chapter 'ch77'"):
        catalogue.chapter_named("ch77")
    with pytest.raises(CourseError, match="nothing is graded yet"):
        feedback(course, tiny.CHAPTER)
    with pytest.raises(CourseError, match="no gradebook"):
        export(course, tmp_path / "grades.csv")
    assert catalogue.chapter_named("ch90") == tiny.CHAPTER


def test_a_link_in_place_of_a_folder_is_not_followed(course: Course, hand_in: HandIn) -> None:
    hand_in("ada", tiny.submission())
    (course.root / "submitted" / "ben").mkdir()
    (course.root / "submitted" / "ben" / tiny.CHAPTER).symlink_to(course.root / "submitted" / "ada" / tiny.CHAPTER)
    found = {one.student: one for one in grade(course, tiny.CHAPTER, seed=SEED).records}
    assert (found["ada"].score, found["ben"].score) == (8.0, 0.0)
    assert "symbolic link" in found["ben"].problem


def test_the_private_seed_comes_from_the_option_the_environment_a_file_or_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = Course(tmp_path)
    for name in ("AUTOGRADER_SEED", "AUTOGRADER_SEED_FILE"):
        monkeypatch.delenv(name, raising=False)
    made = seed_for(course)
    assert "made a private seed" in capsys.readouterr().out
    assert seed_for(course) == made
    assert capsys.readouterr().out == ""
    assert (tmp_path / "grading_seed").stat().st_mode & 0o777 == 0o600
    (tmp_path / "secret").write_text("12\n")
    monkeypatch.setenv("AUTOGRADER_SEED_FILE", str(tmp_path / "secret"))
    assert seed_for(course) == 12
    monkeypatch.setenv("AUTOGRADER_SEED", "some words")
    assert seed_for(course) == seed_for(course, "some words") != 12
    assert seed_for(course, "7") == 7


def test_the_summary_has_a_line_for_each_student_and_names_what_to_look_at(graded: Graded) -> None:
    lines = summary(graded)
    assert lines[1].split() == ["ada", "8", "8", "3", "of", "3"]
    assert any(line.startswith("  dan: the file is not JSON") for line in lines)
    assert "5 submissions of ch90_tiny: 5 judged, 0 unchanged" in lines[-1]


def test_a_person_reads_a_score_with_at_most_two_decimals_and_the_record_keeps_it_exact() -> None:
    verdict = Verdict("double", 40, 35.3333, "the values differ")
    record = Record("key", "ada", tiny.CHAPTER, (verdict,))
    assert summary(Graded(tiny.CHAPTER, (record,), (), 1, 0))[1].split()[:3] == ["ada", "35.33", "40"]
    assert say(verdict).startswith("FAIL  35.33 of 40 points")
    assert record.score == 35.3333


def test_the_command_grades_and_its_status_says_whether_all_were_judged(
    course: Course, hand_in: HandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in("ada", tiny.submission())
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = ["ch90", "--root", str(course.root), "--seed", "3", "--workers", "1"]
    assert command.run(parser.parse_args(words)) == 0
    assert "ada" in capsys.readouterr().out
    lost = Graded(tiny.CHAPTER, (), ("ada",), 0, 0)
    monkeypatch.setattr(command, "grade", lambda *arguments, **options: lost)
    assert command.run(parser.parse_args([*words, "--sandbox", "limits"])) == 1
    shown = capsys.readouterr()
    assert "run the command again" in shown.out
    assert "hides no file" in shown.err


def test_submissions_of_other_chapters_are_left_alone(graded: Graded, course: Course) -> None:
    assert {path.parent.name for path in course.submitted(tiny.CHAPTER).values()} == {tiny.CHAPTER}
    assert course.submitted("ch91_other") == {}
    assert json.loads(course.verdicts(tiny.CHAPTER).read_text().splitlines()[0])["chapter"] == tiny.CHAPTER


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_of_the_grader_costs_one_student_a_second_run_and_nobody_else(
    course: Course, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], workers: int
) -> None:
    for student in ("ada", "ben"):
        hand_in(student, tiny.submission())
    with monkeypatch.context() as fault:
        fault.setattr(pool, "_work", faulty.raise_for_ada)
        fault.setattr(pool, "judge_job", faulty.judge_all_but_ada)
        found = grade(course, tiny.CHAPTER, seed=SEED, workers=workers)
    assert {one.student: one.score for one in found.records} == {"ada": 0.0, "ben": 8.0}
    assert (found.unjudged, found.judged) == (("ada",), 1)
    if workers == 1:
        assert "while judging ada" in capsys.readouterr().err
    assert "run the command again" in summary(found)[-1]
    second = grade(course, tiny.CHAPTER, seed=SEED)
    assert {one.student: one.score for one in second.records} == {"ada": 8.0, "ben": 8.0}
    assert (second.judged, second.reused) == (1, 1)


def test_a_submission_that_ends_its_worker_is_given_up_and_takes_nobody_with_it(
    course: Course, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for student in ("ada", "ben", "cem", "dan", "eva", "fay"):
        hand_in(student, tiny.submission())
    monkeypatch.setattr(pool, "_work", faulty.end_for_ada)
    found = grade(course, tiny.CHAPTER, seed=SEED, workers=2)
    assert {one.student: one.score for one in found.records} == dict.fromkeys(
        ("ben", "cem", "dan", "eva", "fay"), 8.0
    ) | {"ada": 0.0}
    assert found.unjudged == ("ada",)
    assert found.records[0].all_flags == (pool.WORKER_LOST,)


def test_a_tree_that_is_not_there_is_one_line_and_is_not_made(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    chapter = catalogue.chapters()[0]
    with pytest.raises(CourseError, match=r"there is no folder .*misspelt; make it .*, or name yours: --root$"):
        command.run(parser.parse_args([chapter, "--root", str(tmp_path / "misspelt")]))
    assert list(tmp_path.iterdir()) == []
