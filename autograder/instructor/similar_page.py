"""The page of similar submissions: one HTML file that needs nothing else and runs nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import jinja2

from autograder.instructor.fingerprints import LONGEST, STRETCH
from autograder.instructor.similar_pairs import Found

__all__ = ["page"]

TEMPLATES = Path(__file__).parent / "templates"


def page(chapter: str, found: Found, refused: Sequence[str]) -> str:
    """The page as text; everything that a student wrote is escaped."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["percent"] = _percent
    return templates.get_template("similar.html.j2").render(
        chapter=chapter, found=found, refused=refused, stretch=STRETCH, longest=LONGEST
    )


def _percent(share: float) -> str:
    """A share as whole per cent; 100 % only where nothing differs."""
    if math.isnan(share):
        return "–"
    return f"{min(round(100 * share), 99 if share < 0.99995 else 100)} %"
