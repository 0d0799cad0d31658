"""Slides as one page of HTML for reveal.js, with the files that it shows."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence
from pathlib import Path
from string import Template

from autograder.book import widgets
from autograder.book.pictures import lossless, size
from autograder.slides.layout import HEIGHT, WIDTH
from autograder.slides.markdown import coloured
from autograder.slides.markdown import html as rendered
from autograder.slides.slide import Item, Slide, alt

__all__ = ["index", "page"]

HERE = Path(__file__).parent
PAGE = Template((HERE / "theme" / "deck.html").read_text("utf-8"))
INDEX = Template((HERE / "theme" / "index.html").read_text("utf-8"))


def page(title: str, slides: Sequence[Slide], site: Path) -> str:
    """The deck's page; pictures and widgets' data go into the site's folder."""
    columns: list[list[str]] = []
    for slide in slides:
        if slide.kind in ("title", "section") or not columns:
            columns.append([])
        columns[-1].append(_slide(slide, site))
    body = "\n".join(f"<section>\n{''.join(column)}</section>" for column in columns)
    return PAGE.substitute(title=html.escape(title), slides=body, width=WIDTH, height=HEIGHT)


def index(decks: Sequence[tuple[str, str, int]]) -> str:
    """The page that lists the decks, each (stem, title, number of slides)."""
    rows = "\n".join(
        f'<li><a href="{stem}.html">{html.escape(title)}</a> <span>{count} slides</span></li>'
        for stem, title, count in decks
    )
    return INDEX.substitute(decks=rows)


def _slide(slide: Slide, site: Path) -> str:
    heading = "h1" if slide.kind == "title" else "h2"
    above = html.escape(slide.section) if slide.section not in ("", slide.title) else ""
    if slide.kind == "turn":
        facts = f'<span class="facts">{html.escape(slide.facts)}</span>'
        above = f'<span class="badge">Your turn</span> {facts}'
    title = rendered(slide.title).removeprefix("<p>").removesuffix("</p>")
    items = "".join(_item(item, slide, site) for item in slide.items)
    notes = "".join(rendered(note) for note in slide.notes)
    aside = f'<aside class="notes">{notes}</aside>' if notes else ""
    return (
        f'<section class="{slide.kind}"><header>{f"<p>{above}</p>" if above else ""}'
        f"<{heading}>{title}</{heading}></header>"
        f'<div class="content"><div class="fit">{items}</div></div>{aside}</section>\n'
    )


def _item(item: Item, slide: Slide, site: Path) -> str:
    if item.kind == "widget":
        return widgets.place(item.content, site)
    if item.kind == "figure":
        return _figure(item, slide, site)
    if item.kind == "code":
        return f'<pre class="code"><code>{coloured(item.content)}</code></pre>'
    if item.kind == "printed":
        return f'<pre class="printed">{html.escape(item.content)}</pre>'
    return f'<div class="{item.kind}">{rendered(item.content)}</div>'


def _figure(item: Item, slide: Slide, site: Path) -> str:
    picture = lossless(base64.b64decode(item.content))
    name = f"{hashlib.sha256(picture).hexdigest()[:16]}.webp"
    folder = site / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(picture)
    width, height = size(picture)
    told = html.escape(alt(slide), quote=True)
    return f'<img class="figure" loading="lazy" width="{width}" height="{height}" alt="{told}" src="figures/{name}">'
