"""Descriptor sets: named points and their descriptors, kept beside the model that they belong to.

A set is a file ``models/<model>/sets/<id>.json``. Its descriptors mean something to that model only, so the model's
SHA-256 stands in it. Sets are made by hand, proposed, or sampled on an object's mask as in the paper (section IV-B).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from ulid import ULID

from core.clock import utc_ns
from core.correspondence.descriptors import DescriptorImage
from core.correspondence.heatmap import coarse_squared, confidences
from core.errors import InputError
from core.messages import Floats
from core.platform import replace_file

FOLDER = "sets"
Pixels = NDArray[np.float64]
Descriptors = NDArray[np.float32]
_CANDIDATES = 400
_NEAR, _SPARE = 0.08, 4
"""Matches agree within this share of the object's size; so many times the points that are wanted may be chosen from."""


class SetPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A point: where it was clicked (empty ``episode`` for a live image) and its descriptor ``(D,)``."""

    name: str
    colour: str
    u: float
    v: float
    descriptor: Floats
    episode: str = ""
    role: str = ""
    frame: int = -1


class DescriptorSet(msgspec.Struct, frozen=True, kw_only=True):
    """Points of one model."""

    id: str
    name: str
    model: str
    sha256: str
    created_utc_ns: int
    points: tuple[SetPoint, ...] = ()
    schema_version: int = 1

    @staticmethod
    def of(name: str, model: str, sha256: str, points: Sequence[SetPoint]) -> DescriptorSet:
        """A new set."""
        return DescriptorSet(
            id=str(ULID()), name=name, model=model, sha256=sha256, created_utc_ns=utc_ns(), points=tuple(points)
        )

    def descriptors(self) -> Descriptors:
        """All descriptors, ``(N, D) float32``."""
        return np.array([point.descriptor for point in self.points], dtype=np.float32)


def save_set(model_folder: Path, descriptor_set: DescriptorSet) -> Path:
    """Write a set beside its model, as a whole; InputError when that cannot be."""
    folder = model_folder / FOLDER
    path = folder / f"{descriptor_set.id}.json"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        replace_file(path, msgspec.json.format(msgspec.json.encode(descriptor_set)))
    except OSError as error:
        raise InputError(
            f"The set cannot be written to {folder} ({error.strerror}); make the folder writable."
        ) from error
    return path


def load_set(path: Path, sha256: str = "", dim: int = 0) -> DescriptorSet:
    """Read a set. InputError when it is damaged, or of another model than the one with this SHA-256 and dimension."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=DescriptorSet)
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(f"The set {path.name} cannot be read ({error}); choose another.") from None
    if sha256 and found.sha256 != sha256:
        raise InputError(f"The set '{found.name}' belongs to other weights than this model's; choose its own model.")
    if dim and any(len(point.descriptor) != dim for point in found.points):
        raise InputError(f"The set '{found.name}' is not of {dim} dimensions as this model is; choose another.")
    return found


def list_sets(model_folder: Path) -> tuple[DescriptorSet, ...]:
    """The readable sets of a model, the newest first."""
    found = []
    for path in sorted((model_folder / FOLDER).glob("*.json"), reverse=True):
        try:
            found.append(load_set(path))
        except InputError:
            continue
    return tuple(found)


def sample_on_mask(mask: NDArray[np.bool_], count: int, seed: int = 0) -> Pixels:
    """``count`` pixels u, v drawn from a mask, ``(N, 2)``; the paper's fixed set. InputError for an empty mask."""
    v, u = np.nonzero(mask)
    if len(u) == 0:
        raise InputError("No object is marked in this image, so no points can be drawn from it; choose another image.")
    drawn = np.random.default_rng(seed).choice(len(u), size=min(count, len(u)), replace=False)
    return np.stack([u[drawn], v[drawn]], axis=-1).astype(np.float64)


def pair_confidence(
    source: DescriptorImage, target: DescriptorImage, mask: NDArray[np.bool_] | None, points: int = 64
) -> float | None:
    """How sure the matches of a pair are: mean confidence in the target of points drawn from the source's mask.

    Without a mask the points are drawn from the whole source; None when the mask marks nothing.
    """
    allowed = _or_everywhere(source, mask)
    if not allowed.any():
        return None
    return float(confidences(target, source.at(sample_on_mask(allowed, points))).mean())


