"""The class report: its page and tables, from a tree with records and a gradebook made by nbgrader's own interface."""

import argparse
import csv
import os
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from autograder.engine import catalogue
from autograder.engine.verdict import Rung
from autograder.errors import CourseError
from autograder.instructor import class_report
from autograder.instructor.class_attention import attention
from autograder.instructor.class_data import ChapterData, gather
from autograder.instructor.class_gradebook import Entry, Grades
from autograder.instructor.class_page import chapter_page
from autograder.instructor.class_statistics import figures
from autograder.instructor.class_tables import neutral, one_line
from autograder.judge.course import Course
from autograder.judge.gradebook import opened
from tests.instructor.made_class import class_of, record, verdict, write_records

CHAPTER = "ch01_activations"
OTHER = "ch02_backprop"
NASTY = "<img src=x onerror=alert(1)>"
FORMULA = "=HYPERLINK(1)"
UNICODE = "Žofie_Δ"
FLAG = "a cell: </td><script>alert('flag')</script>"


@pytest.fixture(scope="module")
def exercises():
    return catalogue.exercises(CHAPTER)


def all_pass(exercises, **instead):
    """A verdict for each exercise; instead: others, by name."""
    return [instead.get(one.name) or verdict(one) for one in exercises]


@pytest.fixture(scope="module")
def course(tmp_path_factory, exercises):
    """A tree of eight submissions: records, and a gradebook that nbgrader made."""
    root = tmp_path_factory.mktemp("tree")
    first, second = exercises[:2]
    known = first.misconceptions[0].name
    records = [
        record("ann", *all_pass(exercises), chapter=CHAPTER),
        record("bob", *all_pass(exercises, **{first.name: verdict(first, Rung.VALUES, misconception=known)})),
        record(NASTY, *all_pass(exercises, **{first.name: verdict(first, Rung.VALUES, misconception=known)})),
        record(FORMULA, *all_pass(exercises, **{second.name: verdict(second, Rung.VALUES, error=0.3)})),
        record(UNICODE, *all_pass(exercises, **{second.name: verdict(second, Rung.VALUES, error=0.3)}), flags=[FLAG]),
        record("late", *all_pass(exercises, **{second.name: verdict(second, Rung.DEFINED, flags=["out of time"])})),
        record("broken", *(verdict(one, Rung.DEFINED) for one in exercises), problem=f"not JSON: {NASTY}"),
    ]
    course = Course(root)
    write_records(course.verdicts(CHAPTER), records)
    # A folder of such a name would be another student: Course.submitted takes HTML out of names.
    for student in [one.student for one in records if one.student != NASTY] + ["unjudged"]:
        path = root / "submitted" / student / CHAPTER / f"{CHAPTER}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    for student in ("ann", NASTY, FORMULA, UNICODE):
        path = root / "feedback" / student / CHAPTER / f"{CHAPTER}.html"
        path.parent.mkdir(parents=True)
        path.write_text("feedback")
    fill_gradebook(course, records, exercises)
    write_records(course.verdicts(OTHER), [])
    return course


def fill_gradebook(course, records, exercises):
    """Scores as the judge writes them; ann has a free answer graded, late a penalty; ghost handed in nothing."""
    question = catalogue.questions(CHAPTER)[0].name
    with opened(course) as gradebook:
        gradebook.add_assignment(CHAPTER)
        gradebook.add_assignment(OTHER)
        gradebook.add_notebook(CHAPTER, CHAPTER)
        for one in exercises:
            gradebook.add_grade_cell(f"check_{one.name}", CHAPTER, CHAPTER, max_score=one.points, cell_type="code")
        gradebook.add_grade_cell(question, CHAPTER, CHAPTER, max_score=4, cell_type="markdown")
        for one in records:
            gradebook.add_student(one.student)
            submission = gradebook.add_submission(CHAPTER, one.student)
            notebook = submission.notebooks[0]
            scores = {f"check_{each.exercise}": each for each in one.verdicts}
            for grade in notebook.grades:
                given = scores.get(grade.name)
                grade.auto_score = given.score if given else None
                grade.needs_manual_grade = bool(one.problem) or given is None or bool(given.flags)
                if given is None and one.student == "ann":
                    grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 3.0, 0.5, False
            if one.student == "late":
                notebook.late_submission_penalty = 2.0
        gradebook.add_student("ghost")
        gradebook.db.commit()


