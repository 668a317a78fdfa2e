"""Images: colour nearly as it was, depth exactly, and nothing decoded that is not what it says."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.episodes.codecs import DepthCodec, decode_depth, decode_rgb, encode_depth, encode_rgb, jxl_size
from core.errors import EpisodeFileError


@pytest.mark.parametrize("codec", list(DepthCodec))
@given(width=st.integers(8, 80), height=st.integers(8, 60), seed=st.integers(0, 1000), largest=st.integers(1, 65535))
@settings(max_examples=25, deadline=None)
def test_depth_is_bit_exact(codec: DepthCodec, width: int, height: int, seed: int, largest: int) -> None:
    depth = np.random.default_rng(seed).integers(0, largest, (height, width), dtype=np.uint16, endpoint=True)
    np.testing.assert_array_equal(decode_depth(encode_depth(depth, codec), width, height), depth)


def test_colour_is_close() -> None:
    rows, columns = np.mgrid[:480, :640]
    rgb = np.stack([rows * 0.5, columns * 0.4, (rows + columns) * 0.2], axis=-1).astype(np.uint8)
    assert np.abs(decode_rgb(encode_rgb(rgb), 640, 480).astype(int) - rgb).max() <= 6


@pytest.mark.parametrize("size", [(640, 480), (641, 479), (320, 240), (8, 8), (1280, 720), (1000, 7)])
def test_the_size_of_a_jpeg_xl_image_is_known_without_decoding(size: tuple[int, int]) -> None:
    depth = np.zeros((size[1], size[0]), np.uint16)
    assert jxl_size(encode_depth(depth, DepthCodec.JPEG_XL)) == size


@pytest.mark.parametrize("codec", list(DepthCodec))
def test_depth_of_another_size_is_refused_before_decoding(codec: DepthCodec) -> None:
    data = encode_depth(np.zeros((30, 40), np.uint16), codec)
    with pytest.raises(EpisodeFileError, match="declares 40x30 pixels where the camera has 64x48"):
        decode_depth(data, 64, 48)


def test_colour_of_another_size_is_refused() -> None:
    with pytest.raises(EpisodeFileError, match="declares 40x30"):
        decode_rgb(encode_rgb(np.zeros((30, 40, 3), np.uint8)), 64, 48)


def test_an_image_that_declares_a_gigapixel_is_refused_by_its_header() -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 16, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    with pytest.raises(EpisodeFileError, match="100000x100000"):
        decode_depth(b"\x89PNG\r\n\x1a\n" + chunk, 640, 480)


@given(data=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_garbage_is_refused_in_words(data: bytes) -> None:
    for prefix in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\x0a"):
        with pytest.raises(EpisodeFileError):
            decode_depth(prefix + data, 64, 48)
        with pytest.raises(EpisodeFileError):
            decode_rgb(prefix + data, 64, 48)


def test_an_eight_bit_png_is_no_depth() -> None:
    import cv2

    data = bytes(cv2.imencode(".png", np.zeros((48, 64), np.uint8))[1])
    with pytest.raises(EpisodeFileError, match="damaged"):
        decode_depth(data, 64, 48)
