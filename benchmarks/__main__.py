"""`python -m benchmarks [NAME ...]`: run every benchmark of this folder, or the named ones."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def main(names: list[str]) -> int:
    """Run the benchmarks in alphabetical order."""
    every = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))
    unknown = [name for name in names if name not in every]
    if unknown:
        print(f"benchmarks: there is no {unknown[0]!r}; there are: {', '.join(every)}", file=sys.stderr)
        return 2
    for name in names or every:
        print(f"\n{name}\n{'-' * len(name)}", flush=True)
        import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
