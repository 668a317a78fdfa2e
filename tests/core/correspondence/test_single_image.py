"""Self-supervised by warping one image alone: matches in another picture of it, known by a homography, get better."""

from __future__ import annotations

from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.correspondence.config import AugmentationConfig, NetworkConfig
from core.correspondence.describer import Describer
from core.correspondence.heatmap import best_match, distances
from core.correspondence.material import Material
from core.correspondence.training import Trainer
from core.correspondence.views import ViewIndex, ViewInfo, ViewSet
from core.messages import CameraInfo
from tests.core.correspondence.making import TINY

WIDTH, HEIGHT = 160, 128
HOMOGRAPHY = np.array([[0.88, 0.16, 6.0], [-0.14, 0.92, 14.0], [0.0004, -0.0003, 1.0]])


def picture() -> NDArray[np.uint8]:
    """Blobs of many sizes on a slope of light: texture here, smooth there, as photographs have."""
    rng = np.random.default_rng(4)
    image = np.full((HEIGHT, WIDTH, 3), 110, np.float32) + np.linspace(-40, 40, WIDTH, dtype=np.float32)[:, None]
    for size in (20, 10, 5):
        coarse = rng.normal(0, 26, (HEIGHT // size + 2, WIDTH // size + 2, 3)).astype(np.float32)
        image += cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.clip(image, 0, 255).astype(np.uint8)


def within(describer: Describer, source: NDArray[np.uint8], target: NDArray[np.uint8], limit_px: float) -> float:
    """Share of points whose match lies within ``limit_px`` of where the homography takes them."""
    u, v = np.meshgrid(np.arange(24, WIDTH - 24, 9), np.arange(24, HEIGHT - 24, 9))
    uv = np.stack([u.ravel(), v.ravel()], axis=-1).astype(np.float64)
    truth = cv2.perspectiveTransform(uv[None], HOMOGRAPHY)[0]
    image = describer.describe(target)
    errors = []
    for descriptor, true in zip(describer.describe(source).at(uv), truth, strict=True):
        match = best_match(image, descriptor, distances(image, descriptor))
        errors.append(float(np.hypot(match[0] - true[0], match[1] - true[1])))
    return float((np.array(errors) <= limit_px).mean())


def test_warping_one_image_teaches_matches_in_another(tmp_path: Path) -> None:
    source = picture()
    target = cv2.warpPerspective(source, HOMOGRAPHY, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    target = np.clip(target * np.array([0.8, 0.9, 1.1]) + 10, 0, 255).astype(np.uint8)
    camera = CameraInfo("photo", WIDTH, HEIGHT, 1.0, 200.0, 200.0, WIDTH / 2, HEIGHT / 2)
    view = ViewInfo("one", 0, "photo", 0, camera, (1.0, 0, 0, 0, 0, 0, 0), 1.0)
    shape = (1, HEIGHT, WIDTH)
    views = ViewSet(ViewIndex((view,)), source[None], np.zeros(shape, np.float32), np.ones(shape, np.bool_))
    config = msgspec.structs.replace(
        TINY,
        network=NetworkConfig(descriptor_dim=16, head_channels=64, width=WIDTH, height=HEIGHT),
        augmentation=AugmentationConfig(
            any_rotation_probability=0.0, background_probability=0.0, occlusion_probability=0.0
        ),
        weights="imagenet",
        steps=80,
        batch_pairs=1,
        crop=80,
        matches=96,
    )
    trainer = Trainer(config, Material(config, views), tmp_path, tmp_path, device="cpu")
    before = within(Describer(trainer.network), source, target, 6.0)
    trainer.train()
    after = within(Describer(trainer.network), source, target, 6.0)
    assert before < 0.5
    assert after > 0.75
