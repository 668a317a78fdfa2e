"""Small synthetic views: a textured card before a wall, seen by two cameras side by side."""

from __future__ import annotations

import cv2
import numpy as np

from core.correspondence.config import AugmentationConfig, NetworkConfig, TrainingConfig
from core.correspondence.views import ViewIndex, ViewInfo, ViewSet
from core.geometry import SE3
from core.messages import CameraInfo

WIDTH, HEIGHT, FOCAL = 96, 64, 80.0
CARD_Z, WALL_Z, BASELINE = 0.5, 1.0, 0.05

TINY = TrainingConfig(
    preset="tiny",
    network=NetworkConfig(descriptor_dim=4, head_channels=8, width=WIDTH, height=HEIGHT),
    augmentation=AugmentationConfig(rotation_deg=10.0, background_probability=0.5, occlusion_probability=0.5),
    weights="none",
    minutes=0.0,
    steps=4,
    batch_pairs=2,
    crop=64,
    matches=48,
    validate_every_s=1e9,
)


def camera(role: str, x: float) -> CameraInfo:
    pose = SE3.translation(x, 0.0, 0.0).as_tuple()
    return CameraInfo(role, WIDTH, HEIGHT, 30.0, FOCAL, FOCAL, (WIDTH - 1) / 2, (HEIGHT - 1) / 2, X_WC=pose)


def views(episodes: int = 3, moments: int = 2, seed: int = 0) -> ViewSet:
    """Two cameras a moment; the card moves with the moment and keeps its texture."""
    rng = np.random.default_rng(seed)
    texture = cv2.resize(rng.integers(0, 255, (8, 12, 3), dtype=np.uint8), (36, 24), interpolation=cv2.INTER_LINEAR)
    infos, rgbs, depths, masks = [], [], [], []
    for episode in range(episodes):
        for moment in range(moments):
            corner = rng.integers((20, 10), (40, 30))
            for role, x in (("right", 0.0), ("left", BASELINE)):
                shift = round(FOCAL * x / CARD_Z)
                rgb = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
                depth = np.full((HEIGHT, WIDTH), WALL_Z, np.float32)
                part = np.s_[corner[1] : corner[1] + 24, corner[0] - shift : corner[0] - shift + 36]
                rgb[part], depth[part] = texture, CARD_Z
                info = camera(role, x)
                pose = info.X_WC
                assert pose is not None
                mask = depth < WALL_Z
                infos.append(ViewInfo(f"E{episode}", moment, role, moment, info, pose, float(mask.mean())))
                rgbs.append(rgb)
                depths.append(depth)
                masks.append(mask)
    return ViewSet(ViewIndex(tuple(infos)), np.stack(rgbs), np.stack(depths), np.stack(masks))
