"""The policies that can be deployed, with what must be known of them before they are loaded."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.library.models import DESCRIPTION
from core.library.query import EpisodeFilter

if TYPE_CHECKING:
    from core.library.library import Library
    from core.library.models import ModelRow

_LOG = logging.getLogger(__name__)


class PolicyLine(msgspec.Struct, frozen=True):
    """A policy. ``task``: what it was shown; ``tried``: how often it drove on a real rig."""

    id: str
    name: str
    path: str
    task: str
    representation: str
    tried: int


class _Setup(msgspec.Struct, frozen=True):
    name: str


class _Description(msgspec.Struct, frozen=True):
    """What this page needs of a policy's own description, which the runner checks as a whole."""

    setup: _Setup
    task: str = ""


def read_policies(library: Library) -> tuple[PolicyLine, ...]:
    """All policies whose files are there, the newest first."""
    library.models.adopt()
    lines = (_line(library, model) for model in library.models.list("policy"))
    return tuple(line for line in lines if line is not None)


def _line(library: Library, model: ModelRow) -> PolicyLine | None:
    try:
        described = msgspec.json.decode((Path(model.path) / DESCRIPTION).read_bytes(), type=_Description)
    except (OSError, msgspec.MsgspecError) as error:
        _LOG.warning("the policy %s was left out: %s", model.id, error)
        return None
    attempts = library.episodes.list(EpisodeFilter(policy=model.id), limit=100).rows
    tried = sum(not episode.simulated for episode in attempts)
    return PolicyLine(model.id, model.name, model.path, described.task, described.setup.name, tried)
