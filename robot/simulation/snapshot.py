"""What a renderer needs of the world at one moment, copied out, so that drawing never waits for physics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from core.geometry import Array


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """How this episode looks: fields of the model to overwrite, ``(field, index, value)``, and the depth seed."""

    overrides: tuple[tuple[str, int, NDArray[Any]], ...] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """``qpos: (nq,)``, ``mocap_p: (M, 3)``, ``mocap_quat: (M, 4)``; ``index`` counts the frames of the
    session, ``frame`` those since the reset."""

    stamp_ns: int
    index: int
    frame: int
    qpos: Array
    mocap_p: Array
    mocap_quat: Array
    appearance: Appearance = field(default_factory=Appearance)
