"""Forces on things that nobody at the robot asked for: scripted pulses, and a person dragging with the mouse."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.geometry import SE3, Array
from robot.simulation.objects.scene_object import SceneObject
from robot.simulation.world import GRAVITY_M_S2, TABLE_FRICTION, World

PULSE_RATE_HZ = 0.5
PULSE_DURATION_S = (0.1, 0.3)
PULSE_DISTANCE_M = (0.01, 0.03)
PULSE_ANGLE_RAD = (math.radians(5.0), math.radians(15.0))


@dataclass(frozen=True, slots=True)
class Pulse:
    """A constant force (N) and torque (Nm) in W from ``start_s`` to ``end_s`` of the episode."""

    start_s: float
    end_s: float
    force_W: Array
    torque_W: Array


def acceleration_for(distance: float, duration_s: float, friction: float) -> float:
    """Acceleration during a pulse after which the thing comes to rest ``distance`` away.

    It speeds up for ``duration_s`` and slides on against the deceleration ``friction``:
    ``distance = a T^2 / 2 (1 + a / friction)``, solved for a. Works for angles alike.
    """
    half = 0.5 * duration_s**2
    return (-half + math.sqrt(half**2 + 4.0 * half / friction * distance)) / (2.0 * half / friction)


def translation_pulse(
    thing: SceneObject, start_s: float, duration_s: float, distance_m: float, heading_rad: float
) -> Pulse:
    """A push that moves a thing lying free by ``distance_m``: force = mass (mu g + a)."""
    friction = TABLE_FRICTION * GRAVITY_M_S2
    force = thing.mass_kg * (friction + acceleration_for(distance_m, duration_s, friction))
    direction = np.array([math.cos(heading_rad), math.sin(heading_rad), 0.0])
    return Pulse(start_s, start_s + duration_s, force * direction, np.zeros(3))


def rotation_pulse(thing: SceneObject, start_s: float, duration_s: float, angle_rad: float) -> Pulse:
    """A twist that turns a thing lying free by ``angle_rad`` about z, either way by its sign."""
    resisting = TABLE_FRICTION * thing.mass_kg * GRAVITY_M_S2 * thing.friction_radius_m
    inertia = thing.inertia[2]
    torque = resisting + inertia * acceleration_for(abs(angle_rad), duration_s, resisting / inertia)
    return Pulse(start_s, start_s + duration_s, np.zeros(3), np.array([0.0, 0.0, math.copysign(torque, angle_rad)]))


class ScriptedPulses:
    """Pulses at Poisson times: half of them push by 1 to 3 cm, half twist by 5 to 15 degrees.

    The sequence depends on the generator alone, not on what happens meanwhile. ``turns=False`` only pushes.
    """

    def __init__(self, thing: SceneObject, rng: np.random.Generator, *, turns: bool = True) -> None:
        self._thing = thing
        self._rng = rng
        self._turns = turns
        self._next = self._draw(0.0)

    def at(self, elapsed_s: float) -> Pulse | None:
        """The pulse of that time of the episode; times only grow."""
        while elapsed_s >= self._next.end_s:
            self._next = self._draw(self._next.end_s)
        return self._next if elapsed_s >= self._next.start_s else None

    def _draw(self, after_s: float) -> Pulse:
        rng = self._rng
        start_s = after_s + float(rng.exponential(1.0 / PULSE_RATE_HZ))
        duration_s = float(rng.uniform(*PULSE_DURATION_S))
        turns, sign = rng.random() < 0.5, 1.0 if rng.random() < 0.5 else -1.0
        distance_m, heading_rad = float(rng.uniform(*PULSE_DISTANCE_M)), float(rng.uniform(-math.pi, math.pi))
        angle_rad = float(rng.uniform(*PULSE_ANGLE_RAD))
        if turns and self._turns:
            return rotation_pulse(self._thing, start_s, duration_s, sign * angle_rad)
        return translation_pulse(self._thing, start_s, duration_s, distance_m, heading_rad)


_DRAG_RATE_RAD_S = 14.0
_DRAG_MAX_N = 25.0


class Drag:
    """A spring and damper between a picked point of a thing and the mouse, in the plane facing the first ray."""

    def __init__(self, world: World, name: str, p_WP: Array, direction_W: Array) -> None:
        self._world = world
        self.name = name
        self._p_OP = world.X_WO(name).inverse() @ p_WP
        self._anchor_W = p_WP
        self._normal_W = direction_W / np.linalg.norm(direction_W)
        self._target_W = p_WP

    def move(self, origin_W: Array, direction_W: Array) -> None:
        """Pull towards where a new ray meets the plane; a ray along the plane changes nothing."""
        slope = float(direction_W @ self._normal_W)
        if abs(slope) < 1e-6:
            return
        distance = float((self._anchor_W - origin_W) @ self._normal_W) / slope
        if distance > 0:
            self._target_W = origin_W + distance * direction_W

    def wrench_W(self) -> tuple[Array, Array]:
        """Force (N) and torque (Nm, about the centre of mass) to apply now."""
        X_WO: SE3 = self._world.X_WO(self.name)
        lever_W = X_WO.R @ self._p_OP
        velocity = self._world.velocity(self.name)
        point_velocity = velocity[:3] + np.cross(velocity[3:], lever_W)
        mass = self._world.objects[self.name].mass_kg
        stiffness = mass * _DRAG_RATE_RAD_S**2
        force = stiffness * (self._target_W - X_WO.p - lever_W) - 2.0 * mass * _DRAG_RATE_RAD_S * point_velocity
        size = float(np.linalg.norm(force))
        if size > _DRAG_MAX_N:
            force = force * (_DRAG_MAX_N / size)
        return force, np.cross(lever_W, force)
