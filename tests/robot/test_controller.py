"""Both inverse kinematics follow the governed pose, keep joint limits and speeds, and hold still after a reset."""

import msgspec
import numpy as np
import pytest

from core.geometry import SE3
from robot.controller import Controller
from robot.description import HOME_Q, JOINT_LIMITS_RAD, JOINT_SPEED_LIMITS_RAD_S
from robot.rig import load_rig
from robot.safety import Governor

SOLVERS = ("mink", "damped_least_squares")
PERIOD_S = 0.005


def follow(solver: str, targets: list[SE3], ticks: int = 600) -> tuple[Controller, np.ndarray, list[float]]:
    """Drive to each target in turn; the controller, its joints over time and the distances to what was sent."""
    config = msgspec.structs.replace(load_rig(), inverse_kinematics=solver)
    controller, governor = Controller(config), Governor(config.limits, config.workspace, PERIOD_S)
    controller.reset(HOME_Q)
    governor.reset(controller.forward(HOME_Q), 0.1)
    joints, errors = [HOME_Q.copy()], []
    for target in targets:
        for _ in range(ticks):
            sent = governor.track(target, 0.1)
            joints.append(controller.step(sent).copy())
            reached = controller.forward(controller.q)
            governor.pull_back(reached)
            errors.append(sent.distance(reached)[0])
    return controller, np.asarray(joints), errors


@pytest.mark.parametrize("solver", SOLVERS)
def test_what_is_sent_is_reached_to_a_tenth_of_a_millimetre(solver: str) -> None:
    home = load_rig()
    start = Controller(home).forward(HOME_Q)
    targets = [SE3.of(start.quat_wxyz, p) for p in ([0.65, 0.2, 0.06], [0.6, -0.3, 0.1])]
    targets.append(SE3.from_rotation_vector([0.0, 0.0, 0.5]) @ SE3(start.quat_wxyz, np.zeros(3)))
    targets[-1] = SE3(targets[-1].quat_wxyz, np.array([0.55, 0.0, 0.2]))
    controller, joints, errors = follow(solver, targets)
    assert max(errors) < 1e-4
    assert controller.forward(controller.q).distance(targets[-1])[0] < 1e-4
    speeds = np.abs(np.diff(joints, axis=0)) / PERIOD_S
    assert (speeds <= JOINT_SPEED_LIMITS_RAD_S + 1e-6).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_joints_stay_off_their_limits_when_the_pose_is_out_of_reach(solver: str) -> None:
    margin = load_rig().limits.joint_margin_rad
    start = Controller(load_rig()).forward(HOME_Q)
    _, joints, _ = follow(solver, [SE3.of(start.quat_wxyz, [0.9, 0.55, 0.05])], ticks=1200)
    assert (joints > JOINT_LIMITS_RAD[:, 0] + margin - 0.02).all()
    assert (joints < JOINT_LIMITS_RAD[:, 1] - margin + 0.02).all()


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("p_WE", [[0.90, 0.0, 0.10], [0.85, 0.45, 0.05], [0.85, -0.45, 0.30]])
def test_out_to_full_reach_and_back_the_arm_keeps_its_posture(solver: str, p_WE: list[float]) -> None:
    """The redundant joints 3 and 5 stay near home, and no joint comes back from another family of postures."""
    home = Controller(load_rig()).forward(HOME_Q)
    _, joints, _ = follow(solver, [SE3.of(home.quat_wxyz, p_WE), home], ticks=1000)
    away = np.abs(joints - HOME_Q)
    assert away[:, [2, 4]].max() < 0.2
    assert away[-1].max() < 0.02
    assert np.abs(np.diff(joints, axis=0)).sum() < 13.0


@pytest.mark.parametrize("solver", SOLVERS)
def test_sent_out_of_reach_the_arm_comes_to_rest(solver: str) -> None:
    home = Controller(load_rig()).forward(HOME_Q)
    low, beyond = SE3.of(home.quat_wxyz, [0.65, 0.2, 0.02]), SE3.of(home.quat_wxyz, [0.95, 0.25, 0.02])
    _, joints, errors = follow(solver, [low, beyond], ticks=1000)
    assert errors[-1] > 0.01, "the target is out of reach"
    speeds = np.diff(joints[-300:], axis=0) / PERIOD_S
    assert speeds.std(axis=0).max() < 0.02


@pytest.mark.parametrize("solver", SOLVERS)
def test_after_a_reset_beyond_the_margin_the_arm_holds_until_it_is_sent_elsewhere(solver: str) -> None:
    config = msgspec.structs.replace(load_rig(), inverse_kinematics=solver)
    controller = Controller(config)
    beyond = HOME_Q.copy()
    beyond[3] = JOINT_LIMITS_RAD[3, 0] + 0.03
    controller.reset(beyond)
    for _ in range(20):
        np.testing.assert_array_equal(controller.step(controller.forward(beyond)), beyond)
