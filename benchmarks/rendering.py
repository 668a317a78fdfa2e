"""What a camera picture costs: ``python -m benchmarks.rendering [REPETITIONS]``.

One 640x480 RGBD picture is one render and one read (docs/decisions/0010), and fixed cameras keep what stands still
(robot/simulation/stills.py). Compared with drawing everything anew, with MuJoCo's own ``Renderer``, which renders
colour and depth one after the other, and with shadows and samples turned on.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable

os.environ.setdefault("MUJOCO_GL", "egl")  # MuJoCo's own Renderer looks at it on import

import mujoco

from benchmarks.machine import write
from core.clock import LockstepClock, monotonic_ns
from robot.simulation.cameras import ROLES
from robot.simulation.depth import DepthNoise, exact_millimetres
from robot.simulation.renderer import Renderer
from robot.simulation.rig import SimulatedRig
from robot.simulation.task import load_task
from robot.simulation.world import world_spec

_TASK = "free"


def _median_ms(action: Callable[[], object], repetitions: int) -> float:
    action()
    times = []
    for _ in range(repetitions):
        start_ns = monotonic_ns()
        action()
        times.append((monotonic_ns() - start_ns) / 1e6)
    return round(statistics.median(times), 2)


def main(repetitions: int) -> int:
    rig = SimulatedRig(_TASK, LockstepClock(), cameras=(), synchronous=True)
    rig.reset(0)
    snapshot = rig.snapshot()
    renderer = Renderer(rig.world.model)
    renderer.show(snapshot)
    figures: dict[str, object] = {"task": _TASK, "size": "640x480", "triangles": int(rig.world.model.nmeshface)}
    figures["picture_ms"] = {role: _median_ms(lambda r=role: renderer.picture(r), repetitions) for role in ROLES}
    figures["whole_picture_ms"] = {
        role: _median_ms(lambda r=role: renderer.picture(r, whole=True), repetitions) for role in ROLES
    }
    depth_m = renderer.picture("right").depth_m
    noise = DepthNoise(0, "right")
    figures["show_snapshot_ms"] = _median_ms(lambda: renderer.show(snapshot), repetitions)
    figures["depth_noise_ms"] = _median_ms(lambda: noise(depth_m, 0), repetitions)
    figures["exact_depth_ms"] = _median_ms(lambda: exact_millimetres(depth_m), repetitions)
    figures["segmentation_ms"] = _median_ms(lambda: renderer.segmentation("right"), repetitions)
    renderer.close()
    figures["mujoco_renderer_rgb_then_depth_ms"] = _two_passes(rig, repetitions)
    figures["fine_picture_ms"] = _fine(rig, repetitions)
    write("rendering", figures, "mujoco")
    return 0


def _two_passes(rig: SimulatedRig, repetitions: int) -> float:
    """MuJoCo's Renderer on the same model: a pass for colour and a pass for depth."""
    renderer = mujoco.Renderer(rig.world.model, 480, 640)

    def picture() -> None:
        renderer.disable_depth_rendering()
        renderer.update_scene(rig.world.data, "right")
        renderer.render()
        renderer.enable_depth_rendering()
        renderer.render()

    result = _median_ms(picture, repetitions)
    renderer.close()
    return result


def _fine(rig: SimulatedRig, repetitions: int) -> float:
    """Shadows and four samples a pixel."""
    renderer = Renderer(world_spec(load_task(_TASK).objects, fine=True).compile(), fine=True)
    renderer.show(rig.snapshot())
    result = _median_ms(lambda: renderer.picture("right"), max(3, repetitions // 5))
    renderer.close()
    return result


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40))
