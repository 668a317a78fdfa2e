"""Training from scans: what is compared how often, what descriptors tell apart, and that they learn.

A scene is a painted card on a table, seen by a camera half a metre above it.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
import torch

from core.correspondence.comparisons import ScannedScene
from core.correspondence.config import AugmentationConfig, ComparisonWeights, Generality, Loss, TrainingConfig
from core.correspondence.material import Material
from core.correspondence.scan_views import split
from core.correspondence.scans import FusedScan, ScanView
from core.correspondence.training import Progress, Trainer
from core.errors import InputError
from core.geometry import SE3
from core.processes.jobs import Ask
from tests.core.correspondence.making import TINY, camera, views

CAMERA = camera("wrist", 0.0)
CARD_Z_M, HALF_M = 0.03, np.array([0.12, 0.08])
ALL = ("single-object-within-scene", "different-object-across-scene", "synthetic-multi-object")


def rectangle(half_m: np.ndarray, z: float) -> np.ndarray:
    x, y = half_m
    corners = [(-x, -y), (x, -y), (x, y), (-x, -y), (x, y), (-x, y)]
    return np.array([(*corner, z) for corner in corners], dtype=np.float32)


def scene(seed: int, *objects: str, count: int = 12) -> ScannedScene:
    """Views from above, turned and moved; the card's paint is drawn from the seed."""
    rng = np.random.default_rng(seed)
    paint = cv2.resize(rng.integers(0, 255, (8, 12, 3), dtype=np.uint8), (96, 64), interpolation=cv2.INTER_LINEAR)
    corners = np.concatenate([rectangle(np.array([2.0, 2.0]), 0.0), rectangle(HALF_M, CARD_Z_M)])
    scan = FusedScan(corners, np.arange(len(corners), dtype=np.uint32).reshape(-1, 3))
    down = SE3.from_rotation(np.diag([1.0, -1.0, -1.0]))
    seen = []
    for _ in range(count):
        turn = SE3.from_rotation_vector((0.0, 0.0, rng.uniform(-0.5, 0.5)))
        pose = SE3((turn @ down).quat_wxyz, np.array([*rng.uniform(-0.06, 0.06, 2), 0.5]))
        seen.append(painted(scan, paint, pose))
    return ScannedScene(scan, seen, frozenset(objects))


def painted(scan: FusedScan, paint: np.ndarray, X_WC: SE3) -> ScanView:
    v, u = np.indices((CAMERA.height, CAMERA.width))
    points, _ = scan.points_at(np.stack([u.ravel(), v.ravel()], axis=-1).astype(np.float64), CAMERA, X_WC)
    mask = scan.foreground(CAMERA, X_WC, 0.01)
    column, row = np.rint((points[:, :2] / HALF_M + 1.0) / 2.0 * (95, 63)).astype(int).clip(0, (95, 63)).T
    rgb = np.where(mask[..., None], paint[row, column].reshape(*mask.shape, 3), 90).astype(np.uint8)
    return ScanView(rgb, mask, scan.depth_from(CAMERA, X_WC), CAMERA, X_WC)


BOX, MUG = scene(0, "box"), scene(1, "mug")
SHOES = (scene(2, "shoe/red"), scene(3, "shoe/blue"))


def kinds(material: Material, draws: int = 60) -> Counter[bool]:
    rng = np.random.default_rng(0)
    return Counter(material.draw(rng)[0].matching for _ in range(draws))


def with_weights(config: TrainingConfig = TINY, **weights: float) -> TrainingConfig:
    return msgspec.structs.replace(config, comparisons=ComparisonWeights(**weights))


def test_by_default_all_that_the_data_allow_is_compared_alike() -> None:
    assert set(Material(TINY, None, [BOX, MUG]).weights) == set(ALL)
    both = Material(TINY, views(), [BOX])
    assert both.weights == {"synchronised-views": 1.0, "single-object-within-scene": 1.0}
    assert "synchronised views 50%" in both.summary
    several = Material(TINY, None, [scene(5, "box", "mug")])
    assert list(several.weights) == ["multi-object-within-scene"]


