"""Who is found to be alike, who is not, and what the page shows of them."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import numpy as np
import pytest
from copydetect import CodeFingerprint, compare_files

from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.instructor import similar as command
from autograder.instructor.alike import Class
from autograder.instructor.fingerprints import LONGEST, between, joined, marked_lines, print_of
from autograder.instructor.similar import OWN, gather, similar
from autograder.judge.course import Course
from tests.judge import tiny

STUB = {name: f"def {name}(x):\n    {tiny.STUB}" for name in tiny.RIGHT}
LOOP = """def double(x):
    total = []
    for value in np.asarray(x).ravel():
        total.append(value + value)
    return np.array(total).reshape(np.shape(x))"""
DISGUISED = """def double(x):
    # my own idea
    everything = []

    for number in np.asarray(x).ravel():
        everything.append(number + number)  # twice
    return np.array(everything).reshape(np.shape(x))"""
TABLE = """def double(x):
    answer = np.zeros_like(x)
    with np.nditer([x, answer], op_flags=[["readonly"], ["writeonly"]]) as pairs:
        while not pairs.finished:
            pairs[1][...] = pairs[0] * 2
            pairs.iternext()
    return answer"""
SORTED = """def ordered(x):
    rest, found = list(x), []
    while rest:
        smallest = min(rest)
        rest.remove(smallest)
        found.append(smallest)
    return np.array(found)"""
RENAMED = SORTED.replace("rest", "left").replace("smallest", "m").replace("found", "out")


def alike(first: str, second: str, stub: str = "") -> float:
    return float(Class([print_of(first, stub), print_of(second, stub)], 2).similarity[0, 1])


def whole(*sources: str) -> float:
    """Similarity of two halves of the sources as whole submissions."""
    half = len(sources) // 2
    prints = [joined([print_of(one) for one in part]) for part in (sources[:half], sources[half:])]
    return float(Class(prints, 2).similarity[0, 1])


def test_renamed_variables_comments_and_layout_do_not_hide_a_copy() -> None:
    assert alike(LOOP, DISGUISED, STUB["double"]) == 1.0
    assert alike(SORTED, RENAMED, STUB["ordered"]) == 1.0


def test_two_honest_answers_are_not_alike() -> None:
    assert alike(LOOP, TABLE, STUB["double"]) < 0.3
    assert alike(LOOP, tiny.RIGHT["double"], STUB["double"]) < 0.3


def test_reordered_functions_are_the_same_submission() -> None:
    assert whole(LOOP, SORTED, RENAMED, DISGUISED) == 1.0
    assert whole(LOOP, SORTED, SORTED, TABLE) < 0.8
    assert alike(f"{LOOP}\n{SORTED}", f"{RENAMED}\n{DISGUISED}") > 0.9


def test_the_stub_that_everybody_has_is_not_similarity() -> None:
    lines = "\n".join(f"    line {number} of what is asked" for number in range(30))
    stub = f'def double(x, axis=-1, *, keep=True):\n    """Doubles.\n\n{lines}\n    """\n    {tiny.STUB}'
    first = stub.replace(tiny.STUB, "return np.add(x, x) if keep else [2 * value for value in x]")
    second = stub.replace(tiny.STUB, "x = np.array(x, copy=True)\n    x *= 2\n    return x")
    assert alike(first, second, stub) < 0.1
    assert alike(first, second) > alike(first, second, stub), "without the stub taken out they share its lines"
    assert not print_of(stub, stub).hashes


def test_a_stretch_that_stands_several_times_is_no_boilerplate() -> None:
    often = "first = alpha(beta) + gamma\n" * 4
    assert print_of(often, "x = 1").token_coverage == len(print_of(often).filtered_code)
    stock = CodeFingerprint("cell", 12, 1, np.array([1]), language="python", fp=io.StringIO(often))
    assert stock.token_coverage < len(stock.filtered_code), "copydetect's own option takes it for boilerplate"


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\n\n",
        "x",
        "def f(x) return x\n",
        '"""never closed',
        "((((",
        "\x00\ufeff\ud7ff",
        "é = 'ü'\r\nß = é",
        "\tx\n y",
    ],
)
def test_any_text_can_be_compared(source: str) -> None:
    assert alike(source, LOOP) <= 1.0
    assert [line for line, _ in marked_lines(print_of(source), print_of(LOOP))] == print_of(source).raw_code.split("\n")


