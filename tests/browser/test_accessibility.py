"""Widgets, book and notebook by a person's measure: axe-core, the Tab key, contrast, still pictures, narrow windows."""

from __future__ import annotations

import itertools
import json
import urllib.request

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from course.widgets.kit.tour import all_panels
from tests import book_tiny
from tests.browser.test_book import moving, open_page, served, site  # noqa: F401
from tests.browser.test_chapter_widgets import WITHOUT_EFFECT
from tests.browser.test_chapters_in_jupyterlab import Notebook, lab  # noqa: F401
from tests.test_chapter_widgets import WIDGETS, make

pytestmark = pytest.mark.browser

FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
OPEN = "() => { for (const one of document.querySelectorAll('details')) one.open = true; }"
AXE = "([within, options]) => axe.run(within, options)"
OPTIONS = {
    "rules": {"target-size": {"enabled": True}},  # beside WCAG 2, A and AA, and best practice
    "resultTypes": ["violations"],
    "preload": False,  # it would ask for the pages' styles again
}

CONTRAST = """
const light = (rgb) => {
    const [r, g, b] = rgb.map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
};
const channels = (colour) => {
    const probe = new OffscreenCanvas(1, 1).getContext("2d");
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
"""
WORDS = f"""(() => {{
{CONTRAST}
// every word on a canvas, with its contrast to the middle one of the pixels that it covers
window.words = [];
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {{
    const node = this.canvas.closest(".ck");
    if (!node) return write.apply(this, arguments); // axe has a canvas of its own
    const size = parseFloat(/([\\d.]+)px/.exec(this.font)[1]);
    const across = this.measureText(text).width;
    const left = x - {{ left: 0, center: across / 2, right: across }}[this.textAlign];
    const corners = [[left, y - size / 2], [left + across, y + size / 2]].map(([a, b]) =>
        this.getTransform().transformPoint(new DOMPoint(a, b)));
    const [x0, x1] = corners.map((one) => one.x).sort((a, b) => a - b);
    const [y0, y1] = corners.map((one) => one.y).sort((a, b) => a - b);
    const box = [Math.floor(x0), Math.floor(y0), Math.max(1, Math.ceil(x1 - x0)), Math.max(1, Math.ceil(y1 - y0))];
    const {{ data }} = this.getImageData(...box);
    const ground = channels(getComputedStyle(node).backgroundColor);
    const ink = channels(this.fillStyle);
    const found = [];
    for (let k = 0; k < data.length; k += 4)
        found.push(contrast(ink, [0, 1, 2].map((at) => ground[at] + (data[k + at] - ground[at]) * data[k + 3] / 255)));
    found.sort((a, b) => a - b);
    if (String(text).trim()) window.words.push([String(text), found[found.length >> 1]]);
    return write.apply(this, arguments);
}};
}})()"""
PALE = f"""root => {{
{CONTRAST}
    // axe gives up on words whose ground it cannot tell, as in a cell of JupyterLab; here every word is looked at
    const layers = (colour) => {{
        const [r, g, b, a = 1] = (colour.match(/[\\d.]+/g) || []).map(Number);
        return colour.startsWith("color(srgb") ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a];
    }};
    const over = ([r, g, b, a], ground) => [r, g, b].map((part, k) => ground[k] + (part - ground[k]) * a);
    const behind = (node) => {{
        if (!node) return [255, 255, 255];
        const colour = layers(getComputedStyle(node).backgroundColor);
        return colour[3] === 1 ? colour.slice(0, 3) : over(colour, behind(node.parentElement));
    }};
    const written = [...root.querySelectorAll("*")].filter((node) =>
        node.getClientRects().length && !node.closest("style, script, option, .ck-live") &&
        [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
    const found = written.map((node) => {{
        let clear = 1;
        for (let one = node; one; one = one.parentElement) clear *= +getComputedStyle(one).opacity;
        const style = getComputedStyle(node);
        const [r, g, b, a] = layers(node.closest("svg") ? style.fill : style.color);
        const ground = behind(node);
        return [node.textContent.trim().slice(0, 40), contrast(over([r, g, b, a * clear], ground), ground)];
    }});
    return [found.length, found.filter(([, ratio]) => !(ratio >= 4.5))];
}}"""
STOP = """() => {
    const node = document.activeElement;
    if (!node.closest(".ck")) return null;
    const { x, y, width, height } = node.getBoundingClientRect();
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(node);
    const place = [...document.querySelectorAll(".ck :is(input, select, button, summary)")].indexOf(node);
    const look = [outlineStyle, outlineWidth, outlineColor, boxShadow];
    node.blur();
    const still = getComputedStyle(node);
    const before = [still.outlineStyle, still.outlineWidth, still.outlineColor, still.boxShadow];
    node.focus({ focusVisible: true });
    return { place, name: node.name || node.textContent, x, y: y + scrollY, width, height, look, before };
}"""


