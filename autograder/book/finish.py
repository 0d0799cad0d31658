"""After Sphinx: smaller pictures, no icon font, and no script on a page that does not use it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from autograder.book import pictures

__all__ = ["finish"]

UNUSED = (
    ".buildinfo",
    "objects.inv",
    "_sources",
    "_static/locales",
    "_static/vendor",
    "_static/scripts/fontawesome.js",
    "_static/scripts/fontawesome.js.LICENSE.txt",
    "_static/sbt-webpack-macros.html",
    "_static/webpack-macros.html",
)
"""What the theme brings and no page asks for; its icons are drawn by book.css."""

ICONS = re.compile(r"\s*<(?:script|link)\b[^>]*fontawesome[^>]*>(?:</script>)?")
PRELOAD = re.compile(r'\s*<link rel="preload" as="script"[^>]*>')
SEARCH = re.compile(r'\s*<script src="(?:_static/searchtools\.js|_static/language_data\.js|searchindex\.js)"></script>')
"""The theme puts the index into every page, for a search while one types; ours searches on its own page."""


def finish(site: Path) -> None:
    """Make a built site light."""
    for name in UNUSED:
        path = site / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for path in site.rglob("*.map"):
        path.unlink()
    for page in sorted(site.glob("*.html")):
        text = PRELOAD.sub("", ICONS.sub("", page.read_text("utf-8")))
        if page.name != "search.html":
            text = SEARCH.sub("", text)
        page.write_text(text, "utf-8")
    pictures.shrink(site)
    # a server such as GitHub's leaves out folders that begin with an underscore, unless it is told
    (site / ".nojekyll").touch()
