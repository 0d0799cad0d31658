"""A hostile submission's feedback page, and formgrader's page, in Chromium: nothing runs and nothing is fetched."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("grading needs Linux", allow_module_level=True)

import nbformat
import nbgrader
from nbconvert.exporters import HTMLExporter
from playwright.sync_api import Browser, Page, Route
from traitlets.config import Config

from autograder.judge import page as feedback_page
from autograder.judge.course import Course
from autograder.judge.feedback import feedback
from autograder.judge.grading import grade
from tests.judge import tiny
from tests.judge.conftest import course, sandbox, tiny_chapter, tiny_folders  # noqa: F401 - fixtures

FORMGRADER = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader"
pytestmark = pytest.mark.browser

RUN = "document.documentElement.dataset.ran=1"
MARKDOWN = f"""HERE
<script>{RUN}</script>
<ScRiPt >{RUN}</sCrIpT>
<img src=x onerror={RUN}>
<svg/onload={RUN}><svg><script>{RUN}</script></svg>
<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>
<details open ontoggle={RUN}>x</details>
<a href="javascript:{RUN}">a1</a>
<base href="https://attacker.example/"><meta http-equiv="refresh" content="0;url=https://attacker.example/">
<form action="https://attacker.example/"><button>b1</button></form><style>body {{ display: none }}</style>
<!-- --><link rel=stylesheet href=https://attacker.example/x.css>

