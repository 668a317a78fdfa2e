"""What the window says to the 3-D view's process. Pictures and the view itself travel in shared memory."""

from __future__ import annotations

import msgspec

from core.messages import CameraInfo, Floats

VIEW3D_PAIR_TOPIC = "view3d/pair"
"""Newest ``ShownPair`` of the inspector; its frames are under ``frame_topic(role, INSPECTOR)`` for ``PAIR_ROLES``."""
PAIR_ROLES = ("source", "target")


class ShownPair(msgspec.Struct, frozen=True, array_like=True):
    """What the inspector compares. Points in W, metres, as the cameras measured them; empty where nothing is known.

    ``frames``: sequence numbers of the frames that belong to it; ``apart_W``: how far the target's cloud is drawn from
    the source's, zero when both show one moment.
    """

    cameras: tuple[CameraInfo, ...]
    frames: tuple[int, ...]
    apart_W: Floats
    point_W: Floats = ()
    match_W: Floats = ()


class ViewCommand(msgspec.Struct, frozen=True, tag_field="type"):
    """Base of all commands."""


class OpenView(ViewCommand, frozen=True, tag="open"):
    """The first command: which session, which cameras, which workspace to draw."""

    session: str
    cameras: tuple[CameraInfo, ...]
    workspace_min_W: Floats
    workspace_max_W: Floats


class CloseView(ViewCommand, frozen=True, tag="close"):
    """Exit."""


ViewCommands = OpenView | CloseView


class ViewEvent(msgspec.Struct, frozen=True, tag_field="type"):
    """Base of all events."""


class ViewReady(ViewEvent, frozen=True, tag="ready"):
    """It draws; ``renderer`` is OpenGL's own name."""

    renderer: str


class ViewUnavailable(ViewEvent, frozen=True, tag="unavailable"):
    """It cannot draw; one sentence."""

    message: str


ViewEvents = ViewReady | ViewUnavailable
