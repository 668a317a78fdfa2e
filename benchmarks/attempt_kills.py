"""Kill the runner, the station or the window while a policy drives: ``python -m benchmarks.attempt_kills [COUNT]``.

A real window (without a screen), a real station and a real runner; the policy pushes on until the time is up. Bars: no
attempt loses its row, none stays open, and after every kill the arm is stopped or its process has ended.
"""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from benchmarks.machine import write
from core.clock import monotonic_ns
from core.library import Library
from tests.robot.conftest import BLIND_RIG
from tests.robot.policies.still import policy

_VICTIMS = ("runner", "station", "window")
_PATIENCE_S = 120.0
_LONGEST_S = 3.0
"""A kill comes within so long after the policy began to drive."""


class Window:
    """One window; its lines as they come, and all that it told so far."""

    def __init__(self, library: Path, rig: Path, seed: int) -> None:
        words = [sys.executable, "-m", "benchmarks.attempting_window", str(library), str(rig), str(seed)]
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.begun: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def until(self, wanted: Any, patience_s: float = _PATIENCE_S) -> dict[str, Any] | None:
        """The first line that is wanted; None when the window ended or said none in time."""
        deadline_ns = monotonic_ns() + round(patience_s * 1e9)
        while (left_s := (deadline_ns - monotonic_ns()) / 1e9) > 0:
            try:
                line = self._lines.get(timeout=left_s)
            except queue.Empty:
                return None
            if line is None:
                return None
            if "begun" in line:
                self.begun.append(line["begun"])
            if wanted(line):
                return line
        return None

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(_PATIENCE_S)


def main(count: int) -> int:
    rng = random.Random(0)
    problems: list[str] = []
    kills: Counter[str] = Counter()
    begun: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        root, rig = Path(folder) / "library", Path(folder) / "blind.toml"
        rig.write_text(BLIND_RIG)
        policy(root / "models")
        window = Window(root, rig, 0)
        for number in range(count):
            line = window.until(lambda line: line["phase"] == "driving" and line["runner"] and line["station"])
            if line is None:
                problems.append(f"rollout {number}: no policy drove within {_PATIENCE_S:.0f} s")
                break
            window.until(lambda line: False, rng.uniform(0.0, _LONGEST_S))
            victim = _VICTIMS[number % len(_VICTIMS)]
            kills[victim] += 1
            os.kill(line[victim], signal.SIGKILL)
            found = _aftermath(victim, line, window)
            problems += [f"rollout {number}, {victim}: {problem}" for problem in found]
            if victim == "window":
                begun += window.begun
                window = Window(root, rig, number + 1)
            print(f"{number + 1} of {count}: {victim} {found or ''}", file=sys.stderr)
        window.close()
        begun += window.begun
        outcomes = _rows(root, begun, problems)
    figures = {
        "kills": dict(kills),
        "attempts_begun": len(begun),
        "attempts_by_outcome": outcomes,
        "problems": problems,
    }
    write("attempt_kills", figures, "PySide6_Essentials", "mujoco")
    return 1 if problems else 0


def _aftermath(victim: str, line: dict[str, Any], window: Window) -> list[str]:
    """What is wrong after a kill. A simulated arm is stopped, too, when its process has ended."""
    if victim == "window":
        try:
            psutil.Process(line["station"]).wait(_PATIENCE_S)
        except psutil.NoSuchProcess:
            return []
        except psutil.TimeoutExpired:
            return ["the station goes on"]
        return []
    pid = line[victim]
    stopped = window.until(lambda now: now["stopped"] or now["station"] != line["station"] or now["phase"] != "driving")
    return [] if stopped is not None else [f"nothing was told of the end of {pid}"]


def _rows(root: Path, begun: list[str], problems: list[str]) -> dict[str, int]:
    """Outcomes of the attempts; every one that began has a row that is closed and a file that can be read."""
    with Library.open(root) as library:
        rows = {row.id: row for row in library.episodes.list(limit=10_000).rows}
        problems += [f"attempt {each} has no row" for each in begun if each not in rows]
        problems += [f"attempt {row.id} is still {row.status}" for row in rows.values() if row.status == "recording"]
        problems += [f"attempt {row.id} has no file" for row in rows.values() if not Path(row.path).exists()]
        outcomes = Counter(str(attempt.outcome) for attempt in library.attempts.list())
    return dict(outcomes)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
