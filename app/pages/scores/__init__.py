"""Scores: how often policies succeed, where they work, which of two is better, and where to demonstrate next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.actions import ActionSpec
from app.page import Page, PageInfo

if TYPE_CHECKING:
    from app.services import Services

NAME = "scores"


def _action(name: str, words: str, explanation: str, keys: tuple[str, ...], icon: str, group: str) -> ActionSpec:
    return ActionSpec(name, words, explanation, keys, icon, group, NAME)


_EVIDENCE, _ATTEMPTS = "Scores", "Attempts"

# fmt: off
ACTIONS = (
    _action("score.collect", "Collect here next", "Mark in the live camera views where the next ten demonstrations of "
            "this task should begin.", ("C",), "points", _EVIDENCE),
    _action("score.report", "Report", "Write all scores as a page with tables and pictures.", ("R",), "statistics",
            _EVIDENCE),
    _action("score.tables", "Tables", "Write all scores and attempts as tables (CSV).", ("T",), "copy", _EVIDENCE),
    _action("attempt.open", "Open", "Show the chosen attempt on Episodes.", ("Return",), "episodes", _ATTEMPTS),
    _action("attempt.success", "Success", "The chosen attempts succeeded.", ("S",), "success", _ATTEMPTS),
    _action("attempt.failure", "Failure", "The chosen attempts failed.", ("F",), "failure", _ATTEMPTS),
    _action("attempt.none", "No verdict", "Take the verdict off the chosen attempts.", ("U",), "unlabelled", _ATTEMPTS),
)
# fmt: on

INFO = PageInfo(NAME, "Scores", "statistics", 60, ACTIONS)


def build(services: Services) -> Page:
    """The page; its parts are imported here, so that listing pages stays light."""
    from app.pages.scores.page import ScoresPage

    return ScoresPage(services)
