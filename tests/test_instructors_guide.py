"""INSTRUCTORS.md stays true: its commands parse, its files, options, settings and pictures exist, its numbers agree."""

import argparse
import importlib
import re
import shlex

import pytest

from autograder.__main__ import COMMANDS
from autograder.engine import catalogue
from docs.instructors.make_screenshots import LARGEST, PICTURES, WIDTH
from tests.conftest import ROOT

GUIDE = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
PICTURE_FOLDER = "docs/instructors"
OTHER_PROGRAMS = {"cd", "cp", "git", "mkdir", "sudo", "export", "make", "dask", "jupyter", "source"}
"""Programs in the guide that are not ours and not nbgrader."""


class Refused(Exception):
    """A parser does not take these words."""


def parser_of(command):
    """The command's own parser, as `python -m autograder` makes it."""

    class Parser(argparse.ArgumentParser):
        def error(self, message):
            raise Refused(f"{command}: {message}")

    parser = Parser(prog=command)
    importlib.import_module(COMMANDS[command][0]).add_arguments(parser)
    return parser


def blocks(text, language=""):
    """The fenced blocks of a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for found, block in fenced if found == language]


def command_lines(text):
    """Every line of the blocks that a reader types, as words."""
    return [shlex.split(line) for block in blocks(text) for line in block.splitlines() if line.strip()]


def prose(text):
    """The text without its blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def wrong_commands(text):
    """What is wrong with each line that a reader types, and with each of our commands in the prose."""
    lines = command_lines(text)
    for code in re.findall(r"`([^`\n]+)`", prose(text)):
        words = code.split()
        if words[0] in COMMANDS and len(words) > 1:
            lines.append(["python", "-m", "autograder", *shlex.split(code)])
        elif words[0] == "nbgrader" and len(words) > 1:
            lines.append(shlex.split(code))
    return [problem for words in lines if (problem := wrong(words))]


def wrong(words):
    """Why these words are no command, or ""."""
    program = words[0].rpartition("/")[2]
    if words[1:3] == ["-m", "autograder"]:
        command, *rest = words[3:]
        if command not in COMMANDS:
            return f"there is no command {command}"
        try:
            parser_of(command).parse_args(rest)
        except Refused as problem:
            return str(problem)
        return ""
    if program == "nbgrader":
        return wrong_for_nbgrader(words[1:])
    if words[1:3] == ["-m", "pip"] or program in OTHER_PROGRAMS:
        return ""
    return f"unknown program {program}"


def wrong_for_nbgrader(words):
    """nbgrader's applications name their subcommands, flags and aliases."""
    from nbgrader.apps import NbGraderApp

    application, commands = NbGraderApp, NbGraderApp.subcommands
    while words and (name := words[0].replace("_", "-")) in {one.replace("_", "-") for one in commands}:
        application = next(found for one, (found, _) in commands.items() if one.replace("_", "-") == name)
        commands, words = vars(application).get("subcommands", {}), words[1:]
    if commands:
        return f"nbgrader has no command {' '.join(words)}"
    for word in words:
        option = word.lstrip("-").partition("=")[0]
        if word.startswith("--") and option not in {*application.flags, *application.aliases}:
            return f"{application.__name__} has no option {word}"
    return ""


def unknown_options(text):
    """Options in the prose that no command of ours or of nbgrader has."""
    ours = {option for command in COMMANDS for option in parser_of(command)._option_string_actions}
    theirs = {"--force", "--privileged"}
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", prose(text))) - ours - theirs)


