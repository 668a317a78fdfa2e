"""The robot's model has the published kinematics and limits."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from robot.description import (
    END_EFFECTOR_SITE,
    FINGER_JOINT_NAMES,
    FLANGE_SITE,
    GRIPPER_MAX_WIDTH_M,
    HAND_LENGTH_M,
    HOME_P_WE,
    HOME_Q,
    JOINT_LIMITS_RAD,
    JOINT_NAMES,
    robot_spec,
)


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return robot_spec(visual=False).compile()


def _at(model: mujoco.MjModel, q: np.ndarray) -> mujoco.MjData:
    data = mujoco.MjData(model)
    data.qpos[:7] = q
    mujoco.mj_forward(model, data)
    return data


def test_upright_flange_is_at_the_sum_of_the_published_link_offsets(model: mujoco.MjModel) -> None:
    flange = _at(model, np.zeros(7)).site(FLANGE_SITE)
    assert flange.xpos == pytest.approx([0, 0, 0.36 + 0.42 + 0.40 + 0.126], abs=1e-9)
    assert flange.xmat == pytest.approx(np.eye(3).ravel(), abs=1e-9)


def test_elbow_bent_by_a_right_angle_reaches_forward_by_forearm_and_hand(model: mujoco.MjModel) -> None:
    flange = _at(model, np.array([0, 0, 0, -np.pi / 2, 0, 0, 0])).site(FLANGE_SITE)
    assert flange.xpos == pytest.approx([0.40 + 0.126, 0, 0.36 + 0.42], abs=1e-9)


def test_home_points_down_above_the_table(model: mujoco.MjModel) -> None:
    end_effector = _at(model, HOME_Q).site(END_EFFECTOR_SITE)
    assert end_effector.xpos == pytest.approx(HOME_P_WE, abs=1e-6)
    assert end_effector.xmat.reshape(3, 3)[:, 2] == pytest.approx([0, 0, -1], abs=1e-6)
    assert end_effector.xmat.reshape(3, 3)[:, 1] == pytest.approx([0, 1, 0], abs=1e-6)


def test_end_effector_lies_beyond_the_flange_between_the_fingertips(model: mujoco.MjModel) -> None:
    data = _at(model, HOME_Q)
    assert data.site(FLANGE_SITE).xpos[2] - data.site(END_EFFECTOR_SITE).xpos[2] == pytest.approx(HAND_LENGTH_M)


def test_joints_carry_the_published_limits(model: mujoco.MjModel) -> None:
    ranges = np.array([model.joint(name).range for name in JOINT_NAMES])
    assert ranges == pytest.approx(JOINT_LIMITS_RAD)
    assert np.rad2deg(ranges[:, 1]) == pytest.approx([170, 120, 170, 120, 170, 120, 175])


def test_fingers_open_to_the_full_width(model: mujoco.MjModel) -> None:
    assert sum(model.joint(name).range[1] for name in FINGER_JOINT_NAMES) == pytest.approx(GRIPPER_MAX_WIDTH_M)


def test_fixed_fingers_leave_a_seven_joint_model_that_moves_alike(model: mujoco.MjModel) -> None:
    fixed = robot_spec(visual=False, moving_fingers=False).compile()
    assert fixed.nq == 7
    q = np.array([0.3, 0.5, -0.2, -1.0, 0.4, 0.8, -0.6])
    assert _at(fixed, q).site(END_EFFECTOR_SITE).xpos == pytest.approx(_at(model, q).site(END_EFFECTOR_SITE).xpos)


def test_visual_shapes_weigh_and_touch_nothing(model: mujoco.MjModel) -> None:
    dressed = robot_spec().compile()
    assert dressed.ngeom > model.ngeom
    assert dressed.body_mass.sum() == pytest.approx(model.body_mass.sum())
    visual = dressed.geom_group == 2
    assert not dressed.geom_contype[visual].any()
    assert not dressed.geom_conaffinity[visual].any()
