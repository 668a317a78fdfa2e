"""The paper's spaces, vectorised: what a policy knows of the robot and what it answers (section IV-A).

Arrays of N moments. Rotations are ``(N, 3, 3)`` matrices, so that noise composes with them without a trace.

- ``o_robot: (N, 13)``: three points on the hand in W (9, metres), the rotation vector from the task's starting
  rotation (3, radians), the gripper's width (1, metres).
- action ``(N, 7)``: the desired hand relative to the present one, ``T_delta_cmd = X_WE^-1 @ X_WE_desired``, as
  translation (3, metres) and rotation vector (3, radians), and the gripper's width wanted (1, metres).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from core.geometry import Array
from core.policies.config import NoiseConfig

OBSERVATION_DIM, ACTION_DIM = 13, 7
HAND_POINTS_E: Array = np.array([[0.0, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, -0.1]])
"""Between the fingertips, beside them along the opening, and behind them; p_EP in metres."""
ACTION_SCALE: Array = np.array([1.0, 1.0, 1.0, 10.0, 10.0, 10.0, 1.0])
"""1.0 m, 0.1 rad and 1.0 m of gripper count the same in the loss."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Measured hands: ``R_WE: (N, 3, 3)``, ``p_WE: (N, 3)``, ``width_m: (N,)``."""

    R_WE: Array
    p_WE: Array
    width_m: Array

    @staticmethod
    def of(X_WE: NDArray[np.float64], width_m: NDArray[np.float64]) -> Hand:
        """From poses ``(N, 7)``: quaternion wxyz, then position."""
        R = Rotation.from_quat(X_WE[:, :4], scalar_first=True).as_matrix()
        return Hand(R, np.array(X_WE[:, 4:7], dtype=np.float64), np.array(width_m, dtype=np.float64))

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> Hand:
        return Hand(self.R_WE[rows], self.p_WE[rows], self.width_m[rows])

    def __len__(self) -> int:
        return len(self.p_WE)

    def poses(self) -> Array:
        """``X_WE: (N, 7)``: quaternion wxyz with w >= 0, then position."""
        quat = Rotation.from_matrix(self.R_WE).as_quat(canonical=True, scalar_first=True)
        return np.concatenate([quat, self.p_WE], axis=1)


def perturbed(hand: Hand, noise: NoiseConfig, rng: np.random.Generator) -> Hand:
    """The hand as it might have been observed: normal noise on position, rotation and width (section IV-C)."""
    count = len(hand)
    turn = rng.normal(0.0, np.radians(noise.rotation_deg), (count, 3))
    return replace(
        hand,
        R_WE=hand.R_WE @ Rotation.from_rotvec(turn).as_matrix(),
        p_WE=hand.p_WE + rng.normal(0.0, noise.position_m, (count, 3)),
        width_m=hand.width_m + rng.normal(0.0, noise.gripper_m, count),
    )


def observe(hand: Hand, R_start: Array) -> Array:
    """``o_robot: (N, 13)``; ``R_start: (3, 3)`` is the task's starting rotation."""
    points_W = np.einsum("nij,pj->npi", hand.R_WE, HAND_POINTS_E) + hand.p_WE[:, None]
    turn = Rotation.from_matrix(R_start.T @ hand.R_WE).as_rotvec()
    return np.concatenate([points_W.reshape(len(hand), 9), turn, hand.width_m[:, None]], axis=1)


def action(hand: Hand, desired: Hand) -> Array:
    """The action ``(N, 7)`` that leads from each hand to the desired one."""
    inverse = hand.R_WE.transpose(0, 2, 1)
    translation = np.einsum("nij,nj->ni", inverse, desired.p_WE - hand.p_WE)
    turn = Rotation.from_matrix(inverse @ desired.R_WE).as_rotvec()
    return np.concatenate([translation, turn, desired.width_m[:, None]], axis=1)


def apply(hand: Hand, actions: Array) -> Hand:
    """The hand that each action ``(N, 7)`` desires."""
    return Hand(
        R_WE=hand.R_WE @ Rotation.from_rotvec(actions[:, 3:6]).as_matrix(),
        p_WE=hand.p_WE + np.einsum("nij,nj->ni", hand.R_WE, actions[:, :3]),
        width_m=np.array(actions[:, 6]),
    )


def moving(
    hand: Hand, position_m: float = 0.001, rotation_deg: float = 1.0, width_m: float = 0.001
) -> NDArray[np.int64]:
    """Rows that are further than this from the one kept before, the first included (the authors' static filter)."""
    kept = [0]
    for row in range(1, len(hand)):
        last = kept[-1]
        cosine = 0.5 * (np.trace(hand.R_WE[last].T @ hand.R_WE[row]) - 1.0)
        near = np.linalg.norm(hand.p_WE[row] - hand.p_WE[last]) < position_m
        if not (
            near
            and np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))) < rotation_deg
            and abs(hand.width_m[row] - hand.width_m[last]) < width_m
        ):
            kept.append(row)
    return np.array(kept, dtype=np.int64)
