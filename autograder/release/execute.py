"""Run a master from its first cell to its last, and keep the notebook with its outputs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

from autograder.errors import CourseError
from autograder.release import master
from autograder.release.build import Places, source_notebook

__all__ = ["execute"]


def execute(places: Places, stem: str, seconds_per_cell: int = 600) -> Path:
    """Run a chapter's master and write build/executed/<stem>/<stem>.ipynb; gives that path.

    Raises CourseError with the cell and the error where a cell fails, a check of a model answer among them.
    """
    notebook = source_notebook(master.read(places.master(stem)))
    for cell in notebook.cells:
        # In a student's notebook a failed check is expected; here it is a fault in the master.
        cell.metadata.pop("tags", None)
    paths = [str(places.root), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    # A folder of its own: what a run leaves neither stays nor changes the next run.
    with tempfile.TemporaryDirectory(prefix=f"{stem}-") as folder:
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(paths),
            "COURSE_PROGRESS": f"{folder}/.progress.json",
        }
        # Kernels warn about unencrypted TCP; Windows has no other transport.
        sockets = {"transport": "ipc", "ip": f"{folder}/kernel"} if os.name == "posix" else {}
        client = NotebookClient(
            notebook,
            config=Config({"KernelManager": sockets}),
            timeout=seconds_per_cell,
            resources={"metadata": {"path": folder}},
            coalesce_streams=True,
        )
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            last = str(error).strip().splitlines()[-1]
            raise CourseError(f"{stem}.py does not run to its end: {error.ename}: {error.evalue or last}") from None
    path = places.executed(stem)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook, version=4), encoding="utf-8")
    return path
