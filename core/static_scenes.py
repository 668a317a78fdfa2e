"""Scans of static scenes as episodes: what marks one, and how the objects in it are named.

A scan is an episode in which the arm brings a camera on its hand to many poses around things that lie still. Nobody
knows what lies there but the person who starts it, so the names are asked for. A name may say of which class the object
is: ``shoe/red`` is an instance of ``shoe``, and ``mug`` is its own class.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.errors import InputError
from core.messages import CameraInfo

SCAN = "scan"
"""The demonstrator of an episode that is a scan."""
SCAN_RATE_HZ = 0.5
"""Nominal rate of a scan's pictures: they come when the hand has come to rest."""
_SEPARATOR = "/"


def object_names(text: str) -> tuple[str, ...]:
    """Names by comma. InputError when there is none, or when one is not like ``name`` or ``class/name``."""
    names = tuple(dict.fromkeys(" ".join(name.split()) for name in text.split(",") if name.strip()))
    if not names:
        raise InputError("Name what lies in the scene, by comma, for example: mug, shoe/red.")
    for name in names:
        parts = name.split(_SEPARATOR)
        if len(parts) > 2 or not all(part.strip() for part in parts):
            raise InputError(f"'{name}' is no name of an object; write it like mug, or like shoe/red with its class.")
    return names


def class_of(name: str) -> str:
    """The class that an object's name says."""
    return name.split(_SEPARATOR)[0].strip()


def scanning_cameras(cameras: Sequence[CameraInfo]) -> tuple[CameraInfo, ...]:
    """The camera that scans, as a scan records it: the first on the hand. InputError when there is none."""
    moving = [camera for camera in cameras if camera.X_EC is not None]
    if not moving:
        raise InputError("This rig has no camera on its hand, and a scan needs one.")
    return (msgspec.structs.replace(moving[0], rate_hz=SCAN_RATE_HZ),)