def test_the_class_is_compared_as_copydetect_compares_two() -> None:
    sources = [LOOP, DISGUISED, TABLE, SORTED, RENAMED, f"{LOOP}\n{SORTED}", "x = 1", "", LOOP.replace("value", "v[0]")]
    prints = [print_of(one) for one in sources]
    table = Class(prints, len(prints)).common
    expected = [[int(compare_files(a, b)[0]) for b in prints] for a in prints]
    assert np.array_equal(table, expected)
    assert np.count_nonzero(table) > 20


def test_common_lines_are_marked_where_they_stand_behind_blank_lines_and_classes() -> None:
    given = f"\n\nclass SomethingLong:\n    pass\n\n\nunique = {{1: 'a', 2: 'b'}}\n\n{LOOP}\n"
    marks = dict(marked_lines(print_of(given), print_of(DISGUISED)))
    assert marks["        total.append(value + value)"] == "common"
    assert marks["    return np.array(total).reshape(np.shape(x))"] == "common"
    assert marks["unique = {1: 'a', 2: 'b'}"] == ""
    one = print_of(LOOP, STUB["double"])
    assert dict(marked_lines(one, one, one.hashes))["    total = []"] == "rare"
    assert dict(marked_lines(one, one, one.hashes))["def double(x):"] == "", "the stub has this line"


def test_what_few_have_is_rare() -> None:
    prints = [print_of(one) for one in (LOOP, LOOP, LOOP, LOOP, SORTED, RENAMED)]
    rare = Class(prints, 6).rare(2)
    assert rare[0, 1] == 0.0
    assert rare[4, 5] > 0.9