def _or_everywhere(image: DescriptorImage, mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    return np.ones((image.height, image.width), dtype=np.bool_) if mask is None else mask


def coarse_matches(image: DescriptorImage, descriptors: Descriptors) -> Pixels:
    """Best matches of many descriptors ``(N, D)`` at once, pixels ``(N, 2)``: nearest cell, then sub-cell."""
    height, width = image.map.shape[:2]
    rows, columns = np.divmod(coarse_squared(image, descriptors).argmin(axis=0), width)
    found = np.empty((len(descriptors), 2))
    scale = np.array([image.width / width, image.height / height])
    steps = np.stack(np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9)), axis=-1).reshape(-1, 2)
    for k, descriptor in enumerate(descriptors):
        around = (np.array([columns[k], rows[k]]) + steps + 0.5) * scale - 0.5
        around = np.clip(around, 0.0, [image.width - 1, image.height - 1])
        apart = np.linalg.norm(image.at(around) - descriptor, axis=1)
        found[k] = np.rint(around[int(apart.argmin())])
    return found


def agreement(pixels: Pixels, matches: Sequence[Pixels], near_px: float) -> NDArray[np.float64]:
    """Share of images ``(N,)`` in which each pixel's match lies where the others' matches say that it should.

    An image's matches are explained by the affine map that most of them follow (RANSAC, within ``near_px``). Images in
    which fewer than half do say nothing: their objects bend, or are several. 1 where no image says anything.
    """
    told = []
    for found in matches:
        _, inside = cv2.estimateAffine2D(pixels, found, method=cv2.RANSAC, ransacReprojThreshold=near_px)
        if inside is not None and inside.mean() >= 0.5:
            told.append(inside.ravel().astype(np.float64))
    return np.asarray(np.mean(told, axis=0) if told else np.ones(len(pixels)))


def propose(
    source: DescriptorImage,
    others: Sequence[DescriptorImage],
    mask: NDArray[np.bool_] | None,
    count: int,
    seed: int = 0,
) -> Pixels:
    """Pixels ``(N, 2)`` of the source that make a good set: found with confidence, where their neighbours are found
    too, and far from one another.

    Candidates are drawn from the mask (or the whole image). Each one's confidence is the share of its heatmap's mass
    near the best match, averaged over all images. Those of the highest ``agreement`` stay. Then the surest is taken,
    and again and again the one with the largest product of confidence and distance, in descriptors, to those taken,
    half an even spacing apart in the image, or closer where that leaves too few.
    """
    allowed = _or_everywhere(source, mask)
    pixels = sample_on_mask(allowed, _CANDIDATES, seed)
    descriptors = source.at(pixels)
    sure = np.mean([confidences(image, descriptors) for image in (source, *others)], axis=0)
    near_px = _NEAR * float(np.sqrt(allowed.sum()))
    agreed = agreement(pixels, [coarse_matches(image, descriptors) for image in others], near_px)
    enough = min(len(agreed), _SPARE * count)
    steady = agreed >= np.sort(agreed)[-enough]
    pixels, descriptors, sure = pixels[steady], descriptors[steady], sure[steady]
    chosen = [int(sure.argmax())]
    apart = np.full(len(pixels), np.inf)
    least_px = 0.5 * float(np.sqrt(allowed.sum() / max(1, count)))
    while len(chosen) < min(count, len(pixels)):
        newest = chosen[-1]
        apart = np.minimum(apart, np.linalg.norm(descriptors - descriptors[newest], axis=1))
        far = np.min([np.linalg.norm(pixels - pixels[k], axis=1) for k in chosen], axis=0) >= least_px
        score = np.where(far, sure * apart, -1.0)
        if score.max() <= 0.0:
            if least_px < 1.0:
                break
            least_px /= 2.0  # what is steady lies in a small part of the object
            continue
        chosen.append(int(score.argmax()))
    return np.asarray(pixels[chosen])
