"""Run Sphinx over the book's pages, in a process of its own: it changes global state, and reads no conf.py."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from autograder.errors import CourseError

__all__ = ["build_site", "settings"]

TITLE = "Neural networks and deep learning, built by hand"


def settings(static: Path) -> dict[str, Any]:
    """Sphinx's configuration: no request to another host, no source of a page, no link to an editor."""
    return {
        "project": TITLE,
        "author": "",
        "language": "en",
        "extensions": ["myst_nb", "sphinx_book_theme", "autograder.book.formulas"],
        "myst_enable_extensions": ["amsmath", "deflist", "dollarmath"],
        "myst_dmath_double_inline": True,  # $$...$$ in the middle of a text, as Jupyter reads it
        "myst_heading_anchors": 3,
        "nb_execution_mode": "off",
        "nb_ipywidgets_js": {},
        "nb_merge_streams": True,
        "html_math_renderer": "mathml",
        "html_theme": "sphinx_book_theme",
        "html_title": TITLE,
        "html_static_path": [str(static)],
        "html_css_files": ["formulas.css", "explorer.css", "book.css"],
        "html_js_files": [["book.js", {"defer": "defer"}]],
        "html_favicon": str(static / "icon.svg"),
        "html_copy_source": False,
        "html_show_sourcelink": False,
        "html_show_sphinx": False,
        "html_show_copyright": False,
        "html_permalinks_icon": "#",
        "html_context": {"default_mode": "auto"},
        "html_theme_options": {
            "navbar_persistent": [],
            "home_page_in_toc": True,
            "show_navbar_depth": 1,
            "show_toc_level": 2,
            "use_download_button": False,
            "use_edit_page_button": False,
            "use_fullscreen_button": False,
            "use_issues_button": False,
            "use_repository_button": False,
            "use_source_button": False,
            "back_to_top_button": False,
        },
    }


def build_site(source: Path, static: Path, doctrees: Path, site: Path) -> None:
    """Build the pages in `source` into `site`; CourseError with Sphinx's first complaint, a warning included."""
    task = json.dumps([str(source), str(static), str(doctrees), str(site)])
    done = subprocess.run([sys.executable, "-m", "autograder.book.site", task], capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        complaints = [line for line in lines if "WARNING" in line or "ERROR" in line]
        first = [*complaints, *lines[-1:], "it gave no reason"][0]
        raise CourseError(f"Sphinx does not build the book: {first.replace(str(source), source.name)}")


def main(task: str) -> int:
    """Build in this process; the exit status is 1 where Sphinx warned."""
    from sphinx.application import Sphinx

    source, static, doctrees, site = map(Path, json.loads(task))
    warnings = io.StringIO()
    app = Sphinx(
        source,
        None,
        site,
        doctrees,
        "html",
        confoverrides=settings(static),
        status=None,
        warning=warnings,
    )
    app.build()
    print(warnings.getvalue())
    return 1 if warnings.getvalue().strip() or app.statuscode else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
