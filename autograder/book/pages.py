"""From an executed master to the notebook that Sphinx reads: answers folded or left out, widgets in files."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.book import widgets
from autograder.book.chapter import WORDS_A_MINUTE, Chapter
from autograder.errors import CourseError
from autograder.nbgrader_config import CODE_STUB
from autograder.release.master import Cell, Master, without_answers, without_markers
from autograder.spec import Exercise

__all__ = ["Links", "page"]

TASK = re.compile(r"^(?=\*\*(?:Exercise \d+\.\d+|Question): )", re.MULTILINE)
"""Where the text of an exercise or a question begins; what stands before it in the cell belongs to the section."""

FRAME = '<div class="book-exercise"'
"""The beginning of an exercise's frame; the line under the exercise ends it."""

PREDICTION = re.compile(r"\*\*(?P<label>[^*]+):\*\* …")
"""A cell in which a student writes a guess."""

NOTICE = re.compile(r"\*What to notice:\* (.*?[.?])(?:\s|$)", re.DOTALL)


@dataclass(frozen=True)
class Links:
    """Where a reader works: the released notebook in the site, and its page in the browser site ("" for none)."""

    notebook: str
    browser: str = ""


def page(
    master: Master, executed: NotebookNode, about: Chapter, links: Links, site: Path, answers: bool
) -> NotebookNode:
    """The chapter's page as a notebook for myst-nb; widgets' files go into the site.

    Without `answers` it holds no model answer, no check's result and no hint: Sphinx never sees them.
    """
    if len(executed.cells) != len(master.cells):
        raise CourseError(f"{master.stem}: the executed notebook has other cells than the master; run it again")
    # the state of the kernel's widgets stays behind: no kernel reads it
    kept = {name: executed.metadata[name] for name in ("kernelspec", "language_info") if name in executed.metadata}
    new = nbformat.v4.new_notebook(metadata=kept)
    names = _names_ahead(master.cells)
    notices = _notices(master.cells)
    framed = False
    for index, (cell, ran) in enumerate(zip(master.cells, executed.cells, strict=True)):
        if cell.kind == "prose":
            texts = list(_prose(cell.source, names[index]))
            framed = FRAME in texts[-1]
            new.cells += [_markdown(text) for text in texts]
        elif cell.kind == "free answer":
            new.cells += [_markdown(text) for text in _question(cell, links, answers, framed)]
        elif cell.kind == "exercise":
            new.cells.append(nbformat.v4.new_code_cell(source=without_answers(cell.source, CODE_STUB)))
            if answers:
                new.cells.append(_markdown(folded(f"```python\n{without_markers(cell.source)}\n```")))
        elif cell.kind == "check":
            new.cells.append(_markdown(bar(cell.name, about, links) + ("\n\n</div>" if framed else "")))
        else:
            new.cells.append(_code(cell.source, ran, notices[index], site))
    new.cells[0].source = _with_facts(new.cells[0].source, about, links)
    for place, made in enumerate(new.cells):
        made.id = f"cell-{place}"
    return new


def _markdown(source: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source=source)


def _names_ahead(cells: Sequence[Cell]) -> list[str]:
    """For each cell the name of the exercise or question that comes next, "" where another text comes first."""
    names, ahead = [], ""
    for cell in reversed(cells):
        if cell.kind in ("exercise", "free answer"):
            ahead = cell.name
        names.append(ahead if cell.kind == "prose" else "")
        if cell.kind == "prose":
            ahead = ""
    return names[::-1]


def _notices(cells: Sequence[Cell]) -> list[str]:
    """For each cell what a figure in it shows, by the text behind it; "" where that says nothing."""
    found = []
    for place, _ in enumerate(cells):
        after = cells[place + 1].source if place + 1 < len(cells) else ""
        told = NOTICE.match(after)
        found.append(plain(told[1]) if told else "")
    return found


def plain(markdown: str) -> str:
    """A sentence without its marks, in one line."""
    return re.sub(r"[*`$]|\\[,;]", "", " ".join(markdown.split()))


def _prose(source: str, name: str) -> Iterator[str]:
    """A text; one that ends in an exercise is parted there, and the exercise opens its frame."""
    guess = PREDICTION.fullmatch(source.strip())
    if guess:
        label = html.escape(guess["label"])
        yield f'<label class="book-guess">{label}<textarea rows="2" autocomplete="off"></textarea></label>'
        return
    parts = TASK.split(source) if name else [source]
    if len(parts) == 1:
        yield source
        return
    if parts[0].strip():
        yield parts[0]
    yield f'{FRAME} id="exercise-{name}">\n\n{"".join(parts[1:])}'