def test_a_step_is_of_one_comparison_drawn_by_its_weight() -> None:
    config = with_weights(single_object_within_scene=1.0, different_object_across_scene=3.0, synthetic_multi_object=0.0)
    material = Material(config, None, [BOX, MUG])
    share = kinds(material, 120)[False] / 120
    assert share == pytest.approx(0.75, abs=3 * math.sqrt(0.75 * 0.25 / 120))
    rng = np.random.default_rng(2)
    steps = [[pair.matching for pair in material.draw(rng)] for _ in range(10)]
    assert all(len(step) == TINY.batch_pairs and len(set(step)) == 1 for step in steps)


def test_objects_of_one_class_are_one_when_descriptors_are_class_general() -> None:
    general = msgspec.structs.replace(TINY, descriptors=Generality.CLASS_GENERAL)
    assert set(Material(TINY, None, SHOES).weights) == set(ALL)
    assert list(Material(general, None, SHOES).weights) == ["single-object-within-scene"]
    two_classes = Material(general, None, [*SHOES, MUG])
    assert set(two_classes.weights) == {"single-object-within-scene", "synthetic-multi-object"}
    assert kinds(two_classes) == {True: 60}, "nothing is pushed apart"
    with pytest.raises(InputError, match="do not allow the comparisons: different-object-across-scene"):
        Material(with_weights(general, different_object_across_scene=1.0), None, SHOES)


def test_a_loss_without_non_matches_pushes_nothing_apart() -> None:
    config = msgspec.structs.replace(TINY, loss=Loss.EXPECTATION)
    assert set(Material(config, None, [BOX, MUG]).weights) == set(ALL) - {"different-object-across-scene"}
    with pytest.raises(InputError, match="cannot push objects apart; choose info-nce or contrastive"):
        Material(with_weights(config, different_object_across_scene=1.0), None, [BOX, MUG])


def test_what_there_is_no_data_for_is_said() -> None:
    with pytest.raises(InputError, match="no scans to compare"):
        Material(with_weights(single_object_within_scene=1.0), views())
    with pytest.raises(InputError, match="no demonstrations"):
        Material(with_weights(synchronised_views=1.0), None, [BOX])
    with pytest.raises(InputError, match="Nothing would be compared"):
        Material(with_weights(synchronised_views=0.0), views())


def test_views_are_held_out_of_every_scan() -> None:
    train, held_out = split(BOX, 0.25, 0)
    assert (len(train.views), len(held_out.views)) == (9, 3)
    poses = [{view.X_WC.as_tuple() for view in part.views} for part in (train, held_out)]
    assert poses[0].isdisjoint(poses[1])


def test_a_scan_of_two_views_is_judged_on_what_it_has() -> None:
    assert len(split(scene(7, "box", count=2), 0.1, 0)[0].views) == 2
    assert Material(TINY, None, [scene(7, "box", count=2)]).weights == {"single-object-within-scene": 1.0}


def test_descriptors_learn_from_a_scan(tmp_path: Path) -> None:
    plain = AugmentationConfig(rotation_deg=10.0, background_probability=0.0, occlusion_probability=0.0)
    config = msgspec.structs.replace(TINY, steps=25, weights="imagenet", augmentation=plain)
    material = Material(config, None, [BOX])
    trainer = Trainer(config, material, tmp_path, tmp_path, device="cpu")
    before = material.validator.validate(trainer.network.eval(), None)
    reports: list[Progress] = []
    trained = trainer.train(reports.append)
    assert trained.validation is not None
    assert trained.validation.auc > before.auc + 0.1
    assert reports[-1].loss < 0.8 * reports[0].loss


@pytest.mark.parametrize("loss", [Loss.INFO_NCE, Loss.CONTRASTIVE])
def test_a_training_on_all_comparisons_resumes_bit_for_bit(tmp_path: Path, loss: Loss) -> None:
    config = msgspec.structs.replace(TINY, loss=loss, steps=5)
    material = Material(config, views(), [BOX, MUG])
    drawn = {material.draw(np.random.default_rng((0, step, 0)))[0].matching for step in range(5)}
    assert drawn == {True, False}, "the steps below push apart too"

    def train(folder: Path, asked: list[Ask | None]) -> dict[str, torch.Tensor]:
        folder.mkdir(exist_ok=True)
        trainer = Trainer(config, material, folder, tmp_path, device="cpu")
        trained = trainer.train(asked=lambda: asked.pop(0) if asked else None)
        return {name: value.clone() for name, value in trained.network.state_dict().items()}

    whole = train(tmp_path / "whole", [])
    train(tmp_path / "parts", [None, None, Ask.PAUSE])
    resumed = train(tmp_path / "parts", [])
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())
