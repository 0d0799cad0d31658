"""Feedback pages: words of a student stay words, in the graded notebook and on every page made from it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from autograder.judge import page
from autograder.judge.judging import Judgement
from autograder.judge.records import Record
from autograder.judge.report import _harmless, compose
from tests.judge import tiny

COMMAND = "steal()"
TAGS = {
    "a script": f"<script>{COMMAND}</script>",
    "mixed case": f"<ScRiPt>{COMMAND}</sCrIpT>",
    "an image": f"<img src=x onerror={COMMAND}>",
    "a slash": f"<svg/onload={COMMAND}>",
    "an end": f"</div></body><body onload={COMMAND}>",
    "a comment": f"<!--><img src=x onerror={COMMAND}>-->",
    "a declaration": f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY y '{COMMAND}'>]>",
    "a tag in a tag": f"<scr<script>ipt>{COMMAND}</scr</script>ipt>",
    "a tag in a formula": f"$<img src=x onerror={COMMAND}>$",
    "a tag in a code block of a diagram": f"```mermaid\n</pre><img src=x onerror={COMMAND}>\n```",
    "a tag over two lines": f"<img\nsrc=x onerror={COMMAND}>",
}


@pytest.mark.parametrize("text", TAGS.values(), ids=TAGS.keys())
def test_no_tag_of_a_students_markdown_is_left(text: str) -> None:
    html = rendered(_harmless(text))
    assert not re.search(r"<[a-zA-Z/!?]", _harmless(text))
    assert not {one.name for one in html.find_all()} - {"p", "pre", "code", "div", "span", *MATHML}
    assert "onerror" not in str([one.attrs for one in html.find_all()])
    assert COMMAND in html.get_text()


def test_the_same_words_uncleaned_are_tags() -> None:
    assert rendered(TAGS["a script"]).find("script") is not None
    assert rendered(TAGS["an image"]).find("img")["onerror"] == COMMAND
    assert rendered(LINKS["a picture"]).find("img") is not None


MATHML = {"math", "mrow", "mi", "mo", "mn", "mtext", "mspace"}
LINKS = {
    "a script": f"[x](javascript:{COMMAND})",
    "an entity": f"[x](&#106;avascript:{COMMAND})",
    "a tabulator": f"[x](java&Tab;script:{COMMAND})",
    "an escape": f"[x](javascript\\:{COMMAND})",
    "brackets": f"[x](<javascript:{COMMAND}>)",
    "data": f"[x](data:text/html;base64,{COMMAND})",
    "Visual Basic": f"[x](VBScript:{COMMAND})",
    "a definition": f"[x][y]\n\n[y]: javascript:{COMMAND}",
    "a short definition": f"[x]\n\n[x]: &#106;avascript:{COMMAND}",
    "a picture": f"![x](https://example.org/{COMMAND})",
    "a picture that was attached": f"![x](attachment:{COMMAND})",
    "an automatic link": f"<javascript:{COMMAND}>",
}


@pytest.mark.parametrize("text", LINKS.values(), ids=LINKS.keys())
def test_no_link_and_no_picture_of_a_students_markdown_is_left_but_plain_addresses(text: str) -> None:
    html = rendered(_harmless(text))
    assert html.find_all("img") == []
    assert [link["href"] for link in html.find_all("a") if not link["href"].startswith("http")] == []


def test_honest_markdown_keeps_its_looks() -> None:
    text = (
        "Because $a<b$ and $x[1](t)$, **bold**, `x[1:]`, a < b, 2 > 1, and https://example.org/paper is long.\n"
        "\n* one\n* two"
    )
    html = rendered(_harmless(text))
    assert {one.name for one in html.find_all()} >= {"p", "strong", "code", "a", "ul", "li"}
    words = " ".join(html.get_text().split())
    for kept in ("bold", "x[1:]", "a < b, 2 > 1", "https://example.org/paper", "one two"):
        assert kept in words


def rendered(text: str):
    from bs4 import BeautifulSoup
    from nbconvert.filters.markdown_mistune import MarkdownWithMath

    return BeautifulSoup(MarkdownWithMath(renderer=page._Renderer(escape=False)).render(text), "html.parser")


def test_every_cell_that_is_not_code_is_cleaned_and_code_is_kept_to_the_letter(judge: Callable[..., Judgement]) -> None:
    tag = f"<script>{COMMAND}</script>"
    notebook = tiny.submission(tiny.RIGHT | {"why": tag}, after=[f"# {tag}"])
    notebook["cells"][0]["source"] = tag
    notebook["cells"] += [{"cell_type": kind, "source": tag, "metadata": {}} for kind in ("markdown", "raw", "heading")]
    found = judge(notebook, oracle=False)
    graded = compose(tiny.release(), found.pieces, Record("key", "ada", tiny.CHAPTER, found.verdicts, found.outcomes))
    words = [cell["source"] for cell in graded["cells"] if "steal" in cell["source"]]
    assert words.count(f"# {tag}") == 1
    assert len(words) == 6
    assert sum(tag in one for one in words) == 1
    assert all("attachments" not in cell and "metadata" in cell for cell in graded["cells"])


def test_outputs_of_the_graded_notebook_are_text_alone(judge: Callable[..., Judgement]) -> None:
    loud = (
        f"from IPython.display import HTML, Javascript, SVG, Markdown, display\n"
        f"display(HTML('<script>{COMMAND}</script>'))\n"
        f"display(Javascript('{COMMAND}'))\ndisplay({{'text/html': '<b>'}}, raw=True)\n"
        f"print('<script>{COMMAND}</script>')"
    )
    found = judge(tiny.submission(after=[loud]), oracle=False)
    graded = compose(tiny.release(), found.pieces, Record("key", "ada", tiny.CHAPTER, found.verdicts, found.outcomes))
    outputs = [output for cell in graded["cells"] for output in cell.get("outputs", [])]
    kinds = {key for output in outputs for key in output.get("data", {})}
    assert {output["output_type"] for output in outputs} == {"stream", "execute_result"}
    assert kinds == {"text/plain"}
    assert "<script>" in json.dumps(outputs), "the words are there"


FORMULAS = {
    "a fraction": "\\frac{1}{2}",
    "half a fraction": "\\frac{1}{",
    "a link": "\\href{javascript:steal()}{x}",
    "nesting": "{" * 5000 + "x" + "}" * 5000,
    "length": "x" * 10**5,
    "an unknown command": "\\nothing{x}",
    "a tag": "<img src=x onerror=steal()>",
    "an environment": "\\begin{matrix} a & b \\\\ c",
    "nothing": "",
}


@pytest.mark.parametrize("latex", FORMULAS.values(), ids=FORMULAS.keys())
def test_a_formula_is_drawn_or_shown_as_it_was_typed_and_never_stops_a_page(latex: str) -> None:
    from bs4 import BeautifulSoup

    html = BeautifulSoup(page.formula(latex, "inline", f"${latex}$"), "html.parser")
    assert not {one.name for one in html.find_all()} & {"a", "img", "script"}
    if page.convert is not None and latex == FORMULAS["a fraction"]:
        assert html.find("mfrac") is not None
    if latex == FORMULAS["length"]:
        assert html.get_text() == f"${latex}$"


def test_formulas_are_shown_as_they_were_typed_where_they_cannot_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "convert", None)
    assert page.formula("a<b", "inline", "$a<b$") == "$a&lt;b$"
