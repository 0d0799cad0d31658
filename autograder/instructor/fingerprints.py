"""Which lines of two sources are the same: copydetect's fingerprints of a source, and its marks.

A source is reduced by copydetect to a text in which names, strings, comments and layout no longer differ; every stretch
of `STRETCH` characters of that text is a fingerprint.  The lines of the released stub are taken out.  Every stretch
is kept (a window of 1), so that the same class gives the same page on every run.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from copydetect import CodeFingerprint, compare_files
from copydetect.utils import get_token_coverage
from numpy.typing import NDArray

__all__ = ["LONGEST", "STRETCH", "Print", "between", "joined", "marked_lines", "only", "print_of"]

STRETCH = 12
"""Characters of reduced text that count as common; `V=V.V(V,V)` has 10."""
LONGEST = 20_000
"""Characters of one cell that are compared; what comes after is data or rubbish."""
Print: TypeAlias = CodeFingerprint
"""What copydetect knows of one source: raw_code, filtered_code, hashes, hash_idx, token_coverage.

`given` is added to it: the lines of its stub.
"""


def print_of(source: str, stub: str = "") -> Print:
    """The fingerprints of what a source adds to the stub; source that is not Python has them as well."""
    text = tidy(source)
    own = _fingerprint(_without_stub(text, tidy(stub)))
    own = only(own, own.hashes - _fingerprint(tidy(stub)).hashes)
    own.raw_code = text
    own.given = {line.strip() for line in tidy(stub).split("\n")}
    return own


def joined(prints: Sequence[Print]) -> Print:
    """Several sources as one; no stretch reaches from one into the next, so that their order says nothing."""
    whole = only(_fingerprint(""), ())
    codes, offsets, begin, raw = [], [], 0, 0
    for one in prints:
        for key, places in one.hash_idx.items():
            whole.hash_idx.setdefault(key, []).extend(place + begin for place in places)
        codes.append(one.filtered_code)
        offsets.append(one.offsets.reshape(-1, 2) + np.array([begin, raw - begin]))
        begin += len(one.filtered_code) + 1
        raw += len(one.raw_code) + 1
    whole.hashes = set(whole.hash_idx)
    whole.filtered_code = "\n".join(codes)
    whole.raw_code = "\n".join(one.raw_code for one in prints)
    whole.offsets = np.concatenate(offsets) if offsets else np.zeros((0, 2), int)
    whole.token_coverage = sum(one.token_coverage for one in prints)
    return whole


def tidy(source: str) -> str:
    """The source as the tokenizer sees it: it drops blank lines at both ends, and positions must not move.

    Without blanks at the ends of lines, of which it takes many seconds to read a cell full.
    """
    text = source.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    return "\n".join(line.rstrip(" \t\f") for line in text.split("\n")).strip("\n")


def _without_stub(text: str, stub: str) -> str:
    """The text with blanks for the lines that stand in the stub as well: its positions stay."""
    lines, given = text.split("\n"), [line.strip() for line in stub.split("\n")]
    same = SequenceMatcher(None, [line.strip() for line in lines], given, autojunk=False)
    for begin, _, count in same.get_matching_blocks():
        block = range(begin, begin + count)
        # Half a docstring would turn the other half into code.
        if sum(lines[at].count('"""') for at in block) % 2 == 0:
            for at in block:
                lines[at] = " " * len(lines[at])
    return "\n".join(lines)


@lru_cache(maxsize=4096)
def _fingerprint(source: str) -> Print:
    found = CodeFingerprint("cell", STRETCH, 1, language="python", fp=io.StringIO(source))
    if len(found.offsets):
        # Behind a class's name copydetect forgets what was removed before; a position never moves backwards.
        found.offsets[:, 1] = np.maximum.accumulate(found.offsets[:, 1])
    return found


def only(whole: Print, keep: Collection[int]) -> Print:
    """The same source with some of its fingerprints.

    copydetect's own `boilerplate` takes fingerprints that occur twice in a source for boilerplate.
    """
    part = CodeFingerprint.__new__(CodeFingerprint)
    part.__dict__.update(whole.__dict__)
    part.hashes = set(keep)
    part.hash_idx = {one: whole.hash_idx[one] for one in keep}
    part.token_coverage = int(get_token_coverage(part.hash_idx, part.k, len(part.filtered_code)))
    return part


def between(first: Print, second: Print) -> tuple[float, float]:
    """The share of the first source that stands in the second, and the other way round."""
    one, two = compare_files(first, second)[1]
    return float(one), float(two)


def marked_lines(source: Print, other: Print, rare: Collection[int] = ()) -> list[tuple[str, str]]:
    """The lines of a source with "rare", "common" or "" for what the other source has as well.

    A line is marked where half of its characters, blanks aside, lie in a common stretch; rare where that stretch is;
    never where the released stub has it.
    """
    text = source.raw_code
    common = _places(source, other, len(text))
    scarce = _places(only(source, source.hashes & set(rare)), other, len(text))
    lines, begin = [], 0
    for line in text.split("\n"):
        ink = np.array([not one.isspace() for one in line], bool)
        where = slice(begin, begin + len(line))
        kind = ""
        if ink.any() and line.strip() not in source.given and common[where][ink].mean() >= 0.5:
            kind = "rare" if scarce[where][ink].mean() >= 0.5 else "common"
        lines.append((line, kind))
        begin += len(line) + 1
    return lines


def _places(source: Print, other: Print, length: int) -> NDArray[np.bool_]:
    """`(length,)`: the characters of a source's own text that lie in a stretch that the other has."""
    found = np.zeros(length, bool)
    slices = compare_files(source, other)[2][0]
    if len(slices):
        for begin, end in slices.T.astype(int):
            found[max(0, begin) : end] = True
    return found
