"""A widget's static part for the book: its data in a file that the page asks for when the widget comes near."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path

from autograder.book.pictures import lossless, size
from autograder.errors import CourseError

__all__ = ["FOLDER", "is_widget", "place", "scripts"]

FOLDER = "_static/widgets"

FRAGMENT = re.compile(
    r'<div class="ck-static"><img class="ck-poster" style="[^"]*" alt="(?P<says>[^"]*)" '
    r'src="data:image/png;base64,(?P<poster>[^"]*)"><script type="application/json">(?P<traits>.*)</script></div>',
    re.DOTALL,
)
"""What course.widgets.kit gives for a page without Jupyter."""


def is_widget(markup: str) -> bool:
    """Whether an output's HTML is the static part of a widget."""
    return markup.startswith('<div class="ck-static">')


def place(markup: str, site: Path) -> str:
    """Write a widget's poster and data into the site, and give the markup that stands in the page.

    Without the script the page shows the poster, which carries the state's sentence; the widget takes its place.
    """
    found = FRAGMENT.fullmatch(markup)
    if found is None:
        raise CourseError(f"a widget's static part has another form than the book reads: {markup[:80]!r}")
    picture = lossless(base64.b64decode(found["poster"]))
    name = hashlib.sha256(found["traits"].encode() + picture).hexdigest()[:16]
    folder = site / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.webp").write_bytes(picture)
    # a script and not JSON: it can be asked for on a page that was opened from a file, too
    (folder / f"{name}.js").write_text(f'courseBook.traits("{name}",{found["traits"]});\n', "utf-8")
    width, height = size(picture)
    return (
        f'<div class="book-widget" data-widget="{name}"><div class="ck-static">'
        f'<img class="ck-poster" loading="lazy" decoding="async" width="{width}" height="{height}" '
        f'alt="{html.escape(html.unescape(found["says"]))}" src="{FOLDER}/{name}.webp"></div></div>'
    )


def scripts(kit: Path) -> str:
    """The widgets' front end as one plain script, which also runs on a page that was opened from a file."""
    front, host = ((kit / name).read_text("utf-8") for name in ("explorer.js", "static_host.js"))
    parts = (("export default { render };", ""), ("export async function mountAll", "async function mountAll"))
    joined = front + host
    for old, new in parts:
        if joined.count(old) != 1:
            raise CourseError(f"course/widgets/kit has no {old!r}; the book joins its scripts there")
        joined = joined.replace(old, new)
    return f"(() => {{\n{joined}\nwindow.courseWidgets = {{ render, mountAll }};\n}})();\n"
