"""Find exercises by walking the folders: a file is an exercise, a folder is a chapter, and there is no registry."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from autograder.errors import SpecError
from autograder.spec import Exercise, FreeAnswer

__all__ = [
    "EXERCISES",
    "RECORDINGS",
    "chapter_named",
    "chapters",
    "entries",
    "exercises",
    "find",
    "load",
    "names",
    "questions",
]

EXERCISES = Path(__file__).parent.parent / "exercises"
RECORDINGS = Path(__file__).parent.parent / "recordings"


def chapters() -> list[str]:
    """The stems of all chapters that have exercises, in order."""
    return sorted(path.name for path in EXERCISES.iterdir() if path.name.startswith("ch") and path.is_dir())


def chapter_named(name: str) -> str:
    """The chapter's stem; "ch01" stands for "ch01_activations".  SpecError for anything else."""
    fitting = [stem for stem in chapters() if stem == name or stem.startswith(f"{name}_")]
    if len(fitting) != 1:
        raise SpecError(f"no chapter {name!r}; there are: {', '.join(chapters()) or 'none'}")
    return fitting[0]


def names(chapter: str) -> list[str]:
    """The names of a chapter's exercises and questions, in alphabetical order; nothing is imported."""
    folder = EXERCISES / chapter
    if not folder.is_dir():
        raise SpecError(f"no chapter {chapter!r}; there are: {', '.join(chapters())}")
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def entries(chapter: str | None = None) -> Iterator[Exercise | FreeAnswer]:
    """Every exercise and question of a chapter, or of the whole course."""
    for one in [chapter] if chapter else chapters():
        for name in names(one):
            yield load(EXERCISES / one / f"{name}.py")


def exercises(chapter: str | None = None) -> list[Exercise]:
    """The exercises of a chapter, or of the whole course, in the order of teaching."""
    found = (one for one in entries(chapter) if isinstance(one, Exercise))
    return sorted(found, key=lambda one: (one.chapter, one.number))


def questions(chapter: str | None = None) -> list[FreeAnswer]:
    """The questions that a person grades, in the order of their sections."""
    found = (one for one in entries(chapter) if isinstance(one, FreeAnswer))
    return sorted(found, key=lambda one: (one.chapter, [int(part) for part in one.section.split(".")]))


def find(name: str) -> Exercise | FreeAnswer:
    """The exercise or question of this name, wherever it is; imports that one file only."""
    paths = sorted(EXERCISES.glob(f"ch*/{name}.py")) if name.isidentifier() else []
    if not paths:
        raise SpecError(f"no exercise is called {name!r}; pass one of the chapter's functions, such as check(softmax)")
    return load(paths[0])


@cache
def load(path: Path) -> Exercise | FreeAnswer:
    """The exercise or question that a file defines, with its name and chapter filled in from the path."""
    spec = importlib.util.spec_from_file_location(f"autograder.exercises.{path.parent.name}.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SpecError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where `inspect` looks for a class's source
    spec.loader.exec_module(module)
    found = getattr(module, "EXERCISE", None) or getattr(module, "QUESTION", None)
    if not isinstance(found, Exercise | FreeAnswer):
        raise SpecError(f"{path.name} defines neither EXERCISE = Exercise(...) nor QUESTION = FreeAnswer(...)")
    return replace(found, name=path.stem, chapter=path.parent.name)
