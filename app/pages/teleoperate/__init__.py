"""Teleoperate: see what the cameras see, drive the arm, record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.actions import ActionSpec
from app.page import Page, PageInfo

if TYPE_CHECKING:
    from app.services import Services

NAME = "teleoperate"


def _action(
    name: str,
    words: str,
    explanation: str,
    key: str,
    icon: str,
    group: str,
    checkable: bool = False,
    also: tuple[str, ...] = (),
) -> ActionSpec:
    return ActionSpec(name, words, explanation, (key,) if key else (), icon, group, NAME, checkable, also)


_RECORD, _VIEW = "Recording", "Views"
_DEPLOY = ("deploy",)

ACTIONS = (
    _action("record.toggle", "Record", "Start or stop recording an episode.", "R", "record", _RECORD),
    _action("record.again", "Record again", "Discard this episode and record it anew.", "Shift+R", "again", _RECORD),
    _action("record.success", "Success", "The episode succeeded.", "S", "success", _RECORD),
    _action("record.failure", "Failure", "The episode failed.", "F", "failure", _RECORD),
    _action(
        "record.discard", "Discard", "Put the episode into the trash. Undo brings it back.", "Del", "trash", _RECORD
    ),
    _action("record.next", "Next", "Reset the scene, count down and record the next one.", "Return", "next", _RECORD),
    _action("record.note", "Note", "Write a note on the episode just recorded.", "N", "note", _RECORD),
    _action("scene.reset", "Reset scene", "Draw a new start from the task's distribution.", "Ctrl+R", "scene", _RECORD),
    _action(
        "scene.capture_empty",
        "Capture empty workspace",
        "Take the cameras' view of the cleared table, against which objects are found. In simulation the table is "
        "cleared for the picture.",
        "Ctrl+Shift+E",
        "mask",
        _RECORD,
    ),
    _action(
        "scene.scan",
        "Scan the scene",
        "Let the arm sweep its camera over what lies still on the table, and keep the pictures as an episode.",
        "Ctrl+Shift+S",
        "scan",
        _RECORD,
        True,
    ),
    _action("view.colour", "Colour", "Show each camera's colour.", "F2", "colour", _VIEW, True, _DEPLOY),
    _action("view.depth", "Depth", "Show each camera's depth.", "F3", "depth", _VIEW, True, _DEPLOY),
    _action("view.both", "Both", "Show colour and depth side by side.", "F4", "both", _VIEW, True, _DEPLOY),
    _action(
        "view.reset",
        "Reset views",
        "Undo zoom, pan and orbit, and fit the depth range anew.",
        "Home",
        "minimise",
        _VIEW,
        also=_DEPLOY,
    ),
    _action(
        "view.ghost", "Reference", "Lay the reference's first frame over the views.", "G", "ghost", _VIEW, True, _DEPLOY
    ),
    _action("view.cloud", "Point cloud", "Show the cameras' points in the 3-D view.", "", "cube", _VIEW, True, _DEPLOY),
    _action("view.push", "Push tool", "Drag in the 3-D view to push objects.", "P", "hand", _VIEW, True, _DEPLOY),
    _action(
        "view.traces", "Plots", "Show joints, hand and gripper of the last 20 s.", "F6", "chart", _VIEW, True, _DEPLOY
    ),
    _action(
        "drive.camera", "Driving camera", "Drive as the next camera sees it.", "F5", "camera", "Driving", also=_DEPLOY
    ),
    _action("drive.panel", "Bindings", "Show which key, drag or wheel does what.", "F7", "keyboard", "Driving", True),
)

INFO = PageInfo(
    NAME,
    "Teleoperate",
    "teleoperate",
    10,
    ACTIONS,
    drives=True,
    view_uses=(("Zoom a view", "Ctrl+Wheel"), ("Pan a view", "Middle drag")),
    hints=(
        ("Fill the page with a view", "Double click"),
        ("Orbit the 3-D view", "Left drag"),
        ("Pan the 3-D view", "Right drag"),
        ("Zoom the 3-D view", "Wheel"),
        ("Push an object in the 3-D view", "Alt+Left drag"),
    ),
)


def build(services: Services) -> Page:
    """The page; its parts are imported here, so that listing pages stays light."""
    from app.pages.teleoperate.page import TeleoperatePage

    return TeleoperatePage(services)
