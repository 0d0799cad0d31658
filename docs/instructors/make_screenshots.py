"""Make the pictures of INSTRUCTORS.md: `python -m docs.instructors.make_screenshots [NAME ...]`.

A demonstration class is made and graded in a temporary folder, by the commands that the guide names.  A JupyterLab on
that folder is looked at in headless Chromium.  Needs the development environment and Chromium; asks no other host.
"""

from __future__ import annotations

import argparse
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
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright

from autograder.demo.submissions import Submission, filled, submissions, write
from autograder.release import master
from autograder.release.build import Places, fill_tree, release_text, source_text
from docs.instructors.honest_forms import COPY_OF, FORMS

__all__ = ["HERE_ONLY", "PICTURES", "Classroom", "serving"]

HERE = Path(__file__).parent
CHAPTER = "ch01_activations"
STUDENTS = 40
WIDTH, HEIGHT = 1280, 800
WIDE = 1600, 1000
"""Formgrader's tables need more room; their picture is made smaller."""
QUESTION = "where_the_signal_died"
COMMENT = "Right. How far does the signal get with half of that scale?"
MISTAKEN = "misconception_relu_absolute_value"
"""The student whose feedback page is shown."""
LARGEST = 150_000
"""Bytes of a picture, so that a clone stays small."""
HERE_ONLY = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"

ABOVE = "(found, room) => window.scrollTo(0, found.getBoundingClientRect().top + scrollY - room)"
"""Scrolls so that there is so much room, in pixels, above an element."""

TERMINAL = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #1e1e1e; color: #d4d4d4; }}
pre {{ margin: 0; padding: 24px 28px; font: 14px/1.4 "DejaVu Sans Mono", monospace; white-space: pre-wrap; }}
b {{ color: #9cdcfe; font-weight: normal; }}
</style><pre>{lines}</pre>"""


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


def grade_run(room: Classroom) -> None:
    """What `grade` prints."""
    lines = html.escape(room.printed["grade"].rstrip())
    prompt = f"<b>$ .venv/bin/python -m autograder grade {CHAPTER.split('_')[0]}</b>\n"
    room.page.set_content(TERMINAL.format(lines=prompt + lines))


def gradebook(room: Classroom) -> None:
    """Formgrader's list of submissions."""
    room.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    room.shows(f"formgrader/manage_submissions/{CHAPTER}").get_by_text("needs manual grading").first.wait_for()


def graded_submission(room: Classroom) -> None:
    """A free answer with points and a comment, typed as an instructor types them."""
    page = room.shows(f"formgrader/gradebook/{CHAPTER}/{CHAPTER}")
    # The names are there and hidden until somebody asks for them.
    page.goto(page.locator("a.name-shown").filter(has_text="all_right").get_attribute("href") or "")
    page.wait_for_load_state("networkidle")
    points, comment = page.locator(f"#{QUESTION}"), page.locator(f"#{QUESTION}-comment")
    for field, text in ((points, "3"), (comment, COMMENT)):
        field.fill(text)
        with page.expect_response(lambda response: response.request.method == "PUT"):
            field.blur()
    points.evaluate(ABOVE, 300)
    page.wait_for_timeout(1500)


def feedback(room: Classroom) -> None:
    """A check on a student's page: what was wrong, and the question that the recognised misconception asks."""
    command(room.root, "feedback", CHAPTER)
    room.opens(room.root / "feedback" / MISTAKEN / CHAPTER / f"{CHAPTER}.html")
    room.page.get_by_text("hint:").first.evaluate(ABOVE, 420)


def class_report(room: Classroom) -> None:
    """The top of the class report."""
    command(room.root, "report", CHAPTER)
    room.opens(room.root / "reports" / CHAPTER / "index.html")


def similar_pair(room: Classroom) -> None:
    """A pair on the similarity page, side by side."""
    root = room.root.with_name("small")
    make_small_class(root)
    command(root, "similar", CHAPTER, "--threshold", "0.6")
    page = room.opens(root / "similar" / f"{CHAPTER}.html")
    pair = page.locator("details").first
    pair.locator("summary").click()
    pair.evaluate(ABOVE, 300)


PICTURES: dict[str, Callable[[Classroom], None]] = {
    "grade": grade_run,
    "gradebook": gradebook,
    "graded-submission": graded_submission,
    "feedback": feedback,
    "class-report": class_report,
    "similar-pair": similar_pair,
}
"""Each picture's file name without .png, and what puts it on the page; in the order in which they are made."""


def save(page: Page, path: Path) -> None:
    """Take the picture as a PNG with a palette; RuntimeError when it is too large for a clone."""
    ends = page.evaluate("document.documentElement.scrollHeight")
    size = page.viewport_size or {"width": WIDTH, "height": HEIGHT}
    shot_bytes = page.screenshot(clip={"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], ends)})
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
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", f"--host-resolver-rules={HERE_ONLY}"]
        )
        with serving(root, {"AUTOGRADER_SEED": "7"}) as (url, token):
            page = window(browser.new_context, url)
            page.goto(f"{url}formgrader?token={token}")
            room = Classroom(root, url, page, printed)
            for name in names:
                page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
                PICTURES[name](room)
                save(page, HERE / f"{name}.png")
                print(f"{name}.png: {(HERE / f'{name}.png').stat().st_size} bytes")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
