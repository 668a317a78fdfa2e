"""The capture of the empty workspace that a training needs, whoever trains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.correspondence.empty_workspace import EmptyWorkspace, newest_capture
from core.errors import InputError
from core.messages import CameraInfo
from robot.correspondence.shape import IiwaShape


def fitting_capture(captures: Path, cameras: Sequence[CameraInfo], rig: str, *, simulated: bool) -> EmptyWorkspace:
    """The newest capture in that folder that fits; a simulated rig makes one where there is none, others InputError."""
    found = newest_capture(captures, cameras)
    if found is not None:
        return found
    if not simulated:
        raise InputError(
            "No capture of the empty workspace fits these cameras; clear the table and press Ctrl+Shift+E on the "
            "Teleoperate page, then train again."
        )
    from robot.simulation.empty_workspace import capture_empty_workspace

    found = capture_empty_workspace(tuple(cameras), rig, IiwaShape())
    found.save(captures / found.info.id)
    return found
