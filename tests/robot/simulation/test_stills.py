"""Pictures over a kept background are those of a whole drawing, to a rounding of the shades."""

import numpy as np
import pytest

from core.clock import LockstepClock
from robot.simulation.renderer import Renderer
from robot.simulation.rig import SimulatedRig


@pytest.mark.parametrize(
    ("task", "visuals"), [("push_plate", ()), ("free", ("background", "clutter", "light", "occlusion"))]
)
def test_a_kept_background_changes_nothing(task: str, visuals: tuple[str, ...]) -> None:
    rig = SimulatedRig(task, LockstepClock(), cameras=(), visuals=visuals, synchronous=True)
    renderer = Renderer(rig.world.model)
    for seed in (0, 1):
        rig.reset(seed)
        for _ in range(2):
            renderer.show(rig.snapshot())
            for role in ("right", "left"):
                kept, whole = renderer.picture(role), renderer.picture(role, whole=True)
                np.testing.assert_array_equal(kept.depth_m, whole.depth_m)
                differs = np.abs(kept.rgb.astype(int) - whole.rgb).max(axis=-1) > 2
                assert differs.sum() <= 15, "a few pixels where a shade meets an edge"
            rig.world.arm_servo.reset(rig.world.q + 0.1)
            rig.world.data.qpos[:7] += 0.1
    renderer.close()
