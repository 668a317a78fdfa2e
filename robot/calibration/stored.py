"""Latencies that were measured on a rig, in a file beside its rig file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.errors import InputError
from core.platform import replace_file


class Latencies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``devices``: seconds by device, as ``robot.calibration.latency`` names them; ``episode``: where it was measured.

    A camera's is taken off its stamps; the arm's and the gripper's are for information.
    """

    devices: dict[str, float] = {}
    episode: str = ""
    measured_utc_ns: int = 0

    def of_camera(self, role: str) -> float:
        """Seconds by which a camera's stamps are late; 0 when it was never measured."""
        return self.devices.get(f"the {role} camera", 0.0)


def latency_file(rig: Path) -> Path:
    """Where the latencies of a rig file are."""
    return rig.with_suffix(".latency.json")


def load_latencies(rig: Path) -> Latencies:
    """What was measured, or nothing; InputError names a file that cannot be read."""
    path = latency_file(rig)
    if not path.exists():
        return Latencies()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Latencies)
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(f"The latencies in {path} cannot be read ({error}); delete the file and measure.") from error


def store_latencies(rig: Path, latencies: Latencies) -> Path:
    """Write them beside the rig file; returns where."""
    path = latency_file(rig)
    replace_file(path, msgspec.json.format(msgspec.json.encode(latencies)) + b"\n")
    return path
