"""A deck in a browser: nothing overflows, widgets move, keys, notes, paper, both themes; no other host is asked."""

import json

import pytest

pytest.importorskip("markdown_it", reason="the slides need the extra `book`")

from autograder.release.build import Places
from autograder.slides.build import build
from autograder.slides.deck import page as deck_page
from autograder.slides.slide import Item, Slide

pytestmark = pytest.mark.browser

STEM = "ch03_gradient_descent"
GO = "place => { const { h, v } = Reveal.getIndices(Reveal.getSlides()[place]); Reveal.slide(h, v); }"
READY = "() => Reveal.getCurrentSlide().dataset.ready !== undefined"
OVERFLOW = """() => {
    const slide = Reveal.getCurrentSlide(), box = slide.getBoundingClientRect(), scale = box.height / 720;
    const [content, fit] = [slide.querySelector(".content"), slide.querySelector(".fit")];
    const parts = fit.querySelectorAll("p, li, td, pre, img, canvas, math, .ck-control, .ck-says");
    const shown = [...parts].map(one => one.getBoundingClientRect()).filter(one => one.width && one.height);
    const bottom = Math.max(0, ...shown.map(one => (one.bottom - box.top) / scale));
    const right = Math.max(0, ...shown.map(one => (one.right - box.left) / scale));
    const centred = /title|section/.test(slide.className);
    const inside = centred || (fit.scrollHeight <= content.clientHeight + 1
        && fit.scrollWidth <= content.clientWidth + 1);
    return bottom <= 715 && right <= 1280 && inside ? null : [Math.round(bottom), Math.round(right), inside];
}"""
SMALLEST = """() => {
    const fit = Reveal.getCurrentSlide().querySelector(".fit"), widget = fit.querySelector(".ck-static");
    if (widget) return 15 * Number(getComputedStyle(widget).zoom);
    return 32 * Number(fit.style.getPropertyValue("--fit") || 1);
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The deck of a chapter, made once; and a deck of one slide that holds more than fits."""
    made = build(Places(), [STEM], tmp_path_factory.mktemp("slides") / "site")
    words = "word " * 60
    full = Slide("text", "Too much", items=[Item("text", words) for _ in range(30)])
    (made / "full.html").write_text(deck_page("Too much", [full], made), "utf-8")
    return made


@pytest.fixture
def deck(browser, site):
    """deck(name, query, **options) opens a deck; errors and requests to anything but its files are collected."""
    contexts = []

    def open_deck(name=STEM, query="", **options):
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 720}} | options))
        contexts.append(context)
        page = context.new_page()
        page.errors, page.asked = [], []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda told: page.errors.append(told.text) if told.type == "error" else None)
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((site / f"{name}.html").as_uri() + query)
        page.wait_for_function("() => window.Reveal && Reveal.isReady()")
        return page

    yield open_deck
    for context in contexts:
        context.close()


def visit(page, place):
    page.evaluate(GO, place)
    page.wait_for_function(READY)


def walked(page):
    """Every slide's overflow (None where all fits) and the size of its usual type, in units of 720."""
    found = []
    for place in range(page.evaluate("Reveal.getTotalSlides()")):
        visit(page, place)
        found.append((page.evaluate(OVERFLOW), page.evaluate(SMALLEST)))
    return found


def test_no_slide_of_a_chapter_overflows_and_none_has_type_too_small_to_read(deck):
    page = deck()
    found = walked(page)
    assert len(found) > 40
    assert [(place, over) for place, (over, _) in enumerate(found, 1) if over] == []
    # of text 21 units of 720; a widget may go down to 12, its controls are the lecturer's
    assert min(size for _, size in found) >= 12
    assert page.errors == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in page.asked)


def test_the_measure_sees_an_overflow(deck):
    ((over, _),) = walked(deck("full"))
    assert over is not None


@pytest.fixture
def first_widget(deck):
    page = deck()
    places = page.evaluate("Reveal.getSlides().map(one => Boolean(one.querySelector('.book-widget')))")
    visit(page, places.index(True))
    return page


def test_a_widget_moves_without_a_kernel_and_its_keys_do_not_turn_the_slide(first_widget):
    page = first_widget
    before, place = page.locator(".present .ck-says").inner_text(), page.evaluate("Reveal.getIndices()")
    slider = page.locator(".present .ck input[type=range]").first
    slider.focus()
    slider.press("ArrowRight")
    assert page.locator(".present .ck-says").inner_text() != before
    assert page.evaluate("Reveal.getIndices()") == place
    assert page.errors == []


def test_a_dragged_point_stays_under_the_pointer_on_a_screen_of_another_size(deck):
    page = deck(viewport={"width": 1920, "height": 1080})
    titles = page.evaluate("Reveal.getSlides().map(one => one.querySelector('.book-widget') && one.innerText.trim())")
    visit(page, next(place for place, title in enumerate(titles) if title and title.startswith("3.3 Landscapes")))
    box = page.locator(".present canvas").first.bounding_box()
    seen = []
    for part in (0.4, 0.6):
        page.mouse.click(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
        told = page.locator(".present .ck-control", has_text="start x").last.locator(".ck-value").inner_text()
        seen.append(float(told.replace("−", "-")))
    # the middle of the square picture is the middle of its scale, but for the room that the numbers on its side take
    assert -1.5 < seen[0] < 0 < seen[1] < 1.0
    drawn = page.evaluate("document.querySelector('.present canvas').width")
    assert drawn == pytest.approx(box["width"], abs=3)


def test_keys_walk_through_all_slides_and_change_the_theme(deck):
    page = deck(color_scheme="light")
    page.wait_for_function(READY)
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.keyboard.press("d")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getSlidePastCount()") == 6
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("Reveal.getSlidePastCount()") == 5


def test_the_speaker_s_notes_open_by_their_key_and_hold_the_prose(deck):
    page = deck()
    page.wait_for_function(READY)
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    notes = opened.value
    notes.wait_for_selector(".speaker-controls-notes .value")
    notes.wait_for_function(
        "() => document.querySelector('.speaker-controls-notes .value').innerText"
        ".includes('Chapter 2 ended with one line')"
    )


def test_for_paper_every_slide_is_a_page(deck):
    count = deck().evaluate("Reveal.getTotalSlides()")
    page = deck(query="?print-pdf")
    page.wait_for_function("() => document.documentElement.dataset.printable !== undefined", timeout=60_000)
    assert page.locator(".pdf-page").count() == count
    assert page.locator(".pdf-page .book-widget[data-moves]").count() == page.locator(".book-widget").count() > 0
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == count


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_keep_a_contrast_on_either_ground(deck, theme):
    page = deck(query=f"?theme={theme}")
    colours = json.loads(
        page.evaluate("""() => { const of = (one, key) => getComputedStyle(document.querySelector(one))[key];
            return JSON.stringify([of(".reveal", "backgroundColor"),
            of(".reveal", "color"), of(".reveal strong", "color"),
                                   of(".reveal .turn h2", "color"), of(".reveal header p", "color")]); }""")
    )
    ground, *inks = [luminance(one) for one in colours]
    assert all((max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) >= 4.5 for ink in inks)


def luminance(colour):
    """The relative luminance of "rgb(1, 2, 3)"."""
    parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
