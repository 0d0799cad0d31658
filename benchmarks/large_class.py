"""A large class: what a submission costs after start-up, what a second worker brings, an unchanged class, and memory.

    python -m benchmarks large_class
    python -m benchmarks.large_class 0      without the class of 1000

The class is the demonstration's honest part (right, half done, blank, known wrong answers) under other names until it
is large enough.  Each run is the whole command `python -m autograder grade`, in a fresh tree:

    20, 2 workers         as a small class, to know what start-up costs
    200, 1 worker         the same work in one process
    200, 2 workers        and in two
    200, unchanged        the command again, when nothing has changed
    200, one changed      again, with one other submission
    1000, 2 workers       its memory: the largest sum, over time, of the proportional set sizes (PSS) of the command
                          and of all processes below it, the sandboxed submissions included

"cores" is how many of the machine's cores were busy on average, whoever kept them busy, so read it on a machine that
does nothing else.  One worker is more than one busy core, because a submission answers ahead while the grader
compares, and the next one starts while the last one ends: two workers cannot be faster than one by more than the
number of cores over that.

Wall seconds on a shared machine: read the ratios.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import psutil

from autograder.demo.submissions import FIXED, Submission, submissions, write
from autograder.release import master
from autograder.release.build import Places, fill_tree, release_text, source_text, stems

HONEST = 3
SMALL, LARGE, HUGE = 20, 200, 1000
WORKERS = 2
SAMPLE_SECONDS = 0.25


@dataclass(frozen=True)
class Run:
    """Wall seconds of a command, the largest sum of its processes' memory in MiB, and how many cores were busy."""

    seconds: float
    mib: float
    cores: float


def main(huge: int = HUGE) -> None:
    """Grade classes of three sizes and print seconds and ratios."""
    stem = stems(Places())[0]
    chapter = master.read(Places().master(stem))
    release, source = release_text(chapter), source_text(chapter)
    everyone = submissions(chapter, release, 10_000)
    honest = everyone[:HONEST] + everyone[FIXED:]
    print(f"{stem}: {os.cpu_count()} cores, {len(honest)} different submissions\n")
    with tempfile.TemporaryDirectory(prefix="large-class-") as made:

        def tree(count: int, name: str) -> Path:
            root = Path(made, name)
            fill_tree(root, stem, source, release)
            write(root, stem, class_of(honest, count))
            return root

        small, one, two = tree(SMALL, "small"), tree(LARGE, "one"), tree(LARGE, "two")
        runs = {
            f"{SMALL}, {WORKERS} workers": grade(small, stem, WORKERS),
            f"{LARGE}, 1 worker": grade(one, stem, 1),
            f"{LARGE}, {WORKERS} workers": grade(two, stem, WORKERS),
            f"{LARGE}, unchanged": min((grade(two, stem, WORKERS) for _ in range(3)), key=lambda run: run.seconds),
        }
        changed = two / "submitted" / class_of(honest, 1)[0].student / stem / f"{stem}.ipynb"
        changed.write_text(honest[1].text, encoding="utf-8")
        runs[f"{LARGE}, one changed"] = grade(two, stem, WORKERS)
        if huge:
            runs[f"{huge}, {WORKERS} workers"] = grade(tree(huge, "huge"), stem, WORKERS)
    print(f"{'':<18}{'s':>8}{'s each':>9}{'MiB':>7}{'cores':>7}")
    for name, run in runs.items():
        each = run.seconds / int(name.partition(",")[0])
        print(f"{name:<18}{run.seconds:>8.2f}{each:>9.4f}{run.mib:>7.0f}{run.cores:>7.2f}")
    alone = runs[f"{LARGE}, 1 worker"]
    first, single, double, same = (run.seconds for run in list(runs.values())[:4])
    each = (double - first) / (LARGE - SMALL)
    print(f"\none submission after start-up, {WORKERS} workers: {each:.3f} s; start-up {first - SMALL * each:.1f} s")
    print(f"two workers against one, class of {LARGE}: {single / double:.2f} times as fast")
    bound = (os.cpu_count() or 1) / alone.cores
    print(f"as one worker keeps {alone.cores:.2f} cores busy, more workers can be at most {bound:.2f} times as fast")
    print(f"unchanged class of {LARGE} against grading it: {double / same:.0f} times as fast")


def class_of(honest: Sequence[Submission], count: int) -> list[Submission]:
    """`count` submissions under names of their own."""
    return [Submission(f"s{number:04}", one.about, one.text) for number, one in enumerate(islice(cycle(honest), count))]


def grade(root: Path, stem: str, workers: int) -> Run:
    """The whole command, with its memory watched."""
    command = [sys.executable, "-m", "autograder", "grade", stem, "--root", str(root), "--seed", "1"]
    environment = os.environ | {"PYTHONPATH": str(Places().root), "OMP_NUM_THREADS": "1"}
    start, most, ended = time.perf_counter(), [0.0], threading.Event()
    idle = psutil.cpu_times().idle
    with subprocess.Popen(
        [*command, "--workers", str(workers)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        watch = threading.Thread(target=_watch, args=(process.pid, most, ended))
        watch.start()
        _, errors = process.communicate()
        seconds = time.perf_counter() - start
        cores = (os.cpu_count() or 1) - (psutil.cpu_times().idle - idle) / seconds
        ended.set()
        watch.join()
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{errors[-2000:]}")
    return Run(seconds, most[0], cores)


def _watch(pid: int, most: list[float], ended: threading.Event) -> None:
    while not ended.wait(SAMPLE_SECONDS):
        try:
            family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        except psutil.Error:
            continue
        most[0] = max(most[0], sum(map(_mib, family)))


def _mib(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss) / 2**20
    except psutil.Error:
        return 0.0


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else HUGE)