[a2](javascript:{RUN}) [a3](&#106;avascript:{RUN}) [a4](java&Tab;script:{RUN}) [a5](javascript\\:{RUN})
[a6](data:text/html,<script>{RUN}</script>) [a7](<javascript:{RUN}>) [a8][r] [r] ![i1](https://attacker.example/i.png)
![i2](attachment:none.png) ![i3][s] <javascript:{RUN}> <https://attacker.example/auto>

[r]: javascript:{RUN}
[s]: https://attacker.example/i.png

$\\href{{javascript:{RUN}}}{{m1}}$ $<img src=x onerror={RUN}>$ $\\text{{<img src=x onerror={RUN}>}}$
$$\\def\\a#1{{\\href{{java#1:{RUN}}}{{m2}}}} \\a{{script}}$$
\\begin{{align}}<img src=x onerror={RUN}>\\end{{align}}

```mermaid
</pre><img src=x onerror={RUN}>
```
```html
<img src=x onerror={RUN}>
```
| a | b |
|---|---|
| <img src=x onerror={RUN}> | `<img src=x onerror={RUN}>` |

# <img src=x onerror={RUN}>
"""
HTML = f"</code></pre></div><img src=x onerror={RUN}><script>{RUN}</script>"


def hostile() -> dict:
    notebook = tiny.submission(
        tiny.RIGHT
        | {
            "why": MARKDOWN,
            "double": f"# {HTML}\ndef double(x):\n    raise ValueError('''{HTML}''')",
            "shifted": f"def shifted(x):\n    return {{'''{HTML}''': 1, 'b': 2}}",
            "ordered": f"import warnings\ndef ordered(x):\n    warnings.warn('''{HTML}''')\n    return np.sort(x)",
        },
        after=[
            f"print('''{HTML}''')\nfrom IPython.display import HTML, Javascript, display\n"
            f"display(HTML('''{HTML}'''), Javascript('''{RUN}'''))\nraise ValueError('''{HTML}''')",
            f"%%javascript\n{RUN}",
        ],
    )
    notebook["cells"][0]["source"] = MARKDOWN
    for kind in ("markdown", "raw"):
        cell = {"cell_type": kind, "id": f"own-{kind}", "source": MARKDOWN}
        notebook["cells"].append(cell | {"metadata": {"raw_mimetype": "text/html", "format": "text/html"}})
    notebook["metadata"]["title"] = HTML
    return notebook


@pytest.fixture
def graded(course: Course) -> Course:  # noqa: F811
    """A class of a hostile and an honest student."""
    tiny.hand_in(course.root, "eve", hostile())
    tiny.hand_in(course.root, "ada", tiny.submission(tiny.RIGHT | {"why": "Because $a<b$ and $\\frac{1}{2}$."}))
    grade(course, tiny.CHAPTER, seed=3)
    return course


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[[Path], tuple[Page, list[str]]]]:
    """opened(file) -> the page after a while, and every address that it would have reached."""
    context = browser.new_context()
    asked: list[str] = []

    def note(route: Route) -> None:
        asked.append(route.request.url)
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            route.abort()

    # What a policy forbids never comes here.
    context.route("**/*", note)

    def opened(path: Path) -> tuple[Page, list[str]]:
        page = context.new_page()
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_timeout(200)
        return page, asked

    yield opened
    context.close()


def ran(page: Page) -> bool:
    return page.evaluate("document.documentElement.dataset.ran === '1'") is True


def follow_links(page: Page, within: str = "body") -> list[str]:
    """Click every link that neither stays on the page nor is a plain address; what they are."""
    odd = f"{within} a[href]:not([href^='#']):not([href^='http'])"
    found = [str(link.get_attribute("href")) for link in page.locator(odd).all()]
    page.evaluate("odd => document.querySelectorAll(odd).forEach(link => link.click())", odd)
    page.wait_for_timeout(100)
    return found


def test_a_hostile_feedback_page_runs_nothing_fetches_nothing_and_shows_the_words(
    graded: Course, opened: Callable[[Path], tuple[Page, list[str]]]
) -> None:
    path = next(one for one in feedback(graded, tiny.CHAPTER) if one.parent.parent.name == "eve")
    page, asked = opened(path)
    assert page.locator("script, iframe, form, base, link, img, meta[http-equiv=refresh]").count() == 0
    assert follow_links(page) == []
    assert not ran(page)
    assert asked == [path.as_uri()]
    assert page.inner_text("body").count("HERE") >= 3
    assert page.locator("body").is_visible()


def test_the_policy_alone_stops_what_the_cleaning_might_miss(
    tmp_path: Path, opened: Callable[[Path], tuple[Page, list[str]]]
) -> None:
    body = f"<body>{HTML}<a href='javascript:{RUN}'>a</a><img src='https://attacker.example/i.png'></body>"
    policy = f'<meta http-equiv="Content-Security-Policy" content="{feedback_page.POLICY}">'
    with_policy, without = tmp_path / "with.html", tmp_path / "without.html"
    with_policy.write_text(f"<html><head>{policy}</head>{body}</html>")
    without.write_text(f"<html><head></head>{body}</html>")
    page, asked = opened(with_policy)
    assert follow_links(page) == [f"javascript:{RUN}"]
    assert not ran(page)
    assert asked == [with_policy.as_uri()]
    page, asked = opened(without)
    assert ran(page), "the twin: without the policy it runs"
    assert "https://attacker.example/i.png" in asked


def test_an_honest_page_has_formulas_that_the_browser_draws_and_a_table_of_the_exercises(
    graded: Course, opened: Callable[[Path], tuple[Page, list[str]]]
) -> None:
    path = next(one for one in feedback(graded, tiny.CHAPTER) if one.parent.parent.name == "ada")
    page, asked = opened(path)
    assert asked == [path.as_uri()]
    rows = [row.split() for row in page.locator("table.exercises tr").all_inner_texts()]
    assert rows == [
        ["double", "4", "of", "4"],
        ["shifted", "2", "of", "2"],
        ["ordered", "2", "of", "2"],
        ["why", "0", "of", "3"],
    ]
    assert "PASS 4 of 4 points" in " ".join(page.inner_text("body").split())
    if feedback_page.convert is None:
        assert "$a<b$" in page.inner_text("body")
    else:
        assert page.locator("math mfrac").count() == 1
        box = page.locator("math mfrac").bounding_box()
        assert box is not None
        assert box["height"] > 15, "a fraction is drawn on two lines"


def formgraders_page(path: Path) -> str:
    """A graded notebook as formgrader shows it, without the scripts of formgrader's own."""
    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [str(FORMGRADER / "templates")]
    resources = {"notebook_id": "x", "index": 0, "total": 1, "base_url": "", "submission_id": "1", "student": "eve"}
    text, _ = HTMLExporter(config=config).from_notebook_node(nbformat.read(path, as_version=4), resources)
    return text


def test_a_hostile_submission_runs_and_fetches_nothing_in_formgrader(
    graded: Course, tmp_path: Path, opened: Callable[[Path], tuple[Page, list[str]]]
) -> None:
    path = tmp_path / "formgrader.html"
    path.write_text(formgraders_page(graded.autograded("eve", tiny.CHAPTER)))
    page, asked = opened(path)
    notebook = page.locator("#notebook").first
    assert notebook.locator("script, iframe, form, base, link, img, meta").count() == 0
    assert notebook.inner_text().count("HERE") >= 2
    assert follow_links(page, "#notebook") == []
    assert not ran(page)
    assert not [one for one in asked if "attacker" in one]


def test_an_uncleaned_submission_would_run_in_formgrader(
    graded: Course, tmp_path: Path, opened: Callable[[Path], tuple[Page, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin of the test above: what protects the person who grades is the cleaning."""
    from autograder.judge import report

    monkeypatch.setattr(report, "_harmless", lambda text: text.replace("attachment:", "").replace("http-equiv", "x"))
    grade(graded, tiny.CHAPTER, seed=3, again=True)
    path = tmp_path / "formgrader.html"
    path.write_text(formgraders_page(graded.autograded("eve", tiny.CHAPTER)))
    page, _ = opened(path)
    assert ran(page)


def test_a_page_that_cannot_be_made_is_named_and_the_others_are_made(
    graded: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.errors import CourseError

    render = feedback_page.FeedbackPage.from_notebook_node

    def fail_for_eve(self: object, nb: nbformat.NotebookNode, *arguments: object, **options: object) -> object:
        if any("HERE" in cell.source for cell in nb.cells):
            raise RuntimeError("no page")
        return render(self, nb, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(feedback_page.FeedbackPage, "from_notebook_node", fail_for_eve)
    with pytest.raises(CourseError, match="pages of eve; all others are made"):
        feedback(graded, tiny.CHAPTER)
    assert (graded.root / "feedback" / "ada" / tiny.CHAPTER / f"{tiny.CHAPTER}.html").is_file()