def _question(cell: Cell, links: Links, answers: bool, framed: bool) -> Iterator[str]:
    """What the question's own cell asks, its model answer folded, and the end of the frame."""
    asked = without_answers(cell.source, "").strip()
    yield asked if framed else f'{FRAME} id="exercise-{cell.name}">\n\n{asked}\n\n'
    if answers:
        yield folded(_answer(cell.source))
    yield f'<p class="book-bar">{_where(cell.name, links)}</p>\n\n</div>'


def _answer(source: str) -> str:
    """What stands between the marks of a free answer."""
    question = set(without_answers(source, "").splitlines())
    return "\n".join(line for line in without_markers(source).splitlines() if line not in question or not line.strip())


def folded(markdown: str) -> str:
    """A model answer behind a click; closed on paper, too."""
    return f'<details class="book-answer">\n<summary>Model answer</summary>\n\n{markdown}\n\n</details>'


def bar(name: str, about: Chapter, links: Links) -> str:
    """The line under an exercise: how it is checked, and where it is worked."""
    task = about.tasks[name]
    points = f"{task.points} point{'' if task.points == 1 else 's'}"
    assert isinstance(task, Exercise)
    return (
        f'<p class="book-bar"><span><code>check({html.escape(name)})</code> compares your function with PyTorch '
        f"({points}).</span> {_where(name, links)}</p>"
    )


def _where(name: str, links: Links) -> str:
    """Links to the exercise's place in the notebook: the released file, and the notebook in the browser."""
    browser = (
        f'<a href="{html.escape(links.browser)}#cell-id={name}">Work on it in the browser</a>' if links.browser else ""
    )
    file = f'<a href="{html.escape(links.notebook)}" download>Notebook</a>, cell <code>{html.escape(name)}</code>'
    return f"<span>{file}</span> {browser}".rstrip()


def _code(source: str, ran: NotebookNode, notice: str, site: Path) -> NotebookNode:
    cell = nbformat.v4.new_code_cell(source=source, execution_count=None)
    if re.match(r"(progress|hint)\(", source):
        return cell
    if notice:
        cell.metadata["mystnb"] = {"image": {"alt": notice}}
    cell.outputs = [_output(output, site) for output in ran.outputs]
    return cell


def _output(output: NotebookNode, site: Path) -> NotebookNode:
    """An output in one form only: a picture, HTML or text."""
    data: dict[str, Any] = output.get("data", {})
    if "text/html" in data and widgets.is_widget(data["text/html"]):
        kept = {"text/html": widgets.place(data["text/html"], site)}
    else:
        kept = next(({kind: data[kind]} for kind in ("image/png", "text/html", "text/plain") if kind in data), {})
    return nbformat.from_dict(dict(output) | ({"data": kept, "execution_count": None} if data else {}))


def _with_facts(source: str, about: Chapter, links: Links) -> str:
    """The first cell with the chapter's facts under its title."""
    title, _, rest = source.partition("\n")
    return f"{title}\n\n{facts(about, links)}\n{rest}"


def facts(about: Chapter, links: Links) -> str:
    """How wide the chapter is, what it ran with, and where one works on it."""
    browser = f' <a href="{html.escape(links.browser)}">Work in the browser</a>' if links.browser else ""
    lines = [
        f"<p><b>How wide is this chapter?</b> {width(about)} Running all of its cells took "
        f"{about.seconds:.0f} seconds, measured when this page was made.</p>"
    ]
    if about.weights:
        lines.append(f"<p>Optional weights in these results: {html.escape('; '.join(about.weights))}.</p>")
    if about.missing:
        lines.append(
            f"<p>Not there when this page was made: {html.escape('; '.join(about.missing))}. "
            "The cells that would use them say so.</p>"
        )
    lines.append(
        "<p>The pictures with sliders move here; the code does not run. To write and check your own: "
        f'<a href="{html.escape(links.notebook)}" download>Download the notebook</a>{browser}</p>'
    )
    return f'<div class="book-facts">{"".join(lines)}</div>\n'


def width(about: Chapter) -> str:
    """The chapter's minutes, each with where it comes from."""
    exercises = sum(isinstance(task, Exercise) for task in about.tasks.values())
    questions = len(about.tasks) - exercises
    asked = f" and {questions} question{'' if questions == 1 else 's'}" if questions else ""
    return (
        f"The text alone: {about.reading} minutes at {WORDS_A_MINUTE} words a minute ({about.words:,} words, counted). "
        f"{exercises} exercise{'' if exercises == 1 else 's'}{asked}: {about.working} minutes, our estimate."
    )
