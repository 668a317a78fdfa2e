"""Deploy: let a policy act, take over, and say how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.actions import ActionSpec
from app.page import Page, PageInfo

if TYPE_CHECKING:
    from app.services import Services

NAME = "deploy"


def _action(name: str, words: str, explanation: str, keys: tuple[str, ...], icon: str, group: str) -> ActionSpec:
    return ActionSpec(name, words, explanation, keys, icon, group, NAME)


_DEPLOY, _VERDICT = "Deploying", "Attempts of a policy"

# fmt: off
ACTIONS = (
    _action("deploy.toggle", "Start", "Begin an attempt of the chosen policy, or end the one that runs.", ("R",),
            "play", _DEPLOY),
    _action("deploy.next", "Next", "Begin the next attempt; after a takeover, give the arm back to the policy.",
            ("Return",), "next", _DEPLOY),
    _action("deploy.choose", "Choose a policy", "Open the list of policies.", ("Ctrl+P",), "robot", _DEPLOY),
    _action("deploy.success", "Success", "The attempt succeeded; while it runs, this also ends it.", ("S",), "success",
            _VERDICT),
    _action("deploy.failure", "Failure", "The attempt failed; while it runs, this also ends it.", ("F",), "failure",
            _VERDICT),
    _action("deploy.disturbed", "Disturbed", "A person disturbs the scene, or does so no longer.", ("M",), "disturbed",
            _VERDICT),
    _action("deploy.note", "Note", "Write a note on the chosen attempt.", ("N",), "note", _VERDICT),
    _action("deploy.open", "Frames", "Show the frames of the chosen attempt on Episodes.", ("Ctrl+Return",), "episodes",
            _VERDICT),
    _action("deploy.correct", "Correct", "Show the task yourself from where the chosen attempt began.",
            ("Ctrl+R",), "record", _VERDICT),
)
# fmt: on

INFO = PageInfo(NAME, "Deploy", "robot", 50, ACTIONS, drives=True)


def build(services: Services) -> Page:
    """The page; its parts are imported here, so that listing pages stays light."""
    from app.pages.deploy.page import DeployPage

    return DeployPage(services)