def violations(page, within="document", leave_out=()):
    """What axe finds: its rule, where, and why; leave_out has pairs of a rule and a selector."""
    page.evaluate(AXE_SCRIPT)
    page.evaluate(OPEN)
    page.evaluate(FRAME)
    target = page.evaluate_handle("document") if within == "document" else within
    told = page.evaluate(AXE, [target, OPTIONS])
    # a rule that broke off is no violation for axe, and no good sign for us
    checks = [check["id"] for rule in told["incomplete"] for node in rule["nodes"] for check in node["none"]]
    assert "error-occurred" not in checks
    assert told["passes"]
    found = []
    for rule in told["violations"]:
        for node in rule["nodes"]:
            where = str(node["target"][-1])
            named = [selector for one, selector in leave_out if one == rule["id"]]
            if any(
                page.evaluate("([one, named]) => document.querySelector(one)?.matches(named)", [where, selector])
                for selector in named
            ):
                continue
            found.append(f"{rule['id']}: {where}: {node['html'][:120]}")
    return found


class Shown:
    """A widget as its static page, in a window that stands still, with a note of every word on its canvases."""

    def __init__(self, browser, explorer, place, motion="reduce"):
        self.start, self.presets = list(explorer.index), explorer.spec["presets"]
        explorer.to_html(place / "widget.html")
        self.context = browser.new_context(reduced_motion=motion, viewport={"width": 1000, "height": 900})
        self.page = self.context.new_page()
        self.page.add_init_script(WORDS)
        self.page.goto((place / "widget.html").as_uri())
        self.page.wait_for_selector(".ck canvas")
        self.frame()

    def frame(self):
        self.page.evaluate(FRAME)

    def turn(self, scheme, width=1000):
        """Another theme, another width."""
        self.page.emulate_media(color_scheme=scheme)
        self.page.set_viewport_size({"width": width, "height": 900})
        self.frame()

    def go(self, index):
        """Another state, as Python would set it."""
        self.page.evaluate("index => document.querySelector('.ck-static').model.set('index', index)", index)
        self.frame()

    def stops(self):
        """Where Tab leads, one after the other."""
        self.page.evaluate("document.activeElement.blur()")
        found = []
        for _ in range(80):
            self.page.keyboard.press("Tab")
            stop = self.page.evaluate(STOP)
            if stop is None:
                return found
            found.append(stop)
        raise AssertionError("Tab does not leave the widget")

    def picture(self):
        """All canvases, pixel by pixel."""
        return self.page.evaluate("[...document.querySelectorAll('.ck canvas')].map(one => one.toDataURL()).join()")


@pytest.fixture(scope="module", params=WIDGETS, ids="-".join)
def widget(request, browser, tmp_path_factory):
    """Each widget, one page for all its tests."""
    shown = Shown(browser, make(*request.param), tmp_path_factory.mktemp("page"))
    shown.name = request.param[1]
    yield shown
    shown.context.close()


@pytest.fixture
def tour(browser, tmp_path):
    """tour(motion) is the page with every panel and every control."""
    shown = []

    def one(motion="reduce"):
        shown.append(Shown(browser, all_panels(), tmp_path, motion))
        return shown[-1]

    yield one
    for each in shown:
        each.context.close()


