"""The pinned Pyodide: which of its files the site needs, their digests, and a copy of them from a given archive.

pyodide.json is cut from the lock file of Pyodide's npm package:

    python -m autograder.lite.distribution FOLDER      the unpacked npm package, or a full distribution
"""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from autograder.errors import CourseError

__all__ = ["CDN", "CORE", "PINNED", "VERSION", "closure", "copy_distribution", "files_needed", "pinned"]

HERE = Path(__file__).parent
CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
ROOTS = ("ipython", "jedi", "matplotlib", "micropip", "numpy", "pillow", "scikit-learn", "sqlite3", "ssl")
"""What the course imports and what the kernel starts with; `closure` adds what these need."""

PINNED: dict[str, Any] = json.loads((HERE / "pyodide.json").read_text(encoding="utf-8"))
VERSION: str = PINNED["info"]["version"]
CDN = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"


def files_needed() -> dict[str, str]:
    """Every file that a site asks of Pyodide's distribution, with its SHA-256."""
    packages = {entry["file_name"]: entry["sha256"] for entry in PINNED["packages"].values()}
    return dict(sorted({**PINNED["core"], **packages}.items()))


def closure(packages: Mapping[str, Mapping[str, Any]], roots: Iterable[str]) -> list[str]:
    """The names in a lock file's packages that the roots need, themselves included."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name not in found:
            found.add(name)
            waiting += packages[name]["depends"]
    return sorted(found)


def copy_distribution(source: Path, to: Path) -> None:
    """Copy the needed files out of a folder, a tar or a zip archive of Pyodide's distribution, checked by digest.

    Raises CourseError where the source is no Pyodide, another version, lacks a file, or holds another file by its name.
    """
    needed = files_needed()
    to.mkdir(parents=True, exist_ok=True)
    missing = set(needed)
    wrong = []
    version = "of an unknown version"
    for name, data in _files(source, {*needed, "pyodide-lock.json"}):
        if name == "pyodide-lock.json":
            version = _version(data)
        if name in needed:
            missing.discard(name)
            if hashlib.sha256(data).hexdigest() != needed[name]:
                wrong.append(name)
            else:
                (to / name).write_bytes(data)
    if version not in (VERSION, "of an unknown version"):
        raise CourseError(f"{source} is Pyodide {version}; this site's kernel runs Pyodide {VERSION}")
    if len(missing) == len(needed):
        raise CourseError(f"{source} is no distribution of Pyodide: none of its files is in it")
    if missing:
        raise CourseError(f"{source} lacks {', '.join(sorted(missing))}; the full distribution of {VERSION} has them")
    if wrong:
        raise CourseError(f"{source} holds other files than Pyodide {VERSION}: {', '.join(sorted(wrong))}")


def _files(source: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """The wanted files of a folder or archive by their last name; a folder named pyodide inside is looked into."""
    if source.is_dir():
        for folder in (source, source / "pyodide"):
            for name in sorted(wanted):
                if (folder / name).is_file():
                    yield name, (folder / name).read_bytes()
        return
    try:
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                for path in archive.namelist():
                    name = path.rpartition("/")[2]
                    if name in wanted:
                        yield name, archive.read(path)
            return
        with tarfile.open(source) as tar:
            for member in tar:
                name = member.name.rpartition("/")[2]
                if member.isfile() and name in wanted:
                    content = tar.extractfile(member)
                    assert content is not None  # a regular file has content
                    yield name, content.read()
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as problem:
        # tarfile tells in a line for each method of compression why it was not that one.
        why = str(problem).splitlines()[0].rstrip(":") if str(problem) else type(problem).__name__
        raise CourseError(f"{source} cannot be read as a folder, a tar or a zip archive: {why}") from None


def _version(lock: bytes) -> str:
    try:
        return str(json.loads(lock)["info"]["version"])
    except (ValueError, KeyError, TypeError):
        return "of an unknown version"


def pinned(folder: Path) -> dict[str, Any]:
    """The content of pyodide.json for an unpacked distribution: core files by digest, and the needed packages."""
    lock = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))
    packages = {name: lock["packages"][name] for name in closure(lock["packages"], ROOTS)}
    core = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in CORE}
    return {"info": lock["info"], "core": core, "packages": packages}


if __name__ == "__main__":
    text = json.dumps(pinned(Path(sys.argv[1])), indent=1, sort_keys=True) + "\n"
    (HERE / "pyodide.json").write_text(text, encoding="utf-8")
