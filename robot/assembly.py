"""From a rig file to open devices, simulated or real, behind the same Protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.clock import Clock
from core.errors import InputError
from core.geometry import SE3
from core.messages import Disturbance, Floats, RobotState, TargetError, Truth
from core.tasks import TaskInfo
from robot.devices import Arm, Camera, DeviceContext, Gripper, Simulation
from robot.drivers import ARMS, CAMERAS, GRIPPERS
from robot.lcm_simulation import DriverProcess, Open
from robot.rig import CameraConfig, RigConfig


class Expert(Protocol):
    """A scripted demonstrator that knows the truth."""

    def act(self, state: RobotState, truth: Truth) -> tuple[SE3, float]:
        """The setpoint ``X_WE`` and gripper width (m) of this tick."""


class Scene(Simulation, Protocol):
    """What only a simulated rig can do: reset itself, know the truth, judge success, be dragged."""

    @property
    def info(self) -> TaskInfo:
        """The task in the scene."""

    @property
    def start_poses(self) -> dict[str, Floats]:
        """Object poses ``X_WO`` at the last reset."""

    def load_task(self, name: str, visuals: Iterable[str] | None = None) -> None: ...
    def reset(self, seed: int, distribution: str = "train") -> None: ...
    def begin_episode(self, disturbances: bool, *, timed: bool = True) -> None: ...
    def end_episode(self) -> None: ...
    def truth(self) -> Truth: ...
    def disturbance(self) -> Disturbance: ...
    def success(self) -> bool: ...
    def error(self) -> TargetError:
        """How far from its target the task is at this moment."""

    def in_view(self, role: str) -> bool:
        """Whether the camera of that role sees the task's object whole."""

    def finished(self) -> bool: ...
    def goal_X_WE(self) -> Floats | None:
        """Where the task wants the hand, if it wants it somewhere."""

    def expert(self) -> Expert:
        """The task's scripted expert, fresh for an episode."""

    def drag_begin(self, origin_W: Floats, direction_W: Floats) -> str | None: ...
    def drag_move(self, origin_W: Floats, direction_W: Floats) -> None: ...
    def drag_end(self) -> None: ...
    def close(self) -> None:
        """Stop drawing and free the graphics context, once nobody advances the scene any more."""


@dataclass(frozen=True, slots=True)
class Devices:
    """An open rig. ``scene`` is None on real hardware, and the only thing that must be stepped otherwise.

    ``close_helpers`` ends the processes that were started for the devices, once those are released.
    """

    arm: Arm
    gripper: Gripper
    cameras: Sequence[Camera]
    scene: Scene | None
    close_helpers: Callable[[], None] = lambda: None


def assemble(
    config: RigConfig,
    clock: Clock,
    *,
    task: str,
    visuals: Iterable[str] = (),
    cameras: Sequence[str] | None = None,
    rate_hz: float | None = None,
    synchronous: bool = False,
    seed: int = 0,
    report: Callable[[str, str], None] = lambda sentence, about: None,
) -> Devices:
    """Open the devices of a rig. ``cameras`` picks roles (None: all); InputError names what is not there.

    ``synchronous`` renders simulated cameras inside ``scene.advance``, for lockstep generation. ``report``: see
    ``DeviceContext``.
    """
    chosen = choose_cameras(config, cameras)
    scene: Scene | None = None
    if config.simulated:
        from robot.simulation.rig import SimulatedRig

        scene = SimulatedRig(
            task,
            clock,
            cameras=tuple(camera.role for camera in chosen),
            rate_hz=rate_hz or {camera.role: camera.rate_hz for camera in chosen},
            visuals=frozenset(visuals),
            synchronous=synchronous,
        )
        scene.reset(seed, "train")
    context = DeviceContext(config, clock, scene, report)
    driver = start_driver(config)
    return Devices(
        arm=ARMS.get(config.arm.driver).build(config.arm, context),
        gripper=GRIPPERS.get(config.gripper.driver).build(config.gripper, context),
        cameras=[CAMERAS.get(camera.driver).build(camera, context) for camera in chosen],
        scene=scene,
        close_helpers=driver.close if driver is not None else lambda: None,
    )


def start_driver(config: RigConfig) -> DriverProcess | None:
    """The simulated drivers that the rig wants, running; DeviceError says why they cannot."""
    wanted = config.simulated_driver
    if wanted is None:
        return None
    return DriverProcess(Open(str(config.arm.options["url"]), wanted.task, wanted.seed))


def choose_cameras(config: RigConfig, roles: Sequence[str] | None) -> list[CameraConfig]:
    """The cameras of those roles, or all for None; InputError names a role that the rig does not have."""
    if roles is None:
        return list(config.cameras)
    known = {camera.role: camera for camera in config.cameras}
    for role in roles:
        if role not in known:
            raise InputError(f"The rig '{config.name}' has no camera '{role}'; choose from: {', '.join(known)}.")
    return [known[role] for role in roles]
