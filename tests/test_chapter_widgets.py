"""Every widget of every chapter, found by walking: built alone, with an unwritten function, and with a wrong one."""

import importlib
import inspect

import numpy as np
import pytest

from autograder.engine import catalogue
from course.widgets.kit import Explorer

WIDGETS = [
    (stem, name) for stem in catalogue.chapters() for name in importlib.import_module(f"course.widgets.{stem}").__all__
]
NOT_FUNCTIONS = {"network", "runs"}
"""Parameters that take something else than a student's function."""


def make(stem, name, *arguments):
    return getattr(importlib.import_module(f"course.widgets.{stem}"), name)(*arguments)


def parameters(stem, name):
    """How many functions of the student a widget takes."""
    found = inspect.signature(getattr(importlib.import_module(f"course.widgets.{stem}"), name)).parameters
    return [one for one in found if one not in NOT_FUNCTIONS]


def not_written(*inputs, **named):
    raise NotImplementedError("write it here")


def wrong(*inputs, **named):
    return np.zeros(7)


def test_every_chapter_has_widgets():
    assert {stem for stem, _ in WIDGETS} == set(catalogue.chapters())
    assert len(WIDGETS) >= 18


@pytest.mark.parametrize(("stem", "name"), WIDGETS)
def test_a_widget_stands_alone_and_says_what_it_shows(stem, name):
    widget = make(stem, name)
    assert isinstance(widget, Explorer)
    assert len(widget.sentence) > 20
    assert not widget.spec["notice"]
    assert len(widget.spec["presets"]) >= 3 or name == "update_ratios"
    assert len({preset["name"] for preset in widget.spec["presets"]}) == len(widget.spec["presets"])


@pytest.mark.parametrize(("stem", "name"), WIDGETS)
def test_every_preset_is_a_place_of_its_own_with_a_sentence(stem, name):
    widget = make(stem, name)
    sentences = []
    for preset in widget.spec["presets"]:
        widget.index = preset["index"]
        sentences.append(f"{widget.sentence} {widget.values}")
        assert len(widget.sentence) > 20
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize(("stem", "name"), [pair for pair in WIDGETS if parameters(*pair)])
def test_an_unwritten_function_is_one_line_and_the_picture_stays(stem, name):
    widget = make(stem, name, not_written)
    notice = widget.spec["notice"]
    assert "not written yet" in notice or "not finished yet" in notice
    assert "\n" not in notice
    assert len(widget.sentence) > 20


@pytest.mark.parametrize(("stem", "name"), [pair for pair in WIDGETS if parameters(*pair)])
def test_a_wrong_function_is_one_line_and_the_picture_stays(stem, name):
    widget = make(stem, name, wrong)
    assert widget.spec["notice"]
    assert "\n" not in widget.spec["notice"]
    assert len(widget.sentence) > 20
