"""A person at the window: eyes that read what the screen shows, hands that press keys and move the mouse.

Real X events through the XTEST extension on a virtual screen. The eyes read shared memory where a person would read
the picture: the state of the arm, the goal that the 3-D view shows, the words of the status strip.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest

from core.geometry import SE3
from core.messages import Step
from core.processes.shared_memory import Bus, Session
from robot.station_messages import STATUS_TOPIC, STEP_TOPIC, StationStatus

ROOT = Path(__file__).parents[2]
_LOOK_S = 1 / 30
_AXES = (("Up", "Down"), ("Left", "Right"), ("Prior", "Next"))
"""Keys of the preset in world axes: +x and -x, +y and -y, +z and -z."""
_TURNS = ("q", "e")
_DEAD = {"3": (0.02, 0.08), "2": (0.008, 0.03)}
"""What a person does not correct while going fast: metres and radians, by the key of the speed."""


class Screen:
    """A virtual screen of its own."""

    def __init__(self) -> None:
        read_fd, write_fd = os.pipe()
        self._process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write_fd), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
            pass_fds=(write_fd,),
            stderr=subprocess.DEVNULL,
        )
        os.close(write_fd)
        with os.fdopen(read_fd) as reader:
            self.name = f":{reader.readline().strip()}"

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


class Person:
    """Starts the window and drives it."""

    def __init__(self, screen: Screen, folder: Path, rig: Path | None = None, seed: int = 0) -> None:
        environment = {**os.environ, "DISPLAY": screen.name, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
        self.library = folder / "library"
        self._window = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.end_to_end.window_child"),
                *(str(self.library), str(folder / "settings.json"), str(rig or ""), str(seed)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=ROOT,
            text=True,
        )
        self._display = Display(screen.name)
        self._held: set[str] = set()
        session = Session.from_text(self._hear()["session"])
        bus = Bus(session, "eyes")
        self._bus = bus
        self._steps = bus.message_subscriber(STEP_TOPIC, Step)
        self._statuses = bus.message_subscriber(STATUS_TOPIC, StationStatus)
        self.step: Step | None = None
        self.status: StationStatus | None = None
        self.wait(lambda: self.step is not None and self.status is not None)

    # Eyes ----------------------------------------------------------------------------------------------------------
    def look(self) -> None:
        """Read what is new."""
        time.sleep(_LOOK_S)
        self.step = self._steps.take() or self.step
        self.status = self._statuses.take() or self.status

    def wait(self, condition: Callable[[], object], timeout_s: float = 30.0) -> None:
        """Look until the condition holds; AssertionError after the deadline."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline_s, (self.status, self.step)
            self.look()

    @property
    def hand(self) -> SE3:
        assert self.step is not None
        return self.step.state.pose

    @property
    def recording(self) -> bool:
        return self.status is not None and self.status.recording is not None

    def where(self, text: str) -> tuple[int, int]:
        """Where on the screen something shows that text."""
        place = self._ask(text)
        assert place is not None, f"nothing on the screen says '{text}'"
        return place["x"], place["y"]

    def finds(self, text: str) -> bool:
        """Whether something on the screen shows that text."""
        return self._ask(text) is not None

    def sees_list(self) -> bool:
        """Whether a list or a menu is open."""
        return bool(self._ask("list")["open"])

    def object_place(self) -> tuple[int, int] | None:
        """Where the source of the Correspondence page shows an object, once its masks are there."""
        place = self._ask("object")
        return None if place is None else (place["x"], place["y"])

    def grab(self, scheme: str, path: Path) -> None:
        """Save a picture of the window in the ``light`` or ``dark`` scheme."""
        assert self._ask(f"grab {scheme} {path}") == {"saved": True}

    def _ask(self, text: str) -> Any:
        assert self._window.stdin is not None
        self._window.stdin.write(text + "\n")
        self._window.stdin.flush()
        return self._hear()

    def _hear(self) -> Any:
        assert self._window.stdout is not None
        line = self._window.stdout.readline()
        assert line, "the window is gone"
        return json.loads(line)

    # Hands ---------------------------------------------------------------------------------------------------------
    def press(self, key: str) -> None:
        """Hold a key down."""
        if key not in self._held:
            self._held.add(key)
            self._key(key, X.KeyPress)

    def release(self, *keys: str) -> None:
        """Let keys go; all that are held when none is named."""
        for key in keys or tuple(self._held):
            if key in self._held:
                self._held.discard(key)
                self._key(key, X.KeyRelease)

    def tap(self, key: str) -> None:
        self.press(key)
        self.release(key)

    def chord(self, modifier: str, key: str) -> None:
        self.press(modifier)
        self.tap(key)
        self.release(modifier)

    def click(self, text: str) -> None:
        """Click what shows the text."""
        self.click_at(*self.where(text))

    def click_at(self, x: int, y: int) -> None:
        """Click a place on the screen."""
        self.move(x, y)
        for kind in (X.ButtonPress, X.ButtonRelease):
            xtest.fake_input(self._display, kind, 1)
        self._display.sync()
        self.look()

    def move(self, x: int, y: int) -> None:
        xtest.fake_input(self._display, X.MotionNotify, x=x, y=y)
        self._display.sync()

    def _key(self, key: str, kind: int) -> None:
        code = self._display.keysym_to_keycode(XK.string_to_keysym(key))
        xtest.fake_input(self._display, kind, code)
        self._display.sync()

    # Skills --------------------------------------------------------------------------------------------------------
    def reach(self, goal: SE3, *, near_m: float = 0.004, near_rad: float = 0.012, timeout_s: float = 25.0) -> None:
        """Drive the hand to a pose with the motion keys, faster when far, finer when near."""
        speed = ""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            error = goal.p - self.hand.p
            turn = self.hand.rotation_to(goal)
            if np.abs(error).max() < near_m and abs(turn[2]) < near_rad:
                break
            far = max(float(np.abs(error).max()) / 0.25, abs(float(turn[2])))
            wanted = "3" if far > 0.25 else "2" if far > 0.08 else "1"
            if wanted != speed:
                self.tap(wanted)
                speed = wanted
            dead_m, dead_rad = _DEAD.get(speed, (0.6 * near_m, 0.6 * near_rad))
            for value, keys in zip(error, _AXES, strict=True):
                self._steer(float(value), dead_m, keys)
            self._steer(float(turn[2]), dead_rad, _TURNS)
            self.look()
        self.release()
        self.look()

    def _steer(self, error: float, dead: float, keys: tuple[str, str]) -> None:
        positive, negative = keys
        if error > dead:
            self.release(negative)
            self.press(positive)
        elif error < -dead:
            self.release(positive)
            self.press(negative)
        else:
            self.release(positive, negative)

    def close(self) -> int:
        """Close the window as its own close button would; returns its exit status."""
        self.release()
        assert self._window.stdin is not None
        self._window.stdin.close()
        return self._window.wait(30)

    def kill(self) -> None:
        self._window.kill()
        self._window.wait()
