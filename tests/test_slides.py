"""Slides: what of a chapter stands on them, what stays out, and how they are parted."""

import base64
import io
import re

import nbformat
import pytest
from PIL import Image

pytest.importorskip("markdown_it", reason="the slides need the extra `book`")

from autograder.errors import CourseError
from autograder.release.build import Places, source_notebook, stems
from autograder.release.master import Cell, Master, read, without_answers
from autograder.slides import build
from autograder.slides.choose import slides
from autograder.slides.deck import page
from autograder.slides.layout import ROOM, height, parted
from autograder.slides.markdown import blocks, html, label, sentences
from autograder.slides.signature import signature
from autograder.slides.slide import Item, Slide
from tests.conftest import ROOT


def without_outputs(chapter):
    """The chapter's notebook as if its cells had shown nothing."""
    return source_notebook(chapter)


@pytest.fixture(scope="module")
def third():
    return read(Places().master("ch03_gradient_descent"))


@pytest.fixture(scope="module")
def decks():
    """Every chapter's slides, from its prose alone."""
    found = {}
    for stem in stems(Places()):
        chapter = read(Places().master(stem))
        found[stem] = chapter, build.chapter_slides(chapter, without_outputs(chapter))
    return found


def test_a_text_falls_into_its_blocks():
    told = "## 3.1 Downhill\n\nA hill.\n\n$$x^2$$\n\n* one\n* two\n\n| a |\n|---|\n| 1 |\n"
    found = list(blocks(told))
    assert [block.kind for block in found] == ["heading", "paragraph", "formula", "list", "table"]
    assert found[0].level == 2
    assert found[3].items == ("one", "two")


def test_a_sentence_ends_neither_in_a_formula_nor_in_bold_words():
    told = "Take $x = 0.5. Y$ and **one. Two** words. The next, `a. B`, too. Is it? Yes."
    assert sentences(told) == ["Take $x = 0.5. Y$ and **one. Two** words.", "The next, `a. B`, too.", "Is it?", "Yes."]


def test_a_label_is_told_from_bold_words_in_a_sentence():
    assert label("**By hand.** Take 3.") == ("By hand.", "Take 3.")
    assert label("**Momentum** keeps a velocity.") == ("", "**Momentum** keeps a velocity.")


def test_formulas_are_set_without_a_script():
    shown = html("so $x^2$ is")
    assert "<math" in shown
    assert "<script" not in shown


def test_a_displayed_formula_within_an_item_is_one_formula():
    shown = html("1. With $g$:\n   $$x_j = 1$$\n   The sum is $h$.")
    assert shown.count("<math") == 3
    assert shown.count('display="block"') == 1
    assert "$" not in shown


def test_an_exercise_is_a_your_turn_slide_with_its_signature_and_without_its_answer(third):
    (turn,) = [slide for slide in slides(third, without_outputs(third)) if slide.title == "3.4 Momentum"]
    assert turn.kind == "turn"
    assert turn.facts == "12 minutes, medium, 3 points"
    (code,) = [item.content for item in turn.items if item.kind == "code"]
    assert code.startswith("def momentum_step(w, velocity, grad, learning_rate, momentum, nesterov=False):")
    assert "velocity = momentum * velocity + grad" not in code


def answer_lines(chapter):
    """The lines of the model answers that stand nowhere else in the chapter."""
    given = "\n".join(
        without_answers(cell.source, "") for cell in chapter.cells if cell.kind in ("exercise", "free answer")
    )
    given += "\n".join(cell.source for cell in chapter.cells if cell.kind in ("prose", "code"))
    known = {line.strip() for line in given.splitlines()}
    lines = (line.strip() for answer in chapter.model_answers.values() for line in answer.splitlines())
    return [line for line in lines if len(line) > 25 and line not in known and not line.startswith("###")]


def leaks(chapter, made):
    """Which of the answers' lines a deck holds, on slides or in notes."""
    held = "\n".join(text for slide in made for text in (*(item.content for item in slide.items), *slide.notes))
    return [line for line in answer_lines(chapter) if line in held]


def test_no_model_answer_is_on_a_slide_or_in_the_notes_of_any_chapter(decks):
    assert all(answer_lines(chapter) for chapter, _ in decks.values())
    assert {stem: leaks(*deck) for stem, deck in decks.items() if leaks(*deck)} == {}


def test_the_scan_for_answers_finds_one(third):
    exercise = next(cell for cell in third.cells if cell.name == "gradient_descent")
    told = Slide("text", "a leak", notes=[exercise.source])
    assert "w = gradient_step(w, gradient(w), learning_rate)" in leaks(third, [told])


