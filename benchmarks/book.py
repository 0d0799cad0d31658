"""How heavy the book's pages are and how soon one can use them.

    python -m benchmarks book

Serves build/book (run `python -m autograder book` first) on this machine, opens every chapter in headless Chromium,
with a new profile each time, and scrolls through it, so that everything is asked for.  Prints for each page:
    weight   kB of all files that the page asked for, widgets included, each compressed with gzip where that helps
    first    of these, what it asked for before anything was scrolled
    usable   ms from the request to a page that answers: loaded, its scripts run, each widget on the first screen moving
    work     ms of the page's own thread for that: what a machine that does nothing else would need at least
    widget   ms from a jump to the first widget until it moves
each time the median of five.  Milliseconds depend on the machine and on what else it does.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import shutil
import statistics
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

SITE = Path(__file__).parents[1] / "build" / "book"
TIMES = 5
LIMIT_KB, LIMIT_MS = 1500, 1000
READY = """() => document.readyState === "complete" && [...document.querySelectorAll(".book-widget:not([data-moves])")]
    .every((place) => place.getBoundingClientRect().top > innerHeight)"""
MOVES = "() => document.querySelector('.book-widget').dataset.moves === ''"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_):
        """Say nothing."""


def main(site: Path = SITE) -> None:
    """Measure every chapter's page of a built book."""
    pages = sorted(path.name for path in site.glob("ch*.html"))
    if not pages:
        print(f"there is no book in {site}; run python -m autograder book first")
        return
    print(f"{'page':<28}{'weight':>8}{'first':>8}{'usable':>8}{'work':>8}{'widget':>8}")
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name in pages:
            weight, first = weights(browser, site, f"http://127.0.0.1:{server.server_port}/{name}")
            timed = [times(browser, f"http://127.0.0.1:{server.server_port}/{name}") for _ in range(TIMES)]
            usable, work, widget = (statistics.median(values) for values in zip(*timed, strict=True))
            over = [f"over {LIMIT_KB} kB"] * (weight > LIMIT_KB) + [f"over {LIMIT_MS} ms"] * (usable > LIMIT_MS)
            print(
                f"{name:<28}{weight:>8.0f}{first:>8.0f}{usable:>8.0f}{work:>8.0f}{widget:>8.0f}  {', '.join(over)}",
                flush=True,
            )
        browser.close()
        server.shutdown()


def weights(browser: Browser, site: Path, address: str) -> tuple[float, float]:
    """kB that a page asks for in all, and before it is scrolled."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).path))
    page.goto(address)
    page.wait_for_function(READY)
    first = compressed(site, asked)
    place, height = 0, 1
    while place < height:
        page.evaluate(f"scrollTo(0, {place})")
        page.wait_for_timeout(50)
        height = page.evaluate("document.documentElement.scrollHeight")
        place += 700
    page.wait_for_function("() => document.querySelectorAll('.book-widget:not([data-moves])').length === 0")
    page.wait_for_load_state("networkidle")
    context.close()
    return compressed(site, asked), first


def compressed(site: Path, paths: set[str]) -> float:
    """kB of files, each as it is or as gzip, whichever is smaller."""
    contents = [(site / path.lstrip("/")).read_bytes() for path in paths if (site / path.lstrip("/")).is_file()]
    return sum(min(len(content), len(gzip.compress(content))) for content in contents) / 1000


def times(browser: Browser, address: str) -> tuple[float, float, float]:
    """ms until the page can be used, its thread's part of them, and ms from a jump to its first widget to motion."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    inspector = context.new_cdp_session(page)
    inspector.send("Performance.enable", {"timeDomain": "threadTicks"})
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(READY)
    usable = time.perf_counter() - begun
    metrics = {one["name"]: one["value"] for one in inspector.send("Performance.getMetrics")["metrics"]}
    begun = time.perf_counter()
    page.evaluate("document.querySelector('.book-widget').scrollIntoView()")
    page.wait_for_function(MOVES)
    widget = time.perf_counter() - begun
    context.close()
    return 1000 * usable, 1000 * metrics["TaskDuration"], 1000 * widget
