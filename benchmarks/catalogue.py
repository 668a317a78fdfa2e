"""How fast a catalogue of 100,000 episodes answers: ``python -m benchmarks.catalogue [EPISODES]``.

Bars: first page under 100 ms, filter or search under 50 ms, each with its total.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import write
from core.clock import monotonic_ns
from core.library import EpisodeFilter, Library, new_id, store
from core.messages import CameraInfo, EpisodeMetadata, EpisodeSummary, StreamSummary

TASKS = ("reach_t", "reach_tr", "push_box", "push_plate", "free")
OPERATORS = ("Ada", "Bob", "Cleo", "Dan", "")
WORDS = (
    *("slow", "fast", "retry", "slipped", "occluded", "good", "first", "again"),
    *("tilted", "corner", "edge", "blue", "lamp", "noise", "grasp"),
)
TAGS = ("clean", "train", "test", "retry", "disturbed", "rare")
SPACING_NS = 60 * 10**9
REPEATS = 20


def fill(library: Library, count: int, seed: int = 0) -> None:
    """Rows as real episodes leave them, in one transaction; no files."""
    choose = random.Random(seed)
    with library._catalogue.writing() as connection:
        for number in range(count):
            metadata = EpisodeMetadata(
                id=new_id(),
                task=choose.choice(TASKS),
                created_utc_ns=1_700_000_000 * 10**9 + number * SPACING_NS,
                clock="wall",
                rig="simulated",
                demonstrator=choose.choice(("hand", "expert", "policy")),
                operator=choose.choice(OPERATORS),
                notes=" ".join(choose.choices(WORDS, k=6)) + (" unicorn" if number % 5000 == 0 else ""),
                tags=tuple(tag for tag in TAGS if choose.random() < (0.0005 if tag == "rare" else 0.2)),
            )
            camera = CameraInfo("right", 640, 480, 30.0, 533.64, 534.78, 319.41, 236.44)
            store.insert(connection, metadata, [camera])
            store.complete(connection, _summary(metadata.id, choose), "complete")


def _summary(episode_id: str, choose: random.Random) -> EpisodeSummary:
    seconds = choose.uniform(4, 60)
    frames = int(seconds * 60)
    streams = tuple(StreamSummary(f"/camera/right/{kind}", "jpeg", frames) for kind in ("rgb", "depth"))
    success = choose.choice((True, True, False, None))
    size = int(seconds * 20e6)
    return EpisodeSummary(episode_id, "", size, "0" * 64, seconds, frames, 0, frames * 7, streams, success)


def questions(library: Library) -> dict[str, tuple[float, Callable[[], Any]]]:
    """What a person asks of the table, each with its bar in milliseconds."""
    episodes = library.episodes
    middle = library.episodes.list(limit=1, offset=episodes.list(limit=0).total // 2).rows[0].id
    return {
        "first page": (100, lambda: episodes.list()),
        "last page": (100, lambda: episodes.list(offset=episodes.list(limit=0).total - 100)),
        "first page by duration": (100, lambda: episodes.list(sort="duration")),
        "first page by task": (100, lambda: episodes.list(sort="task", descending=False)),
        "first page by operator": (100, lambda: episodes.list(sort="operator")),
        "first page by success": (100, lambda: episodes.list(sort="success")),
        "first page by frames": (100, lambda: episodes.list(sort="frames")),
        "filter by task": (50, lambda: episodes.list(EpisodeFilter(task="push_box"))),
        "filter by task and success": (50, lambda: episodes.list(EpisodeFilter(task="push_box", success=True))),
        "filter by operator": (50, lambda: episodes.list(EpisodeFilter(operator="Ada"))),
        "filter by not yet judged": (50, lambda: episodes.list(EpisodeFilter(unlabelled=True))),
        "filter by a common tag": (50, lambda: episodes.list(EpisodeFilter(tags=("train",)))),
        "filter by a rare tag": (50, lambda: episodes.list(EpisodeFilter(tags=("rare",)))),
        "filter by two tags": (50, lambda: episodes.list(EpisodeFilter(tags=("train", "clean")))),
        "filter by demonstrator": (50, lambda: episodes.list(EpisodeFilter(demonstrator="hand"))),
        "filter by date": (50, lambda: episodes.list(EpisodeFilter(since=1_703_000_000 * 10**9))),
        "search a rare word": (50, lambda: episodes.list(EpisodeFilter(query="unicorn"))),
        "search a common word": (50, lambda: episodes.list(EpisodeFilter(query="grasp"))),
        "search one letter": (50, lambda: episodes.list(EpisodeFilter(query="s"))),
        "search two words": (50, lambda: episodes.list(EpisodeFilter(query="slipped lamp"))),
        "search and filter": (50, lambda: episodes.list(EpisodeFilter(query="lamp", task="push_box", success=True))),
        "search sorted by duration": (50, lambda: episodes.list(EpisodeFilter(query="grasp"), sort="duration")),
        "statistics": (200, lambda: episodes.statistics()),
        "one episode by a prefix": (50, lambda: episodes.get(middle[:26])),
        "label one": (50, lambda: episodes.label([middle], notes=f"note {monotonic_ns()}")),
    }


def measure(ask: Callable[[], Any]) -> tuple[float, float]:
    """Median and largest time, ms."""
    times = []
    for _ in range(REPEATS):
        begin_ns = monotonic_ns()
        ask()
        times.append((monotonic_ns() - begin_ns) / 1e6)
    return statistics.median(times), max(times)


def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with Library.open(root) as library:
            begin_ns = monotonic_ns()
            fill(library, count)
            filled_s = (monotonic_ns() - begin_ns) / 1e9
            rows = {}
            for name, (bar_ms, ask) in questions(library).items():
                median_ms, largest_ms = measure(ask)
                rows[name] = {"median_ms": round(median_ms, 2), "largest_ms": round(largest_ms, 2), "bar_ms": bar_ms}
        size = (root / "catalog.sqlite").stat().st_size
        begin_ns = monotonic_ns()
        Library.open(root, writable=False).close()
        opened_ms = (monotonic_ns() - begin_ns) / 1e6
    missed = [name for name, row in rows.items() if row["median_ms"] > row["bar_ms"]]
    figures = {
        "episodes": count,
        "filled_s": round(filled_s, 1),
        "catalogue_mb": round(size / 1e6, 1),
        "open_for_reading_ms": round(opened_ms, 1),
        "questions": rows,
        "bars_missed": missed,
    }
    write("catalogue", figures, "sqlite-utils")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
