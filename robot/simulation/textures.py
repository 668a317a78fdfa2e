"""Textures drawn in code. Every function returns ``(H, W, 3) uint8`` RGB and is deterministic."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Image = NDArray[np.uint8]
Field = NDArray[np.float32]


def _noise(rng: np.random.Generator, shape: tuple[int, int], sigma_uv: tuple[float, float]) -> Field:
    """Smooth periodic-free noise, zero mean, unit deviation; ``sigma_uv`` is how far it is smeared, pixels."""
    reduce_u, reduce_v = max(1, int(sigma_uv[0] / 2)), max(1, int(sigma_uv[1] / 2))
    small: NDArray[Any] = rng.standard_normal((shape[0] // reduce_v + 4, shape[1] // reduce_u + 4), dtype=np.float32)
    small = cv2.GaussianBlur(small, (0, 0), max(sigma_uv[0] / reduce_u, 0.5), sigmaY=max(sigma_uv[1] / reduce_v, 0.5))
    field = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


def _blend(low: ArrayLike, high: ArrayLike, amount: Field) -> NDArray[np.float32]:
    low, high = np.asarray(low, dtype=np.float32), np.asarray(high, dtype=np.float32)
    return np.asarray(low + np.clip(amount, 0.0, 1.0)[..., None] * (high - low), dtype=np.float32)


@lru_cache(maxsize=4)
def wood(
    light: tuple[int, int, int] = (214, 168, 112),
    dark: tuple[int, int, int] = (146, 98, 56),
    planks: int = 9,
    size: int = 1024,
    seed: int = 3,
) -> Image:
    """A table top of boards running along u: each with its own shade, rings and fibres, dark joints between them."""
    rng = np.random.default_rng(seed)
    v, u = np.mgrid[0:size, 0:size].astype(np.float32)
    rings = _noise(rng, (size, size), (160.0, 14.0)) * 3.2 + _noise(rng, (size, size), (60.0, 5.0)) * 0.5
    fibres = _noise(rng, (size, size), (40.0, 0.8))
    pores = _noise(rng, (size, size), (9.0, 0.6))
    board = np.minimum((v * planks / size).astype(np.int32), planks - 1)
    shift = rng.uniform(0, 40, planks).astype(np.float32)[board]
    shade = rng.normal(0.0, 0.10, planks).astype(np.float32)[board]
    figure = 0.5 + 0.5 * np.sin(rings + v * (0.035 + 0.004 * np.sin(shift)) + shift + 0.002 * u)
    amount = 0.16 + 0.38 * figure**2 + 0.075 * fibres + 0.05 * np.maximum(pores - 1.0, 0.0) + shade
    image = _blend(light, dark, amount)
    position = (v * planks / size) % 1.0
    joint = np.minimum(position, 1.0 - position) * size / planks
    image *= (1.0 - 0.55 * np.exp(-((joint / 1.3) ** 2)))[..., None]
    starts = rng.uniform(0, size, planks).astype(np.float32)[board]
    butt = np.abs((u - starts + size / 2) % size - size / 2)
    image *= (1.0 - 0.5 * np.exp(-((butt / 1.2) ** 2)))[..., None]
    return np.clip(image, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def concrete(size: int = 256) -> Image:
    """A pale floor with soft stains."""
    rng = np.random.default_rng(11)
    amount = 0.5 + 0.16 * _noise(rng, (size, size), (30.0, 30.0)) + 0.10 * _noise(rng, (size, size), (2.0, 2.0))
    return np.clip(_blend((196, 198, 200), (158, 160, 163), amount), 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def wall() -> Image:
    """A painted wall, v up: a pale upper part, a rail and a darker lower part."""
    image = _canvas(64, 256, (226, 228, 226))
    rows = np.linspace(0, 14, 150).astype(np.uint8)
    image[:150] -= rows[:, None, None]
    image[150:154] = (150, 154, 156)
    image[154:] = (168, 178, 184)
    image[244:] = (112, 116, 120)
    return image


@lru_cache(maxsize=1)
def cloth(size: int = 512) -> Image:
    """A woven cloth in blue and white checks."""
    v, u = np.mgrid[0:size, 0:size]
    stripe = (((u // 32) % 2).astype(np.float32) + ((v // 32) % 2)) / 2
    weave = 0.04 * ((u + v) % 4 < 2)
    return np.clip(_blend((236, 236, 232), (70, 96, 140), (stripe * 0.85 + weave).astype(np.float32)), 0, 255).astype(
        np.uint8
    )


@lru_cache(maxsize=1)
def speckle(size: int = 512) -> Image:
    """A dark stone work top."""
    rng = np.random.default_rng(5)
    amount = 0.35 + 0.15 * _noise(rng, (size, size), (1.2, 1.2)) + 0.12 * _noise(rng, (size, size), (12.0, 12.0))
    return np.clip(_blend((52, 54, 58), (122, 124, 126), amount), 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def foam() -> Image:
    """Open-pored foam."""
    rng = np.random.default_rng(8)
    amount = 0.3 + 0.22 * _noise(rng, (128, 768), (1.5, 1.5)) + 0.15 * _noise(rng, (128, 768), (10.0, 10.0))
    return np.clip(_blend((196, 66, 58), (132, 34, 34), amount), 0, 255).astype(np.uint8)


def _text(image: Image, text: str, centre: tuple[int, int], scale: float, colour: ArrayLike, thickness: int) -> None:
    """Write ``text`` centred at ``centre`` (u, v)."""
    font = cv2.FONT_HERSHEY_DUPLEX
    (width, height), _ = cv2.getTextSize(text, font, scale, thickness)
    origin = (centre[0] - width // 2, centre[1] + height // 2)
    cv2.putText(image, text, origin, font, scale, tuple(int(c) for c in np.asarray(colour)), thickness, cv2.LINE_AA)


_YELLOW, _WHITE, _BLUE, _RED = (248, 196, 36), (250, 249, 244), (22, 52, 120), (204, 44, 40)


def _canvas(width: int, height: int, colour: tuple[int, int, int]) -> Image:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def _sugar_front(back: bool) -> Image:
    """The large face, 420 x 840 pixels for 86.7 x 170.3 mm."""
    image = _canvas(420, 840, _YELLOW)
    cv2.rectangle(image, (0, 0), (420, 96), _BLUE, -1)
    _text(image, "NET WT 514 g" if back else "PURE CANE", (210, 50), 1.3, _WHITE, 3)
    cv2.ellipse(image, (210, 262), (202, 132), 0, 0, 360, _WHITE, -1, cv2.LINE_AA)
    cv2.ellipse(image, (210, 262), (202, 132), 0, 0, 360, _RED, 9, cv2.LINE_AA)
    _text(image, "SUGAR", (210, 262), 3.1, _BLUE, 13)
    if back:
        _nutrition_panel(image)
        return image
    _text(image, "fine granulated", (210, 432), 1.45, _BLUE, 3)
    for u, v, side in ((118, 640, 92), (236, 668, 100), (170, 540, 88), (322, 590, 80)):
        _sugar_cube(image, u, v, side)
    cv2.rectangle(image, (0, 790), (420, 840), _RED, -1)
    _text(image, "1 lb 2 oz", (210, 815), 1.2, _WHITE, 3)
    return image


def _sugar_cube(image: Image, u: int, v: int, side: int) -> None:
    """A cube in an oblique view, its front face centred at ``u, v``."""
    half, slant = side // 2, side // 3
    front = np.array([(u - half, v - half), (u + half, v - half), (u + half, v + half), (u - half, v + half)])
    top = np.array([front[0], front[1], front[1] + (slant, -slant), front[0] + (slant, -slant)])
    side_face = np.array([front[1], front[2], front[2] + (slant, -slant), front[1] + (slant, -slant)])
    for face, shade in ((front, 236), (top, 253), (side_face, 205)):
        cv2.fillPoly(image, [face.astype(np.int32)], (shade, shade, shade - 6), cv2.LINE_AA)
        cv2.polylines(image, [face.astype(np.int32)], True, (168, 168, 168), 3, cv2.LINE_AA)


def _nutrition_panel(image: Image) -> None:
    cv2.rectangle(image, (50, 440), (370, 800), _WHITE, -1)
    cv2.rectangle(image, (50, 440), (370, 800), (20, 20, 20), 4)
    for row in range(8):
        v = 480 + 40 * row
        cv2.line(image, (66, v), (200 + 20 * (row * 5 % 7), v), (30, 30, 30), 10 if row % 3 == 0 else 5)
        cv2.line(image, (318, v), (354, v), (30, 30, 30), 5)


def _sugar_side(width: int, height: int, text: str) -> Image:
    """A narrow face."""
    image = _canvas(width, height, _YELLOW)
    cv2.rectangle(image, (0, 0), (width, height // 5), _BLUE, -1)
    cv2.rectangle(image, (0, height - height // 6), (width, height), _RED, -1)
    _text(image, text, (width // 2, height // 2 + 4), height / 90, _BLUE, max(3, height // 36))
    return image


_ATLAS = 1024
_SUGAR_RECTANGLES = (
    (0, 816, 800, 184),
    (0, 1008, 800, 184),
    (816, 0, 400, 184),
    (816, 192, 400, 184),
    (0, 0, 400, 800),
    (408, 0, 400, 800),
)
"""Left, top, width and height in pixels of a 1216 x 1200 sheet, faces +x, -x, +y, -y, +z, -z."""
_SHEET = (1216, 1200)
SUGAR_LAYOUT = tuple(
    (u / _SHEET[0], 1 - (v + height) / _SHEET[1], (u + width) / _SHEET[0], 1 - v / _SHEET[1])
    for u, v, width, height in _SUGAR_RECTANGLES
)
"""Texture rectangles for ``meshes.rounded_box``, v up."""


@lru_cache(maxsize=1)
def sugar_box() -> Image:
    """All faces of the sugar box at the same pixels per millimetre, placed as ``SUGAR_LAYOUT`` says."""
    bars = _sugar_side(430, 192, "")
    for k in range(26):
        cv2.line(bars, (150 + 5 * k, 52), (150 + 5 * k, 150), (20, 20, 20), 1 + k * 7 % 3)
    faces = [
        _sugar_side(840, 192, "FINE GRANULATED SUGAR"),
        _sugar_side(840, 192, "SUGAR   SUGAR"),
        _sugar_side(430, 192, "SUGAR"),
        bars,
        _sugar_front(back=False),
        _sugar_front(back=True),
    ]
    sheet = _canvas(*_SHEET, _YELLOW)
    for face, (u, v, width, height) in zip(faces, _SUGAR_RECTANGLES, strict=True):
        sheet[v : v + height, u : u + width] = cv2.resize(face, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(sheet, (_ATLAS, _ATLAS), interpolation=cv2.INTER_AREA), dtype=np.uint8)


@lru_cache(maxsize=1)
def plate() -> Image:
    """For a turned plate: v runs along the profile from the foot over the rim to the middle; rings of glaze."""
    image = _canvas(1024, 256, (244, 243, 238))
    for low, high, colour in ((118, 128, (36, 84, 148)), (134, 137, (36, 84, 148)), (186, 189, (110, 150, 196))):
        image[256 - high : 256 - low] = colour
    for k in range(32):
        u = 16 + 32 * k
        cv2.ellipse(image, (u, 256 - 150), (9, 5), 0, 0, 360, (36, 84, 148), -1, cv2.LINE_AA)
    for u, colour in ((40, (196, 60, 50)), (300, (226, 160, 40)), (560, (70, 140, 90)), (800, (120, 80, 150))):
        cv2.ellipse(image, (u, 256 - 165), (26, 8), 0, 0, 360, colour, -1, cv2.LINE_AA)
    return image


@lru_cache(maxsize=1)
def soup_can() -> Image:
    """Label of a can: u around, v along the wall."""
    image = _canvas(1024, 384, (190, 34, 38))
    image[:150] = (245, 241, 230)
    cv2.line(image, (0, 150), (1024, 150), (212, 170, 60), 12)
    for u in (256, 768):
        _text(image, "TOMATO", (u, 82), 3.0, (190, 34, 38), 9)
        cv2.circle(image, (u, 268), 74, (245, 241, 230), -1, cv2.LINE_AA)
        cv2.circle(image, (u, 272), 48, (222, 62, 44), -1, cv2.LINE_AA)
        cv2.ellipse(image, (u, 230), (22, 8), 20, 0, 360, (70, 130, 60), -1, cv2.LINE_AA)
    return image


@lru_cache(maxsize=1)
def mug() -> Image:
    """A glazed mug: a pale upper half over a blue dip, with a thin line."""
    image = _canvas(512, 256, (236, 232, 222))
    image[150:] = (44, 106, 128)
    wave = 150 + 8 * np.sin(np.arange(512) * 2 * np.pi / 170)
    for u, edge in enumerate(wave.astype(int)):
        image[140:edge, u] = (44, 106, 128) if edge > 150 else image[139, u]
    image[60:66] = (198, 128, 60)
    return image


@lru_cache(maxsize=1)
def soft_spot(size: int = 64) -> Image:
    """White disc that fades out towards the rim, for contact shades (used as an alpha channel)."""
    v, u = np.mgrid[0:size, 0:size].astype(np.float32)
    radius = np.hypot(u - (size - 1) / 2, v - (size - 1) / 2) / (size / 2)
    alpha = np.clip(1.0 - radius, 0.0, 1.0) ** 1.3
    return np.repeat((255 * alpha).astype(np.uint8)[..., None], 3, axis=2)
