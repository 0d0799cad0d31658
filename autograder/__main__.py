"""The command line: `python -m autograder COMMAND`.

A command is a module with `add_arguments(parser)` and `run(args) -> int`; only the chosen one is imported, so that
setting up needs nothing but Python, and recording nothing but Python, NumPy and PyTorch.  A command whose parser has a
default `rest` gets there the words that it does not know, for another program.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from autograder.errors import CourseError

COMMANDS = {
    "start": ("autograder.environment.start", "set up if needed and open the course in JupyterLab"),
    "setup": ("autograder.environment.setup", "make the environment in .venv (students; --grading, --dev for more)"),
    "weights": ("autograder.environment.weights", "fetch the optional pretrained weights"),
    "test": ("autograder.environment.test", "set up for development if needed and run all tests"),
    "build": ("autograder.release.build", "make the released notebooks in course/ from the masters"),
    "record": (
        "autograder.reference.record",
        "run the PyTorch references, on a GPU if there is one, and store the results",
    ),
    "grade": ("autograder.judge.grade", "judge every submission of a chapter"),
    "feedback": ("autograder.judge.feedback", "make the students' feedback pages"),
    "report": ("autograder.instructor.class_report", "write how the class did, as a page and as CSV"),
    "similar": ("autograder.instructor.similar", "compare the submissions of a chapter with each other"),
    "export": ("autograder.instructor.export", "write the gradebook as CSV, also for Canvas and Moodle"),
    "book": ("autograder.book.build", "make the course as a static site in build/book"),
    "lite": ("autograder.lite.command", "make the site in which chapters are worked in the browser, in build/lite"),
    "slides": ("autograder.slides.build", "make reveal.js decks of the chapters for the lecture, in build/slides"),
    "demo": ("autograder.demo", "generate a class of 40, grade it, and make every page"),
    "new-chapter": ("autograder.release.skeleton", "make the skeleton of a new chapter"),
}

AUTHORS = ("book", "lite", "slides")
"""Commands whose packages come with `setup --dev` only."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status; a CourseError ends as its one line."""
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in ("-h", "--help"):
        print(overview())
        return 0
    if words[0] not in COMMANDS:
        print(f"autograder: there is no command {words[0]!r}; there are: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    module_name, about = COMMANDS[words[0]]
    try:
        command = import_module(module_name)
    except ModuleNotFoundError as missing:
        needed = (missing.name or "").split(".")[0]
        if needed in ("autograder", ""):
            raise
        extra = "dev" if words[0] in AUTHORS else "grading"
        print(
            f"autograder: {words[0]} needs the package {needed}: python -m autograder setup --{extra}", file=sys.stderr
        )
        return 1
    parser = argparse.ArgumentParser(prog=f"python -m autograder {words[0]}", description=about)
    command.add_arguments(parser)
    args, rest = parser.parse_known_args(words[1:])
    if rest and "rest" not in args:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        args.rest = rest
    try:
        return int(command.run(args))
    except CourseError as problem:
        print(f"autograder: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("autograder: interrupted; what was finished is kept", file=sys.stderr)
        return 130


def overview() -> str:
    """The list of commands."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {about}" for name, (_, about) in COMMANDS.items()]
    return "python -m autograder COMMAND [--help]\n\n" + "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
