"""nbgrader's own pages on a class that our judge graded: formgrader, its buttons, the feedback, the Validate button."""

from contextlib import contextmanager
from urllib.parse import urlparse

import nbformat
import pytest

from autograder.demo.submissions import filled, renamed_source, with_lines
from autograder.engine import catalogue
from autograder.judge import gradebook
from autograder.judge.course import Course
from autograder.judge.feedback import feedback
from autograder.judge.grading import grade
from autograder.release import master
from autograder.release.build import Places, fill_tree, release_text, source_text
from docs.instructors.make_screenshots import serving

pytestmark = pytest.mark.browser

CHAPTER = "ch01_activations"
SEED = 7
QUESTION, OTHER = (question.name for question in catalogue.questions(CHAPTER))
ANSWER = "Without a bend, two layers are one matrix product."
COMMENT = "Right, and show it for three layers."
"""What the person who grades writes; no other text of the page holds it."""
ENDS_THE_PROCESS = "    import os\n\n    os._exit(1)\n"


def class_of_four():
    """Each student's notebook; the texts of free answers stay as released where nothing else is said."""
    chapter = master.read(Places().master(CHAPTER))
    release = release_text(chapter)
    exercises = {one.name: chapter.model_answers[one.name] for one in catalogue.exercises(CHAPTER)}
    first, second, third, *_ = catalogue.exercises(CHAPTER)
    wrong = {one.name: renamed_source(one.misconceptions[0], one) for one in (first, second)}
    return (
        source_text(chapter),
        release,
        {
            "all_right": filled(release, exercises),
            "answers": filled(release, exercises | {first.name: wrong[first.name], QUESTION: ANSWER}),
            "crashes": filled(release, exercises | {third.name: with_lines(exercises[third.name], ENDS_THE_PROCESS)}),
            "not_a_notebook": "This file has the name of a notebook and is none.\n",
            "collected_later": filled(release, exercises | {second.name: wrong[second.name]}),
        },
    )


def hand_in(root, student, text):
    path = root / "submitted" / student / CHAPTER / f"{CHAPTER}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A tree in which our command graded four submissions, and a fifth was collected after that; and the scores."""
    root = tmp_path_factory.mktemp("formgrader") / "nbgrader"
    source, release, class_ = class_of_four()
    fill_tree(root, CHAPTER, source, release)
    for student, text in class_.items():
        if student != "collected_later":
            hand_in(root, student, text)
    found = grade(Course(root), CHAPTER, seed=SEED, workers=2)
    assert found.unjudged == ()
    hand_in(root, "collected_later", class_["collected_later"])
    return Course(root), {record.student: record.score for record in found.records}


@pytest.fixture(scope="module")
def course(graded):
    """The tree."""
    return graded[0]


@pytest.fixture(scope="module")
def lab(course):
    """A JupyterLab on the tree, as (url, token)."""
    with serving(course.root, {"AUTOGRADER_SEED": str(SEED)}) as found:
        yield found


@contextmanager
def window(browser, lab, path=""):
    """A page of the server, signed in, with the hosts that it asked and the errors that it reported."""
    url, token = lab
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=url)
    page = context.new_page()
    page.asked, page.errors = set(), []
    context.on("request", lambda request: page.asked.add(urlparse(request.url).hostname))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(f"formgrader?token={token}")
    if path:
        page.goto(path)
    yield page
    context.close()


HERE = {None, "localhost", "127.0.0.1"}
"""The hosts of this machine; data in the page has none."""


def here(page):
    """Whether the page asked this machine only."""
    return page.asked <= HERE


def row(page, text):
    """The row of formgrader's table that holds a text, once the table is there."""
    found = page.locator("#main-table tr").filter(has_text=text)
    found.wait_for()
    return found


def grades(course, student):
    """What the gradebook holds for a student's submission, by cell: automatic score, a person's score, open or not."""
    with gradebook.opened(course) as book:
        notebook = book.find_submission_notebook(CHAPTER, CHAPTER, student)
        return {one.name: (one.auto_score, one.manual_score, one.needs_manual_grade) for one in notebook.grades}


def comment(course, student, question):
    with gradebook.opened(course) as book:
        return book.find_comment(question, CHAPTER, CHAPTER, student).manual_comment


