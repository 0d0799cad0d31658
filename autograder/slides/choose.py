"""What of a chapter stands on its slides: headings, key sentences, formulas, figures, widgets, and "your turn".

The long prose goes to the speaker's notes.  Model answers, checks, hints and what they print stay out.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from nbformat import NotebookNode

from autograder.book import widgets
from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.release.master import Cell, Master, without_answers
from autograder.slides.markdown import Block, blocks, label, plain, sentences, words
from autograder.spec import FreeAnswer

__all__ = ["Item", "Slide", "signature", "slides"]

TASK = re.compile(
    r"\*\*(?:Exercise (?P<number>\d+\.\d+)|Question): (?P<title>.*?)\*\*\s*\((?P<facts>[^)]*)\)\s*(?P<rest>.*)",
    re.DOTALL,
)
GUESS = re.compile(r"\*\*[^*]+:\*\* …")
NOTICE = re.compile(r"\*What to notice:\*\s*(.*)", re.DOTALL)
KEY_WORDS = 45
"""How many words of one paragraph a slide bears."""

CODE_LINES, CODE_COLUMNS = 13, 76


@dataclass(frozen=True)
class Item:
    """One thing on a slide: Markdown, a list, a formula, code, printed text, a figure or a widget.

    content is Markdown, source, or the markup or base64 of an output; alt is a figure's description.
    """

    kind: Literal["text", "lead", "list", "table", "formula", "code", "printed", "figure", "widget"]
    content: str
    alt: str = ""


@dataclass
class Slide:
    """One slide before it is laid out."""

    kind: Literal["title", "section", "text", "picture", "turn"]
    title: str
    section: str = ""
    facts: str = ""
    items: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def slides(chapter: Master, executed: NotebookNode) -> list[Slide]:
    """The slides of a chapter, in order, not yet parted to the height of a screen."""
    if len(executed.cells) != len(chapter.cells):
        raise CourseError(f"{chapter.stem}: the executed notebook has other cells than the master; run it again")
    chooser = _Chooser(chapter)
    for cell, ran in zip(chapter.cells, executed.cells, strict=True):
        if cell.kind == "prose":
            chooser.prose(cell.source)
        elif cell.kind == "exercise":
            chooser.exercise(cell)
        elif cell.kind == "code":
            chooser.code(cell.source, ran)
        elif cell.kind == "free answer":
            chooser.asked = True
    made = [slide for slide in chooser.made if slide.kind != "text" or slide.items]
    # a section without a question and without slides, such as the set-up, has nothing to say in a lecture
    empty = [one.kind == "section" and not one.items and after.kind == "section" for one, after in pairwise(made)]
    return [slide for slide, nothing in zip(made, [*empty, False], strict=True) if not nothing]


class _Chooser:
    """Walks through a chapter and keeps the slide that is being filled."""

    def __init__(self, chapter: Master) -> None:
        self.made: list[Slide] = []
        self.section = self.heading = ""
        self.picture: Slide | None = None
        self.asked = False  # whether the exercise's text is over
        self.last = ""  # the paragraph before a formula, where it is not on the slide
        self.tasks = {task.name: task for task in catalogue.entries(chapter.stem)}

    @property
    def now(self) -> Slide:
        return self.made[-1]

    def begin(self, kind: Any, title: str, facts: str = "") -> Slide:
        self.made.append(Slide(kind, title, self.section, facts))
        self.asked, self.last = False, ""
        return self.now

    def room(self) -> Slide:
        """The slide that the next sentence stands on."""
        if self.now.kind == "text":
            return self.now
        last = self.last
        slide = self.begin("text", self.heading)
        self.last = last
        return slide

    def prose(self, source: str) -> None:
        if GUESS.fullmatch(source.strip()):
            return
        told = list(blocks(source))
        directions = self.picture is not None
        if directions and any(label(one.text)[0].startswith("What you should have seen") for one in told):
            until = len(told)
        else:
            until = 2
        for place, block in enumerate(told):
            if (
                block.kind == "heading"
                or (block.kind == "paragraph" and label(block.text)[0])
                or TASK.match(block.text)
            ):
                directions = False
            if directions and place < until and self.picture is not None:
                # what to try in the widget or to see in the figure: the lecturer says it
                self.direct(block)
            else:
                self.block(block)
        self.picture = None

    def direct(self, block: Block) -> None:
        assert self.picture is not None
        found = NOTICE.match(block.text)
        if found and not any(item.kind == "text" for item in self.picture.items):
            told = sentences(found[1])[0]
            self.picture.items.append(Item("text", told[0].upper() + told[1:]))
        self.picture.notes.append(block.text)

    def block(self, block: Block) -> None:
        if block.kind == "heading":
            self.headed(block)
            return
        task = TASK.match(block.text) if block.kind == "paragraph" else None
        if task:
            number = f"{task['number']} " if task["number"] else ""
            self.begin("turn", f"{number}{task['title']}", task["facts"])
            if task["rest"]:
                self.block(Block("paragraph", task["rest"]))
            return
        if not self.made:
            return
        if self.now.kind == "turn" and not self.asked:
            self.now.notes.append(block.text)
            self.task_text(block)
        elif block.kind == "paragraph":
            self.paragraph(block.text)
        else:
            self.thing(block)

    def headed(self, block: Block) -> None:
        if block.level == 1:
            self.heading = block.text
            self.begin("title", block.text)
        elif block.level == 2:
            self.section = self.heading = block.text
            self.begin("section", block.text)
        else:
            self.heading = block.text
            self.begin("text", block.text)

    def paragraph(self, text: str) -> None:
        bold, rest = label(text)
        if self.now.kind == "title":
            self.now.notes.append(text)
            if not self.now.items and not bold:
                self.now.items.append(Item("lead", _first(text, 20)))
            return
        if bold == "Question." and self.now.kind == "section":
            self.now.items.append(Item("lead", _first(rest, 40)))
            self.now.notes.append(text)
            return
        if bold == "Predict.":
            slide = self.begin("text", "Predict")
            slide.items.append(Item("lead", _first(rest, 60)))
            slide.notes.append(text)
            return
        if bold.startswith("What you should have seen"):
            slide = self.begin("text", "What you should have seen")
            slide.items.append(Item("text", _key(rest, always=True)))
            slide.notes.append(text)
            return
        shown = _key(rest, always=bool(bold) and words(rest) <= 90)
        slide = self.room() if shown else self.now
        if shown:
            slide.items.append(Item("text", f"**{bold}** {shown}" if bold else shown))
        slide.notes.append(text)
        self.last = "" if shown else sentences(text)[-1] if sentences(text) else ""

    def thing(self, block: Block) -> None:
        """A formula, list, table or code block among the prose."""
        if self.now.kind == "title":
            self.now.notes.append(block.text)
            if block.kind == "table":
                self.begin("text", "Contents").items.append(Item("table", _narrow(block.text)))
            return
        if block.kind == "list":
            shown = _points(block)
            self.room().notes.append(block.text)
            if shown:
                self.lead()
                self.room().items.append(Item("list", shown))
            return
        slide = self.room()
        if block.kind == "formula":
            self.lead()
        kind: Any = "printed" if block.kind == "code" else block.kind
        text = re.sub(r"^```\w*\n|\n```$", "", block.text) if block.kind == "code" else block.text
        slide.items.append(Item(kind, text))
        if block.kind == "formula":
            slide.notes.append(block.text)

    def lead(self) -> None:
        """The words that lead to what comes now, where they are short and not yet there."""
        if self.last and words(self.last) <= 28:
            self.room().items.append(Item("text", self.last))
        self.last = ""

    def task_text(self, block: Block) -> None:
        slide = self.now
        told = sum(words(item.content) for item in slide.items if item.kind == "text")
        if block.kind == "formula":
            slide.items.append(Item("formula", block.text))
        elif block.kind == "paragraph" and told < 30:
            bold, rest = label(block.text)
            slide.items.append(Item("text", (f"**{bold}** " if bold else "") + _first(rest, 45)))
        elif block.kind == "list" and _points(block):
            slide.items.append(Item("list", _points(block)))

    def exercise(self, cell: Cell) -> None:
        """The signature, on the slide of the exercise's text."""
        task = self.tasks[cell.name]
        if self.now.kind != "turn":
            points = f"{task.points} point{'' if task.points == 1 else 's'}"
            self.begin("turn", task.title, f"{task.minutes} minutes, {points}")
        assert not isinstance(task, FreeAnswer)
        self.now.items.append(Item("code", signature(cell)))
        self.now.notes.append(f"In the notebook: `{cell.name}`, checked by `check({cell.name})`.")
        self.asked = True

    def code(self, source: str, ran: NotebookNode) -> None:
        if re.match(r"\s*(progress|hint|check)\(", source) or not self.made or not self.section:
            return
        printed = "".join(
            out.text for out in ran.outputs if out.output_type == "stream" and out.name == "stdout"
        ).rstrip()
        if printed:
            self.printed(source, printed)
        for output in ran.outputs:
            data = output.get("data", {})
            if widgets.is_widget(data.get("text/html", "")):
                self.shown(Item("widget", data["text/html"]))
            elif "image/png" in data:
                self.shown(Item("figure", data["image/png"]))

    def shown(self, item: Item) -> None:
        """A figure or a widget has a slide of its own."""
        title = self.heading
        self.picture = self.begin("picture", title)
        self.picture.items.append(item)

    def printed(self, source: str, text: str) -> None:
        lines, result = source.strip().splitlines(), text.splitlines()
        columns = max(map(len, [*lines, *result]))
        if len(lines) + len(result) > CODE_LINES or columns > CODE_COLUMNS:
            # what was printed means nothing without the code, and together they are no slide
            self.now.notes += [f"```\n{source.strip()}\n```", f"```\n{text}\n```"]
            return
        slide = self.begin("text", self.heading)
        slide.items += [Item("code", source.strip()), Item("printed", text)]


