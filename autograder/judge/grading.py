"""Grade a chapter: judge every submission, write the graded notebooks and nbgrader's gradebook.

    submitted/<student>/<chapter>/<chapter>.ipynb  ->  verdicts/<chapter>.jsonl           one line each
                                                   ->  autograded/<student>/<chapter>/    graded notebooks
                                                   ->  gradebook.db                       a transaction for each batch
                                                   ->  verdicts/<chapter>.standing.json   what stands now

A run that was killed goes on where it stopped; a submission that did not change is not judged again; a class in
which nothing changed costs a look at its files and at the gradebook.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import CourseError, SubmissionError
from autograder.judge import gradebook, preflight
from autograder.judge.cluster import judged_there
from autograder.judge.course import Course
from autograder.judge.jobs import Job, Outcome, Terms, refused
from autograder.judge.moves import Move, moves
from autograder.judge.rebuild import rebuild
from autograder.judge.records import Record, Store, basis_of, digest, submission_key
from autograder.judge.sandbox import Mode
from autograder.judge.standing import Standing, replace_file, state_of
from autograder.judge.workers import judged_here

__all__ = ["Graded", "grade"]

BATCH = 20
"""Submissions that are written to the gradebook at once."""


@dataclass(frozen=True)
class Graded:
    """What a run gave.

    records    one for each student
    unjudged   students whose submission no worker could finish; they have 0 for now, and the next run tries again
    moves      whose scores differ from what stood before, and why
    """

    chapter: str
    records: tuple[Record, ...]
    unjudged: tuple[str, ...]
    judged: int
    reused: int
    moves: tuple[Move, ...] = ()


@dataclass
class _Class:
    """Everybody's submission: its key, and why it cannot be read, if so."""

    keys: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def grade(
    course: Course,
    chapter: str,
    *,
    seed: int,
    workers: int = 1,
    mode: Mode = "namespaces",
    students: Sequence[str] | None = None,
    again: bool = False,
    variants: bool = False,
    scheduler: str = "",
    write: bool = True,
    progress: bool = False,
) -> Graded:
    """Judge a chapter's submissions, write the graded notebooks and the gradebook.

    students    only these; None: everybody
    again       judge unchanged submissions, too
    variants    each student has fresh cases of their own
    scheduler   the address of a Dask scheduler, whose workers judge instead of `workers` processes of this machine
    write       False: judge and tell whose scores would move; graded notebooks and gradebook stay as they are
    """
    with course.locked():
        notebook = course.release(chapter)
        paths = _chosen(course.submitted(chapter), students, course, chapter)
        terms = Terms(
            chapter, notebook, seed, mode, basis_of(chapter, notebook["cells"], seed, mode, variants=variants), variants
        )
        class_ = _read(paths, terms)
        store, before = Store(course.verdicts(chapter)), Standing.read(course.verdicts(chapter))
        known = {student for student, key in class_.keys.items() if not again and key in store.lines}
        if write and known == before.keys.keys() and _unchanged(course, chapter, class_.keys, before):
            found = [store.get(class_.keys[student]) for student in sorted(known)]
            if all(one is not None for one in found):
                return Graded(chapter, tuple(one for one in found if one is not None), (), 0, len(known))
        course.check(chapter)
        return _grade(course, terms, paths, class_, known, store, before, workers, scheduler, students, write, progress)


def _unchanged(course: Course, chapter: str, keys: Mapping[str, str], before: Standing) -> bool:
    return dict(keys) == dict(before.keys) and state_of(course, chapter, keys) == before.state


