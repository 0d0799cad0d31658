"""The one nbgrader configuration of the course; `build/nbgrader/nbgrader_config.py` only loads it.

nbgrader ignores `--config FILE` without a word; a file of this name in the folder where it is started works.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from traitlets.config import Config

from autograder.judge import feedback

__all__ = ["CODE_STUB", "GRADEBOOK", "LOADER", "TEXT_STUB", "configure", "write"]

CODE_STUB = 'raise NotImplementedError("replace this line with your own code")'
TEXT_STUB = "*Replace this line with your answer.*"

GRADEBOOK = "AUTOGRADER_GRADEBOOK"
"""Environment variable: the address of the gradebook's database where it is not SQLite beside the submissions."""

LOADER = '''"""Read by nbgrader where it is started; autograder.nbgrader_config has the settings."""

from pathlib import Path

from autograder.nbgrader_config import configure

configure(get_config(), Path(__file__).parent)
'''


def configure(config: Config, root: Path) -> Config:
    """Put the course's settings into `config`; `root` is nbgrader's working tree."""
    config.CourseDirectory.root = str(root.resolve())
    if address := os.environ.get(GRADEBOOK):
        config.CourseDirectory.db_url = address
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    # The judge stands where nbgrader would execute a notebook and read the score from what it printed.
    config.Autograde.sanitize_preprocessors = ["autograder.judge.preprocessors.JudgeSubmission"]
    config.Autograde.autograde_preprocessors = [
        "autograder.judge.preprocessors.SaveJudgedGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
    ]
    # Formgrader shows formulas without a public server: as MathML, with our template where MathJax was loaded.
    formgrader = "server_extensions/formgrader/templates"
    found = find_spec("nbgrader")
    if found is not None and found.origin:
        templates = [Path(__file__).parent / "judge" / "templates", Path(found.origin).parent / formgrader]
        config.HTMLExporter.extra_template_basedirs = [str(folder) for folder in templates]
        config.HTMLExporter.filters = {"markdown2html": "autograder.judge.page.markdown"}
    # nbgrader's own command and formgrader's button make the feedback pages that ours makes.
    feedback.configure(config)
    return config


def write(root: Path) -> None:
    """Put the file that loads this configuration into nbgrader's working tree; one that is there is kept.

    An instructor's own settings, such as a rule for late submissions, stand below the call of `configure`.
    """
    root.mkdir(parents=True, exist_ok=True)
    path = root / "nbgrader_config.py"
    if not path.is_file():
        path.write_text(LOADER, encoding="utf-8")
