"""Run in the browser as the kernel starts: a cell that may fail stops no other cell, as in Jupyter elsewhere.

JupyterLab marks the request of a cell tagged raises-exception (stop_on_error is false), and ipykernel goes on behind
it.  JupyterLite, up to 0.8, drops all cells that wait behind any error.  So the error of such a cell is printed, and
the cell counts as run.
"""

import logging
import sys
from typing import Any

from pyodide_kernel.kernel import PyodideKernel  # type: ignore[import-not-found]

_run = PyodideKernel.run


async def run(self: Any, code: str) -> dict[str, Any]:
    """Run a cell, and say "ok" of one that failed as it was allowed to."""
    results: dict[str, Any] = await _run(self, code)
    request = (self._parent_header or {}).get("content", {})
    if results["status"] == "error" and not request.get("stop_on_error", True):
        sys.stderr.write("\n".join(results["traceback"]) + "\n")
        return {"status": "ok", "payload": results.get("payload", []), "user_expressions": {}}
    return results


PyodideKernel.run = run

# A page has no threads, so matplotlib says at once, in the reader's first cell, that it is building its font cache.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
