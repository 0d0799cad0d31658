"""Read and write recordings: what a reference gave once, stored so that the self-check needs no torch.

`<exercise>.npz` holds the cases' inputs and the expected (measured) outputs, without pickles;
`<exercise>.json` beside it says what made them.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from autograder.engine import catalogue, tree
from autograder.errors import RecordingError, RefusedValue
from autograder.spec import Case, Exercise

__all__ = ["Recording", "draw", "draw_private", "hash_inputs", "load", "path_of", "save"]

SEED = 0
"""The public seed: recordings hold the cases that an exercise draws from it."""


@dataclass(frozen=True)
class Recording:
    """The cases of the public seed, what was expected of each, and where that came from.

    provenance holds device, torch, cuda, driver, dtype, tf32, seed, inputs_sha256, float32_max_abs_error and
    max_abs_difference_from_cpu_float64.
    """

    cases: tuple[Case, ...]
    expected: tuple[Any, ...]
    provenance: dict[str, Any]

    @property
    def source(self) -> str:
        """What the recording is, in words; a recording made without a GPU says so."""
        made = f"PyTorch {self.provenance['torch']}"
        if self.provenance["device"] == "cpu":
            return f"{made} on the CPU (recording; not a GPU's output)"
        return f"{made} on {self.provenance['device']} (recording)"


def draw(exercise: Exercise, seed: int | Sequence[int] = SEED) -> tuple[Case, ...]:
    """The exercise's cases for a seed."""
    return tuple(exercise.cases(np.random.default_rng(seed)))


def draw_private(exercise: Exercise, seed: int) -> tuple[Case, ...]:
    """Fresh cases for a private seed, different for every exercise."""
    return draw(exercise, [seed, *exercise.name.encode()])


def path_of(exercise: Exercise) -> Path:
    """Where the recording's arrays lie; its provenance has the suffix .json."""
    return catalogue.RECORDINGS / exercise.chapter / f"{exercise.name}.npz"


def hash_inputs(cases: Sequence[Case]) -> str:
    """SHA-256 over the names, structures and bytes of the cases' inputs."""
    digest = hashlib.sha256()
    for case in cases:
        structure, arrays = tree.pack(dict(case.inputs))
        digest.update(json.dumps([case.name, structure], sort_keys=True).encode())
        for array in arrays:
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(array.tobytes())
    return digest.hexdigest()


def save(exercise: Exercise, cases: Sequence[Case], expected: Sequence[Any], provenance: dict[str, Any]) -> Path:
    """Write both files and return the path of the arrays."""
    stored = [
        {"name": case.name, "inputs": dict(case.inputs), "expected": value}
        for case, value in zip(cases, expected, strict=True)
    ]
    structure, arrays = tree.pack(stored)
    path = path_of(exercise)
    path.parent.mkdir(parents=True, exist_ok=True)
    numbered: dict[str, Any] = {f"a{index}": array for index, array in enumerate(arrays)}
    np.savez_compressed(path, structure=np.array(json.dumps(structure)), **numbered)
    path.with_suffix(".json").write_text(json.dumps(provenance, indent=2) + "\n", encoding="utf-8")
    load.cache_clear()
    return path


@cache
def load(exercise: Exercise) -> Recording:
    """The exercise's recording; RecordingError with one line when it is missing or damaged."""
    path = path_of(exercise)
    again = f"python -m autograder record {exercise.chapter} --only {exercise.name}"
    try:
        provenance = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        # np.load leaves the file open when what it finds is no archive, so the file is opened here.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = [stored[f"a{index}"] for index in range(len(stored.files) - 1)]
            rows = tree.unpack(json.loads(str(stored["structure"])), arrays)
        cases = tuple(Case(row["name"], row["inputs"]) for row in rows)
        return Recording(cases, tuple(row["expected"] for row in rows), provenance)
    except FileNotFoundError:
        raise RecordingError(f"{exercise.name} has no recording yet; make one: {again}") from None
    except (OSError, EOFError, ValueError, KeyError, TypeError, RefusedValue, zipfile.BadZipFile) as problem:
        raise RecordingError(f"the recording {path.name} is damaged ({problem}); make it again: {again}") from None
