"""A slide before it is laid out, and what stands on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from autograder.slides.markdown import plain

__all__ = ["CODE_COLUMNS", "Item", "Slide", "alt"]

CODE_COLUMNS = 76
"""How many characters of code stand beside each other on a slide."""


@dataclass(frozen=True)
class Item:
    """One thing on a slide: Markdown, a list, a formula, code, printed text, a figure or a widget.

    content is Markdown, source, or the markup or base64 of an output; alt is a figure's description.
    """

    kind: Literal["text", "lead", "list", "table", "formula", "code", "printed", "figure", "widget"]
    content: str
    alt: str = ""


@dataclass
class Slide:
    """One slide before it is laid out."""

    kind: Literal["title", "section", "text", "picture", "turn"]
    title: str
    section: str = ""
    facts: str = ""
    items: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def alt(slide: Slide) -> str:
    """A figure's description: what there is to notice, else the slide's title."""
    told = next((item.content for item in slide.items if item.kind == "text"), slide.title)
    return plain(told)
