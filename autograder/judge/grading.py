"""Grade a chapter: judge every submission, write the graded notebooks and nbgrader's gradebook.

    submitted/<student>/<chapter>/<chapter>.ipynb  ->  verdicts/<chapter>.jsonl         one line each
                                                   ->  autograded/<student>/<chapter>/  graded notebooks
                                                   ->  gradebook.db                     one transaction

A run that was killed goes on where it stopped; a submission that did not change is not judged again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from autograder.engine import catalogue
from autograder.engine.verdict import Verdict
from autograder.errors import CourseError, SubmissionError
from autograder.judge import gradebook, preflight
from autograder.judge.course import Course
from autograder.judge.rebuild import Piece, rebuild
from autograder.judge.records import Record, Store, fingerprint, submission_key
from autograder.judge.report import compose, notebook_text
from autograder.judge.sandbox import Mode, Sandbox
from autograder.judge.workers import Job, Pool

__all__ = ["Graded", "grade"]


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

    unjudged = []
    register = partial(gradebook.register, course, chapter)
    with closing(_judged(jobs, release, chapter, seed, mode, workers, register)) as found:
        for job, record in tqdm(found, total=len(jobs), unit="submission", disable=not progress or not jobs):
            if record is None:
                unjudged.append(job.student)
            else:
                store.add(record)
                records[job.student] = record
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
    return Graded(chapter, ordered, tuple(sorted(unjudged)), len(jobs) - len(unjudged), reused)


def _judged(
    jobs: Sequence[Job],
    release: Sequence[Mapping[str, Any]],
    chapter: str,
    seed: int,
    mode: Mode,
    workers: int,
    meanwhile: Callable[[], None],
) -> Generator[tuple[Job, Record | None], None, None]:
    """Each job with its record as it is finished, or None where its worker was lost.

    meanwhile   called once, while the workers start; also when there is no job
    """
    if not jobs:
        meanwhile()
        return
    # The server starts before a reference or torch is loaded.
    with Sandbox.start(mode, wait=False) as sandbox:
        pool = Pool(sandbox, release, max(1, min(workers, len(jobs))))
        try:
            yield from pool.judge(jobs, chapter, seed, meanwhile)
        finally:
            pool.close()


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
