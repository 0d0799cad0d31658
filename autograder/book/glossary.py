"""The glossary and the index of symbols, made from the tables that the chapters have anyway."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.book.chapter import Chapter
from autograder.release.master import Master

__all__ = ["Row", "glossary", "symbols", "tables"]

FORMULA = re.compile(r"\$[^$]+\$")


@dataclass(frozen=True)
class Row:
    """One row of a chapter's table, by the table's headings."""

    chapter: Chapter
    cells: dict[str, str]


def tables(chapter: Chapter, master: Master, first: str) -> Iterator[Row]:
    """The rows of all tables of a chapter whose first heading is this one."""
    for cell in master.cells:
        if cell.kind != "prose":
            continue
        head: list[str] = []
        for line in cell.source.splitlines():
            if not line.startswith("|"):
                head = []
            elif not head:
                head = _cells(line)
            elif head[0] == first and not set(line) <= set("|-: "):
                yield Row(chapter, dict(zip(head, _cells(line), strict=True)))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]


def glossary(rows: Sequence[Row]) -> str:
    """The page of words, as MyST: every word at its letter, the second and later words of a row with a pointer."""
    entries: dict[str, list[str]] = {}
    heads: dict[str, str] = {}
    for row in rows:
        if not set(row.cells) >= {"word", "meaning"}:
            continue
        word, meaning = row.cells["word"], row.cells["meaning"]
        entries.setdefault(word, []).append(f"{meaning} ({_link(row.chapter)})")
        for other in _words(word)[1:]:
            heads.setdefault(other, word)
    firsts = {_words(word)[0].lower() for word in entries}
    for other, word in heads.items():
        if other.lower() not in firsts:
            entries[other] = [f"see *{word}*"]
    lines = [
        "# Glossary",
        "",
        "The words of the course, from the tables at the end of its chapters.",
        "",
    ]
    letter = ""
    for word in sorted(entries, key=lambda one: (_key(one), one)):
        if _key(word)[:1].upper() != letter:
            letter = _key(word)[:1].upper()
            lines += [f"## {letter}", ""]
        lines.append(word)
        lines += [f": {meaning}" for meaning in entries[word]]
        lines.append("")
    return "\n".join(lines)


def symbols(letters: Sequence[Row], words: Sequence[Row]) -> str:
    """The page of symbols, as MyST: one table for each chapter that explains symbols."""
    lines = [
        "# Symbols",
        "",
        "What a letter stands for, from the tables of the chapters. The same letter can stand for different things in "
        "different chapters.",
        "",
    ]
    entries: dict[int, list[tuple[str, str, str]]] = {}
    titles: dict[int, Chapter] = {}
    for row in letters:
        titles[row.chapter.number] = row.chapter
        rest = [text for name, text in row.cells.items() if name not in ("letter", "in code") and text]
        entry = (row.cells["letter"], row.cells.get("in code", ""), "; ".join(rest))
        entries.setdefault(row.chapter.number, []).append(entry)
    for row in words:
        for formula in FORMULA.findall(row.cells["word"]):
            titles[row.chapter.number] = row.chapter
            meaning = f"{_around(row.cells['word'], formula)}: {row.cells['meaning']}"
            entries.setdefault(row.chapter.number, []).append((formula, "", meaning))
    for number in sorted(entries):
        lines += [f"## {_plain_link(titles[number])}", "", "| symbol | in code | stands for |", "|---|---|---|"]
        lines += [f"| {symbol} | {code} | {rest} |" for symbol, code, rest in entries[number]]
        lines.append("")
    return "\n".join(lines)


def _around(word: str, formula: str) -> str:
    """The words of a row without its formulas: "pre-activation, activation"."""
    return ", ".join(filter(None, (_named(part) for part in word.split(",")))) or formula


def _words(cell: str) -> list[str]:
    """The words of a cell that names several: "weight, bias; parameter"."""
    return [one for one in (_named(part) for part in re.split(r"[,;]", cell)) if one] or [cell]


def _named(part: str) -> str:
    """A word without its formulas: "activation $a$ or $h$" is "activation"."""
    return re.sub(r"(\s+or)+$", "", " ".join(FORMULA.sub("", part).split()))


def _key(word: str) -> str:
    """What a word is sorted by."""
    return re.sub(r"[^a-z0-9 ]", "", FORMULA.sub("", word).lower()).strip() or word


def _link(chapter: Chapter) -> str:
    return f"[chapter {chapter.number}]({chapter.stem})"


def _plain_link(chapter: Chapter) -> str:
    return f"[Chapter {chapter.number}: {chapter.title}]({chapter.stem})"
