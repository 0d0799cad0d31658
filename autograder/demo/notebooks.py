"""What students and their tools do to a notebook's file: answers put in, cells added, copied and lost, metadata edited.

Every function takes and gives the text of a notebook's file.
"""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Mapping
from typing import Any

import nbformat

__all__ = ["bare", "copied", "edited", "filled", "forged", "old"]

MORE_POINTS = 1000


def filled(release: str, sources: Mapping[str, str], extra: str = "") -> str:
    """The released notebook with these cells' sources (by grade id), and an extra cell before the last exercise."""
    notebook = nbformat.reads(release, as_version=4)
    last = 0
    for index, cell in enumerate(notebook.cells):
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("solution"):
            cell.source = sources.get(mark["grade_id"], cell.source)
            last = index if cell.cell_type == "code" else last
    if extra:
        notebook.cells.insert(last, nbformat.v4.new_code_cell(extra.strip(), id="extra"))
    return str(nbformat.writes(notebook)) + "\n"


def copied(text: str, first_try: Mapping[str, str]) -> str:
    """With cells of one's own, and with copies: of each check, and above these answers an earlier try (by grade id)."""
    notebook = json.loads(text)
    cells: list[dict[str, Any]] = [_own("markdown", "My notes: read the section again before the exam.")]
    for cell in notebook["cells"]:
        role, name = _role(cell)
        if role == "solution" and name in first_try:
            cells.append(_copy(cell, first_try[name]))
        cells.append(cell)
        if role == "check":
            cells.append(_copy(cell, cell["source"]))
    # Cells of the notebook as the editors make them: a magic, a question to the reader, a mistake that nobody needs.
    cells += [_own("code", "%time total = sum(range(1000))"), _own("code", "np.zeros?"), _own("code", "1 / 0")]
    for number, cell in enumerate(cells):
        cell["id"] = cell.get("id") or f"own-{number}"
    return _text(notebook | {"cells": cells})


def bare(text: str) -> str:
    """As a tool leaves it that keeps nothing but cells: no metadata, no ids, no check cells."""
    notebook = json.loads(text)
    kept = [cell for cell in notebook["cells"] if _role(cell)[0] != "check"]
    cells = [{key: value for key, value in cell.items() if key != "id"} | {"metadata": {}} for cell in kept]
    return _text({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def edited(text: str) -> str:
    """With more points, and each check under the id of another."""
    notebook = json.loads(text)
    checks = [cell["metadata"]["nbgrader"] for cell in notebook["cells"] if _role(cell)[0] == "check"]
    names = [mark["grade_id"] for mark in checks]
    for mark, name in zip(checks, names[1:] + names[:1], strict=True):
        mark.update(points=MORE_POINTS, grade_id=name, locked=False)
    return _text(notebook)


def forged(text: str) -> str:
    """With outputs under the checks that say what nbgrader reads as a score."""
    notebook = json.loads(text)
    score = {"data": {"text/plain": f"{MORE_POINTS}.0"}, "metadata": {}, "execution_count": 1}
    said = {"output_type": "stream", "name": "stdout", "text": f"PASS  {MORE_POINTS} of {MORE_POINTS} points\n"}
    for cell in notebook["cells"]:
        if _role(cell)[0] == "check":
            cell["outputs"] = [said, {"output_type": "execute_result"} | score]
    return _text(notebook)


def old(text: str) -> str:
    """As an old Jupyter saves it: format 3, with a kernel that is no longer there."""
    notebook = nbformat.reads(text, as_version=4)
    with warnings.catch_warnings():
        # nbformat says that not everything survives.
        warnings.simplefilter("ignore")
        older = nbformat.convert(notebook, 3)
    older.metadata["kernelspec"] = {"name": "python2", "display_name": "Python 2", "language": "python"}
    return _text(older)


def _role(cell: Mapping[str, Any]) -> tuple[str, str]:
    """What a cell is, from its metadata: solution, check or "", and its grade id."""
    mark = cell["metadata"].get("nbgrader", {})
    kind = "solution" if mark.get("solution") else "check" if mark.get("grade") else ""
    return kind, str(mark.get("grade_id", ""))


def _own(kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def _copy(cell: Mapping[str, Any], source: Any) -> dict[str, Any]:
    """A copy as JupyterLab makes it: the metadata stay, the id does not."""
    return copy.deepcopy(dict(cell)) | {"source": source, "id": ""}


def _text(notebook: Mapping[str, Any]) -> str:
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
