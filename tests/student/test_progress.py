"""`progress()`: the map of the course, its words for terminals, and where it sends a student next."""

import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from autograder import progress
from autograder.engine import catalogue
from autograder.student import way
from autograder.student.progress import folder, map_text, next_step, survey
from autograder.student.progress_map import map_html, picture
from autograder.student.store import Store
from tests.conftest import ROOT


@pytest.fixture
def state(tmp_path, monkeypatch):
    """state(softmax={"score": 1}) is the survey after these rows were kept."""
    path = tmp_path / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS", str(path))

    def kept(**rows):
        whole = {"attempts": 1, "score": 0.0, "hints": 0, "message": ""}
        path.write_text(json.dumps({name: whole | row for name, row in rows.items()}))
        return survey(Store.open())

    return kept


@pytest.fixture(scope="module")
def known():
    return way.chapters(catalogue.chapters(), ROOT / "course")


def passed(*names):
    return {name: {"score": catalogue.find(name).points} for name in names}


def test_at_first_the_way_leads_to_the_first_exercise(state):
    step = next_step(state())
    first = catalogue.exercises()[0]
    assert step.sentence == f"Next: {first.name}, section {first.section}, about {first.minutes} minutes."


def test_after_a_failure_it_names_the_section_the_next_hint_and_what_the_check_said(state):
    step = next_step(
        state(momentum_step={"score": 1.0, "hints": 2, "message": "in the case “one row”, largest error 0.3"})
    )
    assert step.sentence == "Next: mend momentum_step; section 3.3 explains it, hint(momentum_step) gives the formula."
    assert step.more == ("Its last check said: in the case “one row”, largest error 0.3.",)


def test_after_all_hints_it_says_that_there_are_no_more(state):
    step = next_step(state(relu={"hints": 4}))
    assert step.sentence.endswith("hint(relu) shows all four hints.")


def test_what_an_exercise_uses_and_does_not_pass_comes_first(state):
    step = next_step(state(sigmoid_grad={}))
    assert step.place.exercise.name == "sigmoid"
    assert step.sentence.endswith(" sigmoid_grad uses it.")
    step = next_step(state(sigmoid_grad={}, **passed("sigmoid")))
    assert step.place.exercise.name == "sigmoid_grad"
    assert any("It uses sigmoid (section 1.4, passes)." in one for one in step.more)


def test_when_everything_passes_it_says_so(state):
    every = passed(*(one.name for one in catalogue.exercises()))
    assert next_step(state(**every)).sentence == "Everything passes."


def test_the_words_hold_every_exercise_and_what_builds_on_what(state, known):
    places = state(**passed("relu"))
    lines = map_text(places, next_step(places), known).splitlines()
    told = "\n".join(lines)
    assert all(re.search(rf"[●◐○] [\d.]+ +{one.name} ", told) for one in catalogue.exercises())
    (third,) = [line for line in lines if line.startswith("ch03_gradient_descent")]
    assert third == "ch03_gradient_descent: ░░░░░░░░░░░░ 0 of 10 exercises pass, 0 of 29 points; builds on 1, 2"
    assert lines[-1].startswith("Next: ")


def read(html):
    body = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    body = re.sub(r"(scope|open)(=\w+)?(?=[ >])", lambda found: f'{found[1]}="{(found[2] or "=x")[1:]}"', body)
    return ElementTree.fromstring(f"<x>{body}</x>")  # noqa: S314: our own text


def test_the_picture_has_a_ring_for_each_chapter_and_an_arrow_for_each_that_builds_on_another(state, known):
    drawn = read(picture(state(), known, "ch03_gradient_descent"))
    rings = [node for node in drawn.iter("circle") if node.get("class") == "track"]
    arrows = [node for node in drawn.iter("path") if node.get("class") == "arrow"]
    assert len(rings) == len(catalogue.chapters()) == 9
    assert len(arrows) == len(way.arrows({one.number: one.needs for one in known.values()})) >= 8
    assert sum(node.get("class") == "here" for node in drawn.iter("circle")) == 1
    spots = {(node.get("cx"), node.get("cy")) for node in rings}
    assert len(spots) == 9


