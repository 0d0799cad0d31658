"""Compare everybody with everybody: the pairs that are alike, and how alike the class is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autograder.instructor.alike import Class
from autograder.instructor.fingerprints import LONGEST, Print, between, joined, marked_lines, print_of

__all__ = ["ExerciseRow", "Found", "Pair", "Part", "Table", "compare"]

People = Mapping[str, Mapping[str, str]]
Lines = list[tuple[str, str]]


@dataclass(frozen=True)
class Part:
    """One exercise of a pair: how alike, the class's median, and both sources, line by line with its mark."""

    name: str
    similarity: float
    median: float
    left: Lines
    right: Lines


@dataclass(frozen=True)
class Pair:
    """Two sources that are alike.

    similarity       common code of both, of all code of both
    rare             the same, counting only what few others have
    of_left          the share of the left that stands in the right
    models           how much of each stands in the model answers; NaN without them
    exercise         "" for whole submissions
    """

    left: str
    right: str
    similarity: float
    rare: float
    of_left: float
    of_right: float
    models: tuple[float, float]
    parts: tuple[Part, ...]
    exercise: str = ""


@dataclass(frozen=True)
class Table:
    """The first pairs of those at the threshold or over it, of all that were compared."""

    pairs: tuple[Pair, ...] = ()
    over: int = 0
    all: int = 0


@dataclass(frozen=True)
class ExerciseRow:
    """How alike a class is in an exercise: pairs at the median, and the share of pairs over the threshold.

    answers   how many have an answer that is long enough to compare
    short     how many have one that is not
    forms     how many different reduced texts the answers have
    telling   whether the median is below the threshold
    """

    name: str
    answers: int
    short: int
    forms: int
    median: float
    over: float
    model: float
    telling: bool


@dataclass
class Found:
    """Everything that the page shows."""

    threshold: float
    members: int
    few: int
    median: float
    whole: Table = field(default_factory=Table)
    archive: Table = field(default_factory=Table)
    single: Table = field(default_factory=Table)
    model: list[tuple[str, float, float]] = field(default_factory=list)
    exercises: list[ExerciseRow] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    archived: int = 0
    has_model: bool = False


def compare(
    members: People, archive: People, model: Mapping[str, str], stubs: Mapping[str, str], threshold: float, most: int
) -> Found:
    """Compare the class, and the class with the known sources; `most` pairs are shown in each table."""
    people: list[tuple[str, Mapping[str, str]]] = [*members.items(), *archive.items(), ("the model answers", model)]
    work = _Work(people, len(members), stubs)
    found = Found(threshold, len(members), work.few, float("nan"), archived=len(archive), has_model=bool(model))
    found.cut = work.cut
    whole = Class(work.whole, len(members))
    found.median = whole.median
    found.empty = [name for name, size in zip(members, whole.sizes, strict=False) if not size]
    class_, earlier = slice(0, len(members)), slice(len(members), len(people) - 1)
    rare = whole.rare(work.few)
    inside = np.triu(np.ones((len(members), len(members)), bool), 1)
    chosen, over = _first(whole.similarity[class_, class_], rare[class_, class_], inside, threshold, most)

    medians: dict[str, float] = {}
    alone: list[tuple[float, str, int, int, float]] = []
    single_over = 0
    alike = whole.similarity[class_, class_] >= threshold
    for name in work.names:
        row, candidates = _exercise(name, Class(work.parts[name], len(members)), work.few, threshold, inside & ~alike)
        medians[name] = row.median
        if row.answers or row.short:
            found.exercises.append(row)
        single_over += len(candidates)
        alone += [(*one[:1], name, *one[1:]) for one in candidates]

    scarce = whole.scarce(work.few)
    found.whole = Table(tuple(work.pair(a, b, rare[a, b], scarce, medians) for a, b in chosen), over, int(inside.sum()))
    alone.sort(key=lambda one: (-one[0], one[1:4]))
    singles = [work.pair(a, b, share, scarce, medians, name) for _, name, a, b, share in alone[:most]]
    found.single = Table(tuple(singles), single_over, 0)
    if archive:
        every = np.ones((len(members), len(archive)), bool)
        places, over = _first(whole.similarity[class_, earlier], rare[class_, earlier], every, threshold, most)
        shift = len(members)
        pairs = tuple(work.pair(a, b + shift, rare[a, b + shift], scarce, medians) for a, b in places)
        found.archive = Table(pairs, over, every.size)
    if model:
        near = whole.similarity[class_, -1]
        close = [at for at in np.argsort(-near, kind="stable") if near[at] >= threshold]
        found.model = [(people[at][0], float(near[at]), between(work.whole[at], work.whole[-1])[0]) for at in close]
    return found


