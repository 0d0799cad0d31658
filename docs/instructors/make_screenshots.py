"""Make the pictures of INSTRUCTORS.md: `python -m docs.instructors.make_screenshots [NAME ...]`.

A demonstration class is made and graded in a temporary folder, by the commands that the guide names.  A JupyterLab on
that folder is looked at in headless Chromium.  Needs the development environment and Chromium; asks no other host.
"""

from __future__ import annotations

import argparse
import csv
import html
import io
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, sync_playwright

from autograder.demo.submissions import Submission, filled, submissions, write
from autograder.release import master
from autograder.release.build import Places, fill_tree, release_text, source_text
from docs.instructors.honest_forms import COPY_OF, FORMS

__all__ = ["HERE_ONLY", "PICTURES", "Classroom", "serving"]

HERE = Path(__file__).parent
CHAPTER = "ch01_activations"
STUDENTS = 40
WIDTH, HEIGHT = 1280, 1000
WIDE = 1600, 1100
"""Formgrader's tables need more room; their picture is made smaller."""
LISTED = 14
"""How many rows of such a table its picture shows."""
QUESTION = "where_the_signal_died"
COMMENT = "Right. How far does the signal get with half of that scale?"
MISTAKEN = "misconception_relu_absolute_value"
"""The student whose feedback page is shown."""
FIRST_NAMES = ("Ada", "Ben", "Chen", "Dina", "Eli", "Fatma", "Goran", "Hana")
LAST_NAMES = ("Adler", "Okafor", "Silva", "Tanaka", "Weber")
"""Eight and five have no common divisor: 40 students get 40 names."""
ROWS, MISTAKES = 9, 5
"""How many students the picture of `grade` shows from the top, and how many with a misconception."""
MARGIN = 8
"""Pixels below the last thing of a picture."""
LARGEST = 150_000
"""Bytes of a picture, so that a clone stays small."""
HERE_ONLY = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"

ABOVE = "(found, room) => window.scrollTo(0, found.getBoundingClientRect().top + scrollY - room)"
"""Scrolls so that there is so much room, in pixels, above an element."""

