"""Draws the 3-D view into an offscreen OpenGL picture: table grid, workspace, robot, setpoint, cameras, cloud."""

from __future__ import annotations

import numpy as np
import vispy
from numpy.typing import NDArray

from core.messages import CameraInfo, Floats
from robot.station_messages import OrbitView

vispy.use("egl")
from vispy import app, gloo  # noqa: E402 - the backend must be chosen first

Points = NDArray[np.float32]

_LIT_VERTEX = """
uniform mat4 u_clip_W;
uniform vec3 u_eye_W;
attribute vec3 a_position;
attribute vec3 a_normal;
attribute vec3 a_color;
varying vec3 v_color;
void main() {
    vec3 to_eye = normalize(u_eye_W - a_position);
    float key = max(dot(a_normal, normalize(vec3(0.4, -0.5, 0.9))), 0.0);
    float fill = max(dot(a_normal, to_eye), 0.0);
    v_color = a_color * (0.30 + 0.45 * key + 0.35 * fill) + vec3(0.10) * pow(fill, 16.0);
    gl_Position = u_clip_W * vec4(a_position, 1.0);
}
"""
_FLAT_VERTEX = """
uniform mat4 u_clip_W;
uniform float u_point_size;
attribute vec3 a_position;
attribute vec3 a_color;
varying vec3 v_color;
void main() {
    v_color = a_color;
    gl_Position = u_clip_W * vec4(a_position, 1.0);
    gl_PointSize = u_point_size;
}
"""
_FRAGMENT = """
uniform float u_alpha;
varying vec3 v_color;
void main() { gl_FragColor = vec4(v_color, u_alpha); }
"""
_MARK_VERTEX = """
uniform mat4 u_clip_W;
uniform float u_point_size;
attribute vec3 a_position;
attribute vec3 a_color;
attribute float a_round;
varying vec3 v_color;
varying float v_round;
void main() {
    v_color = a_color;
    v_round = a_round;
    gl_Position = u_clip_W * vec4(a_position, 1.0);
    gl_PointSize = u_point_size;
}
"""
_MARK_FRAGMENT = """
varying vec3 v_color;
varying float v_round;
void main() {
    if (v_round > 0.5 && length(gl_PointCoord - vec2(0.5)) > 0.5) discard;
    gl_FragColor = vec4(v_color, 1.0);
}
"""
_DARK = {"background": (0.086, 0.094, 0.106), "grid": (0.19, 0.20, 0.22), "box": (0.36, 0.40, 0.46)}
_LIGHT = {"background": (0.937, 0.941, 0.949), "grid": (0.82, 0.83, 0.85), "box": (0.58, 0.62, 0.68)}
_GHOST_RGB = {"setpoint": (0.26, 0.60, 1.0), "goal": (0.98, 0.74, 0.20)}
_CAMERA_RGB = (0.55, 0.55, 0.60)
_AXES_RGB = ((0.90, 0.30, 0.28), (0.36, 0.74, 0.36), (0.32, 0.52, 0.95))
_POINT_RGB, _MATCH_RGB = (0.21, 0.88, 0.48), (1.0, 0.29, 0.24)
_NEAR_M, _FAR_M = 0.1, 10.0


