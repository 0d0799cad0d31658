"""What the tests share: the course's exercises as parameters, the authors' model answers, and a toy exercise."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.engine import catalogue
from autograder.spec import Case, Exercise, Misconception

ROOT = Path(__file__).parents[1]


@cache
def model_answers(chapter: str) -> dict[str, Callable[..., Any]]:
    """The functions of a chapter's model answers, defined in one namespace as in a notebook."""
    from autograder.release import master

    namespace: dict[str, Any] = {"np": np, "__name__": "model_answers"}
    for name, source in master.read(ROOT / "solutions" / f"{chapter}.py").model_answers.items():
        if isinstance(catalogue.find(name), Exercise):
            exec(compile(source, f"{chapter}/{name}", "exec"), namespace)
    return {exercise.name: namespace[exercise.name] for exercise in catalogue.exercises(chapter)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `exercise` runs on every exercise; with `misconception`, on every pair."""
    if "misconception" in metafunc.fixturenames and "exercise" in metafunc.fixturenames:
        pairs = [(exercise, one) for exercise in catalogue.exercises() for one in exercise.misconceptions]
        names = [f"{exercise.name}-{one.name}" for exercise, one in pairs]
        metafunc.parametrize(("exercise", "misconception"), pairs, ids=names)
    elif "exercise" in metafunc.fixturenames:
        found = catalogue.exercises()
        metafunc.parametrize("exercise", found, ids=[exercise.name for exercise in found])
    elif "chapter" in metafunc.fixturenames:
        metafunc.parametrize("chapter", catalogue.chapters())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked gpu are skipped, with the reason, where PyTorch sees no GPU."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked:
        import torch

        if not torch.cuda.is_available():
            for item in marked:
                item.add_marker(pytest.mark.skip(reason="PyTorch sees no GPU here"))


def double(x: np.ndarray) -> np.ndarray:
    """A right answer to the toy exercise."""
    return 2.0 * x


def squares(x: np.ndarray) -> np.ndarray:
    """x is squared instead of doubled."""
    return x**2


def doubles_in_place(x: np.ndarray) -> np.ndarray:
    """The input is overwritten."""
    x *= 2.0
    return x


def toy_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("one row", {"x": rng.normal(size=3)})
    yield Case("a table", {"x": rng.normal(size=(2, 3))})


@pytest.fixture
def toy() -> Exercise:
    """An exercise that asks for twice the input."""
    return Exercise(
        number=1,
        title="Twice the input",
        section="0.1",
        points=4,
        minutes=1,
        difficulty="easy",
        reference=lambda x: 2.0 * x,
        cases=toy_cases,
        misconceptions=(
            Misconception(squares, hint="What happens to 3?"),
            Misconception(doubles_in_place, hint="What does x hold after the call?"),
        ),
        hints=("Think of a copy machine.", "Section 0.1.", "y = 2x", "3 becomes 6"),
        name="double",
        chapter="ch00_toy",
    )


@pytest.fixture
def quiet() -> Iterator[None]:
    """Wrong answers may overflow and warn."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
