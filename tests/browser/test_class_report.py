"""The class report in Chromium: opened as a file it asks nobody, sorts by keyboard, and can be read by everybody."""

from __future__ import annotations

from itertools import pairwise

import pytest

from autograder.engine import catalogue
from autograder.instructor.class_page import chapter_page, overview_page
from tests.instructor.test_class_report import CHAPTER, NASTY, big_class

pytestmark = pytest.mark.browser

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
COLUMN = """(number) => [...document.querySelector("#student-table").tBodies[0].rows]
    .filter(row => !row.hidden).map(row => row.cells[number].textContent)"""
CONTRAST = """() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgb = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = rgb(getComputedStyle(at).backgroundColor);
            if (color[3] === 255) return color;
        }
        return [255, 255, 255, 255];
    };
    const found = new Map();
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const ink = rgb(element.closest("svg") ? style.fill : style.color);
        const [a, b] = [light(ink), light(ground(element))].sort((x, y) => y - x);
        const name = `${element.tagName}.${element.getAttribute("class") ?? ""}`;
        found.set(name, Math.min(found.get(name) ?? 21, (a + 0.05) / (b + 0.05)));
    }
    return [...found];
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The page of a class of 60 in a folder, without any of the files that it leads to."""
    folder = tmp_path_factory.mktemp("report")
    data = big_class(folder, 60, catalogue.exercises(CHAPTER))
    page = chapter_page(data, folder)
    assert "<script>" in page
    (folder / "index.html").write_text(page, encoding="utf-8")
    return folder / "index.html"


@pytest.fixture
def opened(browser, report):
    """opened(**context) -> the page, with everything that it asked for and everything that went wrong."""
    contexts = []

    def open_page(path=report, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.asked, page.wrong, page.stopped = [], [], []
        page.on("requestfailed", lambda request: page.stopped.append(request.failure))
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.wrong.append(message.text))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_the_page_is_one_file_and_asks_for_nothing(opened, report):
    page = opened()
    assert page.asked == [report.as_uri()]
    assert page.wrong == []


def test_the_policy_stops_what_is_not_the_pages_own(opened, report, tmp_path):
    bad = tmp_path / "bad.html"
    more = "<script>document.title = 'run'</script><img src='http://127.0.0.1:9/x.png'><p style='color: red'>x</p>"
    bad.write_text(report.read_text(encoding="utf-8").replace("</main>", f"{more}</main>"), encoding="utf-8")
    page = opened(bad)
    assert page.title() != "run"
    assert page.stopped == ["csp"]
    assert len([one for one in page.wrong if "Content Security Policy" in one]) == 3


def test_a_column_sorts_by_keyboard_and_says_so(opened):
    page = opened()
    head = page.locator("#student-table thead th").nth(1)
    before = page.evaluate(COLUMN, 1)
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    numbers = [float(one) for one in page.evaluate(COLUMN, 1)]
    assert numbers == sorted(numbers)
    assert numbers != [float(one) for one in before]
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "descending"
    assert [float(one) for one in page.evaluate(COLUMN, 1)] == sorted(numbers, reverse=True)
    page.locator("#student-table thead th").nth(0).get_by_role("button").press("Enter")
    assert head.get_attribute("aria-sort") is None
    names = page.evaluate(COLUMN, 0)
    assert names == sorted(names)


def test_what_has_no_number_comes_last_both_ways(opened):
    page = opened()
    button = page.locator("#student-table thead th").nth(5).get_by_role("button")
    for _ in range(2):
        button.press("Enter")
        dashes = [one == "–" for one in page.evaluate(COLUMN, 5)]
        assert any(dashes)
        assert dashes == sorted(dashes)


def test_students_are_found_by_their_id(opened):
    page = opened()
    page.get_by_role("searchbox").fill("STUDENT-004")
    assert page.evaluate(COLUMN, 0) == [f"student-004{k}" for k in range(10)]
    assert page.get_by_role("status").text_content() == "10 of 60"
    page.get_by_role("searchbox").fill("")
    assert len(page.evaluate(COLUMN, 0)) == 60


def test_a_misconception_opens_by_keyboard_and_shows_the_hint_and_who(opened):
    page = opened()
    first = page.locator("#misconceptions details").first
    first.locator("summary").press("Enter")
    assert first.locator("p").is_visible()
    assert first.locator("li").first.is_visible()


def test_the_page_reads_without_scripts(opened):
    page = opened(java_script_enabled=False)
    assert page.locator("#student-table tbody tr").count() == 60
    assert page.locator("thead button, input").count() == 0
    assert page.wrong == []


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(opened, width):
    page = opened(viewport={"width": width, "height": 800})
    assert page.evaluate(OVERFLOW) == 0
    # The plots' letters keep their size.
    sizes = page.locator("svg text").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"
    )
    assert min(sizes) >= 12


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_has_contrast(opened, scheme):
    page = opened(color_scheme=scheme)
    for one in page.locator("summary").all():
        one.evaluate("one => one.parentElement.open = true")
    found = dict(page.evaluate(CONTRAST))
    assert len(found) > 20
    assert {name: ratio for name, ratio in found.items() if ratio < 4.5} == {}


def test_the_measure_of_contrast_finds_a_pale_word(opened):
    page = opened()
    page.evaluate("document.querySelector('h1').style.setProperty('color', '#999')")
    assert dict(page.evaluate(CONTRAST))["H1."] < 4.5


def test_tables_plots_and_regions_have_names(opened):
    page = opened()
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("svg:not([aria-label]):not([aria-hidden])").count() == 0
    assert page.locator(".wide:not([tabindex='0'][role='region'][aria-label])").count() == 0
    levels = page.locator("h1, h2, h3").evaluate_all("all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("input:not([id])").count() == 0


def test_in_print_everything_is_open_and_on_white(opened):
    page = opened(color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("nav").is_hidden()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 0


def test_what_students_chose_is_shown_and_not_run(opened, tmp_path):
    data = big_class(tmp_path, 3, catalogue.exercises(CHAPTER))
    old = next(iter(data.records))
    data.records[NASTY] = data.records.pop(old)
    path = tmp_path / "nasty.html"
    path.write_text(chapter_page(data, tmp_path), encoding="utf-8")
    page = opened(path)
    assert NASTY in page.evaluate(COLUMN, 0)[0]
    assert page.locator("main img").count() == 0
    assert page.wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_overview_of_the_course_holds_to_the_same(opened, tmp_path, width, scheme):
    path = tmp_path / "index.html"
    path.write_text(overview_page([big_class(tmp_path, 40, catalogue.exercises(CHAPTER))]), encoding="utf-8")
    page = opened(path, viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert page.asked == [path.as_uri()]
    assert page.wrong == []
    assert page.evaluate(OVERFLOW) == 0
    assert {name: ratio for name, ratio in page.evaluate(CONTRAST) if ratio < 4.5} == {}
    assert page.locator("svg:not([aria-label]):not([aria-hidden]), th:not([scope])").count() == 0
    page.locator("#student-table thead th").nth(1).get_by_role("button").press("Enter")
    numbers = [float(one) for one in page.evaluate(COLUMN, 1)]
    assert numbers == sorted(numbers)