@pytest.fixture(scope="module")
def folder(course):
    class_report.report(course, [CHAPTER], course.root / "reports")
    return course.root / "reports" / CHAPTER


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "index.html").read_text(encoding="utf-8")


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def test_scores_csv_has_everybody_with_every_exercise(folder, exercises):
    found = {row["student"]: row for row in rows(folder / "scores.csv")}
    points = sum(one.points for one in exercises)
    assert list(next(iter(found.values()))) == [
        *["student", "status", "code_score", "code_points", "automatic", "by_hand", "late_penalty", "total"],
        *["max_score", *(one.name for one in exercises)],
    ]
    assert found["ann"]["status"] == "judged"
    assert float(found["ann"]["code_score"]) == float(found["ann"]["code_points"]) == points
    assert float(found["ann"]["by_hand"]) == 3.5
    assert float(found["ann"]["total"]) == points + 3.5
    assert float(found["ann"]["max_score"]) == points + 4
    late = points - exercises[1].points
    assert (float(found["late"]["late_penalty"]), float(found["late"]["total"])) == (2.0, late - 2)
    assert float(found["bob"][exercises[0].name]) == 0
    assert [found[one]["status"] for one in ("broken", "unjudged", "ghost")] == [
        "refused",
        "not judged",
        "nothing handed in",
    ]
    assert found["ghost"]["total"] == found["broken"][exercises[0].name] == ""


def test_totals_are_those_that_nbgrader_exports(course, folder):
    from nbgrader.plugins import CsvExportPlugin

    exported = course.root / "grades.csv"
    with opened(course) as gradebook:
        CsvExportPlugin(to=str(exported)).export(gradebook)
    wanted = {row["student_id"]: row for row in rows(exported) if row["assignment"] == CHAPTER}
    compared = 0
    for row in rows(folder / "scores.csv"):
        if row["total"]:
            theirs = wanted[row["student"].removeprefix("'")]
            assert float(row["total"]) == float(theirs["score"]), row["student"]
            assert float(row["max_score"]) == float(theirs["max_score"])
            compared += 1
    assert compared == 7


def test_exercises_csv_counts_each_exercise_once_in_order(folder, exercises):
    found = rows(folder / "exercises.csv")
    assert [row["exercise"] for row in found] == [one.name for one in exercises]
    first, second = found[:2]
    assert (first["judged"], first["passed"], first["values_differ"], first["recognised"]) == ("6", "4", "2", "2")
    assert (second["not_written"], second["unrecognised"], second["discrimination"]) == ("1", "2", "")
    assert float(first["passed_share"]) == pytest.approx(4 / 6, abs=1e-4)
    for row in found:
        rungs = ("not_written", "no_array", "wrong_shape", "not_finite", "values_differ", "input_changed")
        assert sum(int(row[rung]) for rung in (*rungs, "not_repeatable", "passed")) == int(row["judged"])


def test_misconceptions_csv_says_what_it_is_and_who_has_it(folder, exercises):
    first = exercises[0].misconceptions[0]
    known, unknown = rows(folder / "misconceptions.csv")[:2], rows(folder / "misconceptions.csv")[2:]
    assert {row["student"] for row in known} == {"bob", NASTY}
    for row in known:
        assert (row["misconception"], row["count"], row["says"], row["hint"]) == (
            first.name,
            "2",
            first.says,
            first.hint,
        )
    assert {row["student"] for row in unknown} == {f"'{FORMULA}", UNICODE}
    assert {(row["misconception"], row["count"]) for row in unknown} == {("", "2")}


def test_attention_csv_holds_every_flag_refusal_and_open_answer(folder):
    found = rows(folder / "attention.csv")
    seen = {(row["kind"], row["student"], row["exercise"]) for row in found}
    question = catalogue.questions(CHAPTER)[0].name
    flagged = catalogue.exercises(CHAPTER)[1].name
    assert seen == {
        ("refused", "broken", ""),
        ("not judged", "unjudged", ""),
        ("flag", UNICODE, ""),
        ("flag", "late", flagged),
        *(("free answer", one, question) for one in ("bob", NASTY, f"'{FORMULA}", UNICODE, "late")),
    }
    bob = next(row for row in found if row["student"] == "bob")
    assert bob["file"] == f"submitted/bob/{CHAPTER}/{CHAPTER}.ipynb"
    assert re.fullmatch(r"formgrader/submissions/[0-9a-f]{32}", bob["formgrader"])


def test_a_gradebook_that_differs_from_the_verdicts_is_reported(exercises):
    entries = {"ann": Entry("ann", recorded=1.0, waiting=[f"check_{exercises[0].name}"])}
    records = {one: record(one, *all_pass(exercises)) for one in ("ann", "bob")}
    found = attention(records, entries, {"ann", "bob"}, set())
    assert [(one.kind, one.student) for one in found] == [
        ("scores differ", "ann"),
        ("scores differ", "bob"),
        ("score by hand", "ann"),
    ]
    entries = {one: Entry(one, recorded=records[one].score) for one in records}
    assert attention(records, entries, {"ann", "bob"}, set()) == []


