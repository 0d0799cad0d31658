"""What the book says about the real chapters, and the whole of it scanned for answers."""

from __future__ import annotations

import re

import pytest

from autograder.book import build, chapter, glossary, scan, start
from autograder.release import master
from autograder.release.build import Places, stems
from autograder.student import way
from tests.conftest import ROOT

RELEASED = Places(ROOT)

NEEDS = {1: (), 2: (1,), 3: (1, 2), 4: (1, 2), 5: (1, 2, 3), 6: (1, 2, 5), 7: (2, 3, 4, 6), 8: (1, 2, 3), 9: (2, 3)}


def test_the_chapters_say_themselves_what_they_build_on():
    found = {}
    for stem in stems(RELEASED):
        cells, number = master.read(RELEASED.master(stem)).cells, int(stem[2:4])
        found[number] = way.needs("\n\n".join(one.source for one in cells if one.kind == "prose"), number)
    assert found == NEEDS


def guides_needs(text):
    """The column "needs" of the guide's table of chapters, by the chapter's number."""
    rows = re.findall(r"^\| `ch(\d\d)_\w+` \|([^|]*)\|", text, re.MULTILINE)
    return {int(number): tuple(map(int, re.findall(r"\d+", needed))) for number, needed in rows}


def test_the_instructors_guide_says_what_the_chapters_say():
    assert guides_needs((ROOT / "INSTRUCTORS.md").read_text("utf-8")) == NEEDS
    assert guides_needs("| `ch02_backprop` | 1 | 12 |\n| `ch03_x` | 1, 2 | 10 |\n") == {2: (1,), 3: (1, 2)}


def made(number, needs=()):
    return chapter.Chapter(f"ch{number:02}_x", f"Title {number}", "", tuple(needs), 1500, {}, 1.0)


def test_the_map_leaves_out_arrows_that_a_longer_way_shows():
    assert way.arrows(NEEDS) == [(1, 2), (2, 3), (2, 4), (3, 5), (5, 6), (4, 7), (6, 7), (3, 8), (3, 9)]
    assert way.columns(NEEDS) == [[1], [2], [3, 4], [5, 8, 9], [6], [7]]


def drawn(numbers):
    """The book's map of these chapters: its arrows and, by chapter, how far down each box stands."""
    picture = start._picture([made(number, NEEDS[number]) for number in numbers])
    boxes = re.findall(r'aria-label="Chapter (\d+): [^"]*"><rect x="[^"]*" y="([^"]*)"', picture)
    return picture.count('class="book-arrow"'), {int(number): float(y) for number, y in boxes}


def test_the_books_map_stands_in_the_rows_of_the_way_and_has_its_arrows():
    arrows, down = drawn(NEEDS)
    assert arrows == 9
    assert down[1] < down[2] < down[3] == down[4] < down[5] == down[8] == down[9] < down[6] < down[7]


def test_a_map_of_some_chapters_has_no_arrow_from_nowhere():
    assert way.arrows({3: (1, 2), 5: (1, 2, 3)}) == [(3, 5)]
    assert drawn([3, 5])[0] == 1


def test_every_chapter_of_the_course_is_told_what_it_builds():
    assert [stem for stem in stems(RELEASED) if not chapter._builds(ROOT / "course" / "README.md", stem)] == []


def test_words_are_counted_without_code_and_formulas_count_once():
    assert (
        chapter.words("Half of $x^2 + y$ is\n\n$$a + b + c$$\n\n```python\nnot counted\n```\n| a | b |\n|---|---|\n")
        == 7
    )


def test_reading_minutes_follow_from_the_stated_speed():
    assert made(1).reading == 1500 / chapter.WORDS_A_MINUTE == 10


def test_every_chapter_has_words_for_the_glossary(chapter):
    read = master.read(RELEASED.master(chapter))
    rows = list(glossary.tables(made(1), read, "word"))
    assert len([row for row in rows if set(row.cells) == {"word", "meaning"}]) >= 5


