"""The book: executed once, answers folded or nowhere, one source for what it says besides the chapters' text."""

from __future__ import annotations

import base64
import gzip
import io
import os
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from autograder.book import build, chapter, executed, finish, formulas, glossary, pages, pictures, scan, widgets
from autograder.engine import catalogue
from autograder.errors import CourseError
from autograder.release import master
from tests import book_tiny
from tests.chapter_runs import prose
from tests.conftest import ROOT

STEM = book_tiny.STEM


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The tiny course, and its exercises in the catalogue's place."""
    root = tmp_path_factory.mktemp("course")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "EXERCISES", book_tiny.tiny(root))
        yield book_tiny.places(root)


@pytest.fixture(scope="module")
def both(small):
    """The tiny course's book with answers, and the one without."""
    return {
        answers: build.build(small, to=small.root / f"book-{answers}", answers=answers) for answers in (True, False)
    }


@pytest.fixture(scope="module")
def hidden(small):
    return scan.secrets(small)


# The site


def test_a_book_has_its_pages_and_no_source_of_them(both):
    names = {path.name for path in both[True].glob("*.html")}
    assert {"index.html", f"{STEM}.html", "glossary.html", "symbols.html", "search.html"} <= names
    for site in both.values():
        assert not (site / "_sources").exists()
        assert [path for path in site.rglob("*") if path.suffix in (".map", ".py", ".pickle", ".doctree")] == []


def addresses(site):
    """Every address that a page or a style sheet of the site would ask a browser for, or lead to by a click."""
    for path in site.rglob("*"):
        if path.suffix in (".html", ".css"):
            text = path.read_text("utf-8")
            yield from re.findall(r'(?:\bsrc|<link[^>]*\bhref)="([^"]*)"', text)
            yield from re.findall(r"url\(([^)]*)\)", text)


def test_no_page_asks_another_host(both):
    found = list(addresses(both[True]))
    assert "_static/book.js" in {one.partition("?")[0] for one in found}
    assert [one for one in found if re.match(r"['\"]?(https?:)?//", one)] == []


def test_every_local_address_is_there(both):
    for page in both[True].glob("*.html"):
        for one in re.findall(r'\b(?:src|href)="([^"#?]+)', page.read_text("utf-8")):
            if not one.startswith(("data:", "http")):
                assert (page.parent / one).exists(), f"{page.name} names {one}"


def test_answers_are_folded_behind_a_summary(both):
    text = (both[True] / f"{STEM}.html").read_text("utf-8")
    answers = re.findall(r'<details class="book-answer">.*?</details>', text, re.DOTALL)
    assert len(answers) == 2
    assert "secret_half_of_it" in answers[0]
    assert "whatever the order" in answers[1]
    rest = re.sub(r'<details class="book-answer">.*?</details>', "", text, flags=re.DOTALL)
    assert "secret_half_of_it" not in rest
    assert "<details open" not in text


def test_the_exercise_and_the_question_have_a_place_to_point_at(both):
    for site in both.values():
        text = (site / f"{STEM}.html").read_text("utf-8")
        assert 'id="exercise-halve"' in text
        framed = text[text.index('id="exercise-why_not_both"') :]
        assert "Why is a half of a double the same?" in framed
        assert text.count('class="book-exercise"') == text.count('class="book-bar"') == 2
        assert f'href="notebooks/{STEM}.ipynb" download' in text
        assert "raise</span> <span" in text  # the stub stands in the place of the answer


def test_the_notebook_to_download_is_the_released_one(both):
    notebook = nbformat.read(both[True] / "notebooks" / f"{STEM}.ipynb", as_version=4)
    assert any("NotImplementedError" in cell.source for cell in notebook.cells)
    assert not any("secret" in cell.source for cell in notebook.cells)


def test_a_book_without_answers_says_none_of_them_in_any_file(both, hidden):
    assert scan.scan(both[False], hidden) == []


def test_the_scan_finds_the_answers_of_an_ordinary_book(both, hidden):
    found = "\n".join(scan.scan(both[True], hidden))
    for part in ("the answer of halve (secrethalfofit", "the answer of why_not_both", f"{STEM}.html", "searchindex.js"):
        assert part in found


def test_results_of_checks_stand_in_neither_book(both):
    for site in both.values():
        assert not any("77131" in path.read_text("utf-8", errors="replace") for path in site.rglob("*.*"))


