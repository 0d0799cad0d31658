"""nbgrader's working tree as this package uses it: its folders, its configuration, its gradebook's address."""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.judge.preflight import student_id
from autograder.judge.rebuild import role_of

__all__ = ["ROOT", "Course", "prepare_nbgrader"]

SERVER_EXTENSIONS = ("assignment_list", "course_list", "validate_assignment", "formgrader")
ROOT = Path(__file__).resolve().parents[2] / "build" / "nbgrader"


@dataclass(frozen=True)
class Course:
    """One working tree of nbgrader."""

    root: Path

    def release(self, chapter: str) -> dict[str, Any]:
        """The released notebook, which says what is graded and for how many points."""
        path = self.root / "release" / chapter / f"{chapter}.ipynb"
        if not path.is_file():
            raise CourseError(f"{path} is missing; make it: python -m autograder build {chapter}")
        notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return notebook

    def points(self, chapter: str) -> dict[str, float]:
        """The points of each grade cell of the released notebook."""
        marks = (cell["metadata"].get("nbgrader", {}) for cell in self.release(chapter)["cells"])
        return {mark["grade_id"]: float(mark["points"]) for mark in marks if mark.get("grade")}

    def check(self, chapter: str) -> None:
        """CourseError when the release and the exercise files do not say the same."""
        specs = {f"check_{one.name}": float(one.points) for one in catalogue.exercises(chapter)}
        released = {
            name: float(cell["metadata"]["nbgrader"]["points"])
            for cell in self.release(chapter)["cells"]
            for role, name in [role_of(cell)]
            if role == "check"
        }
        for name in sorted(specs.keys() | released.keys()):
            if specs.get(name) != released.get(name):
                raise CourseError(
                    f"{name} has {released.get(name)} points in the release, {specs.get(name)} in its exercise file; "
                    f"build the release again: python -m autograder build {chapter}"
                )

    def submitted(self, chapter: str) -> dict[str, Path]:
        """Where each student's notebook of a chapter lies or should lie, by student, in order.

        A folder whose name no file or page can hold, such as one that is not UTF-8, has a name without it.
        """
        found: dict[str, Path] = {}
        for folder in sorted((self.root / "submitted").glob(f"*/{chapter}")):
            name = student_id(folder.parent.name)
            while name in found:
                name += "_"
            if name != ".":
                found[name] = folder / f"{chapter}.ipynb"
        return found

    def autograded(self, student: str, chapter: str) -> Path:
        """Where the graded notebook goes."""
        return self.root / "autograded" / student / chapter / f"{chapter}.ipynb"

    def verdicts(self, chapter: str) -> Path:
        """The file of the chapter's records."""
        return self.root / "verdicts" / f"{chapter}.jsonl"

    def timestamp(self, student: str, chapter: str) -> str:
        """When the submission was handed in, as nbgrader's file beside it says; "" without one."""
        return self.beside(student, chapter, "timestamp.txt")[:100].decode("utf-8", "replace").strip()

    def beside(self, student: str, chapter: str, name: str) -> bytes:
        """What nbgrader's exchange put beside the submission in a file of this name; empty without one."""
        path = self.root / "submitted" / student / chapter / name
        if path.is_symlink() or not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(1000)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else grades this tree in the meantime; CourseError where somebody does."""
        import fcntl  # Windows, where nobody grades, has none

        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".grading.lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                who = file.read().strip() or "another process"
                raise CourseError(f"{self.root} is being graded by {who}; wait until it has ended") from None
            # The kernel lets go of the lock when this process ends, however it ends.
            file.truncate(0)
            file.write(f"process {os.getpid()}\n")
            file.flush()
            yield

    def config(self) -> Any:
        """nbgrader's configuration of this tree; its root is always this tree."""
        from traitlets.config import Config
        from traitlets.config.loader import PyFileConfigLoader

        config = Config()
        if (self.root / "nbgrader_config.py").is_file():
            config = PyFileConfigLoader("nbgrader_config.py", str(self.root)).load_config()
        config.CourseDirectory.root = str(self.root.resolve())
        return config

    @property
    def variants(self) -> bool:
        """Whether the configuration asks for fresh cases of their own for each student."""
        return bool(self.config().JudgeSubmission.get("variants", False))

    @property
    def db_url(self) -> str:
        """The gradebook's address, as the configuration says; nbgrader's default is a SQLite file in this tree."""
        chosen = self.config().CourseDirectory
        return str(chosen.db_url) if "db_url" in chosen else f"sqlite:///{self.root.resolve() / 'gradebook.db'}"

    def directory(self, chapter: str, **options: str) -> Any:
        """nbgrader's own object for this tree."""
        prepare_nbgrader()
        from nbgrader.coursedir import CourseDirectory

        return CourseDirectory(config=self.config(), assignment_id=chapter, **options)


def prepare_nbgrader() -> None:
    """Before nbgrader is imported: its helper program is found, and what it does not need is not loaded."""
    # nbgrader runs `alembic` by its bare name, and leaves a broken gradebook where it does not find it.
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + os.environ.get("PATH", "")
    # A grammar that jsonschema compiles for a second to check a format that no notebook has.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    if "nbgrader" not in sys.modules:
        _import_without_server_extensions()
    warnings.filterwarnings("ignore", module="nbgrader|sqlalchemy|jupyter.*|nbconvert|traitlets")
    warnings.filterwarnings(
        "ignore", message=".*SAWarning.*|.*relationship .* will copy column.*|.*Object of type .* not in session.*"
    )


def _import_without_server_extensions() -> None:
    """Import nbgrader with nothing in place of its four web applications, which take a second to load."""
    names = [f"nbgrader.server_extensions.{name}" for name in SERVER_EXTENSIONS]
    for name in names:
        module = types.ModuleType(name)
        module.load_jupyter_server_extension = None  # type: ignore[attr-defined]
        sys.modules[name] = module
    sys.modules["nbgrader.server_extensions"] = types.ModuleType("nbgrader.server_extensions")
    try:
        importlib.import_module("nbgrader")
    finally:
        # Whoever needs them later in this process gets the real ones.
        for name in [*names, "nbgrader.server_extensions"]:
            sys.modules.pop(name, None)
