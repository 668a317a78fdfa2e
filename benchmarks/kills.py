"""Kill recorders with SIGKILL at random points and see what is left: ``python -m benchmarks.kills [COUNT]``.

Bars: no completed episode lost, at most two frames of the current one, a second recovery changes nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.machine import write
from core.clock import monotonic_ns
from core.library import Library
from tests.core.library.killing import POINTS, kill_once


def main(count: int) -> int:
    outcomes = []
    begin_ns = monotonic_ns()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number in range(count):
            point = POINTS[number % len(POINTS)]
            place = "migrated" if point == "migrate" else "library"
            outcome = kill_once(root / place, root / "notes", point, number, live=point in ("clock", "encode"))
            outcomes.append(outcome)
            print(
                f"{number + 1} of {count}: {point}, {outcome.lost_frames} lost {outcome.problems or ''}",
                file=sys.stderr,
            )
        with Library.open(root / "library") as library:
            report = library.verify()
            statuses = Counter(row.status for row in library.episodes.list(limit=10_000).rows)
    lost = Counter(outcome.lost_frames for outcome in outcomes)
    problems = [f"{outcome.point}: {problem}" for outcome in outcomes for problem in outcome.problems]
    figures = {
        "kills": count,
        "kills_by_point": dict(Counter(outcome.point for outcome in outcomes)),
        "completed_episodes_lost": sum("completed" in problem for problem in problems),
        "most_frames_lost_of_the_current_episode": max(lost),
        "kills_by_frames_lost": {str(frames): lost[frames] for frames in sorted(lost)},
        "second_recoveries_that_changed_something": sum("second" in problem for problem in problems),
        "problems": problems,
        "episodes_afterwards": dict(statuses),
        "damaged_afterwards": len(report.damaged),
        "wall_s": round((monotonic_ns() - begin_ns) / 1e9, 1),
    }
    write("kills", figures, "mcap", "sqlite-utils")
    return 1 if problems or report.damaged else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
