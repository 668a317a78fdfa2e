"""What a training would learn from, looked at before any time is spent: what is in it, what is left out, and why."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec

from core.episodes.topics import depth_topic, rgb_topic
from core.messages import Integrity, Source
from core.static_scenes import SCAN

_QUERY = """
    SELECT id, task, demonstrator, status, integrity, success, rig, simulated,
        coalesce(trim_end_s, duration_s) - coalesce(trim_start_s, 0), coalesce(cameras, '[]'),
        coalesce(json_extract(metadata, '$.control_rate_hz'), 0),
        coalesce((SELECT group_concat(topic) FROM streams WHERE episode = number AND frames > 0), '')
    FROM episodes LEFT JOIN descriptions ON episode = number WHERE
"""


class Wanted(msgspec.Struct, frozen=True):
    """What a training needs of an episode.

    ``camera``: role of the camera whose images (and ``depth``) it must have; empty: none. ``images``: they are what is
    learned from, at their rate. ``object_state``: it must be known where objects are, as it is in simulation.
    ``failures``, ``scans``, ``attempts`` (of policies): they are wanted too. ``alike``: all must be of one rig and one
    rate, the ones that most have. ``one_task``: a mixture of
    tasks cannot be learned; ``least``: fewer episodes neither.
    """

    camera: str = ""
    images: bool = True
    depth: bool = False
    object_state: bool = False
    failures: bool = False
    scans: bool = False
    attempts: bool = False
    alike: bool = True
    one_task: bool = False
    least: int = 1


class LeftOut(msgspec.Struct, frozen=True):
    """Why some episodes are not learned from, in words that follow "left out:"."""

    reason: str
    episodes: tuple[str, ...]

    @property
    def words(self) -> str:
        return f"{len(self.episodes):,} left out: {self.reason}"


class Preview(msgspec.Struct, frozen=True):
    """What would be learned from, and what would not. ``cameras``: in how many episodes each role has images, also of
    those that are left out but intact."""

    kept: tuple[str, ...]
    minutes: float
    tasks: dict[str, int]
    cameras: dict[str, int]
    successes: int
    failures: int
    unlabelled: int
    left_out: tuple[LeftOut, ...]
    problem: str
    """Why nothing can be trained, in one sentence; empty when something can."""


class _Episode(msgspec.Struct, frozen=True):
    id: str
    task: str
    demonstrator: str
    status: str
    integrity: str
    success: int | None
    rig: str
    simulated: int
    seconds: float
    cameras: str
    control_rate_hz: float
    topics: str

    def has(self, topic: str) -> bool:
        return topic in self.topics.split(",")

    def rate_hz(self, camera: str) -> float:
        """Of that camera's images; of the control where no camera is asked for."""
        return _rates(self.cameras).get(camera, self.control_rate_hz) if camera else self.control_rate_hz


def preview(connection: sqlite3.Connection, clause: str, values: Sequence[Any], wanted: Wanted) -> Preview:
    """Sort out the episodes that a WHERE clause asks for."""
    rows = connection.execute(f"{_QUERY} {clause} ORDER BY id", values)
    return _sorted_out((_Episode(*row) for row in rows), wanted)


def _sorted_out(episodes: Iterable[_Episode], wanted: Wanted) -> Preview:
    left_out: dict[str, list[str]] = {}
    able: list[_Episode] = []
    roles: Counter[str] = Counter()
    for episode in episodes:
        reason = _broken(episode)
        roles.update(role for role in _rates(episode.cameras) if not reason and episode.has(rgb_topic(role)))
        reason = reason or _unfit(episode, wanted)
        if reason:
            left_out.setdefault(reason, []).append(episode.id)
        else:
            able.append(episode)
    kept = _alike(able, wanted.camera if wanted.images else "", left_out) if wanted.alike else able
    verdicts = Counter(episode.success for episode in kept)
    tasks = dict(Counter(episode.task for episode in kept).most_common())
    return Preview(
        kept=tuple(episode.id for episode in kept),
        minutes=sum(episode.seconds for episode in kept) / 60.0,
        tasks=tasks,
        cameras=dict(roles.most_common()),
        successes=verdicts[1],
        failures=verdicts[0],
        unlabelled=verdicts[None],
        left_out=tuple(LeftOut(reason, tuple(ids)) for reason, ids in left_out.items()),
        problem=_problem(len(kept), tasks, left_out, wanted),
    )


def _problem(kept: int, tasks: dict[str, int], left_out: dict[str, list[str]], wanted: Wanted) -> str:
    nothing = "Nothing can be trained because"
    if not kept and not left_out:
        return f"{nothing} no episode matches; record some or ask for others."
    reasons = ", ".join(f"{len(ids)} {reason}" for reason, ids in left_out.items())
    if not kept:
        return f"{nothing} every episode is left out: {reasons}."
    if kept < wanted.least:
        but = f"; left out: {reasons}" if reasons else ""
        return f"{nothing} only {kept} of at least {wanted.least} episodes is there{but}."
    if wanted.one_task and len(tasks) > 1:
        mixed = ", ".join(f"{count} of {task}" for task, count in tasks.items())
        return f"{nothing} a policy learns one task and these are {mixed}; choose one task."
    return ""


def _broken(episode: _Episode) -> str:
    """Why nobody could learn from an episode; empty when somebody could."""
    if episode.status == "trashed":
        return "in the trash"
    unfinished = episode.status == "recording" or episode.integrity in (Integrity.DAMAGED, Integrity.MISSING)
    return "unfinished or damaged" if unfinished else ""


def _unfit(episode: _Episode, wanted: Wanted) -> str:
    """Why this training cannot learn from an intact episode; empty when it can."""
    if episode.demonstrator == SCAN and not wanted.scans:
        return "of a scan, which shows no task"
    if episode.demonstrator == Source.POLICY and not wanted.attempts:
        return "of a policy's attempts"
    if episode.success == 0 and not wanted.failures:
        return "failed"
    if wanted.object_state and not episode.simulated:
        return "from a real rig, where nobody tells where objects are"
    if wanted.camera and not episode.has(rgb_topic(wanted.camera)):
        return f"without images of the {wanted.camera} camera"
    if wanted.camera and wanted.depth and not episode.has(depth_topic(wanted.camera)):
        return f"without depth of the {wanted.camera} camera"
    return ""


def _alike(episodes: list[_Episode], camera: str, left_out: dict[str, list[str]]) -> list[_Episode]:
    """Those of the rig and the rate that most have; a policy acts on one rig, at one rate."""
    rigs = {episode.id: f"of another rig ({episode.rig or 'unnamed'})" for episode in episodes}
    rates = {episode.id: f"at another rate ({episode.rate_hz(camera):g} Hz)" for episode in episodes}
    for words in (rigs, rates):
        most = max(
            Counter(words[episode.id] for episode in episodes).items(), key=lambda item: item[1], default=("", 0)
        )
        for episode in episodes:
            if words[episode.id] != most[0]:
                left_out.setdefault(words[episode.id], []).append(episode.id)
        episodes = [episode for episode in episodes if words[episode.id] == most[0]]
    return episodes


@cache
def _rates(cameras: str) -> dict[str, float]:
    """Frames a second by role, from the description of the cameras."""
    return {camera["role"]: camera["rate_hz"] for camera in msgspec.json.decode(cameras)}
