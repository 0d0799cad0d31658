"""`python -m autograder test`: set up for development if needed, and run all tests."""

from __future__ import annotations

import argparse
import subprocess

from autograder.environment import venv

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.epilog = "Anything else goes to pytest, such as -k softmax."
    parser.set_defaults(rest=[])


def run(args: argparse.Namespace) -> int:
    """Run pytest over two processes; the tests marked slow are run by hand: python -m autograder test -m slow."""
    venv.install("grading", "torch", "dev", "book", "lite", torch=True)
    command = [str(venv.python()), "-m", "pytest", *(args.rest or ["-m", "not slow", "-n", "2"])]
    return subprocess.run(command, cwd=venv.ROOT, env=venv.environment(), check=False).returncode
