"""Milliseconds for one `check(...)` of each exercise, and the import time of `autograder`.

    python -m benchmarks check

The chapter's model answers are checked as a student checks them: recorded cases, diagnosis, table, progress file.
    first    reads the exercise file and the recording from the disk
    again    the median of the following calls
    wrong    the median for the first misconception, which is compared with every known wrong answer
The import is timed in fresh interpreters, beside NumPy alone, which it needs anyway.
"""

from __future__ import annotations

import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autograder import check
from autograder.engine import catalogue
from autograder.errors import NotYet
from autograder.reference import recordings
from autograder.release import master
from autograder.release.build import Places, stems
from autograder.spec import Exercise

CALLS = 20
INTERPRETERS = 7


def main() -> None:
    """Time and print."""
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        os.environ["COURSE_PROGRESS"] = str(Path(folder) / "progress.json")
        for stem in stems(Places()):
            print(f"{stem:<20}{'first':>10}{'again':>10}{'wrong':>10}   ms")
            functions = model_answers(stem)
            rows = [check_times(exercise, functions[exercise.name]) for exercise in catalogue.exercises(stem)]
            print(f"{'slowest':<20}" + "".join(f"{max(column):>10.1f}" for column in zip(*rows, strict=True)))
    numpy, ours = import_time("import numpy"), import_time("import numpy; from autograder import check")
    print(f"\nimport numpy {numpy:.0f} ms; with autograder's check {ours:.0f} ms, {ours / numpy:.2f} times as long")


def model_answers(stem: str) -> dict[str, Any]:
    """The chapter's model answers, defined as in a notebook."""
    space: dict[str, Any] = {"np": np}
    names = {exercise.name for exercise in catalogue.exercises(stem)}
    for name, source in master.read(Places().master(stem)).model_answers.items():
        if name in names:
            exec(source, space)
    return space


def check_times(exercise: Exercise, function: Callable[..., Any]) -> tuple[float, float, float]:
    """First, repeated and wrong check in milliseconds; prints them."""
    wrong = exercise.misconceptions[0].wrong
    # A check finds its exercise by the function's name.
    wrong.__name__, name = exercise.name, wrong.__name__
    catalogue.load.cache_clear()
    recordings.load.cache_clear()
    first = one_check(function)
    again = statistics.median(one_check(function) for _ in range(CALLS))
    mistaken = statistics.median(one_check(wrong) for _ in range(CALLS))
    wrong.__name__ = name
    print(f"{exercise.name:<20}{first:>10.1f}{again:>10.1f}{mistaken:>10.1f}", flush=True)
    return first, again, mistaken


def one_check(function: Callable[..., Any]) -> float:
    """Milliseconds of one check, without the terminal's own time."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        with contextlib.suppress(NotYet):
            check(function)
        return 1000 * (time.perf_counter() - start)


def import_time(statement: str) -> float:
    """Milliseconds of an import statement in a fresh interpreter, the median of several."""
    code = f"import time; start = time.perf_counter(); {statement}; print(1000 * (time.perf_counter() - start))"
    times = []
    for _ in range(INTERPRETERS):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=Places().root, capture_output=True, text=True, check=True
        )
        times.append(float(done.stdout))
    return statistics.median(times)


if __name__ == "__main__":
    main()
