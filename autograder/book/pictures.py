"""Pictures for the web: as WebP, which is smaller than PNG, and each with its size in the page."""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image

__all__ = ["lossless", "shrink", "size", "small"]

LARGE = 100_000
"""Bytes from which a picture is a photograph: it may lose what no eye sees."""


def lossless(picture: bytes) -> bytes:
    """A picture as WebP, pixel for pixel the same."""
    target = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.save(target, "WEBP", lossless=True, quality=80, method=4)
    return target.getvalue()


def small(picture: bytes) -> bytes:
    """A picture as WebP: without loss, or of high quality where that is large and shrinks by half."""
    exact = lossless(picture)
    if len(exact) <= LARGE:
        return exact
    target = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").save(target, "WEBP", quality=85, method=6)
    return target.getvalue() if 2 * len(target.getvalue()) <= len(exact) else exact


def size(picture: bytes) -> tuple[int, int]:
    """Width and height on a page: half of the pixels where the file says that they are dense."""
    with Image.open(io.BytesIO(picture)) as image:
        dense = 2 if float(image.info.get("dpi", (72, 72))[0]) > 140 else 1
        return image.width // dense, image.height // dense


def shrink(site: Path) -> None:
    """Turn the figures of a built site into WebP, and let the pages ask for them late and with their size."""
    folder = site / "_images"
    sizes: dict[str, tuple[int, int]] = {}
    for path in sorted(folder.glob("*.png")):
        picture = path.read_bytes()
        path.with_suffix(".webp").write_bytes(small(picture))
        sizes[path.name] = size(picture)
        path.unlink()
    for page in sorted(site.glob("*.html")):
        text = page.read_text("utf-8")
        changed = re.sub(r'<img\b[^>]*\bsrc="_images/([^"]+\.png)"[^>]*>', lambda found: _late(found, sizes), text)
        # what leads to a picture by a click
        changed = re.sub(r'"_images/([^"]+)\.png"', r'"_images/\1.webp"', changed)
        if changed != text:
            page.write_text(changed, "utf-8")


def _late(found: re.Match[str], sizes: dict[str, tuple[int, int]]) -> str:
    name = found[1]
    tag = found[0].replace(f"_images/{name}", f"_images/{Path(name).stem}.webp")
    width, height = sizes[name]
    tag = re.sub(r'\s(?:width|height|style|loading|decoding)="[^"]*"', "", tag)
    return tag.replace("<img", f'<img loading="lazy" decoding="async" width="{width}" height="{height}"', 1)
