"""The physics: servos that follow, a grasp that holds, pushes that move things as far as they say."""

from __future__ import annotations

import numpy as np
import pytest

from core.geometry import SE3, yaw_of
from robot.description import GRIPPER_MAX_WIDTH_M, HOME_Q
from robot.simulation.disturbances import Pulse, rotation_pulse, translation_pulse
from robot.simulation.objects.plate import PLATE
from robot.simulation.objects.scene_object import SceneObject
from robot.simulation.objects.sugar_box import SIZE, SUGAR_BOX
from robot.simulation.push import START_Q
from robot.simulation.task import flat_pose
from robot.simulation.world import GRAVITY_M_S2, STEPS_PER_SECOND, World

_STEPS_PER_TICK = 3


def _world(*things: SceneObject) -> World:
    world = World(things)
    poses = {thing.name: flat_pose(0.6, 0.25 * k, thing.rest_z_m) for k, thing in enumerate(things)}
    world.reset(HOME_Q, 0.0, poses)
    return world


def _run(world: World, seconds: float) -> None:
    for _ in range(round(seconds * STEPS_PER_SECOND)):
        world.step()


def test_the_arm_holds_still_without_commands() -> None:
    world = _world()
    _run(world, 1.0)
    assert world.q == pytest.approx(HOME_Q, abs=1e-6)


def test_joints_follow_a_moving_command_within_a_milliradian() -> None:
    world = _world()
    errors = []
    for tick in range(400):
        q = HOME_Q + 0.15 * (1 - np.cos(np.pi * tick * 0.005)) * np.array([1, 0.4, 1, 0.6, 1, 0.5, 1])
        world.arm_servo.command(q)
        for _ in range(_STEPS_PER_TICK):
            world.step()
        errors.append(np.abs(world.q - q).max())
    assert max(errors) < 1e-3


def test_fingers_move_together_to_the_width_they_are_sent() -> None:
    world = _world()
    for width in (GRIPPER_MAX_WIDTH_M, 0.03, 0.0):
        world.gripper_servo.command(width, 40.0)
        _run(world, 1.0)
        assert world.gripper_width_m == pytest.approx(width, abs=5e-4)


def test_things_lie_still_on_the_table() -> None:
    world = _world(SUGAR_BOX, PLATE)
    before = {name: world.X_WO(name) for name in world.objects}
    _run(world, 2.0)
    for name, pose in before.items():
        distance, angle = pose.distance(world.X_WO(name))
        assert distance < 1e-3
        assert angle < 1e-2


def _moved_by(world: World, thing: SceneObject, pulse: Pulse) -> SE3:
    before = world.X_WO(thing.name)
    world.push(thing.name, pulse.force_W, pulse.torque_W)
    _run(world, pulse.end_s - pulse.start_s)
    world.push(thing.name, np.zeros(3), np.zeros(3))
    _run(world, 0.7)
    return before.inverse() @ world.X_WO(thing.name)


@pytest.mark.parametrize("thing", [SUGAR_BOX, PLATE], ids=lambda thing: thing.name)
@pytest.mark.parametrize("distance_m", [0.01, 0.03])
def test_a_pulse_moves_a_thing_as_far_as_wanted(thing: SceneObject, distance_m: float) -> None:
    moved = _moved_by(_world(thing), thing, translation_pulse(thing, 0.0, 0.2, distance_m, 0.7))
    assert float(np.linalg.norm(moved.p[:2])) == pytest.approx(distance_m, rel=0.25)


@pytest.mark.parametrize("angle_deg", [5.0, -15.0])
def test_a_twist_turns_the_box_as_far_as_wanted(angle_deg: float) -> None:
    moved = _moved_by(_world(SUGAR_BOX), SUGAR_BOX, rotation_pulse(SUGAR_BOX, 0.0, 0.2, np.deg2rad(angle_deg)))
    assert np.rad2deg(yaw_of(moved)) == pytest.approx(angle_deg, rel=0.3)


def test_a_ray_picks_the_thing_in_front_and_nothing_else() -> None:
    world = _world(SUGAR_BOX)
    down = np.array([0.0, 0.0, -1.0])
    picked = world.pick(np.array([0.61, 0.01, 1.0]), down)
    assert picked is not None
    assert picked[0] == "sugar_box"
    assert picked[1] == pytest.approx([0.61, 0.01, 0.0391], abs=1e-4)
    assert world.pick(np.array([0.3, 0.4, 1.0]), down) is None
    assert world.pick(np.array([0.3, 0.4, 1.0]), -down) is None


def test_pressing_on_the_table_is_felt_in_the_joints() -> None:
    world = _world()
    world.reset(START_Q, 0.0, {})
    _run(world, 0.2)
    assert np.abs(world.tau_external).max() < 0.05
    world.arm_servo.command(START_Q + np.array([0, 0.03, 0, 0, 0, 0, 0]))
    _run(world, 0.5)
    assert np.abs(world.tau_external).max() > 5.0


def test_the_gripper_holds_the_box_by_friction_without_slipping() -> None:
    world = World([SUGAR_BOX])
    hand_p = (0.512, 0.015, 0.502)
    world.reset(HOME_Q, GRIPPER_MAX_WIDTH_M, {"sugar_box": flat_pose(*hand_p, np.deg2rad(90.0))})
    world.push("sugar_box", np.array([0.0, 0.0, SUGAR_BOX.mass_kg * GRAVITY_M_S2]), np.zeros(3))  # somebody hands it
    world.gripper_servo.command(0.0, 40.0)
    _run(world, 1.0)
    assert world.gripper_width_m == pytest.approx(SIZE[0], abs=1e-3)
    held = world.X_WE.inverse() @ world.X_WO("sugar_box")
    world.push("sugar_box", np.zeros(3), np.zeros(3))
    _run(world, 3.0)
    slipped, turned = held.distance(world.X_WE.inverse() @ world.X_WO("sugar_box"))
    assert slipped < 1e-3
    assert turned < 0.01
    world.gripper_servo.command(GRIPPER_MAX_WIDTH_M, 40.0)
    _run(world, 1.0)
    assert world.X_WO("sugar_box").p[2] < 0.1