def _grade(
    course: Course,
    terms: Terms,
    paths: Mapping[str, Path],
    class_: _Class,
    known: set[str],
    store: Store,
    before: Standing,
    workers: int,
    scheduler: str,
    students: Sequence[str] | None,
    write: bool,
    progress: bool,
) -> Graded:
    from tqdm import tqdm

    chapter = terms.chapter
    records: dict[str, Record] = {}
    for student in sorted(known):
        record = store.get(class_.keys[student])
        if record is not None:
            records[student] = record
    reused = len(records)
    jobs = [
        Job(class_.keys[student], student, path, class_.digests[student], class_.problems.get(student, ""))
        for student, path in paths.items()
        if student not in records
    ]
    unjudged: list[str] = []
    with contextlib.ExitStack() as stack:
        started = judged_there(jobs, terms, scheduler) if scheduler else judged_here(jobs, terms, workers)
        found = stack.enter_context(contextlib.closing(started))
        # The workers start while nbgrader is imported and the gradebook opened.
        outcomes = _begun(found)
        writer = stack.enter_context(gradebook.writing(course, chapter)) if write else None
        waiting = [_written_again(course, terms, paths[student], record) for student, record in records.items()]
        bar = tqdm(outcomes, total=len(jobs), unit="submission", disable=not progress or not jobs)
        for outcome in bar:
            record = outcome.record
            if outcome.lost:
                unjudged.append(record.student)
            store.add(record)
            records[record.student] = record
            waiting.append(outcome)
            if len(waiting) >= BATCH:
                _write(course, writer, waiting)
        if students is None:
            for student in sorted(set(_known_before(writer, before)) - paths.keys()):
                gone = refused(Job("", student, Path(), ""), terms, "the submission is no longer there")
                store.add(gone.record)
                records[student] = gone.record
                waiting.append(gone)
        _write(course, writer, waiting)
    ordered = tuple(records[student] for student in sorted(records))
    old = {student: store.get(key) for student, key in before.keys.items() if student in records}
    if write:
        keys = dict(before.keys) | {one.student: one.key for one in ordered}
        # What no worker could finish has a key that no submission has, so that the next run tries again.
        Standing(keys, state_of(course, chapter, keys)).write(course.verdicts(chapter))
    return Graded(
        chapter, ordered, tuple(sorted(unjudged)), len(jobs) - len(unjudged), reused, tuple(moves(old, records))
    )


def _begun(found: Iterator[Outcome | None]) -> Iterator[Outcome]:
    """The outcomes, once the workers are starting, which is what a first None says."""
    next(found)
    return (one for one in found if one is not None)


def _known_before(writer: gradebook.Writer | None, before: Standing) -> list[str]:
    return writer.students() if writer is not None else list(before.keys)


def _read(paths: Mapping[str, Path], terms: Terms) -> _Class:
    """The key of each submission, from the bytes of its file."""
    class_ = _Class()
    for student, path in paths.items():
        try:
            class_.digests[student] = digest(_bytes_of(path))
        except SubmissionError as problem:
            class_.digests[student] = digest(str(problem).encode())
            class_.problems[student] = str(problem)
        class_.keys[student] = submission_key(terms.basis, student, class_.digests[student])
    return class_


def _bytes_of(path: Path) -> bytes:
    """A submitted file's bytes; one whose folder is a link, or whose notebook has another name, is refused."""
    if path.parent.is_symlink() or path.parent.parent.is_symlink():
        raise SubmissionError("the submission's folder is a symbolic link; collect it again")
    if not path.exists() and not path.is_symlink():
        others = sorted(one.name for one in path.parent.glob("*.ipynb"))
        found = f"found {', '.join(others)[:200]}" if others else "found no notebook"
        raise SubmissionError(f"there is no {path.name}; {found}")
    return preflight.read_bytes(path)


def _chosen(paths: Mapping[str, Path], students: Sequence[str] | None, course: Course, chapter: str) -> dict[str, Path]:
    if not paths:
        raise CourseError(f"no submissions: expected {course.root / 'submitted'}/<student>/{chapter}/{chapter}.ipynb")
    if students is None:
        return dict(paths)
    unknown = [one for one in students if one not in paths]
    if unknown:
        raise CourseError(f"no submission of {', '.join(unknown)} for {chapter}; there are: {', '.join(paths)}")
    return {one: paths[one] for one in paths if one in students}


def _written_again(course: Course, terms: Terms, path: Path, record: Record) -> Outcome:
    """A known record with its graded notebook, which may have been lost or belong to another submission."""
    cells = () if record.problem else preflight.read(path)
    return Outcome.of(terms, record, rebuild(terms.release, cells))


def _write(course: Course, writer: gradebook.Writer | None, waiting: list[Outcome]) -> None:
    """Put a batch into the tree and the gradebook, and empty it."""
    if writer is not None and waiting:
        for one in waiting:
            _write_notebook(course, one)
        writer.write(one.record for one in waiting)
    waiting.clear()


def _write_notebook(course: Course, outcome: Outcome) -> None:
    record, text = outcome.record, outcome.notebook.encode("utf-8", "surrogatepass")
    path = course.autograded(record.student, record.chapter)
    if path.is_symlink() or not path.is_file() or path.read_bytes() != text:
        # nbgrader leaves these files without write permission.
        replace_file(path, text)
    when = course.timestamp(record.student, record.chapter)
    if when:
        replace_file(path.with_name("timestamp.txt"), when.encode())
