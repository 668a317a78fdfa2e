"""Descriptors of real photographs: learned by warping one picture alone, judged on another picture of the same thing.

``python -m benchmarks.photographs [FOLDER] [MINUTES]``. FOLDER holds graf1.png, graf3.png and H1to3p.xml (a painted
wall from two sides) and box.png, box_in_scene.png (a packet alone and among others), as OpenCV's samples do: on Debian
and Ubuntu the package ``opencv-doc``. Bar: matches in the other picture are better than those of the untrained network,
for both pairs.

The homography of the wall is the published one. That of the packet is found as OpenCV's own tutorial does, from SIFT
keypoints that agree (MAGSAC); how many agreed is printed.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import write
from core.correspondence.config import LAPTOP, AugmentationConfig, NetworkConfig
from core.correspondence.describer import Describer
from core.correspondence.evaluation import REFERENCE_WIDTH, pck
from core.correspondence.heatmap import best_matches
from core.correspondence.material import Material
from core.correspondence.training import Trainer
from core.correspondence.views import ViewIndex, ViewInfo, ViewSet, resized_rgb
from core.messages import CameraInfo

Image = NDArray[np.uint8]
_FOLDER = Path("/usr/share/doc/opencv-doc/examples/data")
_FILES = ("graf1.png", "graf3.png", "H1to3p.xml", "box.png", "box_in_scene.png")
_WIDTH, _GRID = 640, 24
_CLEARLY, _AGREE_PX = 0.75, 3.0


@dataclass(frozen=True, slots=True)
class PhotographPair:
    """Two photographs of one flat thing, RGB, and the homography ``(3, 3)`` from pixels of the first to the second."""

    name: str
    first: Image
    second: Image
    homography: NDArray[np.float64]
    known_by: str


def main(folder: Path, minutes: float) -> int:
    missing = [name for name in _FILES if not (folder / name).exists()]
    if missing:
        print(
            f"The photographs {', '.join(missing)} are not in {folder}; install Debian's opencv-doc or name the "
            "folder with OpenCV's sample data: python -m benchmarks.photographs FOLDER.",
            file=sys.stderr,
        )
        return 2
    rows = [_judged(pair, minutes) for pair in (_wall(folder), _packet(folder))]
    write("photographs", {"minutes": minutes, "pairs": rows}, "torch", "opencv-python-headless")
    return 0 if all(row["trained"]["pck"]["10"] > row["untrained"]["pck"]["10"] for row in rows) else 1


def _judged(pair: PhotographPair, minutes: float) -> dict[str, Any]:
    height = round(pair.first.shape[0] * _WIDTH / pair.first.shape[1] / 32) * 32
    config = msgspec.structs.replace(
        LAPTOP,
        network=NetworkConfig(width=_WIDTH, height=height),
        augmentation=AugmentationConfig(
            scale_low=0.25, scale_high=1.25, shear_deg=25.0, background_probability=0.5, occlusion_probability=0.0
        ),
        minutes=minutes,
    )
    with tempfile.TemporaryDirectory() as folder:
        material = Material(config, lone_view(resized_rgb(pair.first, _WIDTH, height)))
        trainer = Trainer(config, material, Path(folder), Path(folder))
        untrained = accuracy(Describer(trainer.network), pair)
        trained = trainer.train()
        row = {"pair": pair.name, "known_by": pair.known_by, "steps": trained.steps, "wall_s": trained.elapsed_s}
        return row | {"untrained": untrained, "trained": accuracy(Describer(trained.network), pair)}


def lone_view(rgb: Image) -> ViewSet:
    """One picture ``(H, W, 3)`` as all there is to learn from: no depth, and every pixel counts."""
    height, width = rgb.shape[:2]
    camera = CameraInfo("photograph", width, height, 1.0, width, width, (width - 1) / 2, (height - 1) / 2)
    view = ViewInfo("photograph", 0, camera.role, 0, camera, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 1.0)
    shape = (1, height, width)
    return ViewSet(ViewIndex((view,)), rgb[None], np.zeros(shape, np.float32), np.ones(shape, np.bool_))


def accuracy(describer: Describer, pair: PhotographPair) -> dict[str, Any]:
    """PCK at 640 pixels' width of a grid of the first picture's points that the second picture shows."""
    height, width = pair.first.shape[:2]
    u, v = np.meshgrid(np.arange(_GRID, width - _GRID, _GRID), np.arange(_GRID, height - _GRID, _GRID))
    uv = np.stack([u.ravel(), v.ravel()], axis=-1).astype(np.float64)
    there = cv2.perspectiveTransform(uv[None], pair.homography)[0]
    second_height, second_width = pair.second.shape[:2]
    shown = ((there >= 0) & (there <= [second_width - 1, second_height - 1])).all(axis=-1)
    target = describer.describe(pair.second)
    descriptors = describer.describe(pair.first).at(uv[shown])
    matches = best_matches(target, descriptors)
    errors = np.linalg.norm(matches - there[shown], axis=-1) * REFERENCE_WIDTH / second_width
    return {"points": int(shown.sum()), "pck": pck(errors), "median_px": float(np.median(errors))}


def _wall(folder: Path) -> PhotographPair:
    stored = cv2.FileStorage(str(folder / "H1to3p.xml"), cv2.FILE_STORAGE_READ)
    homography = stored.getNode("H13").mat()
    return PhotographPair("wall", _read(folder / "graf1.png"), _read(folder / "graf3.png"), homography, "published")


def _packet(folder: Path) -> PhotographPair:
    first, second = _read(folder / "box.png"), _read(folder / "box_in_scene.png")
    sift = cv2.SIFT_create()
    found = [sift.detectAndCompute(image, None) for image in (first, second)]
    ranked = cv2.BFMatcher().knnMatch(found[0][1], found[1][1], k=2)
    clear = [best for best, next_best in ranked if best.distance < _CLEARLY * next_best.distance]
    ends = [
        np.array([found[0][0][match.queryIdx].pt for match in clear]),
        np.array([found[1][0][match.trainIdx].pt for match in clear]),
    ]
    homography, agree = cv2.findHomography(*ends, cv2.USAC_MAGSAC, _AGREE_PX)
    known_by = f"{int(agree.sum())} of {len(clear)} SIFT keypoints within {_AGREE_PX:.0f} px"
    return PhotographPair("packet", first, second, homography, known_by)


def _read(path: Path) -> Image:
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB))


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(Path(given[0]) if given else _FOLDER, float(given[1]) if len(given) > 1 else 2.0))
