"""What the robot looks like: visual geoms added to the links of ``robot/description.py``.

Shapes are our own, in the manner of the iiwa: silver shells that lean from side to side, round hubs at joints 2, 4
and 6 with orange covers, dark bands with the maker's name on links 3 and 5. Visual geoms weigh and touch nothing.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import mujoco
import numpy as np
from numpy.typing import NDArray

from core.geometry import SE3
from robot.meshes import Mesh, dome_profile, joined, lathe, rounded_box, tube

Point = tuple[float, float, float]
Curve = tuple[list[Point], list[float]]
"""Points and radii of a tube."""

_HUB_RADIUS = 0.086
_MATERIALS: dict[str, tuple[tuple[float, float, float], float, float]] = {
    "robot_silver": ((0.74, 0.75, 0.76), 0.25, 0.45),
    "robot_orange": ((0.96, 0.42, 0.06), 0.30, 0.40),
    "robot_dark": ((0.13, 0.135, 0.145), 0.30, 0.35),
    "robot_seam": ((0.33, 0.34, 0.35), 0.10, 0.10),
    "robot_steel": ((0.62, 0.63, 0.65), 0.60, 0.70),
    "robot_rubber": ((0.17, 0.17, 0.18), 0.05, 0.05),
    "robot_glass": ((0.03, 0.04, 0.07), 0.90, 0.90),
}


def dress_robot(spec: mujoco.MjSpec) -> None:
    """Add visual geoms (group 2, without mass or contact) to every body of ``robot_spec``."""
    for name, (rgb, specular, shininess) in _MATERIALS.items():
        spec.add_material(name=name, rgba=(*rgb, 1.0), specular=specular, shininess=shininess)
    band = spec.add_texture(name="robot_band", type=mujoco.mjtTexture.mjTEXTURE_2D, nchannel=3)
    image = _band_image()
    band.height, band.width = image.shape[:2]
    band.data = image.tobytes()
    material = spec.add_material(name="robot_band", specular=0.3, shininess=0.4)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "robot_band"
    for body_name, parts in _robot_parts().items():
        body = spec.body(body_name)
        if body is None:
            continue
        for material_name, mesh in parts.items():
            mesh_name = mesh.add_to(spec, f"{body_name}_{material_name}")
            body.add_geom(
                name=f"{mesh_name}_visual",
                type=mujoco.mjtGeom.mjGEOM_MESH,
                meshname=mesh_name,
                material=material_name,
                group=2,
                contype=0,
                conaffinity=0,
                mass=0,
            )


@lru_cache(maxsize=1)
def _robot_parts() -> dict[str, dict[str, Mesh]]:
    """Meshes by body and material, in the body's frame."""
    return {
        "iiwa_link_0": _base(),
        "iiwa_link_1": _odd_link(-1.0, 0.2025, 0.093),
        "iiwa_link_2": _even_link(1.0, 0.2045, 0.088),
        "iiwa_link_3": _odd_link(1.0, 0.2155, 0.080) | _band(_odd_shell(1.0, 0.2155, 0.080), (0.33, 0.52)),
        "iiwa_link_4": _even_link(1.0, 0.1845, 0.080),
        "iiwa_link_5": _forearm(),
        "iiwa_link_6": _wrist(),
        "iiwa_link_7": _flange(),
        **_hand(),
    }


def _along_y(mesh: Mesh, sign: float) -> Mesh:
    """Turn a mesh made about z to lie about ``sign`` * y."""
    return mesh.moved(SE3.from_rotation_vector((-sign * np.pi / 2, 0.0, 0.0)))


def _lifted(mesh: Mesh, p: Point) -> Mesh:
    return mesh.moved(SE3.translation(*p))


def _seam(radius: float, z: float, height: float = 0.006) -> Mesh:
    return lathe([(radius, z), (radius, z + height)], 32)


def _base() -> dict[str, Mesh]:
    foot = lathe(
        [(0.128, 0.006), (0.128, 0.02), (0.120, 0.032), (0.112, 0.06), (0.105, 0.10), (0.100, 0.13), (0.098, 0.1515)],
        36,
    )
    rear = _lifted(rounded_box((0.15, 0.15, 0.11), 0.03), (-0.115, 0.0, 0.06))
    plate = _lifted(rounded_box((0.36, 0.30, 0.012), 0.004), (-0.05, 0.0, 0.0))
    plug = _lifted(rounded_box((0.03, 0.08, 0.05), 0.008), (-0.185, 0.0, 0.06))
    return {
        "robot_silver": joined([foot, rear]),
        "robot_steel": plate,
        "robot_dark": plug,
        "robot_seam": _seam(0.0965, 0.150),
    }