class ViewCanvas:
    """Owns the OpenGL context; use it from one thread. ``draw`` returns ``(H, W, 3) uint8``."""

    def __init__(self, robot_colors: Points, workspace_min_W: Floats, workspace_max_W: Floats) -> None:
        self._canvas = app.Canvas(size=(64, 64), show=False)
        self._canvas.set_current()
        self.renderer = str(gloo.gl.glGetParameter(gloo.gl.GL_RENDERER))
        self._size = (0, 0)
        self._frame_buffer = None
        self._robot_colors = robot_colors
        self._robot = gloo.Program(_LIT_VERTEX, _FRAGMENT)
        self._ghosts = {name: gloo.Program(_LIT_VERTEX, _FRAGMENT) for name in _GHOST_RGB}
        self._cloud = gloo.Program(_FLAT_VERTEX, _FRAGMENT)
        self._lines = gloo.Program(_FLAT_VERTEX, _FRAGMENT)
        self._marks = gloo.Program(_MARK_VERTEX, _MARK_FRAGMENT)
        self._rims = gloo.Program(_MARK_VERTEX, _MARK_FRAGMENT)
        self._line = gloo.Program(_FLAT_VERTEX, _FRAGMENT)
        self._workspace = _box_lines(np.asarray(workspace_min_W), np.asarray(workspace_max_W))
        self._grid = _grid_lines()
        self._has: set[str] = set()

    def set_robot(self, vertices: Points, normals: Points) -> None:
        """The robot's triangles, ``(N, 3)`` in W."""
        self._fill(self._robot, vertices, normals, self._robot_colors)
        self._has.add("robot")

    def set_ghost(self, name: str, triangles: tuple[Points, Points] | None) -> None:
        """A hand drawn translucent, by vertices and normals: the ``setpoint`` or the task's ``goal``; None hides it."""
        if triangles is None:
            self._has.discard(name)
            return
        vertices, normals = triangles
        colors = np.tile(np.asarray(_GHOST_RGB[name], np.float32), (len(vertices), 1))
        self._fill(self._ghosts[name], vertices, normals, colors)
        self._has.add(name)

    def set_cloud(self, points_W: Points, colors: Points) -> None:
        """The point cloud: ``(N, 3)`` metres and ``(N, 3)`` in [0, 1]."""
        if len(points_W) == 0:
            self._has.discard("cloud")
            return
        self._cloud["a_position"] = gloo.VertexBuffer(points_W)
        self._cloud["a_color"] = gloo.VertexBuffer(colors)
        self._has.add("cloud")

    def set_match(self, point_W: Points | None, match_W: Points | None) -> None:
        """A point (round) and its match (square), ``(3,)`` in W, with the line between them; None hides one."""
        known = [mark for mark in ((point_W, _POINT_RGB, 1.0), (match_W, _MATCH_RGB, 0.0)) if mark[0] is not None]
        self._has -= {"marks", "line"}
        if not known:
            return
        positions = gloo.VertexBuffer(np.array([p_W for p_W, _, _ in known], np.float32))
        white = gloo.VertexBuffer(np.ones((len(known), 3), np.float32))
        for program in (self._marks, self._rims):
            program["a_round"] = gloo.VertexBuffer(np.array([is_round for _, _, is_round in known], np.float32))
        self._marks["a_color"] = gloo.VertexBuffer(np.array([rgb for _, rgb, _ in known], np.float32))
        self._rims["a_color"] = self._line["a_color"] = white
        for program in (self._marks, self._rims, self._line):
            program["a_position"] = positions
        self._has |= {"marks", "line"} if len(known) == 2 else {"marks"}

    def clear(self) -> None:
        """Forget everything that was set."""
        self._has.clear()

    def draw(
        self, view: OrbitView, cameras: list[tuple[CameraInfo, NDArray[np.float64]]], *, workspace: bool = True
    ) -> NDArray[np.uint8]:
        """One picture; ``cameras`` are drawn as small frusta with their ``X_WC`` ``(4, 4)``."""
        self._resize(view.width, view.height)
        palette = _DARK if view.dark else _LIGHT
        clip_W = _clip_from_world(view)
        eye_W = view.X_WC.p.astype(np.float32)
        assert self._frame_buffer is not None  # made by _resize
        with self._frame_buffer:
            gloo.set_viewport(0, 0, view.width, view.height)
            gloo.set_state(depth_test=True, blend=False, cull_face=False)
            gloo.clear(color=(*palette["background"], 1.0), depth=True)
            self._draw_lines(clip_W, palette, cameras, workspace)
            if "cloud" in self._has and view.show_cloud:
                self._program(self._cloud, clip_W, 1.0)["u_point_size"] = max(2.0, view.height / 240.0)
                self._cloud.draw("points")
            if "robot" in self._has:
                self._program(self._robot, clip_W, 1.0)["u_eye_W"] = eye_W
                self._robot.draw("triangles")
            gloo.set_state(blend=True, blend_func=("src_alpha", "one_minus_src_alpha"))
            for name in self._has & set(self._ghosts):
                self._program(self._ghosts[name], clip_W, 0.45)["u_eye_W"] = eye_W
                self._ghosts[name].draw("triangles")
            if "marks" in self._has:
                self._draw_marks(clip_W, view.height / 480.0)
            picture = self._frame_buffer.read("color", alpha=False)
        return np.ascontiguousarray(picture)

    def _draw_lines(
        self,
        clip_W: Points,
        palette: dict[str, tuple[float, float, float]],
        cameras: list[tuple[CameraInfo, NDArray[np.float64]]],
        workspace: bool,
    ) -> None:
        parts = [(self._grid, palette["grid"])]
        if workspace:
            parts.append((self._workspace, palette["box"]))
            parts += [(_axis_line(axis), rgb) for axis, rgb in enumerate(_AXES_RGB)]
        parts += [(_frustum_lines(info, X_WC), _CAMERA_RGB) for info, X_WC in cameras]
        positions = np.concatenate([lines for lines, _ in parts])
        colors = np.concatenate([np.tile(np.asarray(rgb, np.float32), (len(lines), 1)) for lines, rgb in parts])
        self._lines["a_position"] = gloo.VertexBuffer(positions)
        self._lines["a_color"] = gloo.VertexBuffer(colors)
        self._program(self._lines, clip_W, 1.0)["u_point_size"] = 1.0
        self._lines.draw("lines")

    def _draw_marks(self, clip_W: Points, scale: float) -> None:
        """Over everything: what they mark may be hidden behind the cloud."""
        gloo.set_state(depth_test=False, blend=False)
        if "line" in self._has:
            self._program(self._line, clip_W, 1.0)["u_point_size"] = 1.0
            self._line.draw("lines")
        for program, size in ((self._rims, 12.0), (self._marks, 8.0)):
            program["u_clip_W"], program["u_point_size"] = clip_W, size * max(1.0, scale)
            program.draw("points")

    def _resize(self, width: int, height: int) -> None:
        if self._size != (width, height):
            self._size = (width, height)
            color = gloo.Texture2D((height, width, 4))
            self._frame_buffer = gloo.FrameBuffer(color, gloo.RenderBuffer((height, width)))

    @staticmethod
    def _program(program: gloo.Program, clip_W: Points, alpha: float) -> gloo.Program:
        program["u_clip_W"] = clip_W
        program["u_alpha"] = alpha
        return program

    @staticmethod
    def _fill(program: gloo.Program, vertices: Points, normals: Points, colors: Points) -> None:
        program["a_position"] = gloo.VertexBuffer(vertices)
        program["a_normal"] = gloo.VertexBuffer(normals)
        program["a_color"] = gloo.VertexBuffer(colors)


