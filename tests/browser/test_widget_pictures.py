"""Every preset of every widget looks as the picture that is kept of it; widget_pictures.py says how it is compared."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from tests.browser.widget_pictures import AGAIN, KEPT, column, complaint, difference, path_of, presets
from tests.test_chapter_widgets import WIDGETS, make

pytestmark = pytest.mark.browser

LEFT = Path(tempfile.gettempdir()) / "widget-pictures"
"""Where pictures lie that differ from the kept ones."""
STEM = {name: stem for stem, name in WIDGETS}


def kept(name):
    return Image.open(path_of(STEM[name], name)).convert("RGB")


@pytest.fixture(scope="module")
def drawn(browser, tmp_path_factory):
    """drawn(name) gives a picture of each preset; each widget is drawn once."""
    found = {}

    def draw(name):
        if name not in found:
            found[name] = presets(browser, make(STEM[name], name), tmp_path_factory.mktemp("pages"))
        return found[name]

    return draw


@pytest.mark.parametrize("name", STEM)
def test_every_preset_looks_as_it_did(drawn, name):
    assert path_of(STEM[name], name).exists(), f"no picture of {name} is kept; keep one: {AGAIN} {name}"
    new = column(drawn(name))
    trouble = complaint(kept(name), new)
    if trouble:
        LEFT.mkdir(exist_ok=True)
        new.save(LEFT / f"{name}.png")
        difference(kept(name), new).save(LEFT / f"{name}.difference.png")
        pytest.fail(
            f"{name} {trouble}; look at {name}.png and {name}.difference.png in {LEFT}, and if the new one is wanted: "
            f"{AGAIN} {name}",
            pytrace=False,
        )


def test_a_picture_is_kept_of_every_widget_and_of_nothing_else():
    assert set(KEPT.rglob("*.webp")) == {path_of(*pair) for pair in WIDGETS}
    assert sum(place.stat().st_size for place in KEPT.rglob("*.webp")) < 3e6


# ---- that the comparison can refuse, and what it lets pass -------------------------------------------------------


@pytest.mark.parametrize("name", STEM)
def test_one_preset_in_the_place_of_another_is_refused(drawn, name):
    first, second, *rest = drawn(name)
    assert complaint(kept(name), column([second, first, *rest]))


def step(w, gradient, rate):
    return w - rate * gradient


def step_too_long(w, gradient, rate):
    return w - 1.1 * rate * gradient


def attention(q, k, v, mask):
    return looked(q, k, v, mask, np.sqrt(k.shape[-1]))


def attention_not_scaled(q, k, v, mask):
    return looked(q, k, v, mask, 1.0)


def looked(q, k, v, mask, scale):
    weights = np.where(True if mask is None else mask, np.exp(q @ np.swapaxes(k, -1, -2) / scale), 0.0)
    return weights / np.maximum(weights.sum(axis=-1, keepdims=True), 1e-300) @ v


def cosine(step, warmup, steps, peak, final):
    if step < warmup:
        return peak * (step + 1) / warmup
    return final + (peak - final) * (1 + np.cos(np.pi * (step - warmup) / max(1, steps - 1 - warmup))) / 2


def straight(step, warmup, steps, peak, final):
    if step < warmup:
        return peak * (step + 1) / warmup
    return final + (peak - final) * (1 - (step - warmup) / max(1, steps - 1 - warmup))


ANSWERS = [("bowl", step, step_too_long), ("masks", attention, attention_not_scaled), ("schedules", cosine, straight)]


@pytest.mark.parametrize(("name", "right", "wrong"), ANSWERS)
def test_a_students_right_function_passes_and_a_wrong_one_is_refused(browser, tmp_path, name, right, wrong):
    def trouble(function):
        return complaint(kept(name), column(presets(browser, make(STEM[name], name, function), tmp_path)))

    assert trouble(right) == ""
    assert trouble(wrong) != ""


def without(words):
    """A script for the page: these words are not written on canvases."""
    return f"""for (const name of ['strokeText', 'fillText']) {{
        const plain = CanvasRenderingContext2D.prototype[name];
        CanvasRenderingContext2D.prototype[name] = function (text, ...all) {{
            if (text !== {words!r}) plain.call(this, text, ...all);
        }};
    }}"""


LOWER = """const plain = CanvasRenderingContext2D.prototype.lineTo;
CanvasRenderingContext2D.prototype.lineTo = function (x, y) { plain.call(this, x, y + 3); };"""
REDDER = """const plain = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (...all) {
    this.filter = 'hue-rotate(40deg)';
    plain.apply(this, all);
    this.filter = 'none';
};"""
ASIDE = """const plain = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (image, x, ...all) {
    plain.call(this, image, x + 4, ...all);
};"""
FAULTS = [
    *[
        (name, f"without {words}", without(words))
        for name, words in (
            ("activation_explorer", "saturated"),
            ("gate_player", "memory c"),
            ("dropout_masks", "input"),
            ("real_heads", "layer 3"),
            ("neuron", "w"),
            ("masks", "eats"),
        )
    ],
    *[(name, "lines three pixels lower", LOWER) for name in ("bowl", "landscapes", "forecaster", "labels_needed")],
    *[(name, "colours turned", REDDER) for name in ("playground", "positions", "detection")],
    *[(name, "fields four pixels aside", ASIDE) for name in ("playground", "positions", "augmentation_gallery")],
]


@pytest.mark.parametrize(("name", "fault", "script"), FAULTS, ids=[f"{name}, {fault}" for name, fault, _ in FAULTS])
def test_a_fault_in_the_drawing_is_refused(browser, tmp_path, name, fault, script):
    new = column(presets(browser, make(STEM[name], name), tmp_path, script))
    assert "differs by" in complaint(kept(name), new)


@pytest.mark.parametrize("name", STEM)
def test_softer_edges_and_a_hair_of_brightness_pass(name):
    softer = kept(name).filter(ImageFilter.GaussianBlur(0.5))
    assert softer != kept(name)
    assert complaint(kept(name), softer) == ""
    assert complaint(kept(name), ImageEnhance.Brightness(kept(name)).enhance(0.99)) == ""
