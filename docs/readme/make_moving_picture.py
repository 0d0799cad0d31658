"""Make docs/readme/widget.webp: the playground of chapter 2 while a network of four units learns a ring.

    .venv/bin/python docs/readme/make_moving_picture.py

Needs Chromium, Playwright and Pillow.  Each picture is a real state of the widget's page: its Step button is pressed.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from course.widgets.ch02_backprop import playground

HERE = Path(__file__).parent

TARGET = HERE / "widget.webp"
WIDTH = 640
STEPS = [1] * 16 + [2] * 12 + [5] * 20 + [12] * 14
"""Steps between two pictures: slow where much happens."""

FIRST, EACH, LAST = 900, 80, 2200
"""Milliseconds that the first, each and the last picture stay."""

STYLE = """
    .ck-controls:not(.ck-runner), .ck-presets, .ck-says, .ck details, .ck-notice { display: none !important; }
    .ck { padding: 12px 8px !important; }
    .ck-runner { margin: 0 !important; }
    .ck .ck-panels { margin-top: 12px; gap: 14px 28px; }
"""


def frames(page: Page) -> list[Image.Image]:
    """The widget's pictures, from the first step on."""
    widget = page.locator(".ck")
    step = page.get_by_role("button", name="Step", exact=True)
    made = [shot(widget.screenshot())]
    for steps in STEPS:
        for _ in range(steps):
            step.click()
        page.evaluate("document.activeElement.blur()")
        made.append(shot(widget.screenshot()))
    return made


def shot(png: bytes) -> Image.Image:
    """A screenshot at the README's width."""
    with Image.open(io.BytesIO(png)) as image:
        high = round(image.height * WIDTH / image.width)
        return image.convert("RGB").resize((WIDTH, high), Image.Resampling.LANCZOS)


def main() -> None:
    """Drive the page and write the picture."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder, "playground.html")
        playground().to_html(path)
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page(
            viewport={"width": 760, "height": 1200},
            device_scale_factor=2,
            color_scheme="light",
            reduced_motion="reduce",
        )
        page.goto(path.as_uri())
        page.wait_for_selector(".ck canvas")
        page.add_style_tag(content=STYLE)
        page.wait_for_timeout(300)
        made = frames(page)
        chromium.close()
    times = [FIRST, *[EACH] * (len(made) - 2), LAST]
    made[0].save(TARGET, save_all=True, append_images=made[1:], duration=times, loop=0, quality=50, method=3)
    print(
        f"{TARGET.name}: {len(made)} pictures, {made[0].size}, "
        f"{TARGET.stat().st_size / 1000:.0f} kB, {sum(times) / 1000:.1f} s"
    )


if __name__ == "__main__":
    main()
