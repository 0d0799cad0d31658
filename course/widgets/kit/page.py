"""An explorer without Jupyter: the static part of its output, and a whole page in one file."""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["fragment", "page"]

HERE = Path(__file__).parent


def fragment(spec: Mapping[str, Any], block: bytes, index: Sequence[int], sentence: str, poster: bytes) -> str:
    """The poster with its alt text, and the traits as JSON, for `mountAll` in static_host.js to bring to life.

    Nothing in it runs by itself: a page without the script shows the poster.
    """
    # mtime=0: the same states give the same bytes on every run
    packed = base64.b64encode(gzip.compress(block, 9, mtime=0)).decode("ascii")
    traits = json.dumps(
        {"spec": spec, "index": list(index), "block": packed}, ensure_ascii=False, separators=(",", ":")
    )
    traits = traits.replace("</", "<\\/")  # nothing inside may end the script element
    picture = base64.b64encode(poster).decode("ascii")
    return (
        '<div class="ck-static">'
        f'<img class="ck-poster" style="max-width:100%" alt="{html.escape(sentence)}" '
        f'src="data:image/png;base64,{picture}">'
        f'<script type="application/json">{traits}</script>'
        "</div>"
    )


def page(title: str, body: str) -> str:
    """A page that holds everything it needs: it opens from a file and makes no request."""
    script = (HERE / "explorer.js").read_text("utf-8") + (HERE / "static_host.js").read_text("utf-8")
    style = (HERE / "explorer.css").read_text("utf-8")
    ground = "body{margin:0;background:#fff}@media(prefers-color-scheme:dark){body{background:#15181c}}"
    heading = f'<h1 class="ck-live">{html.escape(title)}</h1>'  # for a screen reader: the sentence names the picture
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{html.escape(title)}</title>\n<link rel="icon" href="data:,">\n<style>\n{ground}\n{style}</style>\n'
        f"</head>\n<body>\n<main>\n{heading}\n{body}\n</main>\n"
        f'<script type="module">\n{script}\nawait mountAll(render);\n</script>\n</body>\n</html>\n'
    )