@pytest.fixture(scope="module")
def graded_by_hand(course, lab, browser):
    """A free answer that was given points and a comment in formgrader; gives the address that Next led to."""
    with window(browser, lab, f"formgrader/gradebook/{CHAPTER}/{CHAPTER}") as page:
        link = page.locator("#main-table a.name-shown").filter(has_text="answers")
        link.wait_for(state="attached")
        page.goto(link.get_attribute("href"))
        page.wait_for_load_state("networkidle")
        page.get_by_text(ANSWER).wait_for()
        for field, text in ((page.locator(f"#{QUESTION}"), "3"), (page.locator(f"#{QUESTION}-comment"), COMMENT)):
            field.fill(text)
            with page.expect_response(lambda response: response.request.method == "PUT") as saved:
                field.blur()
            assert saved.value.ok
        before = page.url
        page.get_by_role("link", name="Next").click()
        page.wait_for_url(lambda url: url != before)
        return page.url, page.asked


def test_formgrader_lists_the_chapter_and_our_scores(graded, lab, browser):
    course, scores = graded
    with window(browser, lab) as page:
        assert row(page, CHAPTER).locator(".num-submissions").inner_text() == "5"
        page.goto(f"formgrader/manage_submissions/{CHAPTER}")
        points = sum(course.points(CHAPTER).values())
        for student in ("all_right", "crashes", "not_a_notebook"):
            shown = row(page, student).locator(".score").inner_text()
            assert shown == f"{scores[student]:g} / {points:g}"
        assert scores["all_right"] > scores["not_a_notebook"] == 0
        assert here(page)
        assert page.errors == []


def test_what_the_judge_flagged_waits_for_a_person_and_what_it_did_not_flag_is_graded(lab, browser):
    with window(browser, lab, f"formgrader/manage_submissions/{CHAPTER}") as page:
        states = {one: row(page, one).locator(".status").inner_text() for one in ("all_right", "crashes")}
        states["not_a_notebook"] = row(page, "not_a_notebook").locator(".status").inner_text()
    assert states == {
        "all_right": "graded",
        "crashes": "needs manual grading",
        "not_a_notebook": "needs manual grading",
    }


def test_points_and_a_comment_typed_in_formgrader_are_in_the_gradebook(course, graded_by_hand):
    assert grades(course, "answers")[QUESTION] == (None, 3.0, False)
    assert grades(course, "answers")[OTHER] == (0.0, None, False), "the twin: nobody typed anything there"
    assert comment(course, "answers", QUESTION) == COMMENT
    assert comment(course, "answers", OTHER) is None
    assert "/formgrader/" in graded_by_hand[0]


def test_no_page_asks_another_host(graded_by_hand, lab, browser):
    assert graded_by_hand[1] <= HERE
    assert "localhost" in graded_by_hand[1]


def test_the_feedback_page_shows_the_points_and_the_comment(course, graded_by_hand, browser):
    (page_file,) = feedback(course, CHAPTER, "answers")
    (twin,) = feedback(course, CHAPTER, "all_right")
    context = browser.new_context()
    page = context.new_page()
    page.goto(page_file.as_uri(), wait_until="domcontentloaded")
    score = sum((auto or 0) if manual is None else manual for auto, manual, _ in grades(course, "answers").values())
    points = sum(course.points(CHAPTER).values())
    assert f"(Score: {score:.1f} / {points:.1f})" in page.locator("body").inner_text()
    assert page.get_by_text(COMMENT).count() == 1
    assert page.get_by_text("FAIL  0 of 3 points").count() == 1
    context.close()
    assert COMMENT not in twin.read_text()


def test_grading_again_keeps_the_points_and_the_comment_of_a_person(course, graded_by_hand):
    before = grades(course, "answers")
    with gradebook.opened(course) as book:
        notebook = book.find_submission_notebook(CHAPTER, CHAPTER, "answers")
        for one in notebook.grades:
            if one.auto_score is not None:
                one.auto_score = 0.5  # something that only a new grading can put right
        book.db.commit()
    grade(course, CHAPTER, seed=SEED, students=["answers"], again=True)
    after = grades(course, "answers")
    assert {name: found[:2] for name, found in after.items()} == {name: found[:2] for name, found in before.items()}
    assert after[QUESTION][1] == 3.0
    assert comment(course, "answers", QUESTION) == COMMENT