TERMINAL = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #1e1e1e; color: #d4d4d4; }}
pre {{ margin: 0; padding: 24px 28px 16px; font: 16px/1.45 "DejaVu Sans Mono", monospace; white-space: pre-wrap; }}
b {{ color: #9cdcfe; font-weight: normal; }}
i {{ color: #8a8a8a; }}
</style><pre>{lines}</pre>"""
LEFT_OUT = "  … {count} more students, left out of this picture …"


@contextmanager
def serving(root: Path, environment: dict[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """A JupyterLab on an nbgrader tree, started in it as nbgrader wants; gives its address and its token."""
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        private = Path(folder)
        log = private / "log"
        options = [
            "--no-browser",
            "--allow-root",
            "--ServerApp.port=0",
            f"--ServerApp.root_dir={root}",
            f"--IdentityProvider.token={token}",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.extension_manager=readonly",
        ]
        settings = private / "settings"
        settings.mkdir()
        quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
        (settings / "overrides.json").write_text(json.dumps(quiet), encoding="utf-8")
        options += [f"--LabServerApp.app_settings_dir={settings}", f"--LabApp.app_settings_dir={settings}"]
        own = {
            "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
            "JUPYTER_CONFIG_DIR": str(private / "config"),
            "JUPYTER_DATA_DIR": str(private / "data"),
            "IPYTHONDIR": str(private / "ipython"),
            "COURSE_PROGRESS": str(private / "progress.json"),
            "OMP_NUM_THREADS": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(Places().root),
        }
        with log.open("w", encoding="utf-8") as file:
            server = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *options],
                env=os.environ | own | (environment or {}),
                stdout=file,
                stderr=file,
                cwd=root,
            )
        try:
            yield _address(private / "runtime", server, log), token
        finally:
            server.terminate()
            server.wait(timeout=30)


def _address(runtime: Path, server: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(300):
        found = list(runtime.glob("jpserver-*.json"))
        if found and (text := found[0].read_text(encoding="utf-8").strip()):
            return str(json.loads(text)["url"])
        if server.poll() is not None:
            break
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text(encoding='utf-8')}")


@dataclass
class Classroom:
    """A graded demonstration class, what the commands printed, and a page to look at it."""

    root: Path
    url: str
    page: Page
    printed: dict[str, str]

    def shows(self, path: str) -> Page:
        """The page, with a page of the server in it."""
        self.page.goto(f"{self.url}{path}")
        self.page.wait_for_load_state("networkidle")
        return self.page

    def opens(self, path: Path) -> Page:
        """The page, with a file of the tree in it."""
        self.page.goto(path.resolve().as_uri())
        self.page.wait_for_load_state("networkidle")
        return self.page


def command(root: Path, *words: str) -> str:
    """Run `python -m autograder ...` on the tree; gives what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *words, "--root", str(root)],
        cwd=Places().root,
        env=os.environ | {"OMP_NUM_THREADS": "1", "AUTOGRADER_SEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def make_class(root: Path) -> None:
    """The tree of a class that has handed in."""
    chapter = master.read(Places().master(CHAPTER))
    release = release_text(chapter)
    fill_tree(root, CHAPTER, source_text(chapter), release)
    write(root, CHAPTER, submissions(chapter, release, STUDENTS))


def roster(root: Path) -> None:
    """Give the students names, as the guide does: `nbgrader db student import`."""
    students = sorted(path.name for path in (root / "submitted").iterdir())
    with (root / "roster.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "last_name", "first_name", "email"))
        for place, student in enumerate(students):
            rows.writerow((student, LAST_NAMES[place % 5], FIRST_NAMES[place % 8], ""))
    beside = str(Path(sys.executable).parent)
    subprocess.run(
        [f"{beside}/nbgrader", "db", "student", "import", "roster.csv"],
        cwd=root,
        env=os.environ | {"PATH": f"{beside}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        check=True,
    )


def make_small_class(root: Path) -> None:
    """The tree of a class in which three have their own words, and one has another's."""
    chapter = master.read(Places().master(CHAPTER))
    release = release_text(chapter)
    fill_tree(root, CHAPTER, source_text(chapter), release)
    answers = dict(FORMS)
    for student, (owner, names) in COPY_OF.items():
        pattern = re.compile(rf"\b({'|'.join(names)})\b")
        answers[student] = {name: pattern.sub(_other_name(names), source) for name, source in FORMS[owner].items()}
    class_ = [Submission(student, "", filled(release, sources)) for student, sources in answers.items()]
    write(root, CHAPTER, class_)


def _other_name(names: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    return lambda found: names[found[0]]


def shortened(printed: str) -> list[str]:
    """What `grade` printed, for some of the students; a line says how many were left out, and where."""
    lines = printed.rstrip().splitlines()
    end = lines.index("")
    head, rows = lines[0], lines[1:end]
    mistakes = [place for place, row in enumerate(rows) if place >= ROWS and row.startswith("misconception_")]
    shown = [head]
    for before, place in pairwise([-1, *range(ROWS), *mistakes[:MISTAKES], len(rows)]):
        if place > before + 1:
            shown.append(LEFT_OUT.format(count=place - before - 1))
        shown += rows[place : place + 1]
    return shown + lines[end:]


def grade_run(room: Classroom) -> Locator:
    """What `grade` prints."""
    lines = [html.escape(line) for line in shortened(room.printed["grade"])]
    told = "\n".join(f"<i>{line}</i>" if "left out of this picture" in line else line for line in lines)
    prompt = f"<b>$ .venv/bin/python -m autograder grade {CHAPTER.split('_')[0]}</b>\n"
    room.page.set_content(TERMINAL.format(lines=prompt + told))
    return room.page.locator("pre")


def gradebook(room: Classroom) -> Locator:
    """Formgrader's list of submissions."""
    room.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page = room.shows(f"formgrader/manage_submissions/{CHAPTER}")
    page.get_by_text("needs manual grading").first.wait_for()
    return page.locator("tbody tr").nth(LISTED - 1)


def graded_submission(room: Classroom) -> Locator:
    """A free answer with points and a comment, typed as an instructor types them."""
    page = room.shows(f"formgrader/gradebook/{CHAPTER}/{CHAPTER}")
    # The names are there and hidden until somebody asks for them; the first student in the alphabet has all right.
    name = f"{LAST_NAMES[0]}, {FIRST_NAMES[0]}"
    page.goto(page.locator("a.name-shown").filter(has_text=name).get_attribute("href") or "")
    page.wait_for_load_state("networkidle")
    points, comment = page.locator(f"#{QUESTION}"), page.locator(f"#{QUESTION}-comment")
    for field, text in ((points, "3"), (comment, COMMENT)):
        field.fill(text)
        with page.expect_response(lambda response: response.request.method == "PUT"):
            field.blur()
    page.wait_for_timeout(1500)  # formgrader scrolls by itself
    points.evaluate(ABOVE, 174)
    return page.locator(".nbgrader_cell").filter(has=points)


def feedback(room: Classroom) -> Locator:
    """A check on a student's page: what was wrong, and the question that the recognised misconception asks."""
    command(room.root, "feedback", CHAPTER)
    page = room.opens(room.root / "feedback" / MISTAKEN / CHAPTER / f"{CHAPTER}.html")
    page.get_by_text("Exercise 1.2: ReLU").first.evaluate(ABOVE, 12)
    return page.locator("pre").filter(has_text="hint:").first


def class_report(room: Classroom) -> Locator:
    """The top of the class report."""
    command(room.root, "report", CHAPTER)
    return room.opens(room.root / "reports" / CHAPTER / "index.html").locator("figure").first


def similar_pair(room: Classroom) -> Locator:
    """A pair on the similarity page, side by side."""
    root = room.root.with_name("small")
    make_small_class(root)
    command(root, "similar", CHAPTER, "--threshold", "0.6")
    page = room.opens(root / "similar" / f"{CHAPTER}.html")
    pair = page.locator("details").first
    pair.locator("summary").click()
    page.get_by_role("heading", name="Whole submissions").evaluate(ABOVE, 24)
    return pair


PICTURES: dict[str, Callable[[Classroom], Locator]] = {
    "grade": grade_run,
    "gradebook": gradebook,
    "graded-submission": graded_submission,
    "feedback": feedback,
    "class-report": class_report,
    "similar-pair": similar_pair,
}
"""By file name without .png: what puts a picture on the page, and gives its last thing.  In the order of making."""


def save(page: Page, last: Locator, path: Path) -> None:
    """Take the picture, down to its last thing, as a PNG with a palette; RuntimeError when it is too large."""
    size = page.viewport_size or {"width": WIDTH, "height": HEIGHT}
    box = last.bounding_box()
    ends = size["height"] if box is None else min(size["height"], round(box["y"] + box["height"]) + MARGIN)
    shot_bytes = page.screenshot(clip={"x": 0, "y": 0, "width": size["width"], "height": ends})
    with Image.open(io.BytesIO(shot_bytes)) as shot:
        picture = shot.convert("RGB")
        if picture.width > WIDTH:
            picture = picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS)
        picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        raise RuntimeError(f"{path.name} has {path.stat().st_size} bytes, more than {LARGEST}")


def window(context: Callable[..., BrowserContext], url: str) -> Page:
    """A page of the size of the pictures."""
    return context(viewport={"width": WIDTH, "height": HEIGHT}, base_url=url).new_page()


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the pictures that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all by default: {', '.join(PICTURES)}")
    names = parser.parse_args(arguments).names or list(PICTURES)
    if unknown := set(names) - set(PICTURES):
        parser.error(f"there is no picture {', '.join(sorted(unknown))}; there are: {', '.join(PICTURES)}")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        parser.error("needs Chromium; there is none on the path")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "class"
        make_class(root)
        printed = {"grade": command(root, "grade", CHAPTER)}
        roster(root)
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", f"--host-resolver-rules={HERE_ONLY}"]
        )
        with serving(root, {"AUTOGRADER_SEED": "7"}) as (url, token):
            page = window(browser.new_context, url)
            page.goto(f"{url}formgrader?token={token}")
            room = Classroom(root, url, page, printed)
            for name in names:
                page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
                save(page, PICTURES[name](room), HERE / f"{name}.png")
                print(f"{name}.png: {(HERE / f'{name}.png').stat().st_size} bytes")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
