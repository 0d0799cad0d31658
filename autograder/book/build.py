"""`python -m autograder book`: the course as a static site, from the executed masters."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import nbformat

from autograder.book import glossary, widgets
from autograder.book.chapter import Chapter, chapter
from autograder.book.executed import executed
from autograder.book.finish import finish
from autograder.book.formulas import characters, write_style
from autograder.book.pages import Links, page
from autograder.book.site import build_site
from autograder.book.start import start
from autograder.errors import CourseError
from autograder.release import master
from autograder.release.build import Places, release_text, stems
from autograder.release.master import Master

__all__ = ["add_arguments", "build", "run"]

THEME = Path(__file__).parent / "theme"
KIT = Path(__file__).parents[2] / "course" / "widgets" / "kit"
MARK = ".book"
"""A file that says: this folder was made here and may be replaced."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m autograder book`."""
    parser.description = "Build the course as a static site that needs no kernel and no other host."
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="such as ch01; all by default")
    parser.add_argument("--no-answers", action="store_true", help="leave the model answers out")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where the site goes; build/book by default")
    parser.add_argument(
        "--lite-url",
        metavar="URL",
        help="where the course in the browser is; by default ../lite/ if it has been built there",
    )
    parser.add_argument("--root", type=Path, default=Places().root, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Build the book as the command line asks."""
    site = build(Places(args.root), args.chapters, args.to, answers=not args.no_answers, lite_url=args.lite_url)
    print(f"the book is in {site}: open {site / 'index.html'}")
    return 0


def build(
    places: Places,
    wanted: Sequence[str] = (),
    to: Path | None = None,
    *,
    answers: bool = True,
    lite_url: str | None = None,
) -> Path:
    """Execute what has changed, make the pages, and give the site's folder."""
    site = (to or places.root / "build" / "book").absolute()
    work = site.with_name(f"{site.name}-work")  # beside the site, so that nothing of it is published
    source, static = work / "source", work / "static"
    _emptied(site)
    shutil.rmtree(work, ignore_errors=True)
    source.mkdir(parents=True)
    facts: list[tuple[Chapter, Master]] = []
    for stem in sorted(set(stems(places, wanted))):
        read = master.read(places.master(stem))
        notebook, ran = executed(places, stem)
        about = chapter(places.root, read, notebook)
        print(f"{stem}: {'executed' if ran else 'kept'}, its cells took {about.seconds:.0f} s", flush=True)
        links = Links(f"notebooks/{stem}.ipynb", _browser(site, stem, lite_url))
        made = page(read, notebook, about, links, site, answers)
        (source / f"{stem}.ipynb").write_text(nbformat.writes(made), "utf-8")
        _written(site / links.notebook, release_text(read))
        facts.append((about, read))
    _look_up(source, facts)
    (source / "index.md").write_text(start([about for about, _ in facts], answers), "utf-8")
    _static(static)
    build_site(source, static, work / "doctrees", site)
    written = "".join(path.read_text("utf-8") for path in site.glob("*.html"))
    write_style(site / "_static", characters(written))
    finish(site)
    return site


def _emptied(site: Path) -> None:
    """Empty the folder of an earlier book; CourseError for a folder that holds something else."""
    if site.is_dir() and any(site.iterdir()) and not (site / MARK).is_file():
        raise CourseError(f"{site} holds files that are not a book; name an empty folder with --to")
    shutil.rmtree(site, ignore_errors=True)
    _written(site / MARK, "")


def _written(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _browser(site: Path, stem: str, lite_url: str | None) -> str:
    """The chapter's page in the browser site; "" where that has not been built."""
    where = f"{stem}/{stem}.ipynb"
    if lite_url is None and not (site.parent / "lite" / "files" / where).is_file():
        return ""
    return f"{(lite_url or '../lite/').rstrip('/')}/lab/index.html?path={where}"


def _look_up(source: Path, facts: Sequence[tuple[Chapter, Master]]) -> None:
    """Write the glossary and the index of symbols."""
    words = [row for about, read in facts for row in glossary.tables(about, read, "word")]
    words = [row for row in words if set(row.cells) == {"word", "meaning"}]
    letters = [row for about, read in facts for row in glossary.tables(about, read, "letter")]
    (source / "glossary.md").write_text(glossary.glossary(words), "utf-8")
    (source / "symbols.md").write_text(glossary.symbols(letters, words), "utf-8")


def _static(static: Path) -> None:
    """Gather what all pages share: the book's own style and script, that of formulas, the widgets' front end."""
    shutil.copytree(THEME, static)
    shutil.copyfile(KIT / "explorer.css", static / "explorer.css")
    (static / "explorer.js").write_text(widgets.scripts(KIT), "utf-8")
