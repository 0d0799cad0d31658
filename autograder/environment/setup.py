"""`python -m autograder setup`: make the environment."""

from __future__ import annotations

import argparse

from autograder.environment import venv

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--grading", action="store_true", help="also nbgrader and PyTorch, for instructors")
    parser.add_argument("--dev", action="store_true", help="also what the tests need, for authors")


def run(args: argparse.Namespace) -> int:
    """Install what was asked for."""
    if args.dev:
        venv.install("grading", "torch", "dev", "book", "lite", torch=True)
    elif args.grading:
        venv.install("grading", "torch", torch=True)
    else:
        venv.install()
    print(f"Ready. Open the course with: {venv.python().relative_to(venv.ROOT)} -m autograder start")
    return 0
