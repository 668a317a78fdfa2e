"""What a parent and the process that runs a policy say to each other. Light to import.

The policy's wishes go to the station by shared memory (``robot.policies.wishes``), what there is to see of it to
everybody (``PolicyInsight``); commands and events are on the channel.
"""

from __future__ import annotations

import msgspec

from core.messages import CameraInfo, Floats
from robot.rig import WatchdogConfig

INSIGHT_TOPIC = "policy/insight"
"""Newest ``PolicyInsight``, as often as the policy acts."""


class PolicyInsight(msgspec.Struct, frozen=True, array_like=True):
    """What a policy acted on and what it wants, for showing. Stamps on the session's clock.

    ``marks``: where its z lies, pixels u, v of its ``camera`` or points x, y, z (m) in that camera's frame C, one after
    another, ``dimensions`` (2 or 3) numbers each; empty where z lies nowhere. ``spreads_px``: standard deviation of
    each mark, pixels; empty where that is not known. ``z``: as the network gets it.
    ``latency_ms``: from the capture of what it acted on to its wish; ``acting_ms``: the part of it spent acting.
    ``missed``: moments at which it should have acted and did not, since it has the arm.
    """

    lease: int
    stamp_ns: int
    observed_ns: int
    camera: str
    dimensions: int
    marks: Floats
    spreads_px: Floats
    z: Floats
    X_WE: Floats
    gripper_width_m: float
    latency_ms: float
    acting_ms: float
    missed: int


class OpenRunner(msgspec.Struct, frozen=True, tag_field="type", tag="open"):
    """The first command: the policy's ``folder``, and the rig it is to drive, as the station says it is ready."""

    session: str
    folder: str
    rig: str
    simulated: bool
    cameras: tuple[CameraInfo, ...]
    objects: tuple[str, ...] = ()
    watchdogs: WatchdogConfig = WatchdogConfig()


class Drive(msgspec.Struct, frozen=True, tag_field="type", tag="drive"):
    """The station has granted it this lease: act, and begin anew, with nothing remembered."""

    lease: int


class Rest(msgspec.Struct, frozen=True, tag_field="type", tag="rest"):
    """Act no more. It rests by itself once it sees that the arm is stopped or somebody else's."""


class CloseRunner(msgspec.Struct, frozen=True, tag_field="type", tag="close"):
    pass


class RunnerReady(msgspec.Struct, frozen=True, tag_field="type", tag="ready"):
    """The policy is loaded and has acted once, for practice, which took ``acting_ms``.

    ``told``: it is told where objects are; ``rate_hz`` and ``told`` belong into ``GrantPolicy``.
    """

    policy: str
    name: str
    task: str
    rate_hz: float
    camera: str
    told: bool
    acting_ms: float


class Rested(msgspec.Struct, frozen=True, tag_field="type", tag="rested"):
    """It drives no more under that lease. ``message``: why, in a sentence, unless it was asked to."""

    lease: int
    message: str = ""


class RunnerTrouble(msgspec.Struct, frozen=True, tag_field="type", tag="trouble"):
    """In a sentence, why the policy cannot drive this rig; the process ends."""

    message: str


RunnerCommands = OpenRunner | Drive | Rest | CloseRunner
RunnerEvents = RunnerReady | Rested | RunnerTrouble
