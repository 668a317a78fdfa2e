"""A person at the window, by key and mouse events alone: ``python -m benchmarks.end_to_end [TIMES]``.

Reach T + R within 30 s, ten times out of ten; in free play the box is grasped and lifted 10 cm by friction. A new
scene each time; every attempt is recorded, labelled and found again in the library.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import write
from core.library.library import Library
from tests.end_to_end.jobs import box_pose, choose_task, grasp_and_lift, reach_the_goal, record, stop_and_label
from tests.end_to_end.person import Person, Screen

_BAR_S = 30.0


def main(times: int) -> int:
    screen = Screen()
    try:
        with tempfile.TemporaryDirectory() as folder:
            seconds = _reach(screen, Path(folder) / "reach", times)
        with tempfile.TemporaryDirectory() as folder:
            lifts = _grasp(screen, Path(folder) / "grasp", max(1, times // 3))
    finally:
        screen.close()
    figures = {
        "reach_seconds": [round(value, 1) for value in seconds],
        "reach_median_s": round(statistics.median(seconds), 1) if seconds else None,
        "reach_within_30_s": f"{sum(value <= _BAR_S for value in seconds)} of {times}",
        "grasped_and_lifted": f"{sum(lifts)} of {len(lifts)}",
    }
    write("end_to_end", figures, "PySide6_Essentials", "mujoco")
    return 0 if len(seconds) == times and max(seconds) <= _BAR_S and all(lifts) else 1


def _reach(screen: Screen, folder: Path, times: int) -> list[float]:
    folder.mkdir()
    person = Person(screen, folder)
    seconds = []
    person.click("World")
    choose_task(person, "Free play", "Reach T + R")
    for attempt in range(times):
        _new_scene(person)
        record(person)
        seconds.append(reach_the_goal(person))
        stop_and_label(person, "s", next_one=False)
        print(f"reach {attempt + 1}: {seconds[-1]:.1f} s", file=sys.stderr)
    person.close()
    with Library.open(folder / "library", writable=False) as library:
        found = library.episodes.list().total
    if found != times:
        raise RuntimeError(f"{times} episodes were recorded, {found} are in the library")
    return seconds


def _grasp(screen: Screen, folder: Path, times: int) -> list[bool]:
    """A window of its own for each attempt, whose first scene is drawn with the attempt's number."""
    lifted = []
    for attempt in range(times):
        place = folder / str(attempt)
        place.mkdir(parents=True)
        person = Person(screen, place, seed=attempt)
        person.click("World")
        record(person)
        grasp_and_lift(person, box_pose(attempt))
        deadline_s = time.monotonic() + 2.0
        while time.monotonic() < deadline_s and not (person.status and person.status.success):
            person.look()
        lifted.append(bool(person.status and person.status.success))
        stop_and_label(person, "s" if lifted[-1] else "f", next_one=False)
        person.close()
        print(f"grasp {attempt + 1}: {'lifted' if lifted[-1] else 'missed'}", file=sys.stderr)
    return lifted


def _new_scene(person: Person) -> None:
    """Reset the scene by key: the seed counts up from the window's own."""
    person.chord("Control_L", "r")
    before = person.hand
    for _ in range(45):
        person.look()
    person.wait(lambda: person.hand.distance(before)[0] < 0.5)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