def test_the_figure_says_what_to_notice_and_keeps_its_size(both):
    tag = re.search(r'<img[^>]*src="_images/[^"]*\.webp"[^>]*>', (both[True] / f"{STEM}.html").read_text("utf-8"))[0]
    assert 'alt="the line rises by a half."' in tag
    assert 'loading="lazy"' in tag
    picture = next((both[True] / "_images").glob("*.webp"))
    wide, high = (int(re.search(rf'{name}="(\d+)"', tag)[1]) for name in ("width", "height"))
    with Image.open(picture) as image:
        assert (image.width // 2, image.height // 2) == (wide, high)  # twice the pixels


def test_the_start_page_has_the_map_and_the_minutes_with_their_sources(both):
    text = (both[True] / "index.html").read_text("utf-8")
    assert f'<a href="{STEM}.html" aria-label="Chapter 1: Halves and doubles">' in text
    assert "You build a half &amp; more." in text
    assert re.search(r"The text alone: \d+ minutes at 150 words a minute \(\d+ words, counted\)", text)
    assert "1 exercise and 1 question: 12 minutes, our estimate." in text
    assert re.search(r"Its cells ran in \d+ seconds, measured", text)


def test_glossary_and_symbols_come_from_the_tables(both):
    words = " ".join(re.sub(r"<[^>]+>", " ", (both[True] / "glossary.html").read_text("utf-8")).split())
    assert "antidoubling halving ( chapter 1 )" in words
    assert "double see half, double" in words
    symbols = re.sub(r"<[^>]+>", " ", (both[True] / "symbols.html").read_text("utf-8"))
    assert "the half" in symbols
    assert "half, double: one of two equal parts; two of them" in symbols


def test_a_folder_that_is_not_a_book_is_left_alone(small, tmp_path):
    (tmp_path / "thesis.txt").write_text("ten years")
    with pytest.raises(CourseError, match="holds files that are not a book"):
        build.build(small, to=tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "ten years"


def test_links_to_the_browser_site_stand_only_where_it_is(small, tmp_path):
    site = tmp_path / "book"
    assert build._browser(site, STEM, None) == ""
    assert build._browser(site, STEM, "https://example.org/lite/") == (
        f"https://example.org/lite/lab/index.html?path={STEM}/{STEM}.ipynb"
    )
    there = tmp_path / "lite" / "files" / STEM / f"{STEM}.ipynb"
    there.parent.mkdir(parents=True)
    there.touch()
    assert build._browser(site, STEM, None) == f"../lite/lab/index.html?path={STEM}/{STEM}.ipynb"


# Execution


@pytest.mark.usefixtures("both")
def test_what_has_not_changed_is_not_run_again(small, monkeypatch):
    monkeypatch.setattr(executed, "execute", lambda *_: pytest.fail("it ran again"))
    notebook, ran = executed.executed(small, STEM)
    assert not ran
    assert executed.seconds(notebook) > 0


def test_a_changed_master_has_another_fingerprint(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "EXERCISES", book_tiny.tiny(tmp_path))
    places = book_tiny.places(tmp_path)
    before = executed.fingerprint(places, STEM)
    assert executed.fingerprint(places, STEM) == before
    with places.master(STEM).open("a") as file:
        file.write("\n# %%\n1 + 1\n")
    assert executed.fingerprint(places, STEM) != before


@pytest.mark.parametrize("before", [None, "/somewhere"])
def test_the_settings_of_crisp_figures_hold_only_while_a_master_runs(small, monkeypatch, before):
    monkeypatch.delenv("IPYTHONDIR", raising=False)
    if before:
        monkeypatch.setenv("IPYTHONDIR", before)
    settings = []

    def failing(*_):
        settings.append(Path(os.environ["IPYTHONDIR"]) / "profile_default" / "ipython_config.py")
        assert settings[0].read_text() == executed.CRISP
        raise CourseError("a cell failed")

    monkeypatch.setattr(executed, "execute", failing)
    monkeypatch.setattr(executed, "fingerprint", lambda *_: "new")
    with pytest.raises(CourseError, match="a cell failed"):
        executed.executed(small, STEM)
    assert os.environ.get("IPYTHONDIR") == before
    assert not settings[0].exists()


def test_other_settings_of_the_figures_have_another_fingerprint(small, monkeypatch):
    before = executed.fingerprint(small, STEM)
    monkeypatch.setattr(executed, "CRISP", "")
    assert executed.fingerprint(small, STEM) != before


def test_a_failing_cell_is_one_line_with_chapter_and_cell(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "EXERCISES", book_tiny.tiny(tmp_path))
    places = book_tiny.places(tmp_path)
    text = places.master(STEM).read_text()
    places.master(STEM).write_text(text.replace("plt.plot([0, 1]", "halve('x') + plt.plot([0, 1]"))
    with pytest.raises(CourseError) as problem:
        executed.executed(places, STEM)
    assert "\n" not in str(problem.value)
    assert re.match(r"ch01_tiny\.py does not run to its end: \w+Error: ", str(problem.value))
    assert "in the cell that begins \"halve('x') + plt.plot" in str(problem.value)
    assert list((tmp_path / "build" / "executed").rglob("*.ipynb")) == []


def test_the_page_says_which_optional_weights_ran(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHTS", str(tmp_path / "weights"))
    lines = (
        "# chapters 6 and 7: the encoder (84 MB)",
        "an-encoder==1 --hash=x",
        "# chapter 6: the writer (9 MB)",
        "writer==1",
    )
    (tmp_path / "requirements-weights.txt").write_text("\n".join(lines))
    assert executed.optional_weights(tmp_path, "ch06_a") == (
        [],
        [("an-encoder", "the encoder"), ("writer", "the writer")],
    )
    (tmp_path / "weights" / "an_encoder").mkdir(parents=True)
    assert executed.optional_weights(tmp_path, "ch07_b") == ([("an-encoder", "the encoder")], [])
    assert executed.optional_weights(tmp_path, "ch01_c") == ([], [])


def made(number, needs=()):
    return chapter.Chapter(f"ch{number:02}_x", f"Title {number}", "", tuple(needs), 1500, {}, 1.0)


def test_the_tables_of_a_chapter_are_found_by_their_first_heading(small):
    about, read = replace(made(1), stem=STEM), master.read(small.master(STEM))
    assert [row.cells["letter"] for row in glossary.tables(about, read, "letter")] == ["$y$"]
    assert [row.cells["word"] for row in glossary.tables(about, read, "word")] == ["half, double $d$", "antidoubling"]


# Formulas, pictures, widgets, the scan


def test_a_formula_is_mathml_without_a_script():
    made_of = formulas.render(r"\frac{x}{2}")
    assert "<math" in made_of
    assert "<script" not in made_of


def test_lines_that_are_aligned_are_a_table_and_roots_are_roots():
    lines = formulas.render(r"\begin{aligned} a &= b \\ c &= \sqrt{d} \end{aligned}", True)
    assert (lines.count("<mtr>"), lines.count("<mtd"), lines.count("<msqrt>")) == (2, 4, 1)
    assert "&" not in lines.replace("&ApplyFunction;", "")


@pytest.mark.parametrize("stem", catalogue.chapters())
def test_every_formula_of_the_course_can_be_set(stem):
    found = re.findall(r"(?<![\\$])\$\$?([^$]+)\$\$?", prose(stem))
    assert len(found) > 20
    assert all(formulas.render(one).startswith("<math") for one in found)


def test_a_browser_finds_the_sign_of_a_root_in_the_font(tmp_path):
    from fontTools.ttLib import TTFont

    used = formulas.characters(formulas.render(r"\sqrt{2}"))
    formulas.write_style(tmp_path, used)
    with TTFont(tmp_path / formulas.FONT) as font:
        assert formulas.RADICAL in font.getBestCmap()
        taller = font["MATH"].table.MathVariants.VertGlyphCoverage.glyphs
        assert font.getBestCmap()[formulas.RADICAL] in taller
    assert formulas.RADICAL not in formulas.characters(formulas.render("2"))


def test_the_font_of_formulas_has_what_they_use_and_little_else(both):
    from fontTools.ttLib import TTFont

    pages = "".join(path.read_text("utf-8") for path in both[True].glob("*.html"))
    with TTFont(both[True] / "_static" / formulas.FONT) as font:
        there = set(font.getBestCmap())
    assert {ord("="), ord("2"), 0x1D465} <= there  # x is drawn in italics
    assert there <= formulas.characters(pages)
    assert (both[True] / "_static" / formulas.STYLE).is_file()


def test_a_displayed_formula_within_a_text_is_set_too(both):
    text = (both[True] / f"{STEM}.html").read_text("utf-8")
    assert text.count('display="block"') == 2
    assert "$" not in re.sub(
        r"<annotation.*?</annotation>|<script.*?</script>", "", text[text.index("<article") :], flags=re.DOTALL
    )


def test_a_formula_that_cannot_be_read_is_one_line():
    with pytest.raises(CourseError, match=r"the formula '\\\\frac\{x' cannot be set: .*") as problem:
        formulas.render(r"\frac{x")
    assert "\n" not in str(problem.value)


def png(colour, size=(40, 20), **options):
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, "PNG", **options)
    return target.getvalue()


def test_pictures_lose_nothing_unless_they_are_photographs(monkeypatch):
    picture = png("#d55e00")
    with Image.open(io.BytesIO(pictures.small(picture))) as image:
        assert image.format == "WEBP"
        assert image.convert("RGB").getpixel((3, 3)) == (0xD5, 0x5E, 0x00)
    noise = io.BytesIO()
    Image.effect_noise((300, 300), 8).convert("RGB").save(noise, "PNG")
    monkeypatch.setattr(pictures, "LARGE", 1000)
    assert 2 * len(pictures.small(noise.getvalue())) <= len(pictures.lossless(noise.getvalue()))


def test_a_dense_picture_is_shown_at_half_of_its_pixels():
    assert pictures.size(png("red")) == (40, 20)
    assert pictures.size(png("red", dpi=(200, 200))) == (20, 10)


def fragment(says="A &lt; B"):
    poster = base64.b64encode(png("white")).decode()
    return (
        f'<div class="ck-static"><img class="ck-poster" style="max-width:100%" alt="{says}" '
        f'src="data:image/png;base64,{poster}"><script type="application/json">{{"spec":1}}</script></div>'
    )


def test_a_widget_is_a_poster_in_the_page_and_data_beside_it(tmp_path):
    markup = widgets.place(fragment(), tmp_path)
    name = re.search(r'data-widget="(\w+)"', markup)[1]
    assert 'alt="A &lt; B"' in markup
    assert (tmp_path / widgets.FOLDER / f"{name}.js").read_text() == f'courseBook.traits("{name}",{{"spec":1}});\n'
    assert (tmp_path / widgets.FOLDER / f"{name}.webp").is_file()
    assert "base64" not in markup


def test_a_widget_of_another_form_is_an_error_and_not_a_lost_picture(tmp_path):
    with pytest.raises(CourseError, match="another form"):
        widgets.place(fragment().replace("ck-poster", "poster"), tmp_path)


def test_the_front_end_is_one_plain_script():
    script = widgets.scripts(ROOT / "course" / "widgets" / "kit")
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)
    assert "window.courseWidgets = { render, mountAll };" in script


def secret(text, kind="hint"):
    return scan.Secret(kind, "softmax", scan.bare(text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.html", "<p>Subtract the <em>largest</em> “one”\nfirst, please</p>"),
        ("page.html", "<i data-x='Subtract the largest one first, please'>"),
        ("searchindex.js", 'x={"t":"subtract the LARGEST one first please"}'),
        ("notebook.ipynb", None),
        ("widget.js", "gzip"),
    ],
)
def test_the_scan_sees_a_secret_however_it_is_written(tmp_path, name, text):
    hint = "Subtract the largest one first, please"
    if text is None:
        cell = nbformat.v4.new_markdown_cell("Subtract the largest\none first, please")
        text = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
    if text == "gzip":
        text = f'{{"block":"{base64.b64encode(gzip.compress(hint.encode())).decode()}"}}'
    (tmp_path / name).write_text(text, "utf-8")
    assert len(scan.scan(tmp_path, [secret(hint)])) == 1
    assert scan.scan(tmp_path, [secret("Divide by the smallest one at last")]) == []


def test_secrets_are_answers_hints_wrong_answers_and_rubrics(hidden):
    kinds = {one.kind for one in hidden}
    assert kinds == {"answer", "hint", "misconception", "rubric"}


def test_what_a_released_notebook_says_is_no_secret(small, hidden):
    assert all("halfofxanyshape" not in one.text for one in hidden)


def test_the_theme_s_unused_scripts_go_and_the_search_page_keeps_its_own(tmp_path):
    script = '\n<script src="searchindex.js"></script>'
    (tmp_path / "a.html").write_text(f'<script defer src="_static/scripts/fontawesome.js?digest=1"></script>{script}')
    (tmp_path / "search.html").write_text(script)
    (tmp_path / "_images").mkdir()
    finish.finish(tmp_path)
    assert (tmp_path / "a.html").read_text() == ""
    assert (tmp_path / "search.html").read_text() == script


def test_a_page_of_another_run_is_refused(small, tmp_path):
    read = master.read(small.master(STEM))
    with pytest.raises(CourseError, match="other cells than the master"):
        pages.page(read, nbformat.v4.new_notebook(), made(1), pages.Links("n"), tmp_path, answers=True)