class _Work:
    """The fingerprints of everybody, and the pairs made of them."""

    def __init__(self, people: Sequence[tuple[str, Mapping[str, str]]], members: int, stubs: Mapping[str, str]) -> None:
        self.people = people
        self.few = max(2, min(10, members // 4))
        others = dict.fromkeys(name for _, parts in people for name in parts if name not in stubs)
        self.names = [*stubs, *others]
        self.cut = [
            f"{who}: {name} has {len(source):,} characters; the first {LONGEST:,} are compared"
            for who, parts in people
            for name, source in parts.items()
            if len(source) > LONGEST
        ]
        short = [{name: parts[name][:LONGEST] for name in self.names if name in parts} for _, parts in people]
        every = "\n".join(stubs.values())
        self.parts: dict[str, list[Print | None]] = {
            name: [print_of(one[name], stubs.get(name, every)) if name in one else None for one in short]
            for name in self.names
        }
        columns = zip(*self.parts.values(), strict=True)
        self.whole = [joined([one for one in row if one is not None]) for row in columns]

    def pair(
        self, a: int, b: int, rare: float, scarce: set[int], medians: Mapping[str, float], exercise: str = ""
    ) -> Pair:
        """Everything about two people: whole submissions, or one exercise."""
        left, right = (self.parts[exercise][one] if exercise else self.whole[one] for one in (a, b))
        assert left is not None
        assert right is not None
        names = [exercise] if exercise else self.names
        parts = (self._part(name, a, b, scarce, medians[name]) for name in names)
        models = tuple(
            between(one, self.whole[-1])[0] if self.whole[-1].hashes else float("nan") for one in (left, right)
        )
        return Pair(
            self.people[a][0],
            self.people[b][0],
            float(Class([left, right], 2).similarity[0, 1]),
            float(rare),
            *between(left, right),
            (models[0], models[1]),
            tuple(one for one in parts if one is not None),
            exercise,
        )

    def _part(self, name: str, a: int, b: int, scarce: set[int], median: float) -> Part | None:
        left, right = self.parts[name][a], self.parts[name][b]
        if left is None and right is None:
            return None
        both = float(Class([left, right], 2).similarity[0, 1])
        # Against everything that the other one handed in: a function may have moved to another cell.
        lines = [
            [] if one is None else marked_lines(one, self.whole[other], scarce)
            for one, other in ((left, b), (right, a))
        ]
        return Part(name, both, median, *lines)


def _first(
    similarity: NDArray[np.float32], rare: NDArray[np.float32], where: NDArray[np.bool_], threshold: float, most: int
) -> tuple[list[tuple[int, int]], int]:
    """The most similar pairs at the threshold or over it, those with rare code first among equals; and how many."""
    rows, columns = np.nonzero(where & (similarity >= threshold))
    order = np.lexsort((columns, rows, -rare[rows, columns], -similarity[rows, columns].round(4)))[:most]
    return [(int(rows[one]), int(columns[one])) for one in order], len(rows)


def _exercise(
    name: str, answers: Class, few: int, threshold: float, where: NDArray[np.bool_]
) -> tuple[ExerciseRow, list[tuple[float, int, int, float]]]:
    """How alike the class is in one exercise, and the pairs that stand out in it: (common characters, a, b, rare)."""
    count = answers.members
    there = answers.sizes[:count] > 0
    pairs = answers.of_pairs
    median = answers.median
    telling = bool(len(pairs)) and median < threshold
    model = answers.similarity[:count, -1][there]
    row = ExerciseRow(
        name,
        int(there.sum()),
        sum(one is not None for one in answers.prints[:count]) - int(there.sum()),
        answers.form_count,
        median,
        float((pairs >= threshold).mean()) if len(pairs) else float("nan"),
        float(np.median(model)) if len(model) and answers.sizes[-1] else float("nan"),
        telling,
    )
    if not telling:
        return row, []
    rare = answers.rare(few)[:count, :count]
    rows, columns = np.nonzero(where & (answers.similarity[:count, :count] >= threshold) & (rare >= 0.5))
    sizes = answers.common[rows, columns]
    return row, [
        (float(size), int(a), int(b), float(rare[a, b])) for size, a, b in zip(sizes, rows, columns, strict=True)
    ]
