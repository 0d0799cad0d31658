"""What a submission meets inside the sandbox instead of the course's own packages: modules that accept anything.

Widgets and self-checks show pictures and lines; nobody looks at them while grading, and the real packages would
bring the references along.  An inert object takes every attribute and call and gives itself back.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["INERT", "Inert", "install"]

INERT = ("autograder", "course", "ipywidgets", "anywidget")
"""Top-level packages that inert modules stand for."""

ABSENT = ("torch", "scipy", "sklearn", "jax", "tensorflow", "numba", "nbgrader", "nbformat", "pip")
"""Packages that answer exercises or belong to the grader.  In namespaces they do not even exist."""


class Inert:
    """Accepts every attribute, call, item and loop, and does nothing."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Takes anything: a class statement that names an inert object as its base makes one, too."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            # NumPy, IPython and copy ask for protocols by such names; an inert object has none.
            raise AttributeError(name)
        return self

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Itself; as a decorator it leaves the function as it is."""
        if len(arguments) == 1 and not options and isinstance(arguments[0], types.FunctionType):
            return arguments[0]
        return self

    def __getitem__(self, key: Any) -> Inert:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> Inert:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __repr__(self) -> str:
        return ""

    def _ipython_display_(self) -> None:
        """Shows nothing."""


class InertModule(types.ModuleType):
    """A module whose every name is an inert object."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert()


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds inert modules for INERT, and hides ABSENT."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        top = fullname.partition(".")[0]
        if top in INERT:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        if top in ABSENT:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return InertModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def install() -> None:
    """From now on every import of these packages meets a stand-in; modules loaded before are forgotten."""
    for name in list(sys.modules):
        if name.partition(".")[0] in INERT + ABSENT:
            del sys.modules[name]
    sys.meta_path.insert(0, _Finder())
    _plain_progress_bars()
    _one_backend()


def _plain_progress_bars() -> None:
    """tqdm.notebook draws with ipywidgets, which is inert here, and a loop must not end because of its bar."""
    import tqdm

    notebook: Any = types.ModuleType("tqdm.notebook")
    notebook.tqdm = notebook.tqdm_notebook = tqdm.tqdm
    notebook.trange = notebook.tnrange = tqdm.trange
    sys.modules["tqdm.notebook"] = notebook


def _one_backend() -> None:
    """A window that matplotlib cannot open here is no error of the student's."""
    import matplotlib as mpl

    mpl.use = _nothing


def _nothing(*arguments: Any, **options: Any) -> None:
    """In place of the function that chooses how figures are shown."""