def in_reading_order(one, other):
    """Whether what has the second box comes after the first: to its right in the same row, or in a row below."""
    below = other["y"] + other["height"] / 2 > one["y"] + one["height"]
    beside = other["x"] >= one["x"] + one["width"] - 1 and other["y"] + other["height"] > one["y"]
    return below or beside


def focus_is_seen(stop):
    """Whether a focused control has an outline or a shadow that it has not otherwise, of some width."""
    style, width, _, shadow = stop["look"]
    drawn = style != "none" and float(width.removesuffix("px")) >= 2
    return stop["look"] != stop["before"] and (drawn or shadow != "none")


def test_a_widget_has_no_violation_in_either_theme_wide_or_narrow(widget):
    found = {}
    for width in (1000, 390):
        for scheme in ("light", "dark"):
            widget.turn(scheme, width)
            found[scheme, width] = violations(widget.page)
    assert {where: trouble for where, trouble in found.items() if trouble} == {}


@pytest.mark.parametrize("width", [1000, 390])
def test_tab_goes_through_a_widget_as_the_eye_does_and_is_seen(widget, width):
    widget.turn("light", width)
    stops = [stop for stop in widget.stops() if stop["place"] >= 0]
    controls = widget.page.locator(".ck :is(input, select, button):enabled, .ck summary").count()
    assert len({stop["place"] for stop in stops}) == len(stops) == controls
    backward = [(a["name"], b["name"]) for a, b in itertools.pairwise(stops) if not in_reading_order(a, b)]
    assert backward == []
    assert [stop["name"] for stop in stops if not focus_is_seen(stop)] == []


def test_words_on_a_canvas_stand_out_from_what_is_behind_them(widget):
    for scheme, width in (("dark", 390), ("light", 1000)):
        widget.page.evaluate("window.words = []")
        widget.turn(scheme, width)
        for preset in widget.presets:
            widget.go(preset["index"])
        count, pale = widget.page.evaluate(PALE, widget.page.query_selector(".ck"))
        assert count > 4
        assert pale == []
        words = widget.page.evaluate("window.words")
        assert len(words) > 2
        assert sorted({(scheme, text, round(contrast, 2)) for text, contrast in words if contrast < 4.5}) == []


def test_what_a_control_does_is_said_in_words_or_numbers_too(widget):
    widget.go(widget.start)
    page = widget.page
    page.evaluate(OPEN)
    silent = []
    for control in page.query_selector_all(".ck input, .ck select"):
        kind = control.get_attribute("type") or "select"
        if kind == "select" and page.evaluate("one => one.options.length", control) == 1:
            continue
        keys = {"checkbox": ("Space", "Space"), "select": ("ArrowDown", "ArrowUp")}
        said = {(page.inner_text(".ck-says"), page.inner_text(".ck-numbers"))}
        for key in keys.get(kind, ("ArrowRight", "ArrowLeft")):  # a control at its end moves by the second one
            control.press(key)
            said.add((page.inner_text(".ck-says"), page.inner_text(".ck-numbers")))
            assert page.text_content("output") == page.inner_text(".ck-says")
        if len(said) == 1:
            silent.append(control.get_attribute("name"))
    assert set(silent) <= WITHOUT_EFFECT.get(widget.name, set())


# ---- the tour: that what is asked above can be found wanting, and that nothing moves by itself ----------------------


def test_axe_finds_a_name_that_is_missing_and_words_that_are_too_pale(tour):
    shown = tour()
    assert violations(shown.page) == []
    shown.page.evaluate(
        "document.querySelector('select').closest('label').replaceWith(document.querySelector('select'))"
    )
    shown.page.add_style_tag(content=".ck-label { color: #999 !important; }")
    found = " ".join(violations(shown.page))
    assert "select-name" in found
    assert "color-contrast" in found


