"""The notebook that leads into the site: the chapters, what is known of each in a browser, and where work is kept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from autograder.errors import CourseError

__all__ = ["MEASURED", "NAME", "TITLE", "Chapter", "chapters", "minutes", "notebook"]

ROOT = Path(__file__).resolve().parents[2]
NAME = "README.ipynb"
TITLE = "Neural networks, built by hand"
MEASURED = Path(__file__).with_name("measured.json")
"""What tests/browser/test_lite.py saw when it ran every cell of every chapter, with its model answers, in the site."""

LEAD_IN = """\
# {title}

You are in JupyterLab, and Python runs inside this page. Nothing is installed, and nothing that you write leaves your
device.

Open a chapter, run its cells from top to bottom with Shift+Enter, move the widgets, and write the functions that the
exercises ask for. `check(softmax)` compares your function with recorded results of PyTorch, `hint(softmax)` gives a
hint, and `progress()` draws the map of what passes.

| chapter | you build | hours | in this browser |
|---|---|---|---|
{rows}

The times were taken with the model answers, {where}. Installed on your own machine the course runs faster; its README
says how.
"""

KEPT = """\
## Where your work is kept

Your notebooks and your progress are kept in this browser, for this address, on this device. Another browser or another
device does not see them, and clearing the site's data deletes them. Private windows keep nothing when they are closed.

- **Save**: Ctrl+S (⌘S on a Mac). JupyterLab also saves by itself, every 20 seconds.
- **Take it with you**: right-click a notebook in the list on the left and choose *Download*. The file opens in any
  Jupyter.
- **Bring it back**: drag a notebook from your device into that list.
- **Start a chapter anew**: delete your copy in the list and reload the page; the chapter as it was handed out comes
  back.
- **When something hangs**: *Kernel > Restart Kernel*. The page must be open while Python works; a closed tab stops it.

The first chapter that you open fetches Python and NumPy, about {fetched} MB; after that the browser has them. Run the
next cell to see your map.
"""


@dataclass(frozen=True)
class Chapter:
    """A chapter as the site lists it: what course/README.md says of it, and what was measured.

    failed   the first line of each error, by the number of the cell
    seconds  for all cells with the model answers, or None where nobody has measured it
    """

    stem: str
    title: str
    builds: str
    hours: str
    seconds: float | None
    failed: dict[str, str]

    @property
    def notebook(self) -> Path:
        """The released notebook."""
        return ROOT / "course" / self.stem / f"{self.stem}.ipynb"


def chapters() -> list[Chapter]:
    """Every released chapter, in order; CourseError for one that course/README.md does not list."""
    listed = _listed((ROOT / "course" / "README.md").read_text(encoding="utf-8"))
    measured: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))["chapters"]
    found = []
    for path in sorted((ROOT / "course").glob("ch*/ch*.ipynb")):
        if path.stem not in listed:
            raise CourseError(
                f"course/README.md has no row for {path.stem}; the site takes titles and hours from there"
            )
        row = measured.get(path.stem, {"seconds": None, "failed": {}})
        found.append(Chapter(path.stem, *listed[path.stem], row["seconds"], row["failed"]))
    return found


def _listed(readme: str) -> dict[str, tuple[str, str, str]]:
    """Title, what one builds, and hours of each chapter in the README's table."""
    rows = re.findall(r"^\| \[([^\]]+)\]\((\w+)/\w+\.ipynb\) \| (.+?) \| (.+?) \|$", readme, re.MULTILINE)
    return {stem: (title, builds, hours) for title, stem, builds, hours in rows}


def notebook(listed: list[Chapter]) -> str:
    """The notebook as the text of its file."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    rows = "\n".join(
        f"| [{one.title}]({one.stem}/{one.stem}.ipynb) | {one.builds} | {one.hours} | {_says(one)} |" for one in listed
    )
    cells = [
        nbformat.v4.new_markdown_cell(LEAD_IN.format(title=TITLE, rows=rows, where=measured["where"]), id="lead-in"),
        nbformat.v4.new_markdown_cell(KEPT.format(fetched=measured["fetched_mb"]), id="kept"),
        nbformat.v4.new_code_cell("from autograder import progress\n\nprogress()", id="map"),
    ]
    kernelspec = {"display_name": "Python (Pyodide)", "language": "python", "name": "python"}
    made = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})
    return str(nbformat.writes(made, version=4)) + "\n"


def _says(chapter: Chapter) -> str:
    if chapter.seconds is None:
        return "not tried yet"
    if not chapter.failed:
        return f"works; its cells take {minutes(chapter.seconds)} in all"
    problems = "; ".join(f"cell {number}: {reason}" for number, reason in chapter.failed.items())
    return f"works but for {problems}"


def minutes(seconds: float) -> str:
    """A time as people say it: "40 seconds", "1 minute", "12 minutes"."""
    if seconds < 55:
        return f"{max(round(seconds, -1), 10):.0f} seconds"
    whole = round(seconds / 60)
    return f"{whole} minute{'' if whole == 1 else 's'}"
