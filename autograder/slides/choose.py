"""What of a chapter stands on its slides: headings, key sentences, formulas, figures, widgets, and "your turn".

The long prose goes to the speaker's notes.  Model answers, checks, hints and what they print stay out.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from nbformat import NotebookNode

from autograder.book import widgets
from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.release.master import Cell, Master
from autograder.slides.markdown import Block, blocks, label, sentences, words
from autograder.slides.shorten import first_sentences, key_sentences, short_list, two_columns
from autograder.slides.signature import signature
from autograder.slides.slide import CODE_COLUMNS, Item, Slide
from autograder.spec import FreeAnswer

__all__ = ["slides"]

TASK = re.compile(
    r"\*\*(?:Exercise (?P<number>\d+\.\d+)|Question): (?P<title>.*?)\*\*\s*\((?P<facts>[^)]*)\)\s*(?P<rest>.*)",
    re.DOTALL,
)
GUESS = re.compile(r"\*\*[^*]+:\*\* …")
NOTICE = re.compile(r"\*What to notice:\*\s*(.*)", re.DOTALL)
CODE_LINES = 13
"""How many lines of code and of what it printed a slide bears."""


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
                self.now.items.append(Item("lead", first_sentences(text, 20)))
            return
        if bold == "Question." and self.now.kind == "section":
            self.now.items.append(Item("lead", first_sentences(rest, 40)))
            self.now.notes.append(text)
            return
        if bold == "Predict.":
            slide = self.begin("text", "Predict")
            slide.items.append(Item("lead", first_sentences(rest, 60)))
            slide.notes.append(text)
            return
        if bold.startswith("What you should have seen"):
            slide = self.begin("text", "What you should have seen")
            slide.items.append(Item("text", key_sentences(rest, always=True)))
            slide.notes.append(text)
            return
        shown = key_sentences(rest, always=bool(bold) and words(rest) <= 90)
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
                self.begin("text", "Contents").items.append(Item("table", two_columns(block.text)))
            return
        if block.kind == "list":
            shown = short_list(block)
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
            slide.items.append(Item("text", (f"**{bold}** " if bold else "") + first_sentences(rest, 45)))
        elif block.kind == "list" and short_list(block):
            slide.items.append(Item("list", short_list(block)))

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