def signature(cell: Cell) -> str:
    """What a student sees of an exercise's cell: the first line and the docstring, and a class's methods by name."""
    source = without_answers(cell.source, "raise NotImplementedError")
    lines = source.splitlines()
    node = next(one for one in ast.parse(source).body if isinstance(one, ast.FunctionDef | ast.ClassDef))
    return "\n".join(part for line in _head(node, lines) for part in _wrapped(line))


def _wrapped(line: str) -> list[str]:
    """A line of a docstring that is too long for a slide as several; an argument's text stays in its column."""
    if len(line) <= CODE_COLUMNS or line.lstrip().startswith("def "):
        return [line]
    argument = re.match(r"\s+[\w, ]+?\s\s+(?=\S)", line)
    indent = " " * (argument.end() if argument else len(line) - len(line.lstrip()))
    return textwrap.wrap(line, CODE_COLUMNS, subsequent_indent=indent)


def _head(node: ast.FunctionDef | ast.ClassDef, lines: list[str], short: bool = False) -> Iterator[str]:
    first = node.body[0]
    described = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    yield from lines[node.lineno - 1 : first.lineno - 1]
    if described and not short:
        assert first.end_lineno is not None
        yield from lines[first.lineno - 1 : first.end_lineno]
    if isinstance(node, ast.ClassDef):
        for method in node.body:
            if isinstance(method, ast.FunctionDef):
                yield ""
                yield from _head(method, lines, short=True)


