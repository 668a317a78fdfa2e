"""How images are stored: JPEG for colour, PNG16 or JPEG XL for depth. Depth is always bit-exact.

Before anything is decoded the header is parsed and the declared size required, so that a damaged or hostile image
costs one sentence and not the memory of the machine.
"""

from __future__ import annotations

import struct
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from core.errors import EpisodeFileError

JPEG_QUALITY = 95
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER = struct.Struct(">8sI4sIIBBBBB")
_PNG_OPTIONS = [
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_RLE,
    cv2.IMWRITE_PNG_FILTER,
    cv2.IMWRITE_PNG_FILTER_AVG,
]
_HURRIED_PNG_OPTIONS = [cv2.IMWRITE_PNG_COMPRESSION, 0, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]


class DepthCodec(StrEnum):
    """PNG opens in Foxglove and everywhere else; JPEG XL takes a seventh of the time, for many cameras."""

    PNG = "png"
    JPEG_XL = "jxl"


def encode_rgb(rgb: NDArray[np.uint8]) -> bytes:
    """JPEG, quality 95, without chroma subsampling. ``rgb: (H, W, 3) uint8``."""
    encoded: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(rgb), quality=JPEG_QUALITY, colorspace="RGB", colorsubsampling="444"
    )
    return encoded


def decode_rgb(data: bytes, width: int, height: int) -> NDArray[np.uint8]:
    """The image ``(height, width, 3) uint8``; EpisodeFileError when the data are not a JPEG of that size."""
    _require_size("JPEG", jpeg_size(data), (width, height))
    try:
        rgb: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, colorspace="RGB")
    except ValueError as error:
        raise _damaged_colour(error) from None
    return rgb


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height that a JPEG declares; EpisodeFileError when it is none."""
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError as error:
        raise _damaged_colour(error) from None
    return width, height


def _damaged_colour(error: ValueError) -> EpisodeFileError:
    return EpisodeFileError(f"A stored colour image is damaged ({error}); the frames around it are intact.")


def encode_depth(depth: NDArray[np.uint16], codec: DepthCodec = DepthCodec.PNG, *, hurried: bool = False) -> bytes:
    """Lossless. ``depth: (H, W) uint16``, 0 is invalid. ``hurried``: a ninth of the time and three times the room."""
    if codec is DepthCodec.JPEG_XL:
        import imagecodecs

        return bytes(imagecodecs.jpegxl_encode(np.ascontiguousarray(depth), lossless=True, effort=1, numthreads=1))
    stored, data = cv2.imencode(".png", depth, _HURRIED_PNG_OPTIONS if hurried else _PNG_OPTIONS)
    if not stored:
        raise EpisodeFileError("OpenCV could not encode a depth image as PNG.")
    return bytes(data)


def decode_depth(data: bytes, width: int, height: int) -> NDArray[np.uint16]:
    """The depth image ``(height, width) uint16``; EpisodeFileError when the data are not one of that size."""
    depth = _decode_png(data, width, height, 16) if data[:8] == _PNG_SIGNATURE else _decode_jxl(data, width, height)
    if depth is None or depth.dtype != np.uint16 or depth.shape != (height, width):
        raise EpisodeFileError("A stored depth image is damaged; the frames around it are intact.")
    return depth


def encode_layers(layers: NDArray[np.uint8]) -> bytes:
    """A PNG of ``(H, W) uint8``; a few kilobytes where most pixels equal their neighbours."""
    stored, data = cv2.imencode(".png", layers)
    if not stored:
        raise EpisodeFileError("OpenCV could not encode a mask as PNG.")
    return bytes(data)


def decode_layers(data: bytes, width: int, height: int) -> NDArray[np.uint8]:
    """What ``encode_layers`` made, ``(height, width) uint8``; EpisodeFileError when it is not of that size."""
    layers = _decode_png(data, width, height, 8)
    if layers is None or layers.shape != (height, width):
        raise EpisodeFileError("A stored mask is damaged.")
    return layers


def _decode_png(data: bytes, width: int, height: int, bits: int) -> NDArray[Any] | None:
    """A grey image of that size and depth; None when the data are none."""
    if len(data) < _PNG_HEADER.size:
        return None
    _, _, kind, found_width, found_height, found_bits, colour, _, _, _ = _PNG_HEADER.unpack_from(data)
    if kind != b"IHDR" or found_bits != bits or colour != 0:
        return None
    _require_size("PNG", (found_width, found_height), (width, height))
    decoded: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return decoded


def _decode_jxl(data: bytes, width: int, height: int) -> NDArray[Any] | None:
    size = jxl_size(data)
    if size is None:
        return None
    _require_size("JPEG XL", size, (width, height))
    import imagecodecs

    try:
        decoded: NDArray[Any] = imagecodecs.jpegxl_decode(data, numthreads=1)
    except imagecodecs.JpegxlError:
        return None
    return decoded


def jxl_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the size header of a JPEG XL codestream (ISO/IEC 18181-1, C.2); None when it is not one."""
    start = data.find(b"\xff\x0a", 0, 64)
    if start < 0 or len(data) < start + 12:
        return None
    bits = int.from_bytes(data[start + 2 : start + 12], "little")

    def take(count: int) -> int:
        nonlocal bits
        value = bits & ((1 << count) - 1)
        bits >>= count
        return value

    def dimension(small: bool) -> int:
        return (take(5) + 1) * 8 if small else take((9, 13, 18, 30)[take(2)]) + 1

    small = bool(take(1))
    height = dimension(small)
    ratio = take(3)
    if ratio == 0:
        return dimension(small), height
    numerator, denominator = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
    return height * numerator // denominator, height


def _require_size(kind: str, found: tuple[int, int], expected: tuple[int, int]) -> None:
    if found != expected:
        raise EpisodeFileError(
            f"A stored {kind} image declares {found[0]}x{found[1]} pixels where the camera has "
            f"{expected[0]}x{expected[1]}; it is damaged and was not decoded."
        )
