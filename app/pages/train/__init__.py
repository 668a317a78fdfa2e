"""Train: choose what to learn from and how, watch and compare trainings, go on from a run to what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.actions import ActionSpec
from app.page import Page, PageInfo

if TYPE_CHECKING:
    from app.services import Services

NAME = "train"


def _action(
    name: str, words: str, explanation: str, keys: tuple[str, ...], icon: str, group: str, checkable: bool = False
) -> ActionSpec:
    return ActionSpec(name, words, explanation, keys, icon, group, NAME, checkable)


_TRAIN, _RUNS = "Training", "Runs"

# fmt: off
ACTIONS = (
    _action("run.start", "Train", "Train as chosen; it waits its turn while another runs.", ("Ctrl+Return",), "job",
            _TRAIN),
    _action("run.pause", "Pause", "End the chosen training so that it can be resumed.", ("P",), "pause", _TRAIN),
    _action("run.resume", "Resume", "Go on with the chosen training.", ("R",), "play", _TRAIN),
    _action("run.end", "End", "End the chosen training and keep the best so far.", ("E",), "close", _TRAIN),
    _action("run.next", "Train next", "Let the chosen training be the next.", ("Ctrl+Up",), "first", _TRAIN),
    _action("run.go_on", "Go on", "Go on with every training that was interrupted when the program closed.", (), "play",
            _TRAIN),
    _action("run.leave", "Leave paused", "Do not ask again; each can still be resumed.", (), "pause", _TRAIN),
    _action("run.settings", "More settings", "Show every setting.", ("Ctrl+M",), "sliders", _TRAIN, True),
    _action("run.find", "Search", "Put the cursor into the search field.", ("Ctrl+F", "/"), "search", _RUNS),
    _action("run.inspect", "Inspect", "Ask the model of the chosen run on the Correspondence page.", ("Return",),
            "correspondence", _RUNS),
    _action("run.deploy", "Deploy", "Let the policy of the chosen run act.", ("Ctrl+D",), "robot", _RUNS),
    _action("run.rename", "Rename", "Give the chosen run another name.", ("F2",), "edit", _RUNS),
    _action("run.note", "Note", "Write a note on the chosen run.", ("N",), "note", _RUNS),
    _action("run.trash", "Trash", "Put the chosen runs into the trash; their models stay.", ("Del",), "trash", _RUNS),
    _action("run.minutes", "By minute", "Draw the curves by minute instead of by step.", ("M",), "clock", _RUNS, True),
)
# fmt: on

INFO = PageInfo(NAME, "Train", "chart", 40, ACTIONS)


def build(services: Services) -> Page:
    """The page; its parts are imported here, so that listing pages stays light."""
    from app.pages.train.page import TrainPage

    return TrainPage(services)
