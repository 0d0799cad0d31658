"""`python -m autograder record`: run every reference on a GPU, when there is one, and store what it gives.

Needs Python, NumPy and PyTorch, nothing else.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.engine import catalogue, tree
from autograder.engine.compare import allowed_error
from autograder.errors import SpecError
from autograder.reference import live, recordings
from autograder.reference.device import Device, choose
from autograder.spec import Exercise

__all__ = ["add_arguments", "largest_difference", "record", "run", "verify"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("chapters", nargs="*", help="such as ch01 or ch01_activations; all chapters when none is given")
    parser.add_argument("--only", metavar="EXERCISE", help="one exercise of the chapter")
    parser.add_argument("--device", choices=("cuda", "cpu"), help="run here; a GPU is taken when there is one")
    parser.add_argument(
        "--verify", action="store_true", help="compare fresh results with the stored ones; write nothing"
    )


def run(args: argparse.Namespace) -> int:
    """Record or verify; 1 when a verification fails."""
    device = choose(args.device)
    print(f"{device.says}, float64 and float32, TF32 off, seed {recordings.SEED}")
    failures = 0
    for exercise in _chosen(args.chapters, args.only):
        if args.verify:
            line, good = verify(exercise, device)
            failures += not good
        else:
            line = record(exercise, device)
        print(f"  {exercise.chapter}/{exercise.name:<32} {line}", flush=True)
    if args.verify:
        print("all recordings agree" if not failures else f"{failures} recordings do not agree")
    return 1 if failures else 0


def record(exercise: Exercise, device: Device) -> str:
    """Run the reference over the cases of the public seed, store the recording, and say the errors in one line."""
    cases = recordings.draw(exercise)
    expected = live.answers(exercise, cases, device, "float64")
    single = live.answers(exercise, cases, device, "float32")
    on_cpu = live.answers(exercise, cases, choose("cpu"), "float64")
    error32, from_cpu = largest_difference(expected, single), largest_difference(expected, on_cpu)
    recordings.save(
        exercise,
        cases,
        expected,
        {
            "made_by": "python -m autograder record",
            "device": device.name,
            "torch": device.torch,
            "cuda": device.cuda,
            "driver": device.driver,
            "dtype": "float64",
            "tf32": False,
            "seed": recordings.SEED,
            "cases": len(cases),
            "inputs_sha256": recordings.hash_inputs(cases),
            "float32_max_abs_error": error32,
            "max_abs_difference_from_cpu_float64": from_cpu if device.kind == "cuda" else None,
        },
    )
    return f"{len(cases)} cases, float32 misses float64 by {error32:.1e}, the CPU by {from_cpu:.1e}"


def verify(exercise: Exercise, device: Device) -> tuple[str, bool]:
    """Compare fresh results with the stored ones; a line that says the difference, and whether they agree."""
    stored = recordings.load(exercise)
    cases = recordings.draw(exercise)
    if recordings.hash_inputs(cases) != stored.provenance["inputs_sha256"]:
        return "inputs changed: record again on a GPU", False
    fresh = live.answers(exercise, cases, device, "float64")
    good = all(_agree(exercise, *pair) for pair in zip(stored.expected, fresh, strict=True))
    difference = largest_difference(stored.expected, fresh)
    return f"{'agrees' if good else 'DIFFERS'}: largest difference {difference:.1e} from {stored.source}", good


def largest_difference(left: Sequence[Any], right: Sequence[Any]) -> float:
    """The largest absolute difference between two lists of trees; equal infinities and NaNs count as equal."""
    worst = 0.0
    for one, other in zip(left, right, strict=True):
        for (_, a), (_, b) in zip(tree.leaves(one), tree.leaves(other), strict=True):
            first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
            same = (first == second) | (np.isnan(first) & np.isnan(second))
            with np.errstate(invalid="ignore"):
                worst = max(worst, float(np.where(same, 0.0, np.abs(first - second)).max(initial=0.0)))
    return worst


def _agree(exercise: Exercise, stored: Any, fresh: Any) -> bool:
    for (_, one), (_, other) in zip(tree.leaves(stored), tree.leaves(fresh), strict=True):
        # masks are compared as zeros and ones
        a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
        if a.shape != b.shape:
            return False
        near = np.abs(a - b) <= allowed_error(a, exercise.tolerance)
        if not near.all() and not np.array_equal(a, b, equal_nan=True):
            return False
    return True


def _chosen(chapters: Sequence[str], only: str | None) -> list[Exercise]:
    found: list[Exercise] = []
    for chapter in [catalogue.chapter_named(name) for name in chapters] or catalogue.chapters():
        found.extend(catalogue.exercises(chapter))
    if only is not None:
        found = [exercise for exercise in found if exercise.name == only]
        if not found:
            raise SpecError(f"no exercise {only!r} in {', '.join(chapters) or 'the course'}")
    return found
