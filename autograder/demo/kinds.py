"""The kinds of submissions that an instructor meets: honest, unlucky, hostile, each under a name that says what it is.

Each kind is made of the chapter itself and says, where that is known, which exercises must pass and whether the judge
must call a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from autograder.demo import notebooks, rewording, student_code
from autograder.demo.material import Chapter, Submission

__all__ = ["DUE", "GROUPS", "KINDS", "LATE_DAYS", "OTHER_WORDS"]

NO_NOTEBOOK = "This file has the name of a notebook and is none.\n"
DUE = "2027-03-01 23:59:00 UTC"
LATE = "2027-03-03 10:15:00 UTC"
LATE_DAYS = 2
"""Started days between the two."""
OTHER_WORDS = "in_other_words_ß_ж"
"""A folder whose name is not ASCII, as names of students are."""


def all_right(of: Chapter) -> Submission:
    """An honest one."""
    return of.submission("all_right", "every model answer")


def half_done(of: Chapter) -> Submission:
    """An unfinished one."""
    half = {name: of.answers[name] for name in of.names[: len(of.names) // 2]}
    return of.only("half_done", "the first half of the exercises", half)


def blank(of: Chapter) -> Submission:
    """The release itself."""
    return of.only("blank", "handed in as released", {})


def only_free_answers(of: Chapter) -> Submission:
    """Nothing for the judge, something for a person."""
    written = {name: of.answers[name] for name in of.questions}
    return of.only("only_free_answers", "free answers written well, and no code", written)


def warns(of: Chapter) -> Submission:
    """Right, with a warning in each call."""
    name = of.functions[0]
    changed = {name: rewording.with_lines(of.answers[name], student_code.WARNING)}
    return of.submission("warns", f"all right, and {name} warns", changed)


def other_types(of: Chapter) -> Submission:
    """Right, in single precision or as lists where the chapter takes that."""
    about = f"float32 or lists where they count as right: in {len(of.other_types)} exercises"
    return of.submission("other_types", about, of.other_types)


def extra_cells(of: Chapter) -> Submission:
    """A lived-in notebook."""
    name = of.functions[0]
    tried = {name: f"def {name}(*args, **kwargs):\n    return 0.0  # my first try\n"}
    about = "cells of one's own, copied checks, an earlier try above the answer"
    return of.submission("extra_cells", about, edit=lambda text: notebooks.copied(text, tried))


def metadata_lost(of: Chapter) -> Submission:
    """What some tools leave of a notebook."""
    return of.submission("metadata_lost", "a tool took ids, metadata and checks away", edit=notebooks.bare)


def old_format(of: Chapter) -> Submission:
    """Saved long ago, or by a program of that time."""
    return of.submission("old_format", "a notebook of format 3 for the kernel python2", edit=notebooks.old)


def in_other_words(of: Chapter) -> Submission:
    """An honest solution that is not the author's."""
    changed = {name: rewording.in_other_words(of.answers[name]) for name in of.names}
    return of.submission(OTHER_WORDS, "the same in smaller steps; a folder's name that is not ASCII", changed)


def copies_other_words(of: Chapter) -> Submission:
    """What the page of similar submissions is for."""
    changed = {name: rewording.with_other_names(rewording.in_other_words(of.answers[name])) for name in of.names}
    return of.submission("copies_other_words", f"copies {OTHER_WORDS} and renames its variables", changed)


def late(of: Chapter) -> Submission:
    """After the due date."""
    one = of.submission("late", f"all right, on the {LATE_DAYS}nd day after the due date")
    return replace(one, handed_in=LATE)


def handed_in_again(of: Chapter) -> Submission:
    """Replaces a right submission by a worse one after the class was graded."""
    name = of.victim(0)
    wrong = {name: f"def {name}(*args, **kwargs):\n    return None\n"}
    about = f"right at first, handed in again: {name} returns nothing"
    again = of.submission("handed_in_again", about, wrong, fails=[name])
    return replace(of.submission("handed_in_again", about), again=again)


def syntax_error(of: Chapter) -> Submission:
    """One cell that does not compile."""
    name = of.victim(1)
    changed = {name: f"def {name}(x) return x\n"}
    return of.submission("syntax_error", f"{name} is not Python", changed, fails=[name])


def endless_loop(of: Chapter) -> Submission:
    """A function that hangs."""
    return _spoiled(of, 2, "endless_loop", "never returns", student_code.ENDLESS, flagged=True)


def prints_without_end(of: Chapter) -> Submission:
    """A function that hangs and talks."""
    return _spoiled(of, 3, "prints_without_end", "prints and never returns", student_code.PRINTS, flagged=True)


