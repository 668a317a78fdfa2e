"""``make screenshots``: pictures of the real window, taken while a script uses it by key and mouse.

For README and guide: a virtual screen, a fresh library with expert demonstrations, the window in light and dark.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.end_to_end.jobs import choose_task, reach_the_goal, record, stop_and_label
from tests.end_to_end.person import Person, Screen

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
_TRAINING_MINUTES = 3
_POLICIES = (("gt-3d", "mlp", 6000), ("gt-2d", "mlp", 6000), ("gt-3d", "lstm", 1500))
_DEMONSTRATIONS = (("reach_tr", 3), ("push_box", 2), ("push_plate", 2), ("free", 2))


def main() -> int:
    """Take all pictures; returns 0."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    screen = Screen()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            _fill(folder / "library")
            person = Person(screen, folder)
            try:
                _take(person)
            finally:
                person.kill()
    finally:
        screen.close()
    return 0


def _fill(library: Path) -> None:
    """Expert demonstrations to look at, and descriptors that learned from them."""
    for seed, (task, episodes) in enumerate(_DEMONSTRATIONS):
        options = ("--episodes", episodes, "--rate", 10, "--cameras", "right,left", "--seed", 10 * seed)
        _command(library, "record", "--task", task, *options, "--workers", 2)
    _command(library, "train", "correspondence", "--minutes", _TRAINING_MINUTES, "--name", "three minutes")
    _train_policies(library)


def _train_policies(library: Path) -> None:
    """A few short trainings to compare."""
    _command(library, "datasets", "freeze", "reach", "--task", "reach_tr")
    for representation, network, steps in _POLICIES:
        asked = ("--representation", representation, "--network", network, "--steps", steps)
        settings = ("--set", f"validate_every={steps // 20}", "--name", f"{representation}, {network}")
        _command(library, "train", "policy", "--dataset", "reach", *asked, *settings)


def _command(library: Path, *words: object) -> None:
    given = [sys.executable, str(ROOT / "main.py"), *map(str, words), "--library", str(library)]
    subprocess.run(given, check=True)


def _take(person: Person) -> None:
    _look(person, 60)
    _picture(person, "first-start")
    person.click("World")
    choose_task(person, "Free play", "Reach T + R")
    _look(person, 30)
    record(person)
    reach_the_goal(person)
    _look(person, 20)
    _picture(person, "teleoperate")
    stop_and_label(person, "s", next_one=False)
    _look(person, 20)
    person.chord("Control_L", "2")
    _look(person, 60)
    person.tap("Down")
    _look(person, 40)
    _picture(person, "episodes")
    person.tap("F1")
    _look(person, 15)
    _picture(person, "keys")
    person.tap("Escape")
    _correspond(person)
    _train(person)
    _deploy(person)


def _correspond(person: Person) -> None:
    """The pointer on an object: where it is found, as heatmaps and in space."""
    person.chord("Control_L", "3")
    _look(person, 60)
    person.tap("k")
    person.wait(lambda: person.object_place() is not None, 90.0)
    place = person.object_place()
    assert place is not None
    person.tap("k")
    person.move(*place)
    _look(person, 60)
    _picture(person, "correspondence")
    person.tap("c")
    _look(person, 90)
    _picture(person, "correspondence-space")


def _train(person: Person) -> None:
    """Three runs compared."""
    person.chord("Control_L", "4")
    _look(person, 60)
    person.chord("Shift_L", "Down")
    person.chord("Shift_L", "Down")
    _look(person, 60)
    _picture(person, "train")


def _deploy(person: Person) -> None:
    """A policy that reaches, with its points, after an attempt that has ended."""
    person.chord("Control_L", "5")
    _look(person, 60)
    person.tap("Return")
    _look(person, 600)
    person.tap("Return")
    _look(person, 120)
    _picture(person, "deploy")
    person.tap("r")
    _look(person, 60)


def _look(person: Person, frames: int) -> None:
    for _ in range(frames):
        person.look()


def _picture(person: Person, name: str) -> None:
    """Light and dark, of the same moment."""
    for scheme in ("light", "dark"):
        person.grab(scheme, PICTURES / f"{name}-{scheme}.png")


if __name__ == "__main__":
    sys.exit(main())
