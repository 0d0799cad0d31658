"""How much of a text a slide bears: first sentences, key sentences, the points of a list, a table's first columns."""

from __future__ import annotations

import re

from autograder.slides.markdown import Block, sentences, words

__all__ = ["first_sentences", "key_sentences", "short_list", "two_columns"]

KEY_WORDS = 45
"""How many words of one paragraph a slide bears."""


def first_sentences(text: str, limit: int) -> str:
    """The first sentences, as many as fit into that many words; at least one."""
    kept: list[str] = []
    for one in sentences(text):
        if kept and words(" ".join([*kept, one])) > limit:
            break
        kept.append(one)
    return " ".join(kept)


def key_sentences(text: str, always: bool = False) -> str:
    """A paragraph's sentences with bold words, two at most; `always` puts its first sentences before them."""
    told = sentences(text)
    chosen = {place for place, one in enumerate(told) if "**" in one and words(one) <= KEY_WORDS}
    if always:
        length = 0
        for place, one in enumerate(told):
            length += words(one)
            if place and length > KEY_WORDS:
                break
            chosen.add(place)
        return " ".join(told[place] for place in sorted(chosen)[:5])
    return " ".join(told[place] for place in sorted(chosen)[:2])


def short_list(block: Block) -> str:
    """A list as Markdown, each point whole or by its first sentence; "" where it is too long for a slide."""
    points = list(block.items)
    if sum(map(words, points)) > 90:
        points = [first_sentences(one, 16) for one in points]
    if sum(map(words, points)) > 140 or len(points) > 9:
        return ""
    marks = [f"{place}." for place in range(1, 10)] if re.match(r"\s*\d", block.text) else ["*"] * 9
    return "\n".join(f"{mark} {one}" for mark, one in zip(marks, points, strict=False))


def two_columns(table: str) -> str:
    """The contents' table without its minutes: the first two columns."""
    rows = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in table.splitlines()]
    return "\n".join(f"| {' | '.join(cell.strip() for cell in row[:2])} |" for row in rows)
