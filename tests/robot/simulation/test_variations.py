"""Visual variations change what the cameras see, from the seed, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from core.clock import LockstepClock
from core.messages import Frame
from robot.simulation.rig import SimulatedRig
from robot.simulation.variations import VISUALS


def _first_frame(visuals: tuple[str, ...], seed: int) -> Frame:
    frames: list[Frame] = []
    rig = SimulatedRig("push_box", LockstepClock(), cameras=("left",), visuals=visuals, synchronous=True)
    rig.camera("left").start(frames.append)
    rig.reset(seed)
    rig.advance(0)
    rig.close()
    return frames[0]


@pytest.mark.parametrize("name", VISUALS)
def test_each_variation_is_seen_and_follows_the_seed(name: str) -> None:
    plain = _first_frame((), 2)
    varied = _first_frame((name,), 2)
    assert np.array_equal(varied.rgb, _first_frame((name,), 2).rgb)
    assert not np.array_equal(varied.rgb, plain.rgb)
    assert not np.array_equal(varied.rgb, _first_frame((name,), 3).rgb)


def test_occlusion_hides_a_moderate_part_of_the_picture() -> None:
    hidden = []
    for seed in range(4):
        plain, occluded = _first_frame((), seed), _first_frame(("occlusion",), seed)
        hidden.append(float((plain.rgb != occluded.rgb).any(axis=2).mean()))
    assert all(0.01 < share < 0.15 for share in hidden)


def test_one_rig_shows_the_plain_scene_again_after_a_reset_of_its_looks() -> None:
    frames: list[Frame] = []
    rig = SimulatedRig("push_box", LockstepClock(), cameras=("left",), visuals=("light",), synchronous=True)
    rig.camera("left").start(frames.append)
    for seed in (1, 2, 1):
        rig.reset(seed)
        rig.advance(0)
    rig.close()
    assert np.array_equal(frames[0].rgb, frames[2].rgb)
    assert not np.array_equal(frames[0].rgb, frames[1].rgb)


def test_physics_does_not_know_how_the_scene_looks() -> None:
    states = []
    for visuals in ((), VISUALS):
        rig = SimulatedRig("push_box", LockstepClock(), cameras=(), visuals=visuals, synchronous=True)
        rig.reset(4)
        rig.begin_episode(disturbances=True)
        for tick in range(400):
            rig.advance(tick * 5_000_000)
        states.append(rig.world.data.qpos.copy())
    assert np.array_equal(*states)
