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
import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from autograder.errors import CourseError, SubmissionError
from autograder.judge import gradebook, preflight
from autograder.judge.cluster import judged_there
from autograder.judge.course import Course
from autograder.judge.jobs import Job, Outcome, Terms
from autograder.judge.moves import Move, moves
from autograder.judge.rebuild import rebuild
from autograder.judge.records import Record, Store, basis_of, digest, submission_key
from autograder.judge.sandbox import Mode
from autograder.judge.standing import Standing, replace_file, states_of
from autograder.judge.workers import judged_here

__all__ = ["Graded", "grade"]

BATCH = 20
"""Submissions that are written to the gradebook at once."""

GONE = "the submission is no longer there"


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
        basis = basis_of(chapter, notebook["cells"], seed, mode, variants=variants)
        run = _Run(course, Terms(chapter, notebook, seed, mode, basis, variants), paths)
        run.read(everybody=students is None)
        if not again:
            run.remember()
        stands = run.standing() if write else set()
        if run.keys.keys() == run.records.keys() == stands:
            return run.result(judged=0)
        course.check(chapter)
        jobs = run.jobs()
        with contextlib.ExitStack() as stack:
            found = judged_there(jobs, run.terms, scheduler) if scheduler else judged_here(jobs, run.terms, workers)
            stack.enter_context(contextlib.closing(found))
            # A first None says that the workers are starting, which goes on while nbgrader is imported.
            next(found)
            writer = stack.enter_context(gradebook.writing(course, chapter)) if write else None
            run.rewrite(writer, stands)
            run.take(found, writer, len(jobs) if progress else 0)
        if write:
            run.stand()
        return run.result(judged=len(jobs) - len(run.unjudged))


class _Run:
    """One grading of a chapter.

    keys       the key of each submission, from the bytes of its file
    digests    a hash of each file
    problems   why a file cannot be read
    records    what is known so far
    before     what stood when the run began
    """

    def __init__(self, course: Course, terms: Terms, paths: Mapping[str, Path]) -> None:
        self.course = course
        self.terms = terms
        self.paths = paths
        self.file = course.verdicts(terms.chapter)
        self.store = Store(self.file)
        self.before = Standing.read(self.file)
        self.keys: dict[str, str] = {}
        self.digests: dict[str, str] = {}
        self.problems: dict[str, str] = {}
        self.records: dict[str, Record] = {}
        self.reused = 0
        self.unjudged: list[str] = []

    def read(self, *, everybody: bool) -> None:
        """Look at every file; with everybody also at those whom the gradebook knows and whose files are gone."""
        for student, path in self.paths.items():
            try:
                self.digests[student] = digest(_bytes_of(path))
            except SubmissionError as refusal:
                self.problems[student] = str(refusal)
        if everybody:
            self.problems |= dict.fromkeys(self._in_gradebook() - self.paths.keys(), GONE)
        for student, problem in self.problems.items():
            self.digests[student] = digest(problem.encode())
        self.keys = {
            student: submission_key(self.terms.basis, student, found) for student, found in self.digests.items()
        }

    def remember(self) -> None:
        """Take the records of submissions that were judged on these terms before."""
        # Nothing of what is made here is garbage, and looking for some takes as long as the reading.
        gc.disable()
        try:
            found = {student: self.store.get(key) for student, key in self.keys.items()}
        finally:
            gc.enable()
        self.records = {student: record for student, record in found.items() if record is not None}
        self.reused = len(self.records)

    def standing(self) -> set[str]:
        """The students for whom graded notebook and gradebook are as these submissions left them."""
        states = states_of(self.course, self.terms.chapter, self.keys)
        return {
            student
            for student, key in self.keys.items()
            if self.before.keys.get(student) == key and self.before.states.get(student) == states[student]
        }

    def jobs(self) -> list[Job]:
        """What has to be judged."""
        return [
            Job(key, student, self.paths.get(student, Path()), self.digests[student], self.problems.get(student, ""))
            for student, key in sorted(self.keys.items())
            if student not in self.records
        ]

    def rewrite(self, writer: gradebook.Writer | None, stands: set[str]) -> None:
        """Write what is known already and does not stand, such as what a killed run had judged."""
        known = (one for student, one in sorted(self.records.items()) if student not in stands)
        self._write((self._again(one) for one in known), writer)

    def take(self, found: Iterator[Outcome | None], writer: gradebook.Writer | None, shown: int) -> None:
        """Keep and write outcomes as they arrive; shown: how many there will be, 0 for no progress bar."""
        from tqdm import tqdm

        def kept() -> Iterator[Outcome]:
            for outcome in tqdm(found, total=shown, unit="submission", disable=not shown):
                if outcome is not None:
                    self._keep(outcome)
                    yield outcome

        self._write(kept(), writer)

    def stand(self) -> None:
        """Note what stands from now on."""
        # Whom somebody has taken out of the gradebook stands no more.
        before = {student: key for student, key in self.before.keys.items() if student in self._in_gradebook()}
        keys = before | {student: record.key for student, record in self.records.items()}
        Standing(keys, states_of(self.course, self.terms.chapter, keys)).write(self.file)

    def result(self, judged: int) -> Graded:
        """What the run gave."""
        ordered = tuple(self.records[student] for student in sorted(self.records))
        changed = {one.student for one in ordered if self.before.keys.get(one.student) != one.key}
        old = {student: self.store.get(key) for student, key in self.before.keys.items() if student in changed}
        new = {student: self.records[student] for student in changed}
        return Graded(
            self.terms.chapter, ordered, tuple(sorted(self.unjudged)), judged, self.reused, tuple(moves(old, new))
        )

    def _in_gradebook(self) -> set[str]:
        return {str(row[0]) for row in gradebook.snapshot(self.course, self.terms.chapter)}

    def _again(self, record: Record) -> Outcome:
        """A known record with its graded notebook, which may have been lost or belong to another submission."""
        cells = () if record.problem else preflight.read(self.paths[record.student])
        return Outcome.of(self.terms, record, rebuild(self.terms.release, cells))

    def _keep(self, outcome: Outcome) -> None:
        if outcome.lost:
            self.unjudged.append(outcome.record.student)
        self.store.add(outcome.record)
        self.records[outcome.record.student] = outcome.record

    def _write(self, outcomes: Iterator[Outcome], writer: gradebook.Writer | None) -> None:
        """Put outcomes into the tree and the gradebook, a batch at a time."""
        while batch := list(islice(outcomes, BATCH)):
            if writer is not None:
                for one in batch:
                    _write_notebook(self.course, one)
                writer.write((one.record for one in batch), {one.record.student for one in batch if self._same(one)})

    def _same(self, outcome: Outcome) -> bool:
        """Whether the student handed in what stood before, perhaps judged on other terms."""
        old = self.store.get(self.before.keys.get(outcome.record.student, ""))
        return old is not None and old.basis.get("submission") == outcome.record.basis.get("submission")


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


def _write_notebook(course: Course, outcome: Outcome) -> None:
    record, text = outcome.record, outcome.notebook.encode("utf-8", "surrogatepass")
    path = course.autograded(record.student, record.chapter)
    if path.is_symlink() or not path.is_file() or path.read_bytes() != text:
        # nbgrader leaves these files without write permission.
        replace_file(path, text)
    # nbgrader's exchange returns feedback by these files.
    for name in ("timestamp.txt", "submission_secret.txt"):
        beside = course.beside(record.student, record.chapter, name)
        if beside:
            replace_file(path.with_name(name), beside)