def _odd_link(side: float, joint_z: float, foot_radius: float) -> dict[str, Mesh]:
    """Links 1 and 3: from a vertical joint up and over to ``side`` * y, ending in half of the next hub."""
    shell = tube(*_odd_shell(side, joint_z, foot_radius))
    hub = _lifted(_along_y(lathe(dome_profile(_HUB_RADIUS, 0.003, 0.112, 0.045), 36), side), (0, 0, joint_z))
    cover = _lifted(_along_y(lathe(dome_profile(0.054, 0.100, 0.1145, 0.006, 4), 28), side), (0, 0, joint_z))
    return {"robot_silver": joined([shell, hub]), "robot_seam": joined([_seam(foot_radius - 0.002, -0.002), cover])}


def _odd_shell(side: float, joint_z: float, foot_radius: float) -> Curve:
    """Path and radii of the shell of link 1 or 3."""
    path = [(0.0, side * y, z) for y, z in ((0.0, 0.004), (0.004, 0.03), (0.036, joint_z * 0.60), (0.046, joint_z))]
    return path, [foot_radius, foot_radius, 0.071, 0.068]


def _band(curve: Curve, span: tuple[float, float]) -> dict[str, Mesh]:
    """A band with the name around part of a shell."""
    path, radii = curve
    return {"robot_band": tube(path, [radius + 0.0012 for radius in radii], 36, 6, span)}


def _even_link(side: float, joint_y: float, head_radius: float) -> dict[str, Mesh]:
    """Links 2 and 4: half a hub along ``side`` * z, then back to the centre line where the next joint turns (y)."""
    hub = lathe(dome_profile(_HUB_RADIUS, 0.003, 0.112, 0.045), 36)
    shell = tube(
        [(0, 0, 0.046), (0, joint_y * 0.40, 0.036), (0, joint_y - 0.03, 0.004), (0, joint_y - 0.004, 0.0)],
        [0.068, 0.071, head_radius, head_radius],
    )
    cover = lathe(dome_profile(0.060, 0.095, 0.1165, 0.008, 4), 32)
    ring = lathe([(_HUB_RADIUS + 0.0012, 0.030), (_HUB_RADIUS + 0.0012, 0.046)], 36)
    seam = joined([lathe([(_HUB_RADIUS - 0.004, -0.003), (_HUB_RADIUS - 0.004, 0.003)], 32)])
    return {"robot_silver": joined([hub, shell]), "robot_orange": joined([cover, ring]), "robot_seam": seam}


_FOREARM: Curve = (
    [(0, 0, 0.004), (0, 0.002, 0.035), (0, 0.040, 0.105), (0, 0.064, 0.165), (0, 0.066, 0.2155)],
    [0.080, 0.078, 0.058, 0.046, 0.044],
)


def _forearm() -> dict[str, Mesh]:
    """Link 5: narrows to an arm beside the wrist ball."""
    shell = tube(*_FOREARM)
    end = _lifted(_along_y(lathe(dome_profile(0.052, 0.050, 0.114, 0.018), 32), 1.0), (0, 0, 0.2155))
    cover = _lifted(_along_y(lathe(dome_profile(0.034, 0.105, 0.1165, 0.004, 4), 24), 1.0), (0, 0, 0.2155))
    return {"robot_silver": joined([shell, end]), "robot_seam": joined([_seam(0.078, -0.002), cover])} | _band(
        _FOREARM, (0.05, 0.22)
    )


def _wrist() -> dict[str, Mesh]:
    """Link 6: the ball of the wrist, turning about z, with the flange below it along y."""
    ball = lathe([*_arc(0.072, 0.070, -0.046, 9), (0.0, 0.070)], 36)
    neck = _along_y(lathe([(0.062, 0.0), (0.060, 0.040), (0.052, 0.056)], 32), 1.0)
    cover = lathe(dome_profile(0.046, 0.060, 0.0745, 0.006, 4), 28)
    seam = lathe([(0.050, -0.052), (0.050, -0.044)], 28)
    return {"robot_silver": joined([ball, neck]), "robot_orange": cover, "robot_seam": seam}


def _arc(radius: float, top: float, bottom: float, steps: int) -> list[tuple[float, float]]:
    """Profile of a ball cut flat at ``bottom`` and ``top``."""
    low, high = np.arcsin(bottom / radius), np.arcsin(min(1.0, top / (radius + 0.006)))
    return [
        (0.0, bottom),
        *((float(radius * np.cos(a)), float(radius * np.sin(a))) for a in np.linspace(low, high, steps)),
    ]