def test_a_lost_outline_a_turned_order_and_pale_words_are_found(tour):
    shown = tour()
    stops = [stop for stop in shown.stops() if stop["place"] >= 0]
    assert all(focus_is_seen(stop) for stop in stops)
    assert not in_reading_order(stops[-1], stops[0])
    shown.page.add_style_tag(content=".ck :focus-visible { outline: none !important; }")
    assert not any(focus_is_seen(stop) for stop in shown.stops() if stop["place"] >= 0)
    shown.page.add_style_tag(content=".ck { --ck-muted: #999; } .ck-says { color: #999; }")
    shown.turn("dark")
    shown.page.evaluate("window.words = []")
    shown.turn("light")
    assert min(contrast for _, contrast in shown.page.evaluate("window.words")) < 3
    pale = shown.page.evaluate(PALE, shown.page.query_selector(".ck"))[1]
    assert any(text.startswith("tanh at 1.0") for text, _ in pale)


@pytest.mark.parametrize(("motion", "glides"), [("reduce", False), ("no-preference", True)])
def test_a_choice_glides_only_for_those_who_let_things_move(tour, motion, glides):
    shown = tour(motion)
    clock = shown.page.clock
    clock.install(time=0)
    clock.pause_at(1000)
    before = shown.picture()
    shown.page.locator("[name=kind]").press("ArrowDown")
    clock.run_for(100)
    soon = shown.picture()
    clock.run_for(1000)
    late = shown.picture()
    # compared here: a picture is too long for a report
    assert (late == before, late == soon) == (False, not glides)


def test_a_table_wider_than_the_window_is_a_stop_for_the_keyboard_and_a_narrow_one_is_not(tour):
    shown = tour()
    shown.page.evaluate(OPEN)
    numbers = shown.page.locator(".ck-numbers")
    shown.turn("light", 390)
    assert numbers.evaluate("node => node.scrollWidth > node.clientWidth")
    numbers.focus()
    numbers.press("ArrowRight")
    shown.page.wait_for_function("document.querySelector('.ck-numbers').scrollLeft > 0")
    assert numbers.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    shown.turn("light", 1000)
    assert numbers.evaluate("node => node.scrollWidth > node.clientWidth") == (numbers.get_attribute("tabindex") == "0")


def test_a_slider_s_name_is_its_label_and_its_value_is_said_apart(tour):
    slider = tour().page.get_by_role("slider", name="input x", exact=True)
    assert slider.get_attribute("aria-valuetext") == "1.0"


# ---- the book ------------------------------------------------------------------------------------------------------

THEME = [
    # the theme's bar at the side is no landmark, and its first entry is the book's name
    ("region", ".sidebar-primary-item:has(> .navbar-brand)"),
]
"""Violations that sphinx-book-theme brings."""


@pytest.mark.parametrize(
    "name", ["index.html", f"{book_tiny.STEM}.html", "glossary.html", "symbols.html", "search.html?q=antidoubling"]
)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_of_the_book_has_no_violation(open_page, name, dark):  # noqa: F811
    page = open_page(name, dark=dark)
    if book_tiny.STEM in name:
        moving(page)
    if "search" in name:
        page.locator("#search-results a").first.wait_for()
    assert violations(page, leave_out=THEME) == []
    page.set_viewport_size({"width": 390, "height": 900})
    assert violations(page, leave_out=THEME) == []


# ---- JupyterLab ----------------------------------------------------------------------------------------------------

IN_LAB = [
    "from autograder import check, hint, progress\nfrom course.widgets import "
    "ch01_activations, ch02_backprop, ch03_gradient_descent, ch04_cnn, ch06_attention",
    "ch01_activations.activation_explorer()",
    "ch02_backprop.playground()",
    "ch03_gradient_descent.landscapes()",
    "ch04_cnn.sliding_kernel()",
    "ch06_attention.attention_steps()",
    "def relu(x):\n    return abs(x)",
    "check(relu)",
    "hint(relu)",
    "progress()",
]
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
"""Cells with widgets that have every kind of control between them, and with what the checker shows."""


