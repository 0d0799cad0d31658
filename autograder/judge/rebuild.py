"""The notebook that is judged: the released one, with only the student's sources put in.

Metadata, outputs, points and checks of a submission decide nothing.  From a submission come the sources of the
solution cells and free answers (by grade id, or by cell id), the sources of cells that the release leaves open, and
the student's own extra cells, in the order in which they stand.  What the student deleted comes back from the release.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from autograder.judge.preflight import SubmittedCell

__all__ = ["Names", "Piece", "Role", "plan", "rebuild", "role_of", "source_of"]

Role = Literal["solution", "question", "check", "locked", "released", "extra"]
Names = tuple[frozenset[str], frozenset[str]] | None
"""The names that a cell binds and the global names that it uses; None where it does not compile."""

CHECK_CALL = re.compile(r"\s*check\(\s*\w+\s*\)\s*+;?\s*+(?:#[^\n]*+)?\s*+")
"""A cell with nothing in it but a check.  Without the possessive `+` a long run of blanks takes cubic time."""
IDENTIFIER = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Piece:
    """One cell of the rebuilt notebook.

    release   the released cell that it stands for, None for the student's extra cells
    changed   whether its source differs from the released one (always for extra cells)
    """

    kind: str
    source: str
    role: Role
    name: str = ""
    release: Mapping[str, Any] | None = None
    changed: bool = False


def source_of(cell: Mapping[str, Any]) -> str:
    """A notebook cell's source as one string."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def role_of(cell: Mapping[str, Any]) -> tuple[Role, str]:
    """What a released cell is, from its nbgrader metadata, and its grade id."""
    mark = cell.get("metadata", {}).get("nbgrader", {})
    name = str(mark.get("grade_id", ""))
    if mark.get("solution"):
        return ("question" if mark.get("grade") else "solution"), name
    if mark.get("grade"):
        return "check", name
    return ("locked" if mark.get("locked") else "released"), name


def rebuild(release: Sequence[Mapping[str, Any]], submitted: Sequence[SubmittedCell]) -> list[Piece]:
    """The released cells with the student's sources, and the student's extra cells where they stood."""
    slots = _match(release, submitted)
    owner = {index: slot for slot, index in slots.items()}
    named = {name: (role, source_of(cell)) for cell in release for role, name in [role_of(cell)] if name}
    placed: list[tuple[int | None, Piece]] = []
    for index, cell in enumerate(submitted):
        if index in owner:
            slot = owner[index]
            placed.append((slot, _fill(release[slot], cell)))
        elif not _is_copy(cell, named):
            placed.append((None, Piece(cell.kind, cell.source, "extra", changed=True)))
    for slot, released in enumerate(release):
        if slot not in slots:
            # After the released cell before it, wherever the student moved that one.
            where = next((place + 1 for place, (other, _) in enumerate(placed) if other == slot - 1), 0)
            placed.insert(where, (slot, _fill(released, None)))
    return [piece for _, piece in placed]


def _match(release: Sequence[Mapping[str, Any]], submitted: Sequence[SubmittedCell]) -> dict[int, int]:
    """For each released cell that is there, the index of the submitted cell that stands for it."""
    found: dict[int, list[int]] = {}
    by_grade_id = {name: slot for slot, cell in enumerate(release) if (name := role_of(cell)[1])}
    by_cell_id = {str(cell["id"]): slot for slot, cell in enumerate(release) if cell.get("id")}
    taken: set[int] = set()
    # A grade id is the strongest sign, then the cell's own id, then the same text.
    for names, key in ((by_grade_id, "grade_id"), (by_cell_id, "cell_id")):
        for index, cell in enumerate(submitted):
            slot = names.get(getattr(cell, key))
            if slot is None or index in taken or cell.kind != release[slot]["cell_type"]:
                continue
            if key == "cell_id" and slot in found:
                continue
            found.setdefault(slot, []).append(index)
            taken.add(index)
    texts: dict[tuple[str, str], list[int]] = {}
    for slot, released in enumerate(release):
        if slot not in found:
            texts.setdefault((str(released["cell_type"]), source_of(released)), []).append(slot)
    for index, cell in enumerate(submitted):
        waiting = texts.get((cell.kind, cell.source))
        if index not in taken and waiting:
            found[waiting.pop(0)] = [index]
    return {slot: _choose(release[slot], indices, submitted) for slot, indices in found.items()}


def _choose(cell: Mapping[str, Any], indices: Sequence[int], submitted: Sequence[SubmittedCell]) -> int:
    """Which of several copies of a cell counts: the last that was worked on; the others become extra cells."""
    worked_on = [index for index in indices if submitted[index].source != source_of(cell)]
    return (worked_on or indices)[-1]


def _is_copy(cell: SubmittedCell, named: Mapping[str, tuple[Role, str]]) -> bool:
    """A second copy of a cell that the student did not work on: an untouched stub, a check, or locked text."""
    role, source = named.get(cell.grade_id, ("extra", ""))
    return role in ("check", "locked") or (role != "extra" and cell.source == source)


def _fill(cell: Mapping[str, Any], given: SubmittedCell | None) -> Piece:
    """A released cell with the student's source where the release leaves that open."""
    role, name = role_of(cell)
    own = source_of(cell)
    source = own if given is None or role in ("check", "locked") else given.source
    return Piece(str(cell["cell_type"]), source, role, name, cell, changed=source != own)


def plan(pieces: Sequence[Piece], names: Sequence[Names]) -> list[bool]:
    """Which pieces are run.

    The student's code cells run.  A released cell that is unchanged runs only when it binds a name that a running
    cell uses, so that demonstrations, widgets and training loops cost nothing.  Checks never run.  An untouched stub
    does not run when the student defines the function elsewhere: it would replace it.
    """
    runs = [_is_students_code(piece) for piece in pieces]
    elsewhere = {
        name for piece, known, own in zip(pieces, names, runs, strict=True) if own and known for name in known[0]
    }
    for index, piece in enumerate(pieces):
        if piece.role == "solution" and piece.kind == "code" and not piece.changed and piece.name not in elsewhere:
            runs[index] = True
    needed: set[str] = set()
    waiting = [index for index, run in enumerate(runs) if run]
    while waiting:
        for index in waiting:
            needed |= _uses(pieces[index], names[index])
        waiting = [
            index
            for index, piece in enumerate(pieces)
            if not runs[index]
            and piece.kind == "code"
            and piece.role in ("released", "locked")
            and _binds_any(names[index], needed)
        ]
        for index in waiting:
            runs[index] = True
    return runs


def _is_students_code(piece: Piece) -> bool:
    if piece.kind != "code" or not piece.changed or piece.role in ("check", "locked"):
        return False
    return not CHECK_CALL.fullmatch(piece.source)


def _uses(piece: Piece, known: Names) -> frozenset[str]:
    """The names that a piece uses; every word of it where it does not compile."""
    return known[1] if known is not None else frozenset(IDENTIFIER.findall(piece.source))


def _binds_any(known: Names, needed: set[str]) -> bool:
    return known is None or bool(known[0] & needed)
