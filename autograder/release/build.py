"""Make nbgrader's source notebook and the students' notebook from a master.

    solutions/<stem>.py
        -> build/nbgrader/source/<stem>/<stem>.ipynb   answers inside, nbgrader's metadata
        -> build/nbgrader/release/<stem>/<stem>.ipynb  what `nbgrader generate_assignment` makes
        -> course/<stem>/<stem>.ipynb                  the same bytes, committed

The release is made by nbgrader's own preprocessors in this process, byte for byte the same on every run.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from traitlets.config import Config

from autograder import nbgrader_config
from autograder.errors import SpecError
from autograder.release import master
from autograder.release.master import Cell, Master

__all__ = [
    "Places",
    "add_arguments",
    "build",
    "fill_tree",
    "release_text",
    "run",
    "source_notebook",
    "source_text",
    "stale",
    "stems",
]

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
"""nbgrader picks the stub by `language`, which jupytext leaves out."""


@dataclass(frozen=True)
class Places:
    """Where masters lie and where the build puts things, under one root folder."""

    root: Path = Path(__file__).resolve().parents[2]

    @property
    def masters(self) -> Path:
        """The authors' folder."""
        return self.root / "solutions"

    @property
    def nbgrader(self) -> Path:
        """The working tree of nbgrader: source, release, submitted, autograded, feedback, gradebook."""
        return self.root / "build" / "nbgrader"

    def master(self, stem: str) -> Path:
        """A chapter's master."""
        return self.masters / f"{stem}.py"

    def source(self, stem: str) -> Path:
        """The notebook with answers."""
        return self.nbgrader / "source" / stem / f"{stem}.ipynb"

    def release(self, stem: str) -> Path:
        """The notebook without answers, where nbgrader expects it."""
        return self.nbgrader / "release" / stem / f"{stem}.ipynb"

    def course(self, stem: str) -> Path:
        """The notebook without answers, where students find it."""
        return self.root / "course" / stem / f"{stem}.ipynb"

    def executed(self, stem: str) -> Path:
        """The notebook with answers and outputs."""
        return self.root / "build" / "executed" / stem / f"{stem}.ipynb"


def stems(places: Places, wanted: Sequence[str] = ()) -> list[str]:
    """The chapters that have a master, in order, or the wanted ones; "ch01" stands for "ch01_activations"."""
    there = sorted(path.stem for path in places.masters.glob("ch*.py"))
    if not wanted:
        return there
    found = []
    for name in wanted:
        fitting = [stem for stem in there if stem == name or stem.startswith(f"{name}_")]
        if len(fitting) != 1:
            raise SpecError(f"no chapter {name!r} in {places.masters.name}/; there are: {', '.join(there) or 'none'}")
        found += fitting
    return found


def source_notebook(chapter: Master) -> NotebookNode:
    """The chapter as a notebook with answers, nbgrader's metadata, and the same cell ids on every run."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": dict(KERNELSPEC), "language_info": {"name": "python"}})
    used: dict[str, int] = {}
    may_fail = may_fail_unwritten(chapter.cells)
    for index, cell in enumerate(chapter.cells):
        new = nbformat.v4.new_code_cell if cell.kind in ("exercise", "check", "code") else nbformat.v4.new_markdown_cell
        metadata = _metadata(cell) | ({"tags": ["raises-exception"]} if index in may_fail else {})
        notebook.cells.append(new(source=cell.source, id=_cell_id(cell, used), metadata=metadata))
    nbformat.validate(notebook)
    return notebook


def may_fail_unwritten(cells: Sequence[Cell]) -> set[int]:
    """The cells that may raise while exercises are not written: checks, and code that uses an exercise's function.

    "Run All" must not stop there.  Code that uses what such a cell would have made belongs to them.
    """
    found: set[int] = set()
    unwritten: set[str] = set()
    for index, cell in enumerate(cells):
        if cell.kind == "exercise":
            unwritten.add(cell.name)
        elif cell.kind == "check":
            found.add(index)
        elif cell.kind == "code":
            used, bound = _names(cell.source)
            if used & unwritten:
                found.add(index)
                unwritten |= bound
            else:
                unwritten -= bound
    return found


def _names(source: str) -> tuple[set[str], set[str]]:
    """The names that a cell uses and binds; none for a cell with IPython's own syntax."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return set(), set()
    used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return used, bound


def _cell_id(cell: Cell, used: dict[str, int]) -> str:
    """An id that follows the cell when others are added before it: its name, or a digest of its text."""
    if cell.name:
        # nbformat allows 64 characters.
        return _grade_id(cell)[:64]
    digest = hashlib.sha256(f"{cell.kind}\n{cell.source}".encode()).hexdigest()[:12]
    used[digest] = used.get(digest, 0) + 1
    return digest if used[digest] == 1 else f"{digest}-{used[digest]}"


