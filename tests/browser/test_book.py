"""The book in Chromium: widgets that move without a kernel, folded answers, search, dark, narrow, on paper."""

from __future__ import annotations

import functools
import http.server
import re
import threading

import pytest

from autograder.book import build
from autograder.engine import catalogue
from tests import book_tiny

pytestmark = pytest.mark.browser
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The tiny course's book with its answers."""
    root = tmp_path_factory.mktemp("course")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "EXERCISES", book_tiny.tiny(root))
        return build.build(book_tiny.places(root), to=root / "book")


@pytest.fixture(scope="module")
def served(site):
    """The address of the site."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def open_page(browser, served):
    """open_page(name, width=..., dark=..., scripts=...): a page of the book; nothing may go wrong on any."""
    contexts, wrong, asked = [], [], []

    def open_one(name=f"{book_tiny.STEM}.html", address=served, width=1280, dark=False, scripts=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: wrong.append(request.url))
        page.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{address}/{name}")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert wrong == []
    assert asked
    assert [url for url in asked if not url.startswith((served, "data:", "file:", "blob:"))] == []


def moving(page):
    """The page's widget once it has come to life."""
    widget = page.locator(".book-widget[data-moves]")
    page.locator(".book-widget").scroll_into_view_if_needed()
    widget.wait_for()
    return widget


def test_a_widget_moves_without_a_kernel(open_page):
    widget = moving(open_page())
    slider = widget.locator("input[type=range]")
    before = widget.locator("canvas").evaluate("canvas => canvas.toDataURL()")
    assert widget.locator(".ck-says").inner_text() == "The slope is 1."
    slider.focus()
    slider.press("ArrowRight")
    assert widget.locator(".ck-says").inner_text() == "The slope is 2."
    assert widget.locator("canvas").evaluate("canvas => canvas.toDataURL()") != before


def test_a_widget_moves_on_a_page_opened_from_a_file(open_page, site):
    widget = moving(open_page(address=site.as_uri()))
    widget.locator("input[type=range]").press("End")
    assert widget.locator(".ck-says").inner_text() == "The slope is 4."


def test_without_scripts_the_poster_the_formulas_and_the_answers_are_there(open_page):
    page = open_page(scripts=False)
    assert page.locator(".ck-poster").get_attribute("alt") == "The slope is 1."
    assert page.locator("math").count() >= 2
    page.locator(".book-answer summary").first.click()
    assert "secret_half_of_it" in page.locator(".book-answer").first.inner_text()


def test_answers_are_closed_and_the_keyboard_reaches_and_opens_them(open_page):
    page = open_page()
    answer = page.locator("#exercise-halve .book-answer")
    code = answer.get_by_text("secret_half_of_it").first
    assert not code.is_visible()
    page.locator("#exercise-halve").evaluate("node => { node.tabIndex = -1; node.focus(); }")
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.book-answer > summary')"):
            break
    page.keyboard.press("Enter")
    code.wait_for()
    assert code.is_visible()


def test_search_finds_a_word_and_its_page(open_page):
    page = open_page("search.html?q=antidoubling")
    link = page.locator("#search-results a", has_text="Halves and doubles").first
    link.wait_for()
    link.click()
    page.wait_for_url(re.compile(rf"{book_tiny.STEM}\.html"))


def test_the_search_field_leads_to_the_results(open_page):
    page = open_page("index.html")
    page.locator(".search-button-field").first.click()
    page.locator("input[type=search]:visible").first.fill("antidoubling")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"search\.html\?q=antidoubling"))


@pytest.mark.parametrize("name", ["index.html", f"{book_tiny.STEM}.html", "glossary.html", "symbols.html"])
@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_a_page_without_scrolling_sideways(open_page, name, dark):
    page = open_page(name, width=390, dark=dark)
    if "tiny" in name:
        moving(page)
        page.locator(".book-answer summary").first.click()
    assert page.evaluate(OVERFLOW) <= 0


def test_the_page_and_its_widget_follow_the_dark_theme(open_page):
    page = open_page(dark=True)
    widget = moving(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
    assert widget.locator(".ck").evaluate("node => node.hasAttribute('data-dark')")
    assert widget.locator(".ck").evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(21, 24, 28)"


def test_the_menu_of_themes_turns_a_light_page_dark(open_page):
    page = open_page()
    widget = moving(page)
    page.locator(".theme-switch-button:visible").first.click()
    page.locator(".theme-change-button[data-mode=dark]:visible").click()
    page.wait_for_function("getComputedStyle(document.body).backgroundColor === 'rgb(21, 24, 28)'")
    assert widget.locator(".ck").evaluate("node => node.hasAttribute('data-dark')")


def test_paper_gets_the_still_picture_and_no_controls(open_page):
    page = open_page()
    moving(page)
    assert not page.locator(".book-still").is_visible()
    page.emulate_media(media="print")
    assert page.locator(".book-still").is_visible()
    assert not page.locator(".book-widget input").is_visible()
    assert not page.get_by_text("secret_half_of_it").first.is_visible()


def test_a_guess_stays_on_the_page(open_page):
    page = open_page()
    page.get_by_label("My prediction").fill("a half")
    page.reload()
    assert page.get_by_label("My prediction").input_value() == "a half"


def test_formulas_are_set_in_the_page_s_own_fonts(open_page):
    page = open_page()
    page.evaluate("document.fonts.ready.then(() => 0)")
    assert page.evaluate("document.fonts.check('16px \"STIX Two Math\"')")
    family = page.locator("math").first.evaluate("node => getComputedStyle(node).fontFamily")
    assert family.startswith('"STIX Two Math"')
