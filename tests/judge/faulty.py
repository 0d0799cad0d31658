"""Faults of the grader itself, for one student called ada: what worker processes find by this module's name."""

from __future__ import annotations

import os
from typing import Any

from autograder.judge import jobs, workers

_work = workers._work


def raise_for_ada(job: jobs.Job) -> jobs.Outcome:
    """A worker's function that fails inside the grader."""
    workers.judge_job = judge_all_but_ada
    return _work(job)


def end_for_ada(job: jobs.Job) -> jobs.Outcome:
    """A worker's function that ends its process."""
    if job.student == "ada":
        os._exit(9)
    return _work(job)


def judge_all_but_ada(sandbox: Any, terms: jobs.Terms, sheets: Any, job: jobs.Job) -> jobs.Outcome:
    """What one process does, with a fault."""
    if job.student == "ada":
        raise ZeroDivisionError("a fault of the grader")
    return jobs.judge_job(sandbox, terms, sheets, job)
