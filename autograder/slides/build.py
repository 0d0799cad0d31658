"""`python -m autograder slides`: decks for the lecture, from the executed masters."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from nbformat import NotebookNode

from autograder.book import formulas, widgets
from autograder.book.executed import executed
from autograder.errors import CourseError
from autograder.release import master
from autograder.release.build import Places, stems
from autograder.release.master import Master
from autograder.slides.choose import slides
from autograder.slides.deck import index, page
from autograder.slides.layout import parted
from autograder.slides.slide import Slide

__all__ = ["add_arguments", "build", "chapter_slides", "run", "static"]

HERE = Path(__file__).parent
MARK = ".slides"
"""A file that says: this folder was made here and may be replaced."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m autograder slides`."""
    parser.description = "Make reveal.js decks of the chapters, which need no kernel and no other host."
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="such as ch01; all by default")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where the decks go; build/slides by default")
    parser.add_argument("--root", type=Path, default=Places().root, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Make the decks as the command line asks."""
    site = build(Places(args.root), args.chapters, args.to)
    print(f"the slides are in {site}: open {site / 'index.html'}")
    return 0


def build(places: Places, wanted: Sequence[str] = (), to: Path | None = None) -> Path:
    """Execute what has changed, make one deck a chapter and a list of them, and give the folder."""
    site = (to or places.root / "build" / "slides").absolute()
    if site.is_dir() and any(site.iterdir()) and not (site / MARK).is_file():
        raise CourseError(f"{site} holds files that are not slides; name an empty folder with --to")
    shutil.rmtree(site, ignore_errors=True)
    static(places.root, site)
    decks = []
    for stem in stems(places, wanted):
        read = master.read(places.master(stem))
        notebook, ran = executed(places, stem)
        made = chapter_slides(read, notebook)
        (site / f"{stem}.html").write_text(page(read.title, made, site), "utf-8")
        print(f"{stem}: {'executed' if ran else 'kept'}, {len(made)} slides", flush=True)
        decks.append((stem, read.title, len(made)))
    (site / "index.html").write_text(index(decks), "utf-8")
    return site


def chapter_slides(chapter: Master, notebook: NotebookNode) -> list[Slide]:
    """A chapter's slides, each for one screen."""
    return [part for slide in slides(chapter, notebook) for part in parted(slide)]


def _reveal() -> list[Path]:
    """reveal.js and its speaker notes, which the package sphinx-revealjs carries; its themes are not used."""
    found = find_spec("sphinx_revealjs")
    if found is None or found.origin is None:
        raise CourseError("slides need the package sphinx-revealjs: python -m pip install sphinx-revealjs")
    carried = Path(found.origin).parent / "_static" / "revealjs"
    return [carried / "dist" / "reveal.js", carried / "dist" / "reveal.css", carried / "plugin" / "notes" / "notes.js"]


def static(root: Path, site: Path) -> None:
    """What all decks share: reveal.js, the style of formulas, the widgets' front end, our style and script."""
    kit = root / "course" / "widgets" / "kit"
    shared = site / "_static"
    shared.mkdir(parents=True)
    (site / MARK).write_text("", "utf-8")
    for path in (*_reveal(), *(HERE / "theme").glob("slides.*"), kit / "explorer.css"):
        shutil.copyfile(path, shared / path.name)
    formulas.write_style(shared)
    (shared / "explorer.js").write_text(widgets.scripts(kit), "utf-8")
