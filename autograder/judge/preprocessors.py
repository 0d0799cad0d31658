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

from autograder.errors import CourseError
from autograder.judge.course import Course
from autograder.judge.grade import seed_for
from autograder.judge.preflight import parse
from autograder.judge.rebuild import rebuild
from autograder.judge.records import Store, fingerprint, submission_key
from autograder.judge.report import FLAGGED, compose
from autograder.judge.sandbox import Sandbox
from autograder.judge.sheets import Sheet, prepare
from autograder.judge.workers import Job, judge_job

__all__ = ["JudgeSubmission", "SaveJudgedGrades"]


@dataclass
class _Bench:
    """What stays between submissions of a chapter: its sheets, its release, and the records of earlier runs."""

    common: str
    sheets: list[Sheet]
    release: dict[str, Any]
    store: Store


_benches: dict[tuple[Path, str], _Bench] = {}


@lru_cache(maxsize=1)
def _sandbox() -> Sandbox:
    sandbox = Sandbox.start()
    atexit.register(sandbox.close)
    return sandbox


def _bench(course: Course, chapter: str) -> _Bench:
    """The chapter's bench, made anew when the release, an exercise or the seed has changed."""
    # The sandbox starts before a reference or torch is loaded.
    mode = _sandbox().mode
    place = course.root.resolve(), chapter
    seed, release = seed_for(course), course.release(chapter)
    common = fingerprint(chapter, release["cells"], seed, mode)
    if place not in _benches or _benches[place].common != common:
        course.check(chapter)
        _benches[place] = _Bench(common, prepare(chapter, seed), release, Store(course.verdicts(chapter)))
    return _benches[place]


class JudgeSubmission(NbGraderPreprocessor):
    """Replace a submitted notebook by the released one with the student's sources, verdicts and scores in it."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """The graded notebook."""
        names = resources["nbgrader"]
        chapter, student = names["assignment"], names["student"]
        if names["notebook"] != chapter:
            raise CourseError(f"{names['notebook']}.ipynb is not part of {chapter}")
        bench = _bench(Course(Path(self.config.CourseDirectory.root)), chapter)
        cells = parse(json.dumps(nb).encode())
        key = submission_key(bench.common, student, cells)
        record = bench.store.found.get(key)
        if record is None:
            record = judge_job(
                _sandbox(), bench.release["cells"], bench.sheets, Job(key, student, chapter, tuple(cells))
            )
            bench.store.add(record)
        graded = compose(bench.release, rebuild(bench.release["cells"], cells), record)
        return nbformat.reads(json.dumps(graded), as_version=4), resources


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
