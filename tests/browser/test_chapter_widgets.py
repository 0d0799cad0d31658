"""Every widget of every chapter in Chromium: no complaint, no request, every control by keyboard, 390 px wide."""

from __future__ import annotations

import pytest

from tests.test_chapter_widgets import WIDGETS, make

pytestmark = pytest.mark.browser

FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
PICTURE = "() => [...document.querySelectorAll('.ck canvas')].map(one => one.toDataURL()).join()"
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

WITHOUT_EFFECT = {
    "layer_bends_space": {"activation"},  # at a blend of 0 no activation shows
    "bias_correction": {"size"},  # Adam does not see the size of the gradients
    "gradient_check_map": {"kind"},  # without a fault there is none of any kind
    "playground": {"rate", "decay"},  # a run that has not begun does not show them
    "attention_steps": {"causal"},  # at the first stage nothing is masked yet
}
"""Controls that change nothing where a widget starts."""


@pytest.mark.parametrize(("stem", "name"), WIDGETS)
def test_a_widget_moves_by_keyboard_without_a_complaint(browser, tmp_path, stem, name):
    make(stem, name).to_html(tmp_path / "widget.html")
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    page = context.new_page()
    trouble = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: trouble.append(request.url) if request.url.startswith("http") else None)
    page.goto((tmp_path / "widget.html").as_uri())
    page.wait_for_selector(".ck canvas")
    page.evaluate(FRAME)

    def seen():
        page.evaluate(FRAME)
        return page.inner_text(".ck-says"), page.evaluate(PICTURE)

    still = []
    for control in page.query_selector_all(".ck input, .ck select"):
        before = seen()
        control.focus()
        kind = control.get_attribute("type") or "select"
        keys = {"checkbox": ("Space", "Space"), "select": ("ArrowDown", "ArrowUp")}
        there, back = keys.get(kind, ("ArrowRight", "ArrowLeft"))
        if kind == "select" and page.evaluate("one => one.options.length", control) == 1:
            continue
        wait = 350 if kind in ("select", "checkbox") else 60  # choices glide
        moved = False
        for key in (there, back):  # a control at its end moves by the second one
            page.keyboard.press(key)
            page.wait_for_timeout(wait)
            moved = moved or seen() != before
        if not moved:
            still.append(control.get_attribute("name"))
    assert set(still) <= WITHOUT_EFFECT.get(name, set())
    page.set_viewport_size({"width": 390, "height": 1400})
    page.evaluate(FRAME)
    assert page.evaluate(OVERFLOW) <= 0
    assert trouble == []
    context.close()