def broken_links(text):
    """Links to files that are not there, and to headings that are not there."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    found = []
    for target in targets:
        path, _, anchor = target.partition("#")
        if target.startswith("https://"):
            continue
        if path and not (ROOT / path).exists():
            found.append(target)
        if not path and anchor not in anchors:
            found.append(target)
    return found


def settings(text):
    """Each `c.Class.trait` that a block of settings sets."""
    return {
        found for block in blocks(text, "python") for found in re.findall(r"^c\.(\w+)\.(\w+) =", block, re.MULTILINE)
    }


def unknown_settings(text):
    """Settings whose class has no such trait."""
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange.abc import Exchange
    from nbgrader.plugins import FileNameCollectorPlugin
    from nbgrader.preprocessors import AssignLatePenalties

    from autograder.instructor.late import DailyPenalty
    from autograder.judge.preprocessors import JudgeSubmission

    classes = (CourseDirectory, Exchange, FileNameCollectorPlugin, AssignLatePenalties, DailyPenalty, JudgeSubmission)
    traits = {(one.__name__, name) for one in classes for name in one.class_trait_names(config=True)}
    # nbgrader's exchange is chosen among several; the one that carries files has the folder.
    traits.add(("Exchange", "root"))
    return sorted(settings(text) - traits)


def test_every_command_line_of_the_guide_is_one_that_exists():
    assert wrong_commands(GUIDE) == []
    ours = {words[3] for words in command_lines(GUIDE) if words[1:3] == ["-m", "autograder"]}
    assert {"setup", "build", "grade", "feedback", "report", "similar", "export", "record", "demo"} <= ours


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("python -m autograder grde ch01", "there is no command grde"),
        ("python -m autograder grade ch01 --everything", "unrecognized arguments: --everything"),
        ("python -m autograder export --format excel", "invalid choice"),
        ("python -m autograder grade", "required: CHAPTER"),
        ("nbgrader colect ch01_activations", "nbgrader has no command colect"),
        ("nbgrader db student remove ada --now", "no option --now"),
        ("rm -rf build", "unknown program rm"),
    ],
)
def test_the_guard_of_the_commands_sees_a_wrong_one(line, problem):
    (found,) = wrong_commands(f"text\n\n```\n{line}\n```\n")
    assert problem in found


def test_every_option_that_the_guide_names_exists():
    assert unknown_options(GUIDE) == []
    assert unknown_options("use `--gentle`, or `--again`") == ["--gentle"]


def test_every_link_of_the_guide_leads_somewhere():
    assert broken_links(GUIDE) == []
    assert broken_links("# A b\n[x](missing.md) [y](#a-b) [z](#nowhere)") == ["missing.md", "#nowhere"]


def test_the_guides_pictures_are_those_that_the_script_makes():
    from PIL import Image

    named = set(re.findall(rf"\({PICTURE_FOLDER}/([\w-]+)\.png\)", GUIDE))
    there = {path.stem for path in (ROOT / PICTURE_FOLDER).glob("*.png")}
    assert named == set(PICTURES) == there
    assert all(re.findall(rf"!\[([^\]]*)\]\({PICTURE_FOLDER}", GUIDE)), "a picture has no words for who cannot see it"
    for name in PICTURES:
        path = ROOT / PICTURE_FOLDER / f"{name}.png"
        assert path.stat().st_size <= LARGEST
        with Image.open(path) as picture:
            assert (picture.width, picture.mode) == (WIDTH, "P")


def test_every_setting_of_the_guide_exists():
    assert len(settings(GUIDE)) >= 8
    assert unknown_settings(GUIDE) == []
    assert unknown_settings("```python\nc.DailyPenalty.mercy = 1\n```\n") == [("DailyPenalty", "mercy")]
    for block in blocks(GUIDE, "python"):
        compile(block, "INSTRUCTORS.md", "exec")


def test_the_patterns_for_downloads_read_the_names_that_stand_beside_them():
    found = {}
    for block in blocks(GUIDE, "python"):
        if pattern := re.search(r'named_regexp = r"(.*)"$', block, re.MULTILINE):
            names = re.search(r"^# .*?: (.+)$", block, re.MULTILINE)[1].split(", ")
            found |= {name: re.match(pattern[1], f"/tree/extracted/submissions/{name}") for name in names}
    assert {name: (match["student_id"], match["file_id"]) for name, match in found.items()} == {
        "lovelaceada_4711_99001_ch01_activations.ipynb": ("4711", "ch01_activations"),
        "hoppergrace_LATE_4712_99002_ch01_activations-2.ipynb": ("4712", "ch01_activations"),
        "Ada Lovelace_1234567_assignsubmission_file_/ch01_activations.ipynb": ("Ada Lovelace", "ch01_activations"),
    }


def test_the_guides_table_of_chapters_is_the_catalogues():
    rows = re.findall(r"^\| `(ch\d\d_\w+)` \|[^|]*\| (\d+) \| (\d+) \| (\d+) \|$", GUIDE, re.MULTILINE)
    assert [(name, *map(int, numbers)) for name, *numbers in rows] == [
        (
            chapter,
            len(catalogue.exercises(chapter)),
            sum(one.points for one in catalogue.exercises(chapter)),
            sum(one.points for one in catalogue.questions(chapter)),
        )
        for chapter in catalogue.chapters()
    ]


def test_the_semester_hands_out_every_chapter_once_and_takes_each_in_later():
    table = GUIDE.partition("## A semester")[2].partition("## ")[0]
    rows = re.findall(r"^\| (\d+) \|[^|]*\|([^|]*)\|([^|]*)\|", table, re.MULTILINE)
    out = {chapter.strip(): int(week) for week, chapter, _ in rows if chapter.strip()}
    due = {chapter.strip(): int(week) for week, _, chapter in rows if chapter.strip()}
    assert sorted(out) == sorted(due) == [f"chapter {number}" for number in range(1, 10)]
    assert all(due[chapter] > out[chapter] for chapter in out)
