"""What every simulated task states: its scene, its resets, its disturbances, its judge and its expert.

A task is one file in ``robot/simulation/tasks`` with ``INFO`` and ``build()``. When disturbances act, when success is
judged, how long it must hold and when an attempt stops are stated in its ``TaskInfo`` and done here, the same for an
expert, a policy and a hand.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol

import numpy as np

from core.errors import InputError
from core.geometry import SE3
from core.messages import RobotState, TargetError, Truth
from core.tasks import TaskInfo
from robot.description import HOME_Q
from robot.devices import Joints
from robot.simulation.objects.scene_object import SceneObject
from robot.simulation.tasks import TASKS


class Distribution(StrEnum):
    """Where resets draw from."""

    TRAIN = "train"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Moment:
    """What the judge sees. ``elapsed_s`` counts from the episode's start."""

    elapsed_s: float
    X_WE: SE3
    gripper_width_m: float
    X_WO: Mapping[str, SE3]


class Expert(Protocol):
    """A scripted demonstrator that may look at the truth. One per episode."""

    def act(self, state: RobotState, truth: Truth) -> tuple[SE3, float]:
        """Setpoint ``X_WE`` and gripper width (m) of this control tick (200 Hz)."""


class SimulatedTask(Protocol):
    """One task. ``disturbed`` names the object that scripted pulses push, if any; ``pulses_turn`` lets them twist."""

    info: TaskInfo
    objects: tuple[SceneObject, ...]
    fixed: tuple[str, ...]
    disturbed: str | None
    pulses_turn: bool
    start_q: Joints
    start_width_m: float

    def start_poses(self, rng: np.random.Generator, distribution: Distribution) -> dict[str, SE3]:
        """``X_WO`` of every object at an episode's start."""

    def disturbances_act(self, moment: Moment) -> bool:
        """Whether scripted pulses may act now."""

    def error(self, moment: Moment) -> TargetError:
        """How far from its target the task is at this moment."""

    def reached(self, moment: Moment) -> bool:
        """Whether the goal is met at this moment; success is when this holds for ``info.hold_s``."""

    def goal_X_WE(self, moment: Moment) -> SE3 | None:
        """Where the hand should be at this moment, if the task wants it somewhere."""

    def expert(self) -> Expert:
        """A fresh demonstrator."""


_EXACTLY = TargetError(0.0)


@dataclass(slots=True)
class TaskBase(ABC):
    """Defaults: the arm starts at home, nothing is fixed or disturbed; reached is what lies within ``tolerance``."""

    info: TaskInfo
    objects: tuple[SceneObject, ...]
    fixed: tuple[str, ...] = ()
    disturbed: str | None = None
    pulses_turn: bool = True
    start_width_m: float = 0.0
    tolerance: TargetError = _EXACTLY

    @property
    def start_q(self) -> Joints:
        return HOME_Q

    def disturbances_act(self, moment: Moment) -> bool:
        return False

    def goal_X_WE(self, moment: Moment) -> SE3 | None:
        return None

    @abstractmethod
    def error(self, moment: Moment) -> TargetError:
        """See ``SimulatedTask``."""

    def reached(self, moment: Moment) -> bool:
        return self.error(moment).within(self.tolerance)


def load_task(name: str) -> SimulatedTask:
    """The simulated task of that name; InputError lists the valid ones."""
    task: SimulatedTask = TASKS.get(name).build()
    return task


def parse_distribution(name: str) -> Distribution:
    try:
        return Distribution(name)
    except ValueError:
        raise InputError(f"There is no distribution '{name}'; choose train or test.") from None


class Stream(IntEnum):
    """Random streams of an episode, so that one does not shift the others."""

    START = 0
    PULSES = 1
    LOOKS = 2


def episode_rng(seed: int, distribution: str, stream: Stream) -> np.random.Generator:
    """What an episode of that seed and distribution draws from, the same whoever asks."""
    return np.random.default_rng((seed, tuple(Distribution).index(parse_distribution(distribution)), int(stream)))


class Judge:
    """Success from the truth: met without a break for ``hold_s``. It stays a success; an attempt ends there."""

    def __init__(self, task: SimulatedTask, *, timed: bool = True) -> None:
        self._task = task
        self._limit_s = task.info.time_limit_s if timed else math.inf
        self._met_since_s: float | None = None
        self.success = False
        self.finished = False

    def update(self, moment: Moment) -> None:
        """Look at one more moment, in order of time."""
        info = self._task.info
        if self.finished:
            return
        if not self._task.reached(moment):
            self._met_since_s = None
        elif self._met_since_s is None:
            self._met_since_s = moment.elapsed_s
        if self._met_since_s is not None and moment.elapsed_s - self._met_since_s >= info.hold_s - 1e-9:
            self.success = self.finished = True
        elif moment.elapsed_s >= self._limit_s:
            self.finished = True


def truncated_normal(rng: np.random.Generator, mean: float, sigma: float, low: float, high: float) -> float:
    """A normal draw, drawn again until it falls between the bounds."""
    while True:
        value = float(rng.normal(mean, sigma))
        if low <= value <= high:
            return value


def flat_pose(x: float, y: float, z: float, yaw_rad: float = 0.0) -> SE3:
    """An object standing on the table, turned about z."""
    return SE3.from_rotation_vector((0.0, 0.0, yaw_rad), (x, y, z))
