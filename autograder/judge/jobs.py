"""One submission in, one outcome out: what a worker does, wherever it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.engine import catalogue
from autograder.engine.verdict import Verdict
from autograder.errors import SubmissionError
from autograder.judge import preflight
from autograder.judge.judging import judge
from autograder.judge.rebuild import Piece, rebuild
from autograder.judge.records import Basis, Record, digest, submission_key
from autograder.judge.report import compose, notebook_text
from autograder.judge.sandbox import Mode, Sandbox
from autograder.judge.sheets import Sheet, prepare
from autograder.spec import Exercise

__all__ = ["Job", "Outcome", "Terms", "judge_job", "lost", "refused", "sheets_for"]


@dataclass(frozen=True)
class Terms:
    """What is the same for every submission of a run.

    notebook   the released notebook
    variants   whether each student has fresh cases of their own
    """

    chapter: str
    notebook: Mapping[str, Any]
    seed: int
    mode: Mode
    basis: Basis
    variants: bool = False

    @property
    def release(self) -> Sequence[Mapping[str, Any]]:
        """The released cells."""
        cells: Sequence[Mapping[str, Any]] = self.notebook["cells"]
        return cells

    def seed_of(self, student: str) -> int:
        """The seed of a student's fresh cases: the run's, or with variants one that nobody else has."""
        return (
            int(digest(f"{self.seed} {student}".encode("utf-8", "surrogatepass"))[:15], 16)
            if self.variants
            else self.seed
        )


@dataclass(frozen=True)
class Job:
    """One submission to judge.

    submitted  the digest of the file's bytes when the run began
    problem    why the file cannot be read, "" when it can
    data       the file's bytes, once they have been read to be sent to a worker
    """

    key: str
    student: str
    path: Path
    submitted: str
    problem: str = ""
    data: bytes | None = None

    def loaded(self) -> Job:
        """The job with the file's bytes, which must still be those of the beginning.

        Where they are not, the record gets a key that no file has: what was meant for the file that stood there is
        still to be judged.
        """
        if self.problem:
            return self
        try:
            data = preflight.read_bytes(self.path)
        except SubmissionError as problem:
            return replace(self, key=digest(f"{self.key} unread".encode()), problem=str(problem))
        if digest(data) != self.submitted:
            changed = "the file changed while it was graded; grade it again"
            return replace(self, key=digest(f"{self.key} unread".encode()), problem=changed)
        return replace(self, data=data)

    def cells(self) -> list[preflight.SubmittedCell]:
        """The submitted cells; SubmissionError where the file is not a notebook."""
        if self.problem or self.data is None:
            raise SubmissionError(self.problem or "the file was not read")
        return preflight.parse(self.data)


@dataclass(frozen=True)
class Outcome:
    """The record of a submission and the text of its graded notebook; lost: no worker could finish it."""

    record: Record
    notebook: str
    lost: bool = False

    @classmethod
    def of(cls, terms: Terms, record: Record, pieces: Sequence[Piece]) -> Outcome:
        """The outcome with its notebook composed."""
        return cls(record, notebook_text(compose(terms.notebook, pieces, record)))


def sheets_for(terms: Terms, student: str = "") -> list[Sheet]:
    """What a student is judged on: the same for everybody unless there are variants."""
    return prepare(terms.chapter, terms.seed_of(student))


def judge_job(sandbox: Sandbox, terms: Terms, sheets: Sequence[Sheet] | None, job: Job) -> Outcome:
    """The outcome of one submission.  sheets: None where each student has their own."""
    job = job if job.data is not None else job.loaded()
    try:
        cells = job.cells()
    except SubmissionError as problem:
        return refused(job, terms, str(problem))
    own = sheets if sheets is not None else sheets_for(terms, job.student)
    found = judge(sandbox, terms.release, cells, own, _reference)
    record = Record(
        job.key,
        job.student,
        terms.chapter,
        found.verdicts,
        found.outcomes,
        found.flags,
        untouched=_untouched(found.pieces),
        basis=_basis(terms, job),
    )
    return Outcome.of(terms, record, found.pieces)


def _reference(exercise: Exercise, inputs: Mapping[str, Any]) -> Any:
    # torch is loaded only where a failing dependency makes it necessary.
    from autograder.reference import live

    return live.reference_value(exercise, inputs)


def refused(job: Job, terms: Terms, problem: str) -> Outcome:
    """A submission that cannot be judged: no points anywhere, and a person should look at it."""
    pieces = rebuild(terms.release, ())
    verdicts = tuple(
        Verdict(one.name, one.points, 0.0, f"not judged: {problem}") for one in catalogue.exercises(terms.chapter)
    )
    record = Record(
        job.key or submission_key(terms.basis, job.student, problem),
        job.student,
        terms.chapter,
        verdicts,
        problem=problem,
        untouched=_untouched(pieces),
        basis=_basis(terms, job),
    )
    return Outcome.of(terms, record, pieces)


def lost(job: Job, terms: Terms, why: str) -> Outcome:
    """A submission that no worker could finish.  Its key is nobody's, so that the next run tries again."""
    found = refused(replace(job, key=digest(f"{job.key} lost".encode())), terms, why)
    return replace(found, lost=True)


def _untouched(pieces: Sequence[Piece]) -> tuple[str, ...]:
    return tuple(
        piece.name for piece in pieces if piece.role in ("question", "solution") and not piece.changed and piece.release
    )


def _basis(terms: Terms, job: Job) -> Basis:
    return {**terms.basis, "submission": job.submitted[:16]}