@pytest.fixture(scope="module", params=["light", "dark"])
def in_lab(request, lab, browser):  # noqa: F811
    """A notebook with some widgets, run in JupyterLab's light or dark theme."""
    url, token = lab
    goes_on = {"tags": ["raises-exception"]}  # a check that fails raises, and the rest runs all the same
    cell = {"cell_type": "code", "metadata": goes_on, "outputs": [], "execution_count": None}
    cells = [{**cell, "id": f"cell-{number}", "source": source} for number, source in enumerate(IN_LAB)]
    content = {"cells": cells, "metadata": {"kernelspec": PYTHON}, "nbformat": 4, "nbformat_minor": 5}
    asked = urllib.request.Request(
        f"{url}api/contents/{request.param}.ipynb?token={token}",
        data=json.dumps({"type": "notebook", "format": "json", "content": content}).encode(),
        method="PUT",
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(asked).close()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.add_init_script(WORDS)
    page.goto(f"{url}lab/workspaces/{request.param}/tree/{request.param}.ipynb?token={token}&reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=60_000,
    )
    theme = f"JupyterLab {request.param.title()}"
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    page.wait_for_function(
        "light => document.body.dataset.jpThemeLight === light", arg=str(request.param == "light").lower()
    )
    notebook = Notebook(page)
    notebook.run_all()
    notebook.wait_for_last_cell(timeout=120_000)
    page.locator(".jp-OutputArea .ck").nth(4).wait_for()
    notebook.dark = request.param == "dark"
    yield notebook
    context.close()


def ours(notebook):
    """The widgets in the notebook."""
    found = notebook.page.query_selector_all(".jp-OutputArea .ck")
    assert len(found) == 5
    return found


def test_a_widget_in_jupyterlab_has_no_violation_in_either_theme(in_lab):
    for widget in ours(in_lab):
        assert widget.evaluate("node => node.hasAttribute('data-dark')") == in_lab.dark
        widget.scroll_into_view_if_needed()
        assert violations(in_lab.page, widget) == []


def test_what_the_checker_shows_in_jupyterlab_has_no_violation_in_either_theme(in_lab):
    cards = in_lab.page.query_selector_all(".nn-card")
    assert len(cards) >= 3
    for card in cards:
        card.scroll_into_view_if_needed()
        assert violations(in_lab.page, card) == []
        count, pale = in_lab.page.evaluate(PALE, card)
        assert count > 2
        assert pale == []


def test_words_in_jupyterlab_s_themes_stand_out(in_lab):
    page = in_lab.page
    page.evaluate("window.words = []")
    for widget in ours(in_lab):
        widget.scroll_into_view_if_needed()
        slider = widget.query_selector("input[type=range]")
        slider.press("ArrowRight")
        slider.press("ArrowLeft")
        page.evaluate(FRAME)
        count, pale = page.evaluate(PALE, widget)
        assert count > 4
        assert pale == []
    words = page.evaluate("window.words")
    assert len(words) > 50
    assert sorted({(text, round(contrast, 2)) for text, contrast in words if contrast < 4.5}) == []


def test_on_a_phone_a_widget_in_jupyterlab_keeps_inside_the_notebook_and_moves(in_lab):
    page = in_lab.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("if (!window.jupyterapp.shell.leftCollapsed) window.jupyterapp.shell.collapseLeft()")
    page.evaluate(FRAME)
    try:
        for widget in ours(in_lab):
            widget.scroll_into_view_if_needed()
            page.evaluate(FRAME)
            box = widget.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
            assert box["width"] > 230
            assert widget.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
            for control in widget.query_selector_all("input, select, button, summary"):
                inner = control.bounding_box()
                assert inner["x"] >= box["x"] - 1
                assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 1
            slider = widget.query_selector("input[type=range]")
            before = slider.input_value()
            slider.press("ArrowRight")
            if slider.input_value() == before:  # at its end
                slider.press("ArrowLeft")
            assert slider.input_value() != before
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})
