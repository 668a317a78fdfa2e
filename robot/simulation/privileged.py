"""What the cameras cannot see, drawn from recorded states: exact depth and which object every pixel belongs to.

The truth channel of an episode holds the poses of all objects on every tick; with the joints of the same tick the
images follow from them, so they are never stored. Privileged: for ground-truth baselines, experts and judges only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from core.geometry import SE3
from core.messages import Floats
from robot.simulation import variations
from robot.simulation.renderer import Renderer
from robot.simulation.snapshot import Snapshot
from robot.simulation.task import Stream, episode_rng, load_task
from robot.simulation.world import World


@dataclass(frozen=True, slots=True, eq=False)
class PrivilegedView:
    """``depth_m: (H, W) float32``; ``labels: (H, W) uint8``: 0 background, 1 robot, 2 + k the k-th of ``objects``."""

    depth_m: NDArray[np.float32]
    labels: NDArray[np.uint8]
    objects: tuple[str, ...]
    X_WC: SE3

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Pixels of that object, ``(H, W) bool``."""
        return np.asarray(self.labels == 2 + self.objects.index(name))


class PrivilegedCamera:
    """Draws recorded states of one task. Owns a GL context: use and close it in one thread."""

    def __init__(self, task: str, visuals: Iterable[str] = ()) -> None:
        chosen = load_task(task)
        self._visuals = variations.parse(visuals)
        self._world = World(chosen.objects, self._visuals, fixed=chosen.fixed)
        self._renderer = Renderer(self._world.model)
        self.objects = tuple(self._world.objects)
        self._label_of_body = self._labels()
        self._props: dict[int, SE3] = {}

    @property
    def model(self) -> mujoco.MjModel:
        """The model that is drawn."""
        return self._world.model

    def turns_alike(self, name: str) -> bool:
        """Whether that object looks the same at any turn about its own z."""
        return self._world.objects[name].turns_alike

    def dress(self, seed: int, distribution: str) -> None:
        """Place clutter and cables as an episode of that seed had them."""
        rng = episode_rng(seed, distribution, Stream.LOOKS)
        self._props = variations.draw(self._world.model, self._visuals, rng)[1]

    def _labels(self) -> NDArray[np.uint8]:
        """Label of every body, the last entry for "nothing" (body -1)."""
        model = self._world.model
        labels = np.zeros(model.nbody + 1, dtype=np.uint8)
        for body in range(1, model.nbody):
            name = model.body(body).name
            if name in self.objects:
                labels[body] = 2 + self.objects.index(name)
            elif name.startswith(("iiwa_", "wsg_")):
                labels[body] = 1
        return labels

    def view(self, role: str, q: Floats, gripper_width_m: float, X_WO: Mapping[str, Floats]) -> PrivilegedView:
        """What the camera of that role would see with joints ``q: (7,)`` and these object poses."""
        poses = {name: SE3.from_array(pose) for name, pose in X_WO.items()}
        self._world.reset(np.asarray(q, dtype=np.float64), gripper_width_m, poses)
        data = self._world.data
        for mocap, pose in self._props.items():
            data.mocap_pos[mocap], data.mocap_quat[mocap] = pose.p, pose.quat_wxyz
        self._renderer.show(Snapshot(0, 0, 0, data.qpos.copy(), data.mocap_pos.copy(), data.mocap_quat.copy()))
        picture = self._renderer.picture(role)
        labels = self._label_of_body[self._renderer.segmentation(role)]
        return PrivilegedView(picture.depth_m, labels, self.objects, picture.X_WC)

    def close(self) -> None:
        """Free the GL context."""
        self._renderer.close()
