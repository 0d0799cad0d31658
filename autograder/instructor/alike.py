"""How alike a whole class is, everybody with everybody at once.

Similarity is copydetect's: characters of the reduced text that lie in a common stretch, of those that lie in any.  Two
directions are one number here: common characters of both, of all characters of both; 0 where there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autograder.instructor.fingerprints import STRETCH, Print, only

__all__ = ["Class"]

CELLS = 2**24
"""How many truth values one step of the comparison may hold."""


@dataclass(frozen=True)
class Class:
    """The same thing of many people, by index; None where somebody has none.

    members   how many of the first are the class; after them come known sources, compared with the class only
    """

    prints: Sequence[Print | None]
    members: int

    @cached_property
    def common(self) -> NDArray[np.int32]:
        """`(n, n)`: how many characters of the reduced text of i stand in j as well."""
        forms, which = self._forms()
        table = np.zeros((len(forms), len(forms)), np.int32)
        for row, found in _common_characters(forms):
            table[row] = found
        full = np.zeros((len(self.prints), len(self.prints)), np.int32)
        there = np.flatnonzero(which >= 0)
        full[np.ix_(there, there)] = table[np.ix_(which[there], which[there])]
        return full

    @cached_property
    def sizes(self) -> NDArray[np.int32]:
        """`(n,)`: characters of the reduced text that are compared at all."""
        return np.array([0 if one is None else one.token_coverage for one in self.prints], np.int32)

    @cached_property
    def similarity(self) -> NDArray[np.float32]:
        """`(n, n)`: from 0 to 1, symmetric."""
        return self._of_both(self.common)

    def rare(self, limit: int) -> NDArray[np.float32]:
        """`(n, n)`: as `similarity`, but only what at most `limit` members have counts as common."""
        scarce = self.scarce(limit)
        prints = [None if one is None else only(one, one.hashes & scarce) for one in self.prints]
        return self._of_both(Class(prints, self.members).common)

    def scarce(self, limit: int) -> set[int]:
        """The fingerprints that at most so many members have."""
        return {key for key, count in self.holders.items() if count <= limit}

    def _of_both(self, common: NDArray[np.int32]) -> NDArray[np.float32]:
        both = (self.sizes[:, None] + self.sizes[None, :]).astype(np.float32)
        return ((common + common.T) / np.maximum(both, 1)).astype(np.float32)

    @cached_property
    def of_pairs(self) -> NDArray[np.float32]:
        """The similarities of all pairs of members who both have something."""
        there = np.flatnonzero(self.sizes[: self.members] > 0)
        first, second = np.triu_indices(len(there), 1)
        return self.similarity[there[first], there[second]]

    @property
    def median(self) -> float:
        """How similar two members are at the median; NaN with fewer than two."""
        return float(np.median(self.of_pairs)) if len(self.of_pairs) else float("nan")

    @property
    def form_count(self) -> int:
        """How many different reduced texts the members have."""
        return len({one.filtered_code for one in self.prints[: self.members] if one is not None and one.hashes})

    @cached_property
    def holders(self) -> dict[int, int]:
        """How many members have each fingerprint."""
        count: dict[int, int] = {}
        for one in self.prints[: self.members]:
            for key in one.hashes if one is not None else ():
                count[key] = count.get(key, 0) + 1
        return count

    def _forms(self) -> tuple[list[Print], NDArray[np.intp]]:
        """The different reduced texts, and which one each person has (-1: nothing to compare)."""
        places: dict[str, int] = {}
        forms: list[Print] = []
        which = np.full(len(self.prints), -1, np.intp)
        for index, one in enumerate(self.prints):
            if one is None or not one.hashes:
                continue
            if one.filtered_code not in places:
                places[one.filtered_code] = len(forms)
                forms.append(one)
            which[index] = places[one.filtered_code]
        return forms, which


def _common_characters(forms: Sequence[Print]) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """For each form, how many of its characters stand in each form: what copydetect's compare_files counts."""
    if not forms:
        return
    vocabulary = {key: number for number, key in enumerate({key for one in forms for key in one.hashes})}
    words = [np.array([vocabulary[key] for key in one.hash_idx], np.intp) for one in forms]
    owner = np.repeat(np.arange(len(forms)), [len(one) for one in words])
    word = np.concatenate(words)
    order = np.argsort(word, kind="stable")
    holders = owner[order]
    begins = np.searchsorted(word[order], np.arange(len(vocabulary) + 1))
    for row, form in enumerate(forms):
        starts = np.full(len(form.filtered_code), -1, np.intp)
        for number, places in enumerate(form.hash_idx.values()):
            starts[places] = number
        has = np.zeros((len(forms), len(words[row]) + 1), bool)
        first, last = begins[words[row]], begins[words[row] + 1]
        counts = last - first
        entries = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        has[holders[entries], np.repeat(np.arange(len(counts)), counts)] = True
        step = max(1, CELLS // len(starts))
        parts = [_covered(has[at : at + step, starts]).sum(axis=1) for at in range(0, len(forms), step)]
        yield row, np.concatenate(parts).astype(np.int32)


def _covered(starts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`(n, length)` where a stretch begins -> where one lies."""
    covered = starts.copy()
    width = 1
    while width < STRETCH:
        shift = min(width, STRETCH - width)
        covered[:, shift:] |= covered[:, :-shift].copy()
        width += shift
    return covered
