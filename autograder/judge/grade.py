"""`python -m autograder grade CHAPTER`: grade a chapter and say what came out."""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
import sys
from pathlib import Path

from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.judge import moves
from autograder.judge.course import ROOT, Course
from autograder.judge.grading import Graded, grade

__all__ = ["add_arguments", "run", "seed_for", "summary"]

LOUD = (
    "WARNING: --sandbox limits hides no file of this machine from student code. "
    "Use it only where namespaces are not possible, on a machine that holds nothing to protect."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("chapter", metavar="CHAPTER", help="such as ch01 or ch01_activations")
    parser.add_argument("--root", type=Path, default=ROOT, help="nbgrader's working tree (default: build/nbgrader)")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one for each core)"
    )
    parser.add_argument(
        "--sandbox", choices=("namespaces", "limits"), default="namespaces", help="how student code is isolated"
    )
    parser.add_argument(
        "--seed",
        help="private seed of the fresh cases (default: AUTOGRADER_SEED, AUTOGRADER_SEED_FILE, or a stored one)",
    )
    parser.add_argument(
        "--student", action="append", metavar="ID", help="only this student; may be given several times"
    )
    parser.add_argument("--again", action="store_true", help="judge unchanged submissions again as well")
    parser.add_argument(
        "--preview", action="store_true", help="judge and say whose scores would move; write no grades and no notebooks"
    )
    parser.add_argument(
        "--variants",
        action=argparse.BooleanOptionalAction,
        help="fresh cases of their own for each student (default: as nbgrader_config.py says, otherwise no)",
    )
    parser.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="judge on the workers of this Dask scheduler (tcp://host:8786)",
    )


def run(args: argparse.Namespace) -> int:
    """Grade a chapter; 0 when every submission has a verdict."""
    chapter, course = catalogue.chapter_named(args.chapter), Course(args.root)
    if not course.root.is_dir():
        # Before a private seed is stored there.
        raise CourseError(
            f"there is no folder {course.root}; make it (python -m autograder build), or name yours: --root"
        )
    if args.sandbox == "limits":
        print(LOUD, file=sys.stderr)
    graded = grade(
        course,
        chapter,
        seed=seed_for(course, args.seed),
        workers=args.workers,
        mode=args.sandbox,
        students=args.student,
        again=args.again,
        variants=args.variants if args.variants is not None else course.variants,
        scheduler=args.scheduler,
        write=not args.preview,
        progress=True,
    )
    print("\n".join([*summary(graded), *moves.lines(graded.moves)]))
    if args.preview:
        print("a preview: the gradebook and the graded notebooks are as they were")
    return 1 if graded.unjudged else 0


def seed_for(course: Course, given: str | None = None) -> int:
    """The private seed: the option, AUTOGRADER_SEED, the file AUTOGRADER_SEED_FILE, or one stored with the course."""
    text = given or os.environ.get("AUTOGRADER_SEED")
    if not text and (name := os.environ.get("AUTOGRADER_SEED_FILE")):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except OSError as error:
            raise CourseError(f"AUTOGRADER_SEED_FILE names {name}, which cannot be read: {error.strerror}") from None
    if not text:
        path = course.root / "grading_seed"
        if not path.is_file():
            course.root.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{secrets.randbits(63)}\n")
            print(f"made a private seed for the fresh cases: {path}; AUTOGRADER_SEED sets another")
        text = path.read_text(encoding="utf-8")
    text = text.strip()
    if not text:
        raise CourseError("the private seed is empty; give a number or any text")
    return int(text) if text.isdecimal() else int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def summary(graded: Graded) -> list[str]:
    """One line for each student, and what a person should look at."""
    width = max([len("student"), *(len(one.student) for one in graded.records)])
    lines = [f"{'student':<{width}}   score     of  exercises"]
    for one in graded.records:
        passed = sum(verdict.passed for verdict in one.verdicts)
        flag = "  look at this" if one.all_flags else ""
        lines.append(
            f"{one.student:<{width}}  {round(one.score, 2):6g} {one.points:6g}  {passed} of {len(one.verdicts)}{flag}"
        )
    flagged = [(one.student, flag) for one in graded.records for flag in one.all_flags]
    if flagged:
        lines += ["", "for a person to look at:"] + [f"  {student}: {flag}" for student, flag in flagged]
    lines.append("")
    lines.append(
        f"{len(graded.records)} submissions of {graded.chapter}: {graded.judged} judged, {graded.reused} unchanged"
    )
    if graded.unjudged:
        lines.append(f"not judged, 0 points for now: {', '.join(graded.unjudged)}; run the command again")
    return lines
