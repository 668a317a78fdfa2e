"""What a correspondence training is asked to do, and the presets that answer most of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from core.correspondence.mask_correction import MaskCorrection
from core.errors import InputError
from core.learning.values import AtLeastOne, Count, NotNegative, Positive, Probability, Share


class EpisodeSpan(msgspec.Struct, frozen=True):
    """An episode to learn from: its file and the part between its trims, seconds from its first stamp.

    ``corrections``: masks of its images as a hand corrected them.
    ``scan``: it is a scan of a static scene (``core.static_scenes``), not a demonstration.
    ``corrected``: it is an attempt of a policy in which a hand took over; only what the hand did is imitated.
    """

    id: str
    path: str
    sha256: str
    start_s: float = 0.0
    end_s: float | None = None
    corrections: tuple[MaskCorrection, ...] = ()
    scan: bool = False
    corrected: bool = False


class Loss(StrEnum):
    """Which loss drives training; one file each in ``core/correspondence/losses``."""

    CONTRASTIVE = "contrastive"
    EXPECTATION = "expectation"
    EXPECTATION_3D = "expectation-3d"
    INFO_NCE = "info-nce"


class Generality(StrEnum):
    """What descriptors tell apart (Florence, Manuelli, Tedrake 2018, section 3.3)."""

    INSTANCE_SPECIFIC = "instance-specific"
    """Every object: images of different objects are pushed apart."""
    CLASS_GENERAL = "class-general"
    """Objects of one class count as one, and nothing is pushed apart between scenes."""


class ComparisonWeights(msgspec.Struct, frozen=True, kw_only=True):
    """How often a step compares what, relative to the others; "null" is 1 where the data allow it, else 0.

    The four below are those of scans (``core.correspondence.comparisons``); ``synchronised_views`` are two cameras'
    images of one moment of a demonstration.
    """

    synchronised_views: NotNegative | None = None
    single_object_within_scene: NotNegative | None = None
    different_object_across_scene: NotNegative | None = None
    multi_object_within_scene: NotNegative | None = None
    synthetic_multi_object: NotNegative | None = None


class NetworkConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of a descriptor network; stored beside its weights and checked when they are loaded."""

    backbone: str = "efficientnet-lite0"
    descriptor_dim: AtLeastOne = 16
    normalised: bool = True
    head_channels: AtLeastOne = 96
    width: AtLeastOne = 320
    height: AtLeastOne = 240
    """Size in pixels at which images enter the network; cameras of another size are resized to it."""


class AugmentationConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How training images are varied (paper, section IV-D; sizes in PAPER.md of the authors' code)."""

    rotation_deg: float = 30.0
    any_rotation_probability: Probability = 0.3
    """How often an image is turned by any angle instead: round things look alike from all sides."""
    scale_low: float = 0.8
    scale_high: float = 1.2
    shear_deg: float = 10.0
    brightness: float = 0.35
    contrast: float = 0.35
    saturation: float = 0.35
    hue_deg: float = 12.0
    gamma: float = 0.3
    background_probability: Probability = 0.3
    occlusion_probability: Probability = 0.1


class TrainingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One correspondence training."""

    preset: str = "laptop"
    network: NetworkConfig = NetworkConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    loss: Loss = Loss.INFO_NCE
    weights: str = "imagenet"
    """"imagenet", "none", or the path of a published weights file."""
    seed: int = 0
    minutes: NotNegative = 5.0
    """Time for training in minutes; 0 trains ``steps`` steps instead."""
    steps: Count = 0
    batch_pairs: AtLeastOne = 4
    crop: Count = 160
    """Side in pixels of the square training images, cut around objects at the network's scale; 0: whole images."""
    moments: AtLeastOne = 12
    """Moments drawn from each episode."""
    matches: AtLeastOne = 256
    """Matches drawn from each pair."""
    same_camera_fraction: Probability = 0.5
    """How often both images of a pair are the same one, warped twice."""
    learning_rate: Positive = 2e-3
    backbone_learning_rate: NotNegative = 1e-3
    weight_decay: NotNegative = 1e-4
    temperature: Positive = 0.07
    expectation_weight: NotNegative = 1.0
    expectation_lambda: NotNegative = 1e-3
    """Weight of the Gaussian that the expectation losses want a match's softmax to be."""
    margin: Positive = 0.5
    """M of the contrastive loss."""
    non_matches: Count = 150
    """Non-matches of the contrastive loss for every match, half on objects, half on the background."""
    occlusion_margin_m: NotNegative = 0.006
    """How far behind its measured depth a point may lie in the other view and still count as seen."""
    comparisons: ComparisonWeights = ComparisonWeights()
    descriptors: Generality = Generality.INSTANCE_SPECIFIC
    photometric_limit: NotNegative = 4.0
    """Matches whose squared difference of normalised RGB, summed over channels, is larger are rejected."""
    validation_fraction: Share = 0.1
    validate_every_s: NotNegative = 20.0
    mixed_precision: bool = False
    compile: bool = False


LAPTOP = TrainingConfig()
PAPER = TrainingConfig(
    preset="paper",
    network=NetworkConfig(
        backbone="resnet34", descriptor_dim=10, normalised=False, head_channels=256, width=640, height=480
    ),
    loss=Loss.EXPECTATION,
    minutes=0.0,
    steps=15_000,
    augmentation=AugmentationConfig(rotation_deg=180.0, background_probability=0.5, occlusion_probability=0.0),
    batch_pairs=1,
    crop=0,
    learning_rate=1e-4,
    backbone_learning_rate=1e-4,
    temperature=1.0,
    mixed_precision=True,
)
PRESETS: dict[str, TrainingConfig] = {config.preset: config for config in (LAPTOP, PAPER)}


def preset(name: str) -> TrainingConfig:
    """The preset of that name; InputError lists them."""
    if name not in PRESETS:
        raise InputError(f"There is no preset '{name}'; choose one of: {', '.join(PRESETS)}.")
    return PRESETS[name]
