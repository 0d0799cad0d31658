"""How long a widget takes from a moved slider to a drawn frame.

    python -m benchmarks widget_frames

Opens every public widget of course.widgets.ch* as a static page in headless Chromium, and moves each of its sliders
through its range.  Prints, in milliseconds:
    bake     the cell: all states computed and packed, once
    work     what the page computes for one frame: the event's handler and the drawing; median and the slowest
    frame    from the event to the end of the drawing, median: work and the wait for the screen's next frame,
             which at 60 frames a second alone is up to 16.7
    share    the median work as a share of those 16.7
and the block in kB after gzip.
"""

from __future__ import annotations

import importlib
import pkgutil
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

import course.widgets
from course.widgets.kit import Explorer

# Counts the time that animation callbacks take; runs before the widget's own script.
CLOCK = """
const request = window.requestAnimationFrame.bind(window);
window.drawing = 0;
window.requestAnimationFrame = callback => request(now => {
    const start = performance.now();
    callback(now);
    window.drawing += performance.now() - start;
});
"""

MOVE = """async () => {
    const times = [];
    for (const slider of document.querySelectorAll('.ck input[type=range]')) {
        for (let k = 0; k < 60; k++) {
            // a hand moves somewhere between two frames
            await new Promise(done => setTimeout(done, 20 + (k * 7) % 16));
            window.drawing = 0;
            const start = performance.now();
            slider.value = (+slider.value + Math.ceil(slider.max / 30)) % (+slider.max + 1); // always another state
            slider.dispatchEvent(new Event('input', { bubbles: true }));
            const handled = performance.now() - start;
            // registered after the widget's own callback, so it runs after the drawing
            await new Promise(done => requestAnimationFrame(done));
            times.push([handled + window.drawing, performance.now() - start]);
        }
    }
    return times;
}"""


def widgets() -> Iterator[tuple[str, Callable[[], Explorer]]]:
    """Every public function of every chapter's module, with its name."""
    for module in pkgutil.iter_modules(course.widgets.__path__):
        if module.name.startswith("ch"):
            chapter = importlib.import_module(f"course.widgets.{module.name}")
            for name in chapter.__all__:
                yield f"{module.name}.{name}", getattr(chapter, name)


def measure(browser: Browser, explorer: Explorer, place: Path) -> list[tuple[float, float]]:
    """(work, frame) in milliseconds for every move of every slider."""
    explorer.to_html(place)
    page = browser.new_page(viewport={"width": 1000, "height": 900}, reduced_motion="reduce")
    page.add_init_script(CLOCK)
    page.goto(place.as_uri())
    page.wait_for_selector(".ck canvas")
    page.wait_for_timeout(300)
    times = page.evaluate(MOVE)
    page.close()
    return [(work, frame) for work, frame in times]


FRAME = 1000 / 60
"""Milliseconds between two frames of an ordinary screen."""


def main() -> None:
    """One line a widget."""
    print(f"{'widget':44}{'states':>8}{'bake':>8}{'kB':>8}{'work':>8}{'slowest':>9}{'frame':>8}{'share':>8}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, build in widgets():
            start = time.perf_counter()
            explorer = build()
            bake = 1000 * (time.perf_counter() - start)
            states = 1
            for axis in explorer.spec["axes"]:
                states *= len(axis["texts"])
            times = measure(browser, explorer, Path(folder) / "widget.html")
            work = [one for one, _ in times]
            frame = statistics.median(whole for _, whole in times)
            print(
                f"{name:44}{states:8d}{bake:8.0f}{explorer.baked.gzipped / 1000:8.1f}"
                f"{statistics.median(work):8.1f}{max(work):9.1f}{frame:8.1f}{statistics.median(work) / FRAME:8.0%}",
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
