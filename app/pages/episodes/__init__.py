"""Episodes: find, watch, trim, label, trash, restore and replay what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.actions import ActionSpec
from app.page import Page, PageInfo

if TYPE_CHECKING:
    from app.services import Services

NAME = "episodes"


def _action(
    name: str, words: str, explanation: str, keys: tuple[str, ...], icon: str, group: str, checkable: bool = False
) -> ActionSpec:
    return ActionSpec(name, words, explanation, keys, icon, group, NAME, checkable)


_FIND, _LABEL, _PLAY = "Finding episodes", "Labelling episodes", "Watching episodes"

ACTIONS = (
    _action("find.words", "Search", "Put the cursor into the search field.", ("Ctrl+F", "/"), "search", _FIND),
    _action("find.clear", "Clear filters", "Show every episode again.", ("Ctrl+Backspace",), "close", _FIND),
    _action("find.trash", "Trash", "Show what is in the trash.", ("Ctrl+T",), "trash", _FIND, True),
    _action(
        "find.statistics", "Statistics", "Count episodes, minutes and successes.", ("F6",), "statistics", _FIND, True
    ),
    _action("label.success", "Success", "The selected episodes succeeded.", ("S",), "success", _LABEL),
    _action("label.failure", "Failure", "The selected episodes failed.", ("F",), "failure", _LABEL),
    _action("label.none", "No verdict", "Take the verdict back.", ("U",), "unlabelled", _LABEL),
    _action("label.note", "Note", "Write a note on the selected episodes.", ("N",), "note", _LABEL),
    _action("label.tag", "Tag", "Add a tag to the selected episodes.", ("T",), "tag", _LABEL),
    _action("label.trash", "Trash", "Put the selected episodes into the trash.", ("Del",), "trash", _LABEL),
    _action("label.restore", "Restore", "Bring the selected episodes back from the trash.", ("R",), "restore", _LABEL),
    _action("label.redo", "Redo", "Make the change again that was undone last.", ("Ctrl+Shift+Z",), "again", _LABEL),
    _action("label.copy_id", "Copy identifier", "Copy the identifiers.", ("Ctrl+C",), "copy", _LABEL),
    _action("label.copy_path", "Copy path", "Copy the paths of the files.", ("Ctrl+Shift+C",), "folder", _LABEL),
    _action("play.toggle", "Play", "Play or pause.", ("K",), "play", _PLAY),
    _action("play.back", "Frame back", "One frame back.", ("Left", ","), "step-back", _PLAY),
    _action("play.forward", "Frame forward", "One frame forward.", ("Right", "."), "step-forward", _PLAY),
    _action("play.back_second", "Second back", "One second back.", ("Shift+Left", "J"), "", _PLAY),
    _action("play.forward_second", "Second forward", "One second forward.", ("Shift+Right", "L"), "", _PLAY),
    _action("play.first", "To the start", "Go to the start of the trim.", ("Home",), "first", _PLAY),
    _action("play.last", "To the end", "Go to the end of the trim.", ("End",), "last", _PLAY),
    _action("play.slower", "Slower", "Play more slowly.", ("-",), "", _PLAY),
    _action("play.faster", "Faster", "Play faster.", ("+",), "", _PLAY),
    _action("play.trim_start", "Trim start", "Leave out what is before the cursor.", ("I",), "trim", _PLAY),
    _action("play.trim_end", "Trim end", "Leave out what is after the cursor.", ("O",), "trim", _PLAY),
    _action("play.trim_none", "No trim", "Keep the whole episode.", ("X",), "close", _PLAY),
    _action("play.depth", "Depth", "Show the cameras' depth.", ("D",), "depth", _PLAY, True),
    _action("play.cloud", "Point cloud", "Show the point cloud at the cursor.", ("P",), "cube", _PLAY, True),
    _action(
        "play.seen",
        "Policy's points",
        "Show where the policy saw its points in an attempt.",
        ("G",),
        "points",
        _PLAY,
        True,
    ),
    _action("play.robot", "Replay on the arm", "Drive the arm through this episode.", ("Ctrl+Return",), "robot", _PLAY),
)

INFO = PageInfo(NAME, "Episodes", "episodes", 20, ACTIONS)


def build(services: Services) -> Page:
    """The page; its parts are imported here, so that listing pages stays light."""
    from app.pages.episodes.page import EpisodesPage

    return EpisodesPage(services)
