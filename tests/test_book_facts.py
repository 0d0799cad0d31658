"""What the book says about the real chapters, and the whole of it scanned for answers."""

from __future__ import annotations

import pytest

from autograder.book import build, chapter, glossary, scan, start
from autograder.release import master
from autograder.release.build import Places, stems
from tests.conftest import ROOT

RELEASED = Places(ROOT)

NEEDS = {1: (), 2: (1,), 3: (1, 2), 4: (1, 2), 5: (1, 2, 3), 6: (1, 2, 5), 7: (2, 3, 4, 6), 8: (1, 2, 3), 9: (2, 3)}


def test_the_chapters_say_themselves_what_they_build_on():
    found = {}
    for stem in stems(RELEASED):
        cells = master.read(RELEASED.master(stem)).cells
        found[int(stem[2:4])] = chapter.needs(
            "\n\n".join(one.source for one in cells if one.kind == "prose"), int(stem[2:4])
        )
    assert found == NEEDS


def made(number, needs=()):
    return chapter.Chapter(f"ch{number:02}_x", f"Title {number}", "", tuple(needs), 1500, {}, 1.0)


def test_the_map_leaves_out_arrows_that_a_longer_way_shows():
    course = [made(number, needs) for number, needs in NEEDS.items()]
    assert chapter.reduced(course) == [(1, 2), (2, 3), (2, 4), (3, 5), (5, 6), (4, 7), (6, 7), (3, 8), (3, 9)]
    assert [[one.number for one in row] for row in start.rows(course)] == [[1], [2], [3, 4], [5, 8, 9], [6], [7]]


def test_a_map_of_some_chapters_has_no_arrow_from_nowhere():
    assert chapter.reduced([made(3, (1, 2)), made(5, (1, 2, 3))]) == [(3, 5)]


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
