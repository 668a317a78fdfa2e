"""The station's scan: a sweep and its recording, which begin and end together."""

from __future__ import annotations

from core.clock import Clock
from core.errors import ReticleError, StopReason
from core.geometry import SE3
from core.messages import Frame, Source
from core.static_scenes import scanning_cameras
from robot import station_messages as messages
from robot.assembly import Devices
from robot.rig import RigConfig
from robot.scan_planner import ScanPlan
from robot.station_driving import OwnDriving
from robot.station_recording import StationRecording
from robot.sweep import Sweep


class StationScan:
    """To be called from the station's main thread."""

    def __init__(
        self, config: RigConfig, devices: Devices, clock: Clock, driving: OwnDriving, recording: StationRecording
    ) -> None:
        self._config, self._devices, self._clock = config, devices, clock
        self._driving, self._recording = driving, recording
        self._sweep: Sweep | None = None
        self._plan: ScanPlan | None = None

    @property
    def share(self) -> float | None:
        """Which share of the poses was tried; None while nothing is scanned."""
        return None if self._sweep is None else self._sweep.share

    def start(self, command: messages.Scan) -> None:
        """Record, and let the arm sweep. ReticleError while it is stopped, InputError without a camera on the hand."""
        self._driving.refuse_while_stopped()
        (camera,) = scanning_cameras([camera.info for camera in self._devices.cameras])
        if not self._recording.start(command.recording, self._choose):
            return
        limits = self._config.limits
        try:
            plan = self._plan = ScanPlan(self._config, camera.pose(SE3.identity()), command.views)
            self._sweep = self._driving.drive(
                Source.SCAN, lambda loop, lease: Sweep(plan, camera.role, limits, lease, loop, self._clock)
            )
        except ReticleError:
            self._end("", None)
            raise

    def watch(self, latched: StopReason | None) -> None:
        """End the sweep when its recording ended, and the other way round. ``latched``: the stop that holds the arm."""
        driven = self._driving.source is Source.SCAN
        if self._sweep is None or (driven and self._recording.scans):
            return
        if driven:
            self._driving.let_go()
        broke = " Its planning ended by itself; scan again." if self._plan is not None and self._plan.broke else ""
        self._end(self._sweep.summary + broke, latched)

    def _choose(self, frame: Frame) -> Frame | None:
        """Of a frame of any camera, the scan's next picture; None when it is none."""
        return None if self._sweep is None else self._sweep.offer(frame)

    def _end(self, words: str, latched: StopReason | None) -> None:
        if self._recording.scans:
            self._recording.stop(None, latched, words)
        if self._plan is not None:
            self._plan.close()
        self._sweep = self._plan = None