def test_formgraders_autograde_button_gives_the_scores_of_our_command(course, lab, browser):
    with window(browser, lab, f"formgrader/manage_submissions/{CHAPTER}") as page:
        assert row(page, "collected_later").locator(".status").inner_text() == "needs autograding"
        row(page, "collected_later").locator(".autograde a").click()
        dialog = page.locator(".modal-dialog")
        dialog.wait_for(timeout=60_000)
        assert "Successfully autograded" in dialog.inner_text()
        assert here(page)
    theirs = grades(course, "collected_later")
    names = [f"check_{one.name}" for one in catalogue.exercises(CHAPTER)]
    assert theirs[names[0]][0] == catalogue.exercises(CHAPTER)[0].points
    assert theirs[names[1]][0] == 0.0, "the twin: a wrong answer earns nothing there"
    grade(course, CHAPTER, seed=SEED, students=["collected_later"], again=True)
    assert grades(course, "collected_later") == theirs


def test_formgraders_feedback_button_makes_the_page(course, lab, browser):
    made = course.root / "feedback" / "crashes" / CHAPTER / f"{CHAPTER}.html"
    made.unlink(missing_ok=True)
    with window(browser, lab, f"formgrader/manage_submissions/{CHAPTER}") as page:
        row(page, "crashes").locator(".generate-feedback a").click()
        dialog = page.locator(".modal-dialog")
        dialog.wait_for(timeout=60_000)
        assert "Successfully generated feedback" in dialog.inner_text()
    assert "the process was lost" in made.read_text()


def test_formgrader_opens_from_jupyterlabs_menu(lab, browser):
    with window(browser, lab, "lab/workspaces/panel") as page:
        page.get_by_role("menuitem", name="Nbgrader").click()
        page.locator(".lm-Menu").get_by_text("Formgrader", exact=True).click()
        table = page.frame_locator("iframe").locator("#main-table")
        table.get_by_text(CHAPTER, exact=True).wait_for()
        assert here(page)


def first_exercise(root, source, name):
    """The first exercise of a notebook and its check, as a notebook of this name in the tree."""
    notebook = nbformat.reads(source, as_version=4)
    graded = [cell for cell in notebook.cells if cell.metadata.get("nbgrader") and cell.cell_type == "code"]
    start = nbformat.v4.new_code_cell("import numpy as np\n\nfrom autograder import check", id="start")
    notebook.cells = [start, *graded[:2]]
    nbformat.write(notebook, root / f"{name}.ipynb")
    return f"{name}.ipynb"


def validated(page, path):
    """The text of the dialog that the Validate button shows for a notebook, which is opened beside those that are."""
    page.evaluate("path => window.jupyterapp.commands.execute('docmanager:open', {path: path})", path)
    panel = page.locator(".jp-NotebookPanel:visible")
    panel.locator(".jp-Cell").first.wait_for(timeout=60_000)
    panel.locator(".jp-NotebookPanel-toolbar").get_by_text("Validate").click()
    dialog = page.locator(".jp-Dialog").filter(has_text="Validation Results")
    dialog.wait_for(timeout=120_000)
    shown = dialog.inner_text()
    dialog.get_by_role("button", name="Ok").click()
    return shown


def test_the_validate_button_names_the_open_exercise_and_is_content_with_the_model_answer(course, lab, browser):
    """On the first exercise; what validation says to whole chapters is tested without a browser."""
    first = catalogue.exercises(CHAPTER)[0].name
    texts = {name: (course.root / name / CHAPTER / f"{CHAPTER}.ipynb").read_text() for name in ("release", "source")}
    with window(browser, lab, "lab/workspaces/validate") as page:
        page.locator("#jp-MainMenu").wait_for(timeout=60_000)
        shown = validated(page, first_exercise(course.root, texts["release"], "open"))
        assert f"check({first})\n{first}: not written yet" in shown
        assert "Success!" not in shown
        shown = validated(page, first_exercise(course.root, texts["source"], "solved"))
        assert "Success! Your notebook passes all the tests." in shown
