"""``make bench``: every benchmark, one after the other; each prints its figures and writes benchmarks/results.

``make bench ARGS="experts window"`` runs some of them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_NOT_BENCHMARKS = {"__init__", "__main__", "machine"}


def names() -> list[str]:
    """All benchmarks, by file name."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_BENCHMARKS)


def main(chosen: list[str]) -> int:
    unknown = set(chosen) - set(names())
    if unknown:
        print(f"There is no benchmark '{min(unknown)}'; choose from: {', '.join(names())}.", file=sys.stderr)
        return 2
    failed = []
    for name in chosen or names():
        print(f"== {name}", file=sys.stderr)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode != 0:
            failed.append(name)
    if failed:
        print(f"Below their bars: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