def test_a_known_source_is_no_part_of_the_class() -> None:
    prints = [print_of(one) for one in (LOOP, TABLE, LOOP)]
    assert len(Class(prints, 2).of_pairs) == 1
    assert Class(prints, 2).median < 0.3
    assert Class(prints, 3).median < Class([prints[0], prints[2]], 2).median


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A class of six: two copies, two honest answers, one as released, one that is no notebook."""
    monkeypatch.setattr(catalogue, "chapter_named", lambda _: tiny.CHAPTER)
    course = Course(tmp_path / "nbgrader")
    tiny.write_tree(course.root)
    evil = "def ordered(x): <script>alert(1)</script>"
    for student, answers in {
        "ada": {"double": LOOP, "ordered": SORTED},
        "ben": {"double": DISGUISED, "ordered": RENAMED},
        "cem": {"double": TABLE, "ordered": evil},
        "dan": {
            "double": tiny.RIGHT["double"],
            "ordered": "def ordered(x):\n    return sorted(x, key=lambda one: +one)",
        },
        "eva": {},
        "<b>fay": {"double": TABLE, "ordered": "x = 1\n" + "y = [0, 1, 2, 3]\n" * 3000},
    }.items():
        tiny.hand_in(course.root, student, tiny.submission(answers))
    tiny.hand_in(course.root, "gil", b"no notebook")
    return course


def command_line(course: Course, *words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([tiny.CHAPTER, "--root", str(course.root), *words]))


def found_at(course: Course, threshold: float) -> set[tuple[str, str]]:
    found = similar(tiny.CHAPTER, gather(course, tiny.CHAPTER), course.root / "page.html", threshold)
    return {(pair.left, pair.right) for pair in found.whole.pairs}


def test_the_copy_is_found_and_the_threshold_decides(course: Course) -> None:
    assert found_at(course, 0.8) == {("ada", "ben")}
    assert len(found_at(course, 0.01)) > 1, "honest answers have something in common"


def test_the_page_escapes_what_students_wrote_and_loads_nothing(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line(course) == 0
    said = capsys.readouterr()
    assert "not compared: gil: the file is not JSON" in said.out
    assert "1 of 15 pairs are alike at 80% or more" in said.out
    assert said.err == ""
    page = (course.root / "similar" / f"{tiny.CHAPTER}.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<b>fay" not in page
    assert "_b_fay: ordered has" in page, "a folder's name is a student's id without HTML"
    assert "nothing of their own: eva" in page
    assert 'class="rare">        everything.append(number + number)  # twice' in page
    assert "Similarity is not proof" in page


def test_the_same_class_gives_the_same_page(course: Course) -> None:
    pages = []
    for name in ("one.html", "two.html"):
        similar(tiny.CHAPTER, gather(course, tiny.CHAPTER), course.root / name, 0.1)
        pages.append((course.root / name).read_text(encoding="utf-8"))
    assert pages[0] == pages[1]


def test_one_exercise_stands_out_alone(course: Course) -> None:
    long = "\n".join(f"    x = np.{name}(x, [{number}, x])" for number, name in enumerate("abcdefghijkl"))
    tiny.hand_in(course.root, "dan", tiny.submission({"double": TABLE, "ordered": f"def ordered(x):\n{long}"}))
    tiny.hand_in(course.root, "<b>fay", tiny.submission({"double": tiny.RIGHT["double"]}))
    sources = gather(course, tiny.CHAPTER)
    found = similar(tiny.CHAPTER, sources, course.root / "page.html", 0.8)
    assert {(pair.left, pair.right) for pair in found.whole.pairs} == {("ada", "ben")}
    assert {(pair.left, pair.right, pair.exercise) for pair in found.single.pairs} == {("cem", "dan", "double")}
    tiny.hand_in(course.root, "<b>fay", tiny.submission({"double": TABLE}))
    found = similar(tiny.CHAPTER, gather(course, tiny.CHAPTER), course.root / "page.html", 0.8)
    assert found.single.pairs == (), "three of six are not few"


def test_an_exercise_that_all_write_alike_says_nothing(course: Course) -> None:
    for student in ("ada", "ben", "cem", "dan"):
        tiny.hand_in(course.root, student, tiny.submission({"double": LOOP, "ordered": f"{SORTED}  # {student}"}))
    found = similar(tiny.CHAPTER, gather(course, tiny.CHAPTER), course.root / "page.html")
    rows = {row.name: row for row in found.exercises}
    assert (rows["double"].median, rows["double"].telling) == (1.0, False)
    assert found.single.pairs == ()
    assert "says nothing: most are alike" in (course.root / "page.html").read_text(encoding="utf-8")


def test_model_answers_and_earlier_submissions_stand_apart(course: Course, tmp_path: Path) -> None:
    path = course.root / "source" / tiny.CHAPTER / f"{tiny.CHAPTER}.ipynb"
    path.write_text(json.dumps(tiny.submission({"double": LOOP, "ordered": SORTED})), encoding="utf-8")
    earlier = tmp_path / "2024" / "zoe" / f"{tiny.CHAPTER}.ipynb"
    earlier.parent.mkdir(parents=True)
    earlier.write_text(json.dumps(tiny.submission({"double": TABLE.replace("answer", "y")})), encoding="utf-8")
    sources = gather(course, tiny.CHAPTER, tmp_path / "2024")
    found = similar(tiny.CHAPTER, sources, course.root / "page.html", 0.5)
    assert {name for name, _, _ in found.model} == {"ada", "ben"}
    assert {(pair.left, pair.right) for pair in found.archive.pairs} == {("cem", "zoe")}
    assert all("zoe" not in (pair.left, pair.right) for pair in found.whole.pairs)
    page = (course.root / "page.html").read_text(encoding="utf-8")
    assert "2 submissions at 50 % or more" in page


def test_cells_of_ones_own_count(course: Course) -> None:
    tiny.hand_in(course.root, "dan", tiny.submission({}, after=[DISGUISED, "check(double)", ""]))
    sources = gather(course, tiny.CHAPTER)
    assert sources.members["dan"] == {OWN: DISGUISED}
    found = similar(tiny.CHAPTER, sources, course.root / "page.html", 0.4)
    dan = next(pair for pair in found.whole.pairs if {pair.left, pair.right} == {"ada", "dan"})
    assert dan.of_right == 1.0


def test_a_huge_cell_is_cut_and_named(course: Course) -> None:
    found = similar(tiny.CHAPTER, gather(course, tiny.CHAPTER), course.root / "page.html")
    assert found.cut == [f"_b_fay: ordered has 51,006 characters; the first {LONGEST:,} are compared"]


def test_each_direction_has_its_share() -> None:
    part, all_ = print_of(LOOP), print_of(f"{LOOP}\n{SORTED}")
    first, second = between(part, all_)
    assert first == 1.0
    assert second < 0.8


def test_bad_input_is_one_line(course: Course, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"--threshold takes a share above 0 and up to 1, such as 0\.8; got 80"):
        command_line(course, "--threshold", "80")
    with pytest.raises(CourseError, match="--most takes a number of pairs"):
        command_line(course, "--most", "0")
    with pytest.raises(CourseError, match="has no notebooks; --archive takes the folder"):
        command_line(course, "--archive", str(tmp_path / "none"))
    empty = Course(tmp_path / "empty")
    tiny.write_tree(empty.root)
    with pytest.raises(CourseError, match="no submissions of ch90_tiny"):
        command_line(empty)