def test_every_exercise_and_every_section_of_every_chapter_has_its_slide(decks):
    for stem, (chapter, made) in decks.items():
        asked = sum(cell.kind in ("exercise", "free answer") for cell in chapter.cells)
        assert sum(slide.kind == "turn" for slide in made) == asked, stem
        told = [
            line[3:]
            for cell in chapter.cells
            if cell.kind == "prose"
            for line in cell.source.splitlines()
            if line.startswith("## ")
        ]
        shown = [one.title for one in made if one.kind == "section" and one.title != "Set-up"]
        assert shown == [title for title in told if title != "Set-up"], stem


def test_a_section_s_question_stands_on_its_first_slide(third):
    first = next(slide for slide in slides(third, without_outputs(third)) if slide.kind == "section")
    assert first.title == "3.1 Downhill"
    assert first.items[0].content == "You stand on a hillside in fog and want to go down. Which way?"


def made_chapter(outputs, source="show()", after="*What to notice:* it bends. More words."):
    """A chapter of one cell with these outputs, and its executed notebook."""
    cells = (
        Cell("prose", "# Chapter 3: One\n\nIt is short.\n\n## 3.1 A section"),
        Cell("code", source),
        Cell("prose", after),
    )
    chapter = Master("ch03_gradient_descent", cells)
    notebook = source_notebook(chapter)
    notebook.cells[1].outputs = outputs
    return chapter, notebook


def picture():
    target = io.BytesIO()
    Image.new("RGB", (40, 20), "white").save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()


def test_a_figure_is_a_slide_with_what_to_notice_as_its_description(tmp_path):
    output = nbformat.v4.new_output("display_data", {"image/png": picture(), "text/plain": "<Figure>"})
    made = build.chapter_slides(*made_chapter([output]))
    (shown,) = [slide for slide in made if slide.kind == "picture"]
    assert [item.kind for item in shown.items] == ["figure", "text"]
    text = page("One", made, tmp_path)
    assert 'alt="It bends."' in text
    (file,) = (tmp_path / "figures").iterdir()
    assert f"figures/{file.name}" in text


@pytest.mark.parametrize("source", ["check(softmax)", "hint(softmax)", "progress()"])
def test_what_checks_hints_and_the_map_show_stays_out(source):
    output = nbformat.v4.new_output("stream", name="stdout", text="softmax: passes, 4 points")
    made = build.chapter_slides(*made_chapter([output], source, ""))
    assert [slide.kind for slide in made] == ["title", "section"]
    made = build.chapter_slides(*made_chapter([output], "print(1)", ""))
    assert [slide.kind for slide in made] == ["title", "section", "text"]


def test_a_notebook_of_another_version_of_the_chapter_is_one_line(third):
    other = without_outputs(third)
    other.cells.pop()
    with pytest.raises(CourseError, match="other cells than the master; run it again"):
        slides(third, other)


def test_a_slide_that_is_too_full_is_parted_and_nothing_is_lost():
    items = [Item("text", f"Sentence {number}. " * 12) for number in range(6)]
    pages = parted(Slide("text", "full", items=list(items), notes=["told once"]))
    assert len(pages) > 1
    assert [item for one in pages for item in one.items] == items
    assert all(sum(map(height, one.items)) <= ROOM for one in pages)
    assert [one.notes for one in pages] == [["told once"]] + [[]] * (len(pages) - 1)


def test_a_tall_table_is_parted_by_rows_with_its_head_on_each():
    table = "| a | b |\n|---|---|\n" + "\n".join(f"| {number} | x |" for number in range(30))
    pages = parted(Slide("text", "tall", items=[Item("table", table)]))
    assert len(pages) > 1
    assert all(one.items[0].content.startswith("| a | b |\n|---|---|\n") for one in pages)
    rows = [row for one in pages for row in re.findall(r"^\| (\d+)", one.items[0].content, re.MULTILINE)]
    assert rows == [str(number) for number in range(30)]


def test_a_class_shows_its_methods_and_not_their_bodies():
    source = (
        'class Adam:\n    """Adam."""\n\n    def step(self, x):\n        """One step."""\n'
        "        ### BEGIN SOLUTION\n        return x\n        ### END SOLUTION\n"
    )
    shown = signature(Cell("exercise", source, "Adam"))
    assert "def step(self, x):" in shown
    assert "return x" not in shown


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CourseError, match="holds files that are not slides"):
        build.build(Places(), ["ch03"], tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_what_decks_share_names_no_other_host(tmp_path):
    build.static(ROOT, tmp_path / "site")
    shared = [path for path in (tmp_path / "site").rglob("*") if path.suffix in (".js", ".css", ".html")]
    assert len(shared) >= 6
    asked = re.compile(r"""(?:src=|href=|url\(|import\(|fetch\()\s*["']?https?://""")
    assert [path.name for path in shared if asked.search(path.read_text("utf-8"))] == []
    assert asked.search('<script src="https://example.org/a.js">')