GREEK = r"eta|lambda|mu|sigma|delta|gamma|beta|alpha|varepsilon|theta|Phi"
CONSTANTS = {"e"}
"""Letters that mean the same everywhere, and need no row."""

TOKENS = {"ch05_lstm": {"a"}}
"""Letters that are what a chapter reads, and stand for nothing: its $a = 1$ is a token."""


def letters(text):
    """The letters in the formulas of a text, Greek ones by name; words and indices in words are none."""
    found = set()
    for formula in re.findall(r"\$\$.*?\$\$|\$[^$]+\$", text, re.DOTALL):
        bare = re.sub(r"\\(text|begin|end|underset)\{[^}]*\}", " ", formula)
        found |= set(re.findall(rf"\\({GREEK})(?![A-Za-z])", bare))
        found |= set("".join(re.findall(r"[A-Za-z]+", re.sub(r"\\[A-Za-z]+", " ", bare))))
    return found


def letter_rows(stem):
    """The rows of a chapter's tables of letters, its prose without these tables, and its code."""
    read = master.read(RELEASED.master(stem))
    rows = [row.cells for row in glossary.tables(made(1), read, "letter")]
    prose = "\n\n".join(
        re.sub(r"^\| letter \|(.|\n\|)*", "", cell.source, flags=re.MULTILINE)
        for cell in read.cells
        if cell.kind == "prose"
    )
    code = "\n".join(cell.source for cell in read.cells if cell.kind != "prose")
    return rows, prose, code


def unused(rows, prose, code):
    """Letters and names in code of these rows that the rest of the chapter never uses."""
    shapes = set("".join(re.findall(r"\(([A-Z][^()\n]*)\)", code)))
    strangers = [one for row in rows for one in sorted(letters(row["letter"]) - letters(prose) - shapes)]
    names = [name for row in rows for name in re.findall(r"`([^`]+)`", row["in code"])]
    return strangers + [name for name in names if not re.search(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", code)]


def test_every_chapter_explains_letters_and_only_those_that_it_uses(chapter):
    rows, prose, code = letter_rows(chapter)
    assert len(rows) >= 3
    assert unused(rows, prose, code) == []


def test_the_guard_of_the_letters_sees_one_that_is_not_used():
    rows = [{"letter": "$q, \\mu$", "in code": "`query`, `x`"}, {"letter": "$N$", "in code": ""}]
    assert unused(rows, "so $\\mu x$ is", "def f(x):  # (N, D)") == ["q", "query"]


@pytest.mark.parametrize("stem", ["ch02_backprop", "ch03_gradient_descent", "ch05_lstm", "ch06_attention"])
def test_no_letter_of_a_chapters_formulas_is_left_without_a_row(stem):
    rows, prose, _ = letter_rows(stem)
    told = set().union(*(letters(row["letter"]) | letters(row["holds"]) for row in rows))
    told |= CONSTANTS | TOKENS.get(stem, set())
    assert letters(prose) - told == set()
    assert letters(prose + "$\\alpha Z$") - told == {"alpha", "Z"}


def test_a_word_that_two_chapters_explain_has_both_meanings():
    rows = [glossary.Row(made(1), {"word": "loss", "meaning": "how wrong"})]
    rows.append(glossary.Row(made(2), {"word": "loss", "meaning": "a number"}))
    assert "loss\n: how wrong ([chapter 1](ch01_x))\n: a number ([chapter 2](ch02_x))\n" in glossary.glossary(rows)


@pytest.mark.slow
def test_the_whole_book_without_answers_says_none_and_the_scan_finds_them_in_the_other(tmp_path):
    hidden = scan.secrets(RELEASED)
    without = build.build(RELEASED, to=tmp_path / "without", answers=False)
    assert scan.scan(without, hidden) == []
    ordinary = build.build(RELEASED, to=tmp_path / "ordinary")
    found = "\n".join(scan.scan(ordinary, hidden))
    answered = {one.exercise for one in hidden if one.kind == "answer"}
    assert {name for name in answered if f"the answer of {name} " not in found} == set()
