"""Pictures of every preset of every widget: drawn, kept in tests/browser/pictures, and compared.

    python -m tests.browser.widget_pictures                    draws and keeps them all
    python -m tests.browser.widget_pictures gate_player bowl   those of some widgets only

Look at what changed before you commit it: the test compares with what lies there, and knows no other truth.
"""

from __future__ import annotations

import base64
import io
import shutil
import sys
import tempfile
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, sync_playwright
from scipy.ndimage import uniform_filter
from skimage.color import deltaE_ciede2000, rgb2gray, rgb2lab
from skimage.metrics import structural_similarity

from course.widgets.kit import Explorer
from tests.test_chapter_widgets import WIDGETS, make

KEPT = Path(__file__).parent / "pictures"
AGAIN = "python -m tests.browser.widget_pictures"

WIDTH = 1000
"""Of the page, in pixels; pictures are half as wide."""
SHADES = 8
"""How far apart a kept picture's colours are, out of 256: makes files small, at the price of faint bands in fields."""
AROUND = 9
"""Pixels over which a difference is averaged: about a letter or two."""
STRUCTURE, COLOUR = 0.4, 4.0
"""What is accepted.  A single digit that vanishes costs 0.53 or more in structure, a curve two pixels of the page off
0.8 or more.  The same build of Chromium gives equal pixels, and so did one 18 versions older."""

# builds of Chromium round the places of letters differently, unless they are asked for exact ones
EXACT = """for (const name of ['measureText', 'strokeText', 'fillText']) {
    const { prototype } = CanvasRenderingContext2D;
    const plain = prototype[name];
    prototype[name] = function (...all) {
        this.textRendering = 'geometricPrecision';
        return plain.apply(this, all);
    };
}"""
FONTS = "async () => { for (const weight of [400, 700]) await document.fonts.load(`${weight} 16px Pictures`); }"
SHOW = """index => {
    const place = document.querySelector('.ck-static');
    place.model.set('index', index);
    const run = place.querySelector('.ck-runner');
    if (!run) return;
    // a run is shown after its first stage: begun anew, then run and paused at once
    const [play, , reset] = run.querySelectorAll('button');
    for (const button of [reset, play, play]) button.click();
}"""
FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def with_own_font(html: str) -> str:
    """The page with the DejaVu Sans that comes with matplotlib, instead of what the machine calls its own."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    faces = "* { text-rendering: geometricPrecision; }\n"
    for file, weights in (("DejaVuSans.ttf", "100 599"), ("DejaVuSans-Bold.ttf", "600 900")):
        data = base64.b64encode((folder / file).read_bytes()).decode()
        source = f"url(data:font/ttf;base64,{data})"
        faces += f"@font-face {{ font-family: Pictures; font-weight: {weights}; src: {source}; }}\n"
    assert html.count("system-ui, -apple-system") == 2  # in the style, and in the script for the canvases
    return html.replace("system-ui, -apple-system", "Pictures").replace("<style>", f"<style>\n{faces}", 1)


def opened(browser: Browser, explorer: Explorer, folder: Path, script: str = "") -> Page:
    """The widget's static page: light, still, one pixel a pixel, in a font of its own; script runs before it."""
    place = folder / "widget.html"
    place.write_text(with_own_font(explorer.to_html()), "utf-8")
    page = browser.new_page(
        viewport={"width": WIDTH, "height": 2000},  # so tall that no widget needs another one
        device_scale_factor=1,
        reduced_motion="reduce",
        color_scheme="light",
        locale="en-GB",
    )
    page.add_init_script(EXACT + script)
    page.goto(place.as_uri())
    page.wait_for_selector(".ck canvas")
    page.evaluate(FONTS)
    page.evaluate("document.documentElement.dataset.theme = 'light'")  # draws anew, now that the font is there
    page.evaluate(FRAME)
    return page