def _flange() -> dict[str, Mesh]:
    disc = lathe([(0.052, -0.026), (0.052, 0.006), (0.049, 0.010), (0.049, 0.030), (0.046, 0.034), (0.046, 0.045)], 32)
    ring = lathe([(0.0525, -0.010), (0.0525, -0.002)], 32)
    return {"robot_silver": disc, "robot_seam": ring}


def _hand() -> dict[str, dict[str, Mesh]]:
    """The gripper in frame H: adapter, body, guide, two carriages with fingers; and a small camera on its side."""
    adapter = lathe([(0.046, 0.0), (0.046, 0.010), (0.032, 0.012), (0.032, 0.016)], 28)
    body = _lifted(rounded_box((0.050, 0.146, 0.066), 0.008), (0, 0, 0.048))
    guide = _lifted(rounded_box((0.036, 0.140, 0.012), 0.003), (0, 0, 0.084))
    stripe = _lifted(rounded_box((0.0508, 0.060, 0.010), 0.001, 1), (0, 0, 0.062))
    arm = _lifted(rounded_box((0.030, 0.020, 0.008), 0.002, 1), (-0.036, 0, 0.050))
    camera = _lifted(rounded_box((0.022, 0.099, 0.022), 0.008), (-0.060, 0, 0.052))
    front = _lifted(rounded_box((0.018, 0.090, 0.003), 0.001, 1), (-0.060, 0, 0.0625))
    parts = {
        "wsg_body": {
            "robot_steel": joined([adapter, guide, arm, camera]),
            "robot_dark": body,
            "robot_orange": stripe,
            "robot_glass": front,
        }
    }
    for side, sign in (("left", 1.0), ("right", -1.0)):
        parts[f"wsg_finger_{side}_link"] = _finger(sign)
    return parts


def _finger(sign: float) -> dict[str, Mesh]:
    """A carriage, a tapered bar and a half-round rubber tip whose flat face is the pad."""
    carriage = _lifted(rounded_box((0.026, 0.024, 0.018), 0.003), (0, sign * 0.0125, 0.098))
    bar = _lifted(rounded_box((0.020, 0.010, 0.052), 0.003), (0, sign * 0.0075, 0.125))
    turn = np.linspace(-np.pi / 2, np.pi / 2, 9)
    outline = [(0.0095 * np.sin(a), sign * 0.0095 * np.cos(a)) for a in turn]
    tip = _prism(outline if sign < 0 else outline[::-1], 0.137, 0.195)
    return {"robot_steel": joined([carriage, bar]), "robot_rubber": tip}


def _prism(outline: list[tuple[float, float]], low: float, high: float) -> Mesh:
    """An upright prism over a convex, counter-clockwise outline, flat shaded."""
    points = np.array(outline)
    count = len(points)
    following = np.roll(points, -1, axis=0)
    edges = following - points
    outward = np.column_stack([edges[:, 1], -edges[:, 0], np.zeros(count)])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    vertices, normals, faces = [], [], []
    for k in range(count):
        base = 4 * k
        a, b = points[k], following[k]
        vertices += [(*a, low), (*b, low), (*b, high), (*a, high)]
        normals += [outward[k]] * 4
        faces += [(base, base + 1, base + 2), (base, base + 2, base + 3)]
    for z, up in ((low, -1.0), (high, 1.0)):
        base = len(vertices)
        vertices += [(*p, z) for p in points]
        normals += [np.array([0.0, 0.0, up])] * count
        fan = [(base, base + k, base + k + 1) for k in range(1, count - 1)]
        faces += fan if up > 0 else [(a, c, b) for a, b, c in fan]
    return Mesh(np.array(vertices), np.array(normals), np.array(faces, dtype=np.int32), np.zeros((len(vertices), 2)))


def _band_image() -> NDArray[np.uint8]:
    """The band's texture, ``(64, 512, 3) uint8``: the name three times around, light on dark."""
    image = np.full((64, 512, 3), (38, 39, 42), dtype=np.uint8)
    image[:5], image[-5:] = (150, 152, 155), (150, 152, 155)
    for u in (80, 248, 416):
        cv2.putText(image, "KUKA", (u - 6, 46), cv2.FONT_HERSHEY_DUPLEX, 1.25, (245, 245, 245), 4, cv2.LINE_AA)
    return image
