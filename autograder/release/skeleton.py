"""`python -m autograder new-chapter ch04_cnn "Convolutional networks"`: the skeleton of a chapter, ready to run.

A chapter is a few files with the same stem in the folders where every chapter has them; there is no registry.
The skeleton holds one worked section with an exercise, a question and a widget, to be replaced.
"""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

from autograder.errors import SpecError
from autograder.release.build import Places, build
from autograder.release.master import STEM

__all__ = ["add_arguments", "files", "make", "run"]

TEMPLATES = Path(__file__).parent / "templates"
LONGEST_TITLE = 60

NEXT_STEPS = """
What is left to do, in this order:
  1. write the sections in solutions/{stem}.py
     and one file for each exercise in autograder/exercises/{stem}/
  2. run the references on a machine with a GPU:  python -m autograder record {stem}
  3. make the students' notebook:                 python -m autograder build {stem}
  4. run the tests, which must all pass:          python -m autograder test
  5. add the chapter to the table in course/README.md"""


def files(stem: str) -> dict[str, str]:
    """Where each template goes: the path in the course -> the template's name."""
    subject = subject_of(stem)
    exercises = f"autograder/exercises/{stem}"
    return {
        f"solutions/{stem}.py": "master.py.txt",
        f"{exercises}/{subject}_example.py": "exercise.py.txt",
        f"{exercises}/{subject}_question.py": "question.py.txt",
        f"course/widgets/{stem}.py": "widgets.py.txt",
        f"tests/test_{stem[:4]}_claims.py": "claims.py.txt",
    }


def subject_of(stem: str) -> str:
    """The stem without its number: "cnn" for "ch04_cnn"."""
    return stem.partition("_")[2]


def make(root: Path, stem: str, title: str) -> list[Path]:
    """Write the skeleton below root and give its paths; refuses to touch anything that is there."""
    if not STEM.fullmatch(stem):
        raise SpecError(f"a chapter's stem is chNN_subject, such as ch04_cnn; got {stem!r}")
    if not title.strip() or len(title) > LONGEST_TITLE or "\n" in title:
        raise SpecError(f"a title is one line of 1 to {LONGEST_TITLE} characters; got {title!r}")
    taken = [path for path in (root / "solutions").glob(f"{stem[:4]}_*.py") if path.stem != stem]
    if taken:
        raise SpecError(f"chapter {int(stem[2:4])} is {taken[0].stem} already; choose another number")
    words = {"stem": stem, "subject": subject_of(stem), "number": str(int(stem[2:4])), "title": title.strip()}
    texts = {root / path: fill(template, words) for path, template in files(stem).items()}
    for path in texts:
        if path.exists():
            raise SpecError(f"{path.relative_to(root)} exists already; new-chapter overwrites nothing")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def fill(template: str, words: dict[str, str]) -> str:
    """A template's text with {{stem}}, {{subject}}, {{number}} and {{title}} replaced."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    for name, word in words.items():
        text = text.replace("{{" + name + "}}", word)
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m autograder new-chapter`."""
    parser.add_argument("stem", help="chNN_subject, such as ch04_cnn")
    parser.add_argument("title", help='the chapter\'s title, such as "Convolutional networks"')


def run(args: argparse.Namespace) -> int:
    """Make the skeleton, its notebook and, where PyTorch is installed, its recording."""
    places = Places()
    made = make(places.root, args.stem, args.title)
    build(places, args.stem)
    made.append(places.course(args.stem))
    for path in made:
        print(f"made {path.relative_to(places.root)}")
    if find_spec("torch") is not None:
        _record(args.stem)
    print(NEXT_STEPS.format(stem=args.stem))
    return 0


def _record(stem: str) -> None:
    """Record the skeleton's exercise with what is here; the recording says when that was no GPU."""
    from autograder.engine import catalogue
    from autograder.reference.device import choose
    from autograder.reference.record import record

    device = choose(None)
    for exercise in catalogue.exercises(stem):
        line = record(exercise, device)
        print(f"recorded {exercise.name} with {device.says}: {line}")