def takes_all_memory(of: Chapter) -> Submission:
    """A function that asks for more than there is."""
    does = "asks for memory until there is none"
    return _spoiled(of, 4, "takes_all_memory", does, student_code.MEMORY, flagged=False)


def crashes(of: Chapter) -> Submission:
    """Lost in a cell that no answer needs."""
    return of.submission("crashes", "an extra cell ends the process", extra=student_code.CRASH, flagged=True)


def forks_without_end(of: Chapter) -> Submission:
    """Processes until there are no more."""
    about = "an extra cell starts processes until it may not"
    return of.submission("forks_without_end", about, extra=student_code.FORK)


def background_process(of: Chapter) -> Submission:
    """A process that would outlive the notebook."""
    about = "an extra cell leaves a process behind"
    return of.submission("background_process", about, extra=student_code.BACKGROUND)


def not_a_notebook(of: Chapter) -> Submission:
    """Another file under the notebook's name."""
    return of.refused("not_a_notebook", "a text file under the notebook's name", NO_NOTEBOOK)


def cut_off(of: Chapter) -> Submission:
    """An upload that broke."""
    whole = notebooks.filled(of.release, of.answers)
    return of.refused("cut_off", "the first half of the file", whole[: len(whole) // 2])


def empty_file(of: Chapter) -> Submission:
    """An upload that never began."""
    return of.refused("empty_file", "a file of no bytes", "")


def edited_points(of: Chapter) -> Submission:
    """Half done, and the metadata say otherwise."""
    one = half_done(of)
    about = f"half done; the metadata say {notebooks.MORE_POINTS} points, and checks have each other's ids"
    return replace(one, student="edited_points", about=about, text=notebooks.edited(one.text))


def forged_score(of: Chapter) -> Submission:
    """Outputs and messages in the grader's name."""
    one = of.only("forged_score", "prints a score, sends a verdict, stores outputs", {}, extra=student_code.SHOUT)
    # The message that nobody asked for ends its process.
    return replace(one, text=notebooks.forged(one.text), flagged=True)


def patches_numpy(of: Chapter) -> Submission:
    """Comparisons that say yes, and answers that are equal to everything."""
    sources = {name: student_code.EQUAL.format(name=name) for name in of.names}
    about = "comparisons that always say yes, answers equal to everything"
    text = notebooks.filled(of.release, sources, student_code.PATCH)
    return Submission("patches_numpy", about, text, frozenset(), flagged=False)


def reads_the_grader(of: Chapter) -> Submission:
    """Looks for answers and secrets, and tells what it found."""
    about = "looks for the grader's files and variables, and prints what it found"
    return of.only("reads_the_grader", about, {}, extra=student_code.READ)


def table_of_answers(of: Chapter) -> Submission:
    """The answers to the recorded cases, which come with the course, in place of a computation."""
    exercise, written = of.table
    about = f"{exercise.name} looks up the recorded answers; the rest is right"
    return of.submission("table_of_answers", about, {exercise.name: written}, fails=[exercise.name])


def script_in_answer(of: Chapter) -> Submission:
    """A free answer for the browser of whoever grades."""
    changed = {of.questions[0]: student_code.SCRIPT} if of.questions else {}
    return of.submission("script_in_answer", "all right; a free answer holds scripts and links", changed)


def _spoiled(of: Chapter, number: int, student: str, does: str, lines: str, *, flagged: bool) -> Submission:
    """One function does something before it does its work."""
    name = of.victim(number)
    changed = {name: rewording.with_lines(of.answers[name], lines)}
    return of.submission(student, f"{name} {does}", changed, fails=[name], flagged=flagged)


GROUPS: Mapping[str, tuple[Callable[[Chapter], Submission], ...]] = {
    # Benchmarks and pictures take the first three for the honest ones.
    "honest": (
        all_right, half_done, blank, only_free_answers, warns, other_types, extra_cells, metadata_lost, old_format,
        in_other_words,
    ),
    "with consequences": (late, handed_in_again, copies_other_words),
    "went wrong": (
        syntax_error, endless_loop, prints_without_end, takes_all_memory, crashes, forks_without_end,
        background_process, not_a_notebook, cut_off, empty_file,
    ),
    "hostile": (
        edited_points, forged_score, patches_numpy, reads_the_grader, table_of_answers, script_in_answer,
    ),
}  # fmt: skip
"""Every kind under a heading, in the order of the class."""

KINDS = tuple((heading, kind) for heading, kinds in GROUPS.items() for kind in kinds)