def test_a_flag_that_the_judge_says_twice_is_told_once(exercises):
    first = exercises[0].name
    slow = verdict(exercises[0], Rung.RETURNS, flags=["out of time"])
    said = record("ann", *all_pass(exercises, **{first: slow}), flags=[f"`{first}`: out of time", "another"])
    found = attention({"ann": said}, {"ann": Entry("ann", recorded=said.score)}, {"ann"}, set())
    assert [(one.exercise, one.what) for one in found] == [("", "another"), (first, "out of time")]


def test_a_submission_that_is_gone_from_everywhere_but_the_gradebook_is_reported():
    (found,) = attention({}, {"ann": Entry("ann")}, set(), set())
    assert found.kind == "not judged"
    assert "neither a file nor a verdict" in found.what


def test_what_students_chose_is_escaped(page):
    assert NASTY not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<script>alert" not in page
    tags = Tags(page)
    assert [tag for tag, _ in tags.tags if tag in ("img", "iframe", "object", "embed", "link", "form")] == []
    assert len([tag for tag, _ in tags.tags if tag == "script"]) == 1
    assert not [name for _, attributes in tags.tags for name in attributes if name.startswith("on")]
    assert FLAG in " ".join(tags.text)


def test_the_page_asks_no_host_and_allows_nothing_but_its_own_two_parts(page):
    tags = Tags(page).tags
    policy = next(one["content"] for tag, one in tags if one.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    addresses = [value for _, one in tags for name, value in one.items() if name in ("src", "href", "action")]
    assert addresses
    assert [one for one in addresses if ":" in unquote(one).split("/")[0] or one.startswith("//")] == []
    assert "style" not in {name for _, one in tags for name in one}


def test_students_lead_to_their_feedback_page_or_their_notebook(page, folder):
    addresses = {one["href"] for tag, one in Tags(page).tags if tag == "a" and one["href"].startswith("../")}
    found = {os.path.relpath(folder / unquote(one), folder.parents[1]) for one in addresses}
    assert all((folder / unquote(one)).is_file() for one in addresses)
    assert f"feedback/{UNICODE}/{CHAPTER}/{CHAPTER}.html" in found
    assert f"feedback/{NASTY}/{CHAPTER}/{CHAPTER}.html" in found
    assert f"submitted/bob/{CHAPTER}/{CHAPTER}.ipynb" in found


def test_a_submission_that_is_a_link_leads_nowhere(tmp_path, exercises):
    data = big_class(tmp_path / "tree", 2, exercises)
    linked, plain = data.records
    secret = tmp_path / "elsewhere"
    (secret / CHAPTER).mkdir(parents=True)
    (secret / CHAPTER / f"{CHAPTER}.ipynb").write_text("secret")
    submitted = tmp_path / "tree" / "submitted"
    (submitted / plain / CHAPTER).mkdir(parents=True)
    (submitted / plain / CHAPTER / f"{CHAPTER}.ipynb").write_text("{}")
    (submitted / linked).symlink_to(secret)
    assert data.file_of(linked) is None
    assert data.file_of(plain) == submitted / plain / CHAPTER / f"{CHAPTER}.ipynb"


def test_the_page_says_what_the_tables_say(page, exercises):
    text = " ".join(" ".join(Tags(page).text).split())
    assert "Half of the 6 judged submissions" in text
    for said in ("submissions 8", "judged 6", "refused 1", "handed in nothing 1", "all right 1", "wait for a person 7"):
        assert said in text
    for one in exercises:
        assert one.name in text
    assert exercises[0].misconceptions[0].says in text
    assert exercises[0].misconceptions[0].hint in text
    assert "in the case “case 0”, values differ" in text
    assert "It is left out where fewer than 30 submissions were judged" in text


def test_every_plot_has_words_and_every_head_a_scope(page):
    tags = Tags(page).tags
    plots = [one for tag, one in tags if tag == "svg"]
    assert plots
    assert all(one.get("aria-hidden") == "true" or one.get("aria-label") for one in plots)
    heads = [one for tag, one in tags if tag == "th"]
    assert heads
    assert all(one.get("scope") in ("col", "row") for one in heads)


def test_the_same_tree_gives_the_same_bytes(course, folder, tmp_path):
    class_report.report(course, [CHAPTER], course.root / "again")
    for path in folder.iterdir():
        assert (course.root / "again" / CHAPTER / path.name).read_bytes() == path.read_bytes(), path.name


def test_all_gives_the_course_and_its_chapters(course, capsys):
    parser = argparse.ArgumentParser()
    class_report.add_arguments(parser)
    to = course.root / "all"
    assert class_report.run(parser.parse_args(["all", "--root", str(course.root), "--to", str(to)])) == 0
    assert f"report of {CHAPTER}, {OTHER}: {to / 'index.html'}" in capsys.readouterr().out
    overview = (to / "index.html").read_text(encoding="utf-8")
    addresses = {one["href"] for tag, one in Tags(overview).tags if tag == "a"}
    assert {f"{CHAPTER}/index.html", f"{OTHER}/index.html", "chapters.csv", "totals.csv"} <= addresses
    assert all((to / one.partition("#")[0]).is_file() for one in addresses if not one.startswith("#"))
    assert NASTY not in overview
    first, second = rows(to / "chapters.csv")
    assert (first["chapter"], first["submissions"], first["judged"], first["refused"]) == (CHAPTER, "8", "6", "1")
    assert (second["judged"], second["median"]) == ("0", "")
    totals = {row["student"]: row for row in rows(to / "totals.csv")}
    assert totals["ann"]["total"] == totals["ann"][CHAPTER] == "39.5"
    assert totals["ann"][OTHER] == ""
    assert "../index.html" in (to / CHAPTER / "index.html").read_text(encoding="utf-8")


def test_a_tree_without_verdicts_or_gradebook_is_one_clear_line(tmp_path, course):
    empty = Course(tmp_path)
    with pytest.raises(CourseError, match="is not graded in"):
        gather(empty, [CHAPTER])
    write_records(empty.verdicts(CHAPTER), [])
    with pytest.raises(CourseError, match=r"there is no gradebook in .*; grade first"):
        gather(empty, [CHAPTER])
    assert not (tmp_path / "gradebook.db").exists()
    with pytest.raises(CourseError, match="nothing is graded in"):
        class_report.run(argparse.Namespace(chapter="all", root=tmp_path / "none", to=None))
    with pytest.raises(CourseError, match="no chapter 'ch77'"):
        class_report.run(argparse.Namespace(chapter="ch77", root=tmp_path, to=None))


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        (" =1", "'=1"),
        ("\t=1", "'=1"),
        ("\r\n@x", "'@x"),
        ("\u200b=1", "'=1"),
        ("＝1", "'＝1"),
        ("ann\n=1", "ann =1"),
        ("a=1", "a=1"),
        (-0.25, -0.25),
        (None, ""),
    ],
)
def test_cells_that_a_spreadsheet_would_run_are_neutralised(cell, safe):
    assert neutral(cell) == safe