def _grade_id(cell: Cell) -> str:
    return f"check_{cell.name}" if cell.kind == "check" else cell.name


def _metadata(cell: Cell) -> dict[str, Any]:
    if not cell.name:
        return {}
    graded = cell.kind in ("check", "free answer")
    nbgrader: dict[str, Any] = {
        "grade": graded,
        "grade_id": _grade_id(cell),
        "locked": cell.kind == "check",
        "schema_version": 3,
        "solution": cell.kind != "check",
        "task": False,
    }
    if graded:
        nbgrader["points"] = cell.points
    return {"nbgrader": nbgrader}


def source_text(chapter: Master) -> str:
    """The notebook with answers as the text of its file."""
    return _text(source_notebook(chapter))


def release_text(chapter: Master) -> str:
    """The notebook that students get, as `nbgrader generate_assignment` writes it."""
    # nbgrader takes seconds to import; whoever only reads paths does not pay for it.
    from nbconvert.exporters import NotebookExporter
    from nbgrader.converters import GenerateAssignment
    from nbgrader.preprocessors import SaveCells

    config = nbgrader_config.configure(Config(), Path())
    config.Exporter.default_preprocessors = []
    exporter = NotebookExporter(config=config)
    for preprocessor in GenerateAssignment.preprocessors.default():
        # SaveCells writes the gradebook and leaves the notebook as it is.
        if preprocessor is not SaveCells:
            exporter.register_preprocessor(preprocessor, enabled=True)
    text, _ = exporter.from_notebook_node(nbformat.reads(source_text(chapter), as_version=4))
    return str(text)


def _text(notebook: NotebookNode) -> str:
    return str(nbformat.writes(notebook, version=4)).rstrip("\n") + "\n"


def build(places: Places, stem: str) -> list[Path]:
    """Write a chapter's three notebooks and nbgrader's configuration; gives the paths that changed."""
    chapter = master.read(places.master(stem))
    release = release_text(chapter)
    changed = fill_tree(places.nbgrader, stem, source_text(chapter), release)
    return changed + [path for path in [places.course(stem)] if _write(path, release)]


def fill_tree(tree: Path, stem: str, source: str, release: str) -> list[Path]:
    """Put a chapter's two notebooks and the configuration into an nbgrader tree; gives the notebooks that changed."""
    nbgrader_config.write(tree)
    texts = {
        tree / "source" / stem / f"{stem}.ipynb": source,
        tree / "release" / stem / f"{stem}.ipynb": release,
    }
    return [path for path, text in texts.items() if _write(path, text)]


def _write(path: Path, text: str) -> bool:
    """Write a file where its content differs; only this file is touched, never the folder around it."""
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return True


def stale(places: Places, wanted: Sequence[str] = ()) -> Iterator[str]:
    """One line for each committed notebook that is not what its master gives; writes nothing."""
    for stem in stems(places, wanted):
        path = places.course(stem)
        fresh = release_text(master.read(places.master(stem)))
        if not path.is_file():
            yield f"{path.relative_to(places.root)} is missing; run python -m autograder build {stem}"
        elif path.read_bytes() != fresh.encode():
            yield f"{path.relative_to(places.root)} is stale; run python -m autograder build {stem}"
    if not wanted:
        for path in sorted((places.root / "course").glob("ch*/ch*.ipynb")):
            if path.parent.name == path.stem and not places.master(path.stem).is_file():
                yield f"{path.relative_to(places.root)} has no master in {places.masters.name}/; delete it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m autograder build`."""
    parser.description = "Make the students' notebooks from the masters."
    parser.add_argument(
        "chapters", nargs="*", metavar="CHAPTER", help="such as ch01 or ch01_activations; all by default"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a notebook in course/ is stale")
    parser.add_argument("--execute", action="store_true", help="also run the masters, into build/executed/")
    parser.add_argument("--root", type=Path, default=Places().root, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Build, or check, the chapters named on the command line."""
    places = Places(args.root)
    if args.check:
        problems = list(stale(places, args.chapters))
        print("\n".join(problems) or "course/ is what the masters give")
        return 1 if problems else 0
    for stem in stems(places, args.chapters):
        changed = build(places, stem)
        print(f"{stem}: {len(changed)} files written" if changed else f"{stem}: up to date")
        if args.execute:
            from autograder.release.execute import execute

            print(f"{stem}: executed into {execute(places, stem).relative_to(places.root)}")
    return 0
