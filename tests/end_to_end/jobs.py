"""What a demonstrator does all day, with keys and the mouse alone."""

from __future__ import annotations

import time

import numpy as np

from core.clock import LockstepClock
from core.geometry import SE3
from robot.simulation.rig import SimulatedRig
from tests.end_to_end.person import Person

GRASP_WIDTH_M = 0.0867
LIFT_M = 0.10
_PATIENCE_S = 100.0
"""A slow machine takes its time; how long a person takes is measured by the benchmark."""


def choose_task(person: Person, shown: str, wanted: str) -> None:
    """Pick a task in the drop-down that now shows ``shown``, with the mouse and the arrow keys."""
    place = person.where(shown)
    for steps in range(10):
        person.click_at(*place)
        person.wait(person.sees_list)
        person.tap("Home")
        for _ in range(steps):
            person.tap("Down")
        person.tap("Return")
        person.wait(lambda: not person.sees_list())
        if person.finds(wanted):
            return
    raise AssertionError(f"there is no task '{wanted}'")


def record(person: Person) -> None:
    """Start a recording with its key and wait until it runs."""
    person.tap("r")
    person.wait(lambda: person.recording)


def stop_and_label(person: Person, verdict: str, *, next_one: bool = True) -> None:
    """Stop the recording, give the outcome by key, then ask for the next one, or go back to being ready."""
    person.tap("r")
    person.wait(lambda: not person.recording)
    person.wait(lambda: person.finds("Next"))
    person.tap(verdict)
    person.look()
    person.tap("Return" if next_one else "Escape")


def reach_the_goal(person: Person) -> float:
    """Drive to where the 3-D view shows the goal; returns the seconds it took."""
    assert person.status is not None
    person.wait(lambda: person.status is not None and person.status.goal_X_WE is not None)
    goal = SE3.from_array(person.status.goal_X_WE or ())
    start_s = time.monotonic()
    while not person.status.success and time.monotonic() - start_s < _PATIENCE_S:
        person.reach(goal)
        person.look()
    assert person.status.success, (person.status, goal.p - person.hand.p, person.hand.rotation_to(goal))
    return time.monotonic() - start_s


def box_pose(seed: int) -> SE3:
    """Where the sugar box lies after the scene was reset with that seed: what a person sees in the picture."""
    rig = SimulatedRig("free", LockstepClock(), cameras=())
    rig.reset(seed)
    pose = SE3.from_array(rig.start_poses["sugar_box"])
    rig.close()
    return pose


def grasp_and_lift(person: Person, X_WO: SE3) -> None:
    """Open the gripper, lower it over the box's narrow side, close it, lift."""
    yaw = float(np.arctan2(X_WO.R[1, 0], X_WO.R[0, 0]))
    # The fingers open along y of E; they close on the box's short side, its x axis.
    turn = (yaw - np.pi / 2 + np.pi / 2) % np.pi - np.pi / 2
    above = SE3.from_rotation_vector([0.0, 0.0, turn]) @ SE3(person.hand.quat_wxyz, np.zeros(3))
    person.press("v")
    person.wait(lambda: person.step is not None and person.step.state.gripper_width_m > 0.105)
    person.release("v")
    person.reach(SE3(above.quat_wxyz, np.array([X_WO.p[0], X_WO.p[1], 0.16])))
    person.reach(SE3(above.quat_wxyz, np.array([X_WO.p[0], X_WO.p[1], 0.022])))
    person.press("c")
    person.wait(lambda: person.step is not None and person.step.state.gripper_force_n > 5.0)
    person.look()
    person.release("c")
    person.reach(SE3(above.quat_wxyz, np.array([X_WO.p[0], X_WO.p[1], 0.022 + LIFT_M + 0.03])))
