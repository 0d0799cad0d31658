"""The exporter of the students' feedback pages: nbgrader's page with nothing in it that runs or is fetched.

A page shows what a student wrote, on the machine of whoever opens it.  So it has no script, its policy forbids every
script and every request, and formulas are drawn by the browser itself (MathML) where math-core is installed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

convert: Callable[..., str] | None
try:
    from math_core import LatexToMathML
except ImportError:  # formulas are shown as they were typed
    convert = None
else:
    convert = LatexToMathML(fancy_error=False).convert_with_local_state

__all__ = ["POLICY", "FeedbackPage", "formula"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""The page's own styles and embedded pictures; no script, no frame, no form, no other address."""

FONT_FILES = re.compile(r"@font-face\s*\{[^}]*\}")

LONGEST_FORMULA = 4000
"""Characters of a formula that is drawn; a longer one is shown as it was typed."""

MOST_UNCLOSED = 12
"""Brackets that a drawn formula may leave open; the time that math-core takes doubles with each."""
DEFINITIONS = re.compile(r"\\(?:newcommand|renewcommand|providecommand|DeclareMathOperator|[gex]?def|let)")
BRACKETS = re.compile(
    r"(?P<open>[(\[⌈⌊⌜⌞⎰⟦⟨⟪⟬⟮❨❪❬❮❰❲❴⟅⦃⦅⦇⦉⦋⦍⦏⦑⦓⦕⦗⧘⧚⧼]|\\\{|\\(?:ul|ll)corner|"
    r"\\l(?:l?[aA]ngle|ang|l?floor|l?ceil|[vV]ert|l?brack(?:et)?|[bB]race|group|moustache|l?paren(?:thesis)?)"
    r"(?![a-zA-Z]))"
    r"|(?P<close>[)\]⌉⌋⌝⌟⎱⟧⟩⟫⟭⟯❩❫❭❯❱❳❵⟆⦄⦆⦈⦊⦌⦎⦐⦒⦔⦖⦘⧙⧛⧽]|\\\}|\\(?:ur|lr)corner|"
    r"\\r(?:r?[aA]ngle|ang|r?floor|r?ceil|[vV]ert|r?brack(?:et)?|[bB]race|group|moustache|r?paren(?:thesis)?)"
    r"(?![a-zA-Z]))"
    r"|(?P<begin>\{)|(?P<end>\})|\\."
)

LONGEST_MARKDOWN = 50_000
"""Characters of a cell that is read as Markdown; a longer one is shown as it was typed."""

OPENINGS = re.compile(r"\\[\[(]|\\begin|[\[$`*_|~<]")
MOST_STEPS = 20_000_000
"""Openings times characters of a cell that is read as Markdown: for each opening that is never closed, the parser
looks through the rest of the cell.  At this bound it takes about a second."""


class FeedbackPage(HTMLExporter):
    """A notebook as one HTML file that stands for itself."""

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """nbconvert's filters with our Markdown."""
        yield from super().default_filters()
        yield "markdown2html", markdown
        yield "number", _number

    def from_notebook_node(self, nb: Any, resources: Any = None, **options: Any) -> tuple[str, Any]:
        """The page, and nbconvert's resources."""
        text, resources = super().from_notebook_node(nb, resources, **options)
        # Bootstrap's icons, which no page of ours shows, are files that lie beside it.  What a student wrote stands
        # in the body, and is neither searched nor cut.
        head, end, body = text.partition("</head>")
        return FONT_FILES.sub("", head) + end + body, resources

    def _init_resources(self, resources: Any) -> Any:
        resources = super()._init_resources(resources)
        resources["content_security_policy"] = POLICY
        return resources


@pass_context
def markdown(context: Any, source: str) -> str:
    """Markdown as HTML, with formulas as MathML: nbconvert's filter in feedback pages and in formgrader."""
    if len(source) > LONGEST_MARKDOWN or len(source) * len(OPENINGS.findall(source)) > MOST_STEPS:
        return f"<pre>{html.escape(source)}</pre>"
    attachments = context.get("cell", {}).get("attachments", {})
    renderer = _Renderer(escape=False, allow_harmful_protocols=False, attachments=attachments)
    return str(MarkdownWithMath(renderer=renderer).render(source))


def _number(value: Any) -> str:
    """Points as a person reads them."""
    return f"{round(float(value or 0), 2):g}"


class _Renderer(IPythonRenderer):
    """Markdown with formulas as MathML and without anchors."""

    def heading(self, text: str, level: int, **attributes: Any) -> str:
        return f"<h{level}>{text}</h{level}>\n"

    def block_math(self, body: str) -> str:
        return formula(body, "block", f"$${body}$$")

    def inline_math(self, body: str) -> str:
        return formula(body, "inline", f"${body}$")

    def latex_environment(self, name: str, body: str) -> str:
        text = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return formula(text, "block", text)

    def block_mermaidjs(self, code: str) -> str:
        return f"<pre>{html.escape(code)}</pre>"


def formula(latex: str, display: str, typed: str) -> str:
    """A formula as MathML, or as it was typed where it cannot be converted.  display is "block" or "inline"."""
    if convert is not None and len(latex) <= LONGEST_FORMULA and "href" not in latex and not _endless(latex):
        try:
            return convert(latex, displaystyle=display == "block")
        except Exception:  # a student's formula may be anything
            return html.escape(typed)
    return html.escape(typed)


def _endless(latex: str) -> bool:
    """Whether converting a formula could take for ever: many brackets left open, or definitions that could hide them.

    A bracket is closed within its own braces or not at all.
    """
    if DEFINITIONS.search(latex):
        return True
    open_here, unclosed = [0], 0
    for found in BRACKETS.finditer(latex):
        kind = found.lastgroup
        if kind == "open":
            open_here[-1] += 1
        elif kind == "close":
            open_here[-1] = max(0, open_here[-1] - 1)
        elif kind == "begin":
            open_here.append(0)
        elif kind == "end" and len(open_here) > 1:
            unclosed += open_here.pop()
    return unclosed + sum(open_here) > MOST_UNCLOSED