def drawn(page: Page, index: list[int]) -> Image.Image:
    """The widget at that state, small and in few shades."""
    page.evaluate(SHOW, index)
    page.evaluate(FRAME)
    # on a busy machine a picture may be taken before it is drawn: what stays the same is drawn
    shot, before = shoot(page), b""
    while shot != before:
        page.evaluate(FRAME)
        shot, before = shoot(page), shot
    pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB").reduce(2)).astype(int)
    return Image.fromarray(np.minimum(255, (pixels + SHADES // 2) // SHADES * SHADES).astype(np.uint8))


def shoot(page: Page) -> bytes:
    """The widget as it is on the screen now."""
    return page.locator(".ck").screenshot(animations="disabled", caret="hide")


def column(pictures: list[Image.Image]) -> Image.Image:
    """One below the other."""
    whole = Image.new("RGB", (WIDTH // 2, sum(picture.height for picture in pictures)))
    top = 0
    for picture in pictures:
        whole.paste(picture, (0, top))
        top += picture.height
    return whole


def presets(browser: Browser, explorer: Explorer, folder: Path, script: str = "") -> list[Image.Image]:
    """A picture of each preset."""
    page = opened(browser, explorer, folder, script)
    found = [drawn(page, preset["index"]) for preset in explorer.spec["presets"]]
    page.close()
    return found


def far(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    """How far apart two pictures of one size are where they differ most: in structure (0 to 2), in colour (CIEDE2000).

    Structure sees what moved or vanished, colour sees fields of another colour.  Both are means over a few pixels, so
    that another rim of a line or of a letter weighs little, and a missing letter much.
    """
    pixels = [np.asarray(picture, float) / 255 for picture in (one, other)]
    where = np.argwhere((pixels[0] != pixels[1]).any(axis=2))
    if not len(where):
        return 0.0, 0.0
    # only the part that differs, and what the windows reach around it
    (top, left), (bottom, right) = where.min(axis=0), where.max(axis=0) + 1
    part = np.s_[max(0, top - 16) : bottom + 16, max(0, left - 16) : right + 16]
    pixels = [picture[part] for picture in pixels]
    grey = [rgb2gray(picture) for picture in pixels]
    _, alike = structural_similarity(*grey, data_range=1.0, gaussian_weights=True, full=True)
    smooth = [uniform_filter(picture, (AROUND, AROUND, 1))[::4, ::4] for picture in pixels]
    colour = deltaE_ciede2000(*(rgb2lab(picture) for picture in smooth))
    return float(uniform_filter(1 - alike, AROUND).max()), float(colour.max())


def complaint(kept: Image.Image, new: Image.Image) -> str:
    """Why the new picture is not the kept one; empty when it is."""
    if kept.size != new.size:
        return f"is {new.size[0]} by {new.size[1]} pixels, kept are {kept.size[0]} by {kept.size[1]}"
    structure, colour = far(kept, new)
    if structure <= STRUCTURE and colour <= COLOUR:
        return ""
    return (
        f"differs by {structure:.2f} in structure (at most {STRUCTURE}) and {colour:.1f} in colour (at most {COLOUR})"
    )


def difference(kept: Image.Image, new: Image.Image) -> Image.Image:
    """Kept, new, and what differs in black on white, side by side."""
    height = max(kept.height, new.height)
    whole = Image.new("RGB", (3 * WIDTH // 2, height), "white")
    whole.paste(kept, (0, 0))
    whole.paste(new, (WIDTH // 2, 0))
    both = tuple(picture.crop((0, 0, WIDTH // 2, height)) for picture in (kept, new))
    whole.paste(ImageChops.invert(ImageChops.difference(*both)), (WIDTH, 0))
    return whole


def same(kept: Image.Image, new: Image.Image) -> bool:
    """Whether all pixels are equal."""
    return kept.size == new.size and ImageChops.difference(kept, new).getbbox() is None


def path_of(stem: str, name: str) -> Path:
    """Where the picture of that widget's presets is kept."""
    return KEPT / stem / f"{name}.webp"


def main(names: list[str]) -> int:
    """Draw and keep the pictures of these widgets, or of all; what belongs to no widget goes."""
    unknown = set(names) - {name for _, name in WIDGETS}
    if unknown:
        print(f"there is no widget {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for stem, name in WIDGETS:
            if names and name not in names:
                continue
            picture = column(presets(browser, make(stem, name), Path(folder)))
            place = path_of(stem, name)
            # what looks the same stays as it is, so that only what changed shows in a diff
            if place.exists() and same(Image.open(place).convert("RGB"), picture):
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            picture.save(place, lossless=True, quality=100, method=4)
            print(place.relative_to(KEPT), flush=True)
        browser.close()
    known = {path_of(*pair) for pair in WIDGETS}
    for place in sorted(set(KEPT.rglob("*.webp")) - known):
        place.unlink()
        print(f"{place.relative_to(KEPT)} belongs to no widget and is gone")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
