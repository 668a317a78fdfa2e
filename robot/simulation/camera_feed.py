"""Turns snapshots of the world into frames of cameras.

``synchronous``: drawn and delivered at once by whoever submits (lockstep). Otherwise one thread owns the GL context and
draws the newest snapshot; one that is superseded before it is drawn leaves a hole in the sequence numbers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import mujoco

from core.clock import Clock
from core.messages import CameraInfo, Frame
from robot.simulation.depth import DepthNoise, exact_millimetres
from robot.simulation.renderer import Renderer
from robot.simulation.snapshot import Snapshot

Deliver = Callable[[Frame], None]
_Job = tuple[mujoco.MjModel, Snapshot]


class CameraFeed:
    """All cameras of one simulated rig. ``every``: a camera takes every n-th snapshot."""

    def __init__(
        self,
        cameras: Sequence[CameraInfo],
        clock: Clock,
        every: Mapping[str, int],
        *,
        depth_noise: bool,
        synchronous: bool,
    ) -> None:
        self.cameras = {info.role: info for info in cameras}
        self._clock = clock
        self._every = dict(every)
        self._depth_noise = depth_noise
        self._synchronous = synchronous
        self._receivers: dict[str, Deliver] = {}
        self._renderer: Renderer | None = None
        self._drawn_model: mujoco.MjModel | None = None
        self._noise: dict[tuple[str, int], DepthNoise] = {}
        self._newest: _Job | None = None
        self._wake = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None
        self.superseded = 0

    @property
    def active(self) -> bool:
        """Whether anybody receives frames."""
        return bool(self._receivers)

    def attach(self, role: str, deliver: Deliver) -> None:
        """Deliver that camera's frames from now on."""
        with self._wake:
            self._receivers[role] = deliver
        if not self._synchronous and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="simulated cameras", daemon=True)
            self._thread.start()

    def detach(self, role: str) -> None:
        """Deliver no more frames of that camera."""
        with self._wake:
            self._receivers.pop(role, None)

    def submit(self, model: mujoco.MjModel, snapshot: Snapshot) -> None:
        """A new moment to draw."""
        if self._synchronous:
            self._draw(model, snapshot)
            return
        with self._wake:
            self.superseded += self._newest is not None
            self._newest = (model, snapshot)
            self._wake.notify()

    def close(self) -> None:
        """Stop drawing and free the GL context. In synchronous use: from the thread that submitted."""
        with self._wake:
            self._closing = True
            self._receivers.clear()
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
        self._free()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            self._draw(*job)
        self._free()

    def _next(self) -> _Job | None:
        with self._wake:
            self._wake.wait_for(lambda: self._newest is not None or self._closing)
            job, self._newest = self._newest, None
            return None if self._closing else job

    def _draw(self, model: mujoco.MjModel, snapshot: Snapshot) -> None:
        with self._wake:
            receivers = [(role, deliver) for role, deliver in self._receivers.items() if self._due(role, snapshot)]
        if not receivers:
            return
        if self._renderer is None or model is not self._drawn_model:
            self._free()
            self._renderer, self._drawn_model = Renderer(model), model
        self._renderer.show(snapshot)
        for role, deliver in receivers:
            deliver(self._frame(self._renderer, role, snapshot))

    def _due(self, role: str, snapshot: Snapshot) -> bool:
        return snapshot.index % self._every[role] == 0

    def _frame(self, renderer: Renderer, role: str, snapshot: Snapshot) -> Frame:
        picture = renderer.picture(role)
        if self._depth_noise:
            depth = self._noise_of(role, snapshot.appearance.seed)(picture.depth_m, snapshot.frame)
        else:
            depth = exact_millimetres(picture.depth_m)
        return Frame(
            role=role,
            sequence=snapshot.index // self._every[role],
            capture_ns=snapshot.stamp_ns,
            receive_ns=self._clock.now_ns(),
            rgb=picture.rgb,
            depth=depth,
            X_WC=picture.X_WC,
        )

    def _noise_of(self, role: str, seed: int) -> DepthNoise:
        if (role, seed) not in self._noise:
            self._noise = {key: noise for key, noise in self._noise.items() if key[1] == seed}
            self._noise[role, seed] = DepthNoise(seed, role)
        return self._noise[role, seed]

    def _free(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
