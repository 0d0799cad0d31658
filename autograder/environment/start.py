"""`python -m autograder start`: set up if needed, and open the course's first notebook in JupyterLab."""

from __future__ import annotations

import argparse
import json
import subprocess

from autograder.environment import venv

__all__ = ["add_arguments", "run"]

# No question about news on the first start, and no request to other hosts.
FIRST = "start.ipynb"
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.epilog = "Anything else goes to jupyter lab, such as --no-browser."
    parser.set_defaults(rest=[])


def run(args: argparse.Namespace) -> int:
    """Run JupyterLab in course/ until it is stopped."""
    venv.install()
    overrides = venv.VENV / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    overrides.parent.mkdir(parents=True, exist_ok=True)
    overrides.write_text(json.dumps(SETTINGS))
    command = [
        str(venv.python()),
        "-m",
        "jupyterlab",
        "--ServerApp.root_dir=course",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
    ]
    command += args.rest
    try:
        return subprocess.run(command, cwd=venv.ROOT, env=venv.environment(), check=False).returncode
    except KeyboardInterrupt:
        return 0