def _clip_from_world(view: OrbitView) -> Points:
    """OpenGL clip coordinates from W, transposed as vispy wants it."""
    flip = np.diag([1.0, -1.0, -1.0, 1.0])  # OpenCV camera to OpenGL camera
    X_CW = flip @ view.X_WC.inverse().as_matrix()
    f = 1.0 / np.tan(view.fov_y / 2)
    depth = _NEAR_M - _FAR_M
    projection = np.array(
        [
            [f * view.height / view.width, 0, 0, 0],
            [0, f, 0, 0],
            [0, 0, (_FAR_M + _NEAR_M) / depth, 2 * _FAR_M * _NEAR_M / depth],
            [0, 0, -1, 0],
        ]
    )
    return np.ascontiguousarray((projection @ X_CW).T, dtype=np.float32)


def _grid_lines() -> Points:
    """A grid of 10 cm on the table plane."""
    ticks_x, ticks_y = np.arange(0.0, 1.21, 0.1), np.arange(-0.8, 0.81, 0.1)
    lines = [[[x, ticks_y[0], 0.0], [x, ticks_y[-1], 0.0]] for x in ticks_x]
    lines += [[[ticks_x[0], y, 0.0], [ticks_x[-1], y, 0.0]] for y in ticks_y]
    return np.asarray(lines, dtype=np.float32).reshape(-1, 3)


def _box_lines(low: NDArray[np.float64], high: NDArray[np.float64]) -> Points:
    """The twelve edges of a box."""
    corners = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)])
    edges = [(i, j) for i in range(8) for j in range(i + 1, 8) if np.abs(corners[i] - corners[j]).sum() == 1]
    points = low + corners * (high - low)
    return np.asarray([[points[i], points[j]] for i, j in edges], dtype=np.float32).reshape(-1, 3)


def _axis_line(axis: int, length_m: float = 0.1) -> Points:
    line = np.zeros((2, 3), dtype=np.float32)
    line[1, axis] = length_m
    return line


def _frustum_lines(info: CameraInfo, X_WC: NDArray[np.float64], depth_m: float = 0.06) -> Points:
    """A small frustum where a camera is."""
    corners = np.array([[0, 0], [info.width, 0], [info.width, info.height], [0, info.height]], dtype=np.float64)
    corners_C = info.pinhole.unproject(corners, np.full(4, depth_m))
    corners_W = corners_C @ X_WC[:3, :3].T + X_WC[:3, 3]
    lines = [[X_WC[:3, 3], corner] for corner in corners_W]
    lines += [[corners_W[i], corners_W[(i + 1) % 4]] for i in range(4)]
    return np.asarray(lines, dtype=np.float32).reshape(-1, 3)
