"""Formulas as MathML while the book is built, which browsers draw themselves: no script, one font.

math-core reads the TeX.  The font is STIX Two Math (SIL Open Font Licence), which the package ziamath carries; the
site gets the part of it that formulas need.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from docutils.nodes import SkipNode  # type: ignore[import-untyped]
from math_core import LatexError, LatexToMathML

from autograder.errors import CourseError

__all__ = ["FONT", "STYLE", "characters", "render", "setup", "write_style"]

STYLE = "formulas.css"
FONT = "stix-two-math.woff"
CSS = f"""@font-face {{
  font-family: "STIX Two Math";
  src: url("{FONT}") format("woff");
  font-display: swap;
}}
math {{ font-family: "STIX Two Math", math; font-size: 1.08em; }}
"""
CHARACTERS = (
    *range(0x20, 0x180), *range(0x2B0, 0x370), *range(0x370, 0x400), *range(0x2010, 0x2070), *range(0x20D0, 0x20F0),
    *range(0x2100, 0x2150), *range(0x2190, 0x2300), *range(0x23DC, 0x23E2), *range(0x27E6, 0x27F0),
    *range(0x2A00, 0x2A10), *range(0x1D434, 0x1D454), *range(0x1D44E, 0x1D468), *range(0x1D400, 0x1D434),
    *range(0x1D49C, 0x1D4D0), *range(0x1D6A8, 0x1D71C),
)  # fmt: skip
"""What formulas of the course are made of: Latin, Greek, operators, arrows, brackets, and mathematical letters."""
RADICAL = 0x221A
"""The sign that a browser draws for a root, which stands in no element's text."""
CONVERTER = LatexToMathML(fancy_error=False)


@cache
def render(formula: str, display: bool = False) -> str:
    """A TeX formula as MathML; CourseError with one line for a formula that cannot be read."""
    try:
        return CONVERTER.convert_with_local_state(formula, displaystyle=display)
    except LatexError as problem:
        raise CourseError(f"the formula {formula!r} cannot be set: {problem}") from None


def characters(pages: str) -> set[int]:
    """The characters that the formulas in pages of HTML are drawn with; letters also as their italic twins."""
    drawn = "".join(re.findall(r"<math\b.*?</math>", pages, re.DOTALL))
    italic = {*range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C), 0x210E, 0x1D6A4, 0x1D6A5}
    roots = {RADICAL} if re.search(r"<m(sqrt|root)\b", drawn) else set()
    return italic | roots | set(map(ord, html.unescape(re.sub(r"<[^>]*>", "", drawn))))


def write_style(folder: Path, used: Iterable[int] = CHARACTERS) -> None:
    """Put the style sheet of formulas into a folder of the site, and the font with the characters that are used.

    The font takes 340 kB with all of CHARACTERS, and 100 kB with those of the book's own formulas.
    """
    found = find_spec("ziamath")
    if found is None or found.origin is None:
        raise CourseError("formulas need the font of the package ziamath: python -m pip install ziamath")
    from fontTools import subset

    options = subset.Options(flavor="woff", notdef_outline=True, layout_features=["*"])
    font = subset.load_font(str(Path(found.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"), options)
    chosen = subset.Subsetter(options)
    chosen.populate(unicodes=sorted(used))
    chosen.subset(font)
    folder.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, str(folder / FONT), options)
    font.close()
    (folder / STYLE).write_text(CSS, "utf-8")


def inline(writer: Any, node: Any) -> None:
    """Sphinx's writer comes to a formula in a line."""
    writer.body.append(f'<span class="math">{render(node.astext())}</span>')
    raise SkipNode


def displayed(writer: Any, node: Any) -> None:
    """Sphinx's writer comes to a formula in a line of its own; a wide one scrolls by itself."""
    writer.body.append(f'<div class="math">{render(node.astext(), True)}</div>')
    raise SkipNode


def setup(app: Any) -> dict[str, Any]:
    """Sphinx calls this: it makes MathML the form of formulas in pages of HTML."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(displayed, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