def test_a_ring_closes_with_the_points(state, known):
    chapter = catalogue.exercises("ch03_gradient_descent")
    points = sum(one.points for one in chapter)
    drawn = read(picture(state(**passed("gradient_descent")), known, ""))
    (share,) = [node for node in drawn.iter("circle") if node.get("class") == "share"]
    long, around = map(float, share.get("stroke-dasharray").split())
    assert long / around == pytest.approx(3 / points, abs=1e-3)


def test_the_card_asks_no_other_place_and_says_the_same_as_the_words(state, known):
    places = state(relu={"message": "largest error <b>3</b>"})
    step = next_step(places)
    html = map_html(places, step, known)
    assert not re.search(r"(?:src|href)=.?https?:|@import|url\(|<script", html)
    card = "".join(read(html).itertext())
    assert step.sentence in card
    assert all(one in card for one in step.more)
    assert "<b>3</b>" not in html
    assert all(one.name in card for one in catalogue.exercises())


def test_the_arrows_leave_out_what_a_longer_way_shows():
    assert way.arrows({1: (), 2: (1,), 3: (1, 2)}) == [(1, 2), (2, 3)]
    assert way.columns({1: (), 2: (1,), 3: (1, 2), 4: (1,)}) == [[1], [2, 4], [3]]


def test_chapters_that_build_on_each_other_in_a_circle_end_nothing():
    assert sorted(one for column in way.columns({1: (2,), 2: (1,)}) for one in column) == [1, 2]


def test_what_a_chapter_builds_on_is_what_it_says_itself(known):
    assert known["ch03_gradient_descent"].needs == (1, 2)
    assert known["ch09_adam"].needs == (2, 3)
    assert known["ch01_activations"].needs == ()


def test_without_the_notebooks_the_map_is_a_line_of_chapters(state, tmp_path):
    bare = way.chapters(catalogue.chapters(), tmp_path)
    places = state()
    html = map_html(places, next_step(places), bare)
    assert "Gradient descent" in html
    assert "Open the notebook" not in html
    assert 'class="arrow"' not in html


def test_a_notebook_that_is_written_again_is_read_again(tmp_path):
    path = tmp_path / "ch01_one" / "ch01_one.ipynb"
    path.parent.mkdir()

    def write(title, when):
        path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": [f"# Chapter 1: {title}\n"]}]}))
        import os

        os.utime(path, ns=(when, when))

    write("First", 1_000_000_000)
    assert way.chapters(["ch01_one"], tmp_path)["ch01_one"].title == "First"
    write("Second", 2_000_000_000)
    assert way.chapters(["ch01_one"], tmp_path)["ch01_one"].title == "Second"
    path.write_text("{ not json")
    assert way.chapters(["ch01_one"], tmp_path)["ch01_one"].title == "One"


def test_the_notebooks_are_found_from_where_a_student_works(tmp_path, monkeypatch):
    (tmp_path / "ch01_one").mkdir()
    (tmp_path / "ch01_one" / "ch01_one.ipynb").write_text("{}")
    for here in (tmp_path, tmp_path / "ch01_one"):
        monkeypatch.chdir(here)
        assert folder(tmp_path / "elsewhere" / "progress.json") == tmp_path


def test_links_lead_from_a_chapter_to_another(monkeypatch):
    monkeypatch.chdir(ROOT / "course" / "ch01_activations")
    found = way.chapters(["ch02_backprop"], ROOT / "course")
    assert found["ch02_backprop"].link == "../ch02_backprop/ch02_backprop.ipynb"


def test_it_never_needs_torch_nor_any_package_of_the_grader():
    code = (
        "import sys\n"
        "for name in ('torch', 'nbgrader', 'jupytext', 'nbformat', 'matplotlib', 'IPython'): sys.modules[name] = None\n"
        "from autograder import progress; progress()"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Next: " in ran.stdout


def test_in_a_terminal_the_words_are_printed(state, capsys):
    state()
    progress()
    assert capsys.readouterr().out.splitlines()[-1].startswith("Next: ")