def test_ids_are_shown_without_what_changes_the_writing_around_them():
    assert one_line("a\u202eb\x00c\ud800d\u200de") == "a b c d\u200de"
    assert one_line("x" * 500) == "x" * 399 + "…"


def big_class(root, number, exercises):
    """A chapter's data for a class of this size, without a gradebook file."""
    records = class_of(number, exercises)
    entries = {one: Entry(one, "0" * 32, kept.score, recorded=kept.score) for one, kept in records.items()}
    counted = figures(CHAPTER, records.values(), exercises)
    waiting = tuple(attention(records, entries, set(records), set()))
    everybody = tuple(records)
    when = datetime(2026, 1, 1, tzinfo=UTC)
    grades = Grades(entries, 40.0, everybody)
    return ChapterData(Course(root), CHAPTER, "Chapter", when, records, counted, grades, waiting, everybody)


def test_a_class_of_a_thousand_gives_a_page_that_grows_no_faster_than_the_class(tmp_path, exercises):
    sizes = {number: len(chapter_page(big_class(tmp_path, number, exercises), tmp_path)) for number in (250, 1000)}
    assert sizes[1000] < 4.2 * sizes[250]
    assert sizes[1000] < 1_500_000


def test_a_class_of_a_thousand_is_counted_by_looking_at_every_verdict_a_few_times(exercises, monkeypatch):
    from autograder.engine.verdict import Verdict

    looks = 0
    rung = Verdict.rung

    def counting(self):
        nonlocal looks
        looks += 1
        return rung.fget(self)

    monkeypatch.setattr(Verdict, "rung", property(counting))
    figures(CHAPTER, class_of(1000, exercises).values(), exercises)
    assert 0 < looks <= 1000 * len(exercises)


def test_a_chapter_that_everybody_failed_to_hand_in_still_has_a_page(tmp_path, exercises):
    data = big_class(Path(tmp_path), 1, exercises)
    refused = {"ann": record("ann", problem="empty")}
    empty = ChapterData(
        data.course,
        CHAPTER,
        "Chapter",
        data.graded,
        refused,
        figures(CHAPTER, refused.values(), exercises),
        Grades({}, 0.0, ()),
        tuple(attention(refused, {}, {"ann"}, set())),
        ("ann",),
    )
    text = " ".join(Tags(chapter_page(empty, tmp_path)).text)
    assert "No submission could be judged" in text
    assert "empty" in text
