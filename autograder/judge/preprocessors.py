"""The judge inside nbgrader: `nbgrader autograde` and formgrader's button give the scores that our own command gives.

nbgrader converts each notebook twice.  In the first pass JudgeSubmission rebuilds it from the release, judges it, and
writes our outputs; in the second, SaveJudgedGrades stores the scores.  nbgrader's own execution is not used.
"""

from __future__ import annotations

import atexit
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Bool

from autograder.errors import CourseError, SubmissionError
from autograder.judge.course import Course
from autograder.judge.grade import seed_for
from autograder.judge.jobs import Job, Outcome, Terms, judge_job, sheets_for
from autograder.judge.preflight import parse, read_bytes
from autograder.judge.rebuild import rebuild
from autograder.judge.records import Store, basis_of, digest, submission_key
from autograder.judge.report import FLAGGED
from autograder.judge.sandbox import Sandbox
from autograder.judge.sheets import Sheet

__all__ = ["JudgeSubmission", "SaveJudgedGrades"]


@dataclass
class _Bench:
    """What stays between submissions of a chapter: its terms, its sheets, and the records of earlier runs."""

    terms: Terms
    sheets: list[Sheet] | None
    store: Store


_benches: dict[tuple[Path, str], _Bench] = {}


@lru_cache(maxsize=1)
def _sandbox() -> Sandbox:
    sandbox = Sandbox.start()
    atexit.register(sandbox.close)
    return sandbox


def _bench(course: Course, chapter: str, variants: bool) -> _Bench:
    """The chapter's bench, made anew when the release, an exercise or the seed has changed."""
    # The sandbox starts before a reference or torch is loaded.
    mode = _sandbox().mode
    place = course.root.resolve(), chapter
    seed, notebook = seed_for(course), course.release(chapter)
    basis = basis_of(chapter, notebook["cells"], seed, mode, variants=variants)
    if place not in _benches or _benches[place].terms.basis != basis:
        course.check(chapter)
        terms = Terms(chapter, notebook, seed, mode, basis, variants)
        _benches[place] = _Bench(terms, None if variants else sheets_for(terms), Store(course.verdicts(chapter)))
    return _benches[place]


class JudgeSubmission(NbGraderPreprocessor):
    """Replace a submitted notebook by the released one with the student's sources, verdicts and scores in it."""

    variants = Bool(False, help="Whether each student has fresh cases of their own.").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """The graded notebook."""
        names = resources["nbgrader"]
        chapter, student = names["assignment"], names["student"]
        if names["notebook"] != chapter:
            raise CourseError(f"{names['notebook']}.ipynb is not part of {chapter}")
        course = Course(Path(self.config.CourseDirectory.root))
        bench = _bench(course, chapter, self.variants)
        outcome = _outcome(bench, course, student, json.dumps(nb).encode())
        return nbformat.reads(outcome.notebook, as_version=4), resources


def _outcome(bench: _Bench, course: Course, student: str, notebook: bytes) -> Outcome:
    """The outcome of a submission that nbgrader has read, as our own command has it or would have it."""
    terms = bench.terms
    path = course.submitted(terms.chapter).get(student, Path())
    try:
        submitted = digest(read_bytes(path))
    except SubmissionError:
        submitted = digest(notebook)
    key = submission_key(terms.basis, student, submitted)
    record = bench.store.get(key)
    if record is not None and not record.problem:
        return Outcome.of(terms, record, rebuild(terms.release, parse(notebook)))
    outcome = judge_job(_sandbox(), terms, bench.sheets, Job(key, student, path, submitted, data=notebook))
    bench.store.add(outcome.record)
    return outcome


class SaveJudgedGrades(SaveAutoGrades):
    """nbgrader's own writer; what the judge flagged waits for a person besides."""

    def _add_score(self, cell: Any, resources: Any) -> None:
        super()._add_score(cell, resources)
        if cell.metadata.get(FLAGGED):
            grade = self.gradebook.find_grade(
                cell.metadata.nbgrader.grade_id, self.notebook_id, self.assignment_id, self.student_id
            )
            grade.needs_manual_grade = True
            self.gradebook.db.commit()
