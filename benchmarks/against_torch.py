"""How many times as long as PyTorch the model answers take: one CPU thread, float64, the chapters' own sizes.

    python -m benchmarks against_torch

For every exercise with a pace: the chapter's model answer, its yardstick (what a student's answer is compared with) and
the PyTorch reference, on the same inputs, in turns.  Printed are the shortest times in milliseconds, which a busy
machine spoils least, and the ratio of the first two.  The reference of a backward pass runs PyTorch's forward pass too,
as autograd must.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np

from autograder.engine import catalogue
from autograder.reference import live
from autograder.reference.device import torch_module
from autograder.spec import Exercise
from benchmarks.check import model_answers

ROUNDS = 25
TARGET = 5.0


def main() -> None:
    """Time and print."""
    torch = torch_module()
    torch.set_default_dtype(torch.float64)
    print(f"{'':<24}{'model answer':>14}{'PyTorch':>10}{'ratio':>8}{'yardstick':>12}   ms")
    worst = 0.0
    for exercise in catalogue.exercises():
        if exercise.pace:
            worst = max(worst, row(exercise, model_answers(exercise.chapter)[exercise.name]))
    print(f"\nslowest ratio {worst:.1f}; wanted at most {TARGET:g}")


def row(exercise: Exercise, model_answer: Callable[..., Any]) -> float:
    """Print one exercise's times; gives the ratio of model answer to PyTorch."""
    assert exercise.pace is not None
    given = exercise.pace.inputs()
    functions = (model_answer, exercise.reference, exercise.pace.yardstick)
    own, torch_time, yardstick = shortest(functions, (given, live.tensors(given), given))
    ratio = own / torch_time
    print(f"{exercise.name:<24}{own:>14.2f}{torch_time:>10.2f}{ratio:>8.2f}{yardstick:>12.2f}", flush=True)
    return ratio


def shortest(functions: tuple[Callable[..., Any], ...], inputs: tuple[Mapping[str, Any], ...]) -> list[float]:
    """The shortest milliseconds of each function on its inputs, called in turns."""
    times: list[list[float]] = [[] for _ in functions]
    with np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            for function, given, taken in zip(functions, inputs, times, strict=True):
                start = time.perf_counter()
                function(**given)
                taken.append(1000 * (time.perf_counter() - start))
    return [min(taken) for taken in times]


if __name__ == "__main__":
    main()
