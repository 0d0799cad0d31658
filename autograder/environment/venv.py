"""The project's own environment in .venv: made once, installed again only when what it needs has changed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from autograder.errors import CourseError

__all__ = ["ROOT", "environment", "install", "pip", "python"]

ROOT = Path(__file__).parents[2]
VENV = ROOT / ".venv"
OLDEST = (3, 11)
TORCH = "torch==2.13.0"
"""The version that the recordings were verified with; pyproject.toml allows a range for those who have another."""


def python() -> Path:
    """The environment's interpreter."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment() -> dict[str, str]:
    """This process's environment with .venv first on the path, and one BLAS thread.

    Two BLAS threads were up to 15 times slower than one on a busy machine with two cores.
    """
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    path = os.pathsep.join([str(python().parent), os.environ.get("PATH", "")])
    return {**os.environ, **threads, "PATH": path, "VIRTUAL_ENV": str(VENV)}


def install(*extras: str, torch: bool = False) -> None:
    """Make .venv if there is none and install the project with these extras; does nothing when that is done already."""
    if not (ROOT / "pyproject.toml").is_file():
        raise CourseError(
            f"{ROOT} is not the course's folder (no pyproject.toml); run this inside a clone of the course"
        )
    if sys.version_info < OLDEST:
        raise CourseError(f"this is Python {platform.python_version()}; the course needs 3.11 or newer")
    _create()
    stamp = VENV / "installed.json"
    done = _installed(stamp)
    wanted = {"extras": sorted({*extras, *done["extras"]}), "inputs": _fingerprint()}
    if done != wanted:
        if torch:
            _install_torch()
        chosen = f"[{','.join(wanted['extras'])}]" if wanted["extras"] else ""
        lock = ["--constraint", str(ROOT / "requirements.lock")]
        _say(f"Installing the course{chosen}; the first time takes a few minutes.")
        pip("install", *lock, "--editable", f"{ROOT}{chosen}")
        stamp.write_text(json.dumps(wanted))
    elif torch:
        _install_torch()


def _installed(stamp: Path) -> dict[str, Any]:
    """What earlier calls have installed; extras add up, so that a student's `start` takes no author's tools away."""
    try:
        done = json.loads(stamp.read_text())
        return {"extras": [str(one) for one in done["extras"]], "inputs": done["inputs"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {"extras": [], "inputs": ""}


def _fingerprint() -> str:
    files = [ROOT / "pyproject.toml", ROOT / "requirements.lock"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _create() -> None:
    if python().exists():
        return
    _say(f"Making the environment {VENV.name}.")
    try:
        venv.create(VENV, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        shutil.rmtree(VENV, ignore_errors=True)
        raise CourseError(
            f"Python could not make an environment ({type(problem).__name__}); "
            "on Debian and Ubuntu install its part first: sudo apt install python3-venv"
        ) from None


def pip(*arguments: str) -> None:
    """Run the environment's pip; CourseError when it fails."""
    command = [str(python()), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, env=environment(), check=False).returncode:
        raise CourseError(f"pip could not do this (its own words are above): pip {' '.join(arguments)}")


def _install_torch() -> None:
    """PyTorch: the CPU build where there is no GPU.

    The package index gives Linux the CUDA build, three gigabytes, whether or not there is a GPU; uv knows where
    the CPU build is.  Where pip itself offers a CPU build, as on macOS and Windows, pip takes it.
    """
    if subprocess.run([str(python()), "-c", "import torch"], capture_output=True, check=False).returncode == 0:
        return
    if platform.system() != "Linux" or _has_gpu() or "+cpu" in _offered():
        _say(f"Installing PyTorch ({TORCH}).")
        pip("install", TORCH)
        return
    _say(f"Installing PyTorch's CPU build ({TORCH}).")
    pip("install", "uv")
    command = [str(python()), "-m", "uv", "pip", "install", "--python", str(python()), "--torch-backend=cpu", TORCH]
    if subprocess.run(command, env=environment(), check=False).returncode:
        raise CourseError(
            "PyTorch's CPU build could not be fetched; install torch in .venv by hand "
            "(pytorch.org says how), then run this again"
        )


def _offered() -> str:
    """The version that pip would install, such as 2.13.0+cpu; "" when pip cannot say."""
    command = [str(python()), "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps", "--report", "-", TORCH]
    answer = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    try:
        return str(json.loads(answer.stdout)["install"][0]["metadata"]["version"])
    except (ValueError, LookupError):
        return ""


def _has_gpu() -> bool:
    return shutil.which("nvidia-smi") is not None


def _say(text: str) -> None:
    print(text, flush=True)