def _first(text: str, limit: int) -> str:
    """The first sentences, as many as fit into that many words; at least one."""
    kept: list[str] = []
    for one in sentences(text):
        if kept and words(" ".join([*kept, one])) > limit:
            break
        kept.append(one)
    return " ".join(kept)


def _key(text: str, always: bool = False) -> str:
    """A paragraph's sentences with bold words, two at most; `always` puts its first sentences before them."""
    told = sentences(text)
    chosen = {place for place, one in enumerate(told) if "**" in one and words(one) <= KEY_WORDS}
    if always:
        length = 0
        for place, one in enumerate(told):
            length += words(one)
            if place and length > KEY_WORDS:
                break
            chosen.add(place)
        return " ".join(told[place] for place in sorted(chosen)[:5])
    return " ".join(told[place] for place in sorted(chosen)[:2])


def _points(block: Block) -> str:
    """A list as Markdown, each point whole or by its first sentence; "" where it is too long for a slide."""
    points = list(block.items)
    if sum(map(words, points)) > 90:
        points = [_first(one, 16) for one in points]
    if sum(map(words, points)) > 140 or len(points) > 9:
        return ""
    marks = [f"{place}." for place in range(1, 10)] if re.match(r"\s*\d", block.text) else ["*"] * 9
    return "\n".join(f"{mark} {one}" for mark, one in zip(marks, points, strict=False))


def _narrow(table: str) -> str:
    """The contents' table without its minutes: the first two columns."""
    rows = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in table.splitlines()]
    return "\n".join(f"| {' | '.join(cell.strip() for cell in row[:2])} |" for row in rows)


def alt(slide: Slide) -> str:
    """A figure's description: what there is to notice, else the slide's title."""
    told = next((item.content for item in slide.items if item.kind == "text"), slide.title)
    return plain(told)
