"""A master's prose as blocks: headings, paragraphs, lists, tables, formulas and code, each with its HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograder.book import formulas

__all__ = ["Block", "blocks", "coloured", "html", "label", "plain", "sentences", "words"]

Kind = Literal["heading", "paragraph", "list", "table", "formula", "code"]

KINDS: dict[str, Kind] = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "math_block": "formula",
    "fence": "code",
    "code_block": "code",
}

LABEL = re.compile(r"\*\*([^*]+?[.:?])\*\*\s*")
"""What a paragraph may begin with: **By hand.**"""


@dataclass(frozen=True)
class Block:
    """One block of a text.  text is its Markdown; level is a heading's; items are those of a list."""

    kind: Kind
    text: str
    level: int = 0
    items: tuple[str, ...] = ()


def blocks(source: str) -> Iterator[Block]:
    """The blocks of a text, in order; what is none of them (a rule, raw HTML) is left out."""
    lines = source.splitlines()
    depth = 0
    items: list[str] = []
    for token in _reader().parse(source):
        if token.type == "list_item_open" and depth == 1:
            assert token.map is not None
            items.append(_item("\n".join(lines[slice(*token.map)])))
        if token.nesting == -1:
            depth -= 1
        if depth == 0 and token.nesting != -1 and token.type in KINDS:
            assert token.map is not None
            start = token
            text = "\n".join(lines[slice(*token.map)]).strip()
        if token.nesting == 1:
            depth += 1
        if depth == 0 and token.type.replace("_close", "_open") in KINDS:
            kind = KINDS[start.type]
            level = int(start.tag[1]) if kind == "heading" else 0
            yield Block(kind, text.lstrip("# ") if kind == "heading" else text, level, tuple(items))
            items = []


def _item(text: str) -> str:
    """A list's item without its mark."""
    return " ".join(re.sub(r"^\s*(?:[*+-]|\d+[.)])\s+", "", text).split())


def html(markdown: str) -> str:
    """Markdown as HTML with its formulas set."""
    return str(_reader().render(markdown)).strip()


def coloured(code: str) -> str:
    """Python with its colours."""
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

    return str(highlight(code, PythonLexer(), HtmlFormatter(nowrap=True))).rstrip("\n")


def sentences(paragraph: str) -> list[str]:
    """A paragraph's sentences; none ends inside a formula, code or bold words."""
    text = " ".join(paragraph.split())
    hidden: list[str] = []

    def hide(found: re.Match[str]) -> str:
        hidden.append(found[0])
        return f"\x00{len(hidden) - 1}\x00"

    masked = re.sub(r"\$[^$]+\$|`[^`]+`|\[[^\]]*\]\([^)]*\)", hide, text)
    parts: list[str] = []
    for piece in re.split(r"(?<=[.?!])(?=\s)|(?<=[.?!]\*\*)(?=\s)|(?<=[.?!]\))(?=\s)", masked):
        if parts and (parts[-1].count("**") % 2 or not re.match(r"\s+[*\"“(]*[A-Z\x00\d]", piece)):
            parts[-1] += piece
        else:
            parts.append(piece)
    return [
        re.sub(r"\x00(\d+)\x00", lambda found: hidden[int(found[1])], part).strip() for part in parts if part.strip()
    ]


def label(paragraph: str) -> tuple[str, str]:
    """("By hand.", the rest) of a paragraph that begins with bold words that end in a stop; ("", all) of others."""
    found = LABEL.match(paragraph)
    return (found[1], paragraph[found.end() :].strip()) if found else ("", paragraph)


def plain(markdown: str) -> str:
    """Markdown as one line of words; a formula keeps about the letters that will be seen."""
    text = re.sub(r"\\(?:text|mathrm|frac|sqrt|begin|end|left|right|[a-zA-Z]+)", "", markdown)
    return " ".join(re.sub(r"[*`${}^_\\]", "", text).split())


def words(markdown: str) -> int:
    """How many words there are; a formula counts as one."""
    return len(re.findall(r"\S+", re.sub(r"\$[^$]+\$", "formula", markdown)))


@cache
def _reader() -> MarkdownIt:
    def formula(content: str, options: dict[str, Any]) -> str:
        return formulas.render(content.strip(), bool(options.get("display_mode")))

    made = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable(["table", "strikethrough"])
    return made.use(dollarmath_plugin, double_inline=True, renderer=formula)
