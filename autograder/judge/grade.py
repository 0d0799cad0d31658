"""`python -m autograder grade CHAPTER`: judge every submission and write nbgrader's gradebook.

    submitted/<student>/<chapter>/<chapter>.ipynb  ->  verdicts/<chapter>.jsonl         one line each
                                                   ->  autograded/<student>/<chapter>/  graded notebooks
                                                   ->  gradebook.db                     one transaction

A run that was killed goes on where it stopped; a submission that did not change is not judged again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from autograder.engine import catalogue
from autograder.engine.verdict import Verdict
from autograder.errors import CourseError, SubmissionError
from autograder.judge import gradebook, preflight
from autograder.judge.course import ROOT, Course, chapter_named
from autograder.judge.rebuild import Piece, rebuild
from autograder.judge.records import Record, Store, fingerprint, submission_key
from autograder.judge.report import compose, notebook_text
from autograder.judge.sandbox import Mode, Sandbox
from autograder.judge.workers import Job, Pool

__all__ = ["Graded", "add_arguments", "grade", "run", "seed_for"]

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


def run(args: argparse.Namespace) -> int:
    """Grade a chapter; 0 when every submission has a verdict."""
    chapter, course = chapter_named(args.chapter), Course(args.root)
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
        progress=True,
    )
    print("\n".join(summary(graded)))
    return 1 if graded.unjudged else 0


@dataclass(frozen=True)
class Graded:
    """What a run gave: a record for each student, and the students whose worker was lost."""

    chapter: str
    records: tuple[Record, ...]
    unjudged: tuple[str, ...]
    judged: int
    reused: int


def grade(
    course: Course,
    chapter: str,
    *,
    seed: int,
    workers: int = 1,
    mode: Mode = "namespaces",
    students: Sequence[str] | None = None,
    again: bool = False,
    progress: bool = False,
) -> Graded:
    """Judge a chapter's submissions, write the graded notebooks and the gradebook."""
    course.check(chapter)
    notebook = course.release(chapter)
    release = notebook["cells"]
    paths = _chosen(course.submitted(chapter), students, course, chapter)
    store, common = Store(course.verdicts(chapter)), fingerprint(chapter, release, seed, mode)

    records: dict[str, Record] = {}
    submissions: dict[str, Sequence[preflight.SubmittedCell]] = {}
    jobs: list[Job] = []
    reused = 0
    for student, path in paths.items():
        try:
            cells = _read(path)
        except SubmissionError as problem:
            submissions[student] = ()
            records[student] = _refused(student, chapter, common, str(problem))
            continue
        submissions[student] = cells
        key = submission_key(common, student, cells)
        if key in store.found and not again:
            records[student] = store.found[key]
            reused += 1
        else:
            jobs.append(Job(key, student, chapter, tuple(cells)))

    unjudged = _judge(jobs, release, course, chapter, seed, mode, workers, store, records, progress)
    if students is None:
        for student in gradebook.vanished(course, chapter, list(paths)):
            submissions[student] = ()
            records[student] = _refused(student, chapter, common, "the submission is no longer there")
    results: list[tuple[Record, list[Piece]]] = []
    for student in sorted(records):
        pieces = rebuild(release, submissions[student])
        _write_notebook(course, chapter, notebook, pieces, records[student])
        results.append((records[student], pieces))
    gradebook.write(course, chapter, results)
    ordered = tuple(record for record, _ in results)
    return Graded(chapter, ordered, tuple(unjudged), len(jobs) - len(unjudged), reused)


def _judge(
    jobs: Sequence[Job],
    release: Sequence[Mapping[str, Any]],
    course: Course,
    chapter: str,
    seed: int,
    mode: Mode,
    workers: int,
    store: Store,
    records: dict[str, Record],
    progress: bool,
) -> list[str]:
    """Judge the jobs into `records` and `store`, and tell the gradebook about the chapter.

    Gives the students whose worker was lost.
    """

    def register() -> None:
        gradebook.register(course, chapter)

    if not jobs:
        register()
        return []
    unjudged = []
    # The server starts before a reference or torch is loaded.
    with Sandbox.start(mode, wait=False) as sandbox:
        pool = Pool(sandbox, release, max(1, min(workers, len(jobs))))
        try:
            found = pool.judge(jobs, chapter, seed, register)
            bar = tqdm(found, total=len(jobs), unit="submission", disable=not progress)
            for job, record in bar:
                if record is None:
                    unjudged.append(job.student)
                else:
                    store.add(record)
                    records[job.student] = record
        finally:
            pool.close()
    return sorted(unjudged)


def _chosen(paths: Mapping[str, Path], students: Sequence[str] | None, course: Course, chapter: str) -> dict[str, Path]:
    if not paths:
        raise CourseError(f"no submissions: expected {course.root / 'submitted'}/<student>/{chapter}/{chapter}.ipynb")
    if students is None:
        return dict(paths)
    unknown = [one for one in students if one not in paths]
    if unknown:
        raise CourseError(f"no submission of {', '.join(unknown)} for {chapter}; there are: {', '.join(paths)}")
    return {one: paths[one] for one in paths if one in students}


def _read(path: Path) -> list[preflight.SubmittedCell]:
    """The submission's cells; one whose folder is a link, or whose notebook has another name, is refused."""
    if path.parent.is_symlink() or path.parent.parent.is_symlink():
        raise SubmissionError("the submission's folder is a symbolic link; collect it again")
    if not path.exists() and not path.is_symlink():
        others = sorted(one.name for one in path.parent.glob("*.ipynb"))
        found = f"found {', '.join(others)[:200]}" if others else "found no notebook"
        raise SubmissionError(f"there is no {path.name}; {found}")
    return preflight.read(path)


def _refused(student: str, chapter: str, common: str, problem: str) -> Record:
    """The record of a submission that cannot be judged: no points anywhere, and a person should look at it."""
    verdicts = tuple(
        Verdict(one.name, one.points, 0.0, f"not judged: {problem}") for one in catalogue.exercises(chapter)
    )
    return Record(submission_key(common + problem, student, ()), student, chapter, verdicts, problem=problem)


def _write_notebook(
    course: Course, chapter: str, notebook: Mapping[str, Any], pieces: Sequence[Piece], record: Record
) -> None:
    path = course.autograded(record.student, chapter)
    text = notebook_text(compose(notebook, pieces, record)).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or (path.is_file() and path.read_bytes() == text):
        if not path.is_symlink():
            return
        path.unlink()
    # nbgrader leaves these files without write permission.
    path.unlink(missing_ok=True)
    path.write_bytes(text)
    stamp = course.root / "submitted" / record.student / chapter / "timestamp.txt"
    if stamp.is_file() and not stamp.is_symlink():
        path.with_name("timestamp.txt").unlink(missing_ok=True)
        path.with_name("timestamp.txt").write_bytes(stamp.read_bytes()[:1000])


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
        lines.append(f"{one.student:<{width}}  {one.score:6g} {one.points:6g}  {passed} of {len(one.verdicts)}{flag}")
    flagged = [(one.student, flag) for one in graded.records for flag in one.all_flags]
    if flagged:
        lines += ["", "for a person to look at:"] + [f"  {student}: {flag}" for student, flag in flagged]
    lines.append("")
    lines.append(
        f"{len(graded.records)} submissions of {graded.chapter}: {graded.judged} judged, {graded.reused} unchanged"
    )
    if graded.unjudged:
        lines.append(f"not judged, because their worker ended: {', '.join(graded.unjudged)}; run the command again")
    return lines
