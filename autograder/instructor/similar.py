"""`python -m autograder similar CHAPTER`: which submissions are alike, judged against how alike the class is.

What is compared are the solution cells that were worked on, without the released stubs, and the student's own cells.
Known sources stand apart: the model answers, and with --archive the submissions of earlier years.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.engine import catalogue
from autograder.errors import CourseError, SubmissionError
from autograder.instructor.similar_page import page
from autograder.instructor.similar_pairs import Found, compare
from autograder.judge.course import ROOT, Course
from autograder.judge.preflight import parse, read
from autograder.judge.rebuild import CHECK_CALL, rebuild, role_of, source_of

__all__ = ["OWN", "Sources", "add_arguments", "gather", "run", "similar"]

OWN = "cells of one's own"
"""The part that holds what a student added."""
MOST = 50


@dataclass
class Sources:
    """What is compared: for each person the source of each part, which is an exercise or `OWN`.

    stubs     the released source of each exercise, in the chapter's order
    members   the class by student; a part that was left as released is not there
    archive   earlier submissions by the path of their folder
    model     the model answers; empty where there are none
    refused   submissions that cannot be read, in one line each
    """

    stubs: Mapping[str, str]
    members: dict[str, dict[str, str]] = field(default_factory=dict)
    archive: dict[str, dict[str, str]] = field(default_factory=dict)
    model: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("chapter", metavar="CHAPTER", help="such as ch01 or ch01_activations")
    parser.add_argument("--root", type=Path, default=ROOT, help="nbgrader's working tree (default: build/nbgrader)")
    parser.add_argument(
        "--threshold", type=float, default=0.8, metavar="SHARE", help="show pairs from this share on (default: 0.8)"
    )
    parser.add_argument("--most", type=int, default=MOST, metavar="N", help=f"pairs in each table (default: {MOST})")
    parser.add_argument(
        "--archive", type=Path, metavar="FOLDER", help="submissions of earlier years, in folders of any depth"
    )
    parser.add_argument("--to", type=Path, help="the page (default: similar/CHAPTER.html in the working tree)")


def run(args: argparse.Namespace) -> int:
    """Write the page; say where it is and who could not be read."""
    chapter, course = catalogue.chapter_named(args.chapter), Course(args.root)
    path = args.to or course.root / "similar" / f"{chapter}.html"
    sources = gather(course, chapter, args.archive)
    found = similar(chapter, sources, path, args.threshold, args.most)
    for line in sources.refused:
        print(f"not compared: {line}")
    print(
        f"{len(sources.members)} submissions of {chapter}: {found.whole.over} of {found.whole.all} pairs are alike at "
        f"{args.threshold:.0%} or more; similarity is not proof, read {path}"
    )
    return 0


def similar(chapter: str, sources: Sources, path: Path, threshold: float = 0.8, most: int = MOST) -> Found:
    """Compare everybody with everybody and write the page; gives what was found."""
    if not 0 < threshold <= 1:
        raise CourseError(f"--threshold takes a share above 0 and up to 1, such as 0.8; got {threshold:g}")
    if most < 1:
        raise CourseError(f"--most takes a number of pairs, 1 or more; got {most}")
    found = compare(sources.members, sources.archive, sources.model, sources.stubs, threshold, most)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(chapter, found, sources.refused), encoding="utf-8")
    return found


def gather(course: Course, chapter: str, archive: Path | None = None) -> Sources:
    """Read every submission of a chapter, the model answers, and the archive.  CourseError where there is nobody."""
    release = course.release(chapter)["cells"]
    sources = Sources(_solutions(release))
    files = course.submitted(chapter)
    if not files:
        raise CourseError(f"no submissions of {chapter} in {course.root / 'submitted'}; collect them first")
    _fill(sources.members, files, release, sources.refused)
    answers = course.root / "source" / chapter / f"{chapter}.ipynb"
    if answers.is_file():
        cells = [{"source": one.source, "name": one.grade_id} for one in parse(answers.read_bytes())]
        known = {one["name"]: one["source"] for one in cells if one["name"] in sources.stubs}
        sources.model = {name: source for name, source in known.items() if source != sources.stubs[name]}
    if archive is not None:
        found = sorted(archive.rglob(f"{chapter}.ipynb")) or sorted(archive.rglob("*.ipynb"))
        if not found:
            raise CourseError(f"{archive} has no notebooks; --archive takes the folder of earlier submissions")
        earlier = {str(one.parent.relative_to(archive)): one for one in found}
        if len(earlier) < len(found):
            earlier = {str(one.relative_to(archive)): one for one in found}
        _fill(sources.archive, earlier, release, sources.refused)
    return sources


def _fill(
    people: dict[str, dict[str, str]], files: Mapping[str, Path], release: Sequence[Any], refused: list[str]
) -> None:
    for name, path in files.items():
        try:
            pieces = rebuild(release, read(path))
        except SubmissionError as problem:
            refused.append(f"{name}: {problem}")
            continue
        parts = {
            one.name: one.source for one in pieces if one.role == "solution" and one.kind == "code" and one.changed
        }
        own = [
            one.source
            for one in pieces
            if one.role == "extra"
            and one.kind == "code"
            and one.source.strip()
            and not CHECK_CALL.fullmatch(one.source)
        ]
        people[name] = parts | ({OWN: "\n\n".join(own)} if own else {})


def _solutions(release: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    cells = ((role_of(cell), source_of(cell)) for cell in release if cell["cell_type"] == "code")
    return {name: source for (role, name), source in cells if role == "solution"}
