"""Where an experiment's work lies: results by their key, and a library for every set of demonstrations."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from core.library import Library
from core.platform import replace_file
from experiments.steps import Demonstrations, Step

_STEPS, _LIBRARIES = "steps", "libraries"


class Done(msgspec.Struct, frozen=True):
    """What came of a step. ``result`` is the step's own."""

    result: Any
    wall_s: float


class Store:
    """A folder. Libraries are ordinary ones, which the window opens; each is held open until the end."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: dict[str, Library] = {}
        self._stack = ExitStack()
        (root / _STEPS).mkdir(parents=True, exist_ok=True)

    def done(self, step: Step) -> Done | None:
        """What is known of a step; None when it has to be done."""
        try:
            return msgspec.json.decode(self._path(step).read_bytes(), type=Done)
        except (OSError, msgspec.MsgspecError):
            return None

    def keep(self, step: Step, result: Any, wall_s: float) -> Done:
        """Remember what came of a step."""
        done = Done(msgspec.to_builtins(result), round(wall_s, 1))
        replace_file(self._path(step), msgspec.json.format(msgspec.json.encode(done)))
        return done

    def keep_picture(self, step: Step, jpeg: bytes) -> Path:
        """Where a picture that came of a step is kept."""
        path = self._path(step).with_suffix(".jpg")
        replace_file(path, jpeg)
        return path

    def library(self, demonstrations: Demonstrations) -> Library:
        """The library of these demonstrations and of all that is learned from them."""
        name = f"{demonstrations.task}-{demonstrations.episodes}-{demonstrations.key[:8]}"
        if name not in self._open:
            self._open[name] = self._stack.enter_context(Library.open(self.root / _LIBRARIES / name))
        return self._open[name]

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _path(self, step: Step) -> Path:
        return self.root / _STEPS / f"{step.key}.json"
