"""The command `lite`: build the site, and say how to look at it."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.lite import distribution, site

__all__ = ["add_arguments", "run"]

ROOT = Path(__file__).resolve().parents[2]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the site goes, and where Pyodide comes from."""
    parser.add_argument(
        "--to", type=Path, default=ROOT / "build" / "lite", metavar="FOLDER", help="where to write (build/lite)"
    )
    parser.add_argument(
        "--pyodide",
        type=Path,
        metavar="ARCHIVE_OR_FOLDER",
        help=f"copy Pyodide {distribution.VERSION} from here into the site, which then asks no other host",
    )


def run(args: argparse.Namespace) -> int:
    """Build the site."""
    site.build(args.to, args.pyodide, ROOT / "build" / "lite-wheels")
    files = [path for path in args.to.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{args.to}: {len(files)} files, {size:.0f} MB")
    if args.pyodide is None:
        print(f"Its pages fetch Pyodide from {distribution.CDN}")
    print(f"Look at it: python -m http.server --directory {args.to}, then http://localhost:8000/")
    return 0
