"""What a policy starts from, found where rig and tasks are known: camera, object points, descriptors, images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.correspondence.checkpoint import read_description
from core.correspondence.config import EpisodeSpan
from core.correspondence.descriptor_sets import list_sets, propose, sample_on_mask
from core.correspondence.masks import MaskConfig, object_mask
from core.correspondence.views import resized_rgb
from core.episodes.reader import EpisodeReader
from core.errors import EpisodeFileError, InputError
from core.messages import CameraInfo
from core.policies.config import Mode, PolicyConfig
from core.representations import REPRESENTATIONS
from core.representations.representation import RepresentationInfo, Setup, TrainingImages
from robot.correspondence.captures import fitting_capture
from robot.correspondence.shape import IiwaShape
from robot.policies.specification import PolicySpecification

PROPOSAL, DRAWN = "", "mask"
"""Names of sets that are made: points that are found again everywhere, or drawn from an object's mask."""
_LEARNT_HZ, _MOST_BYTES, _FRAMES_AN_EPISODE = 10.0, 3 * 1024**3, 150
"""Images to learn seeing from: so many a second, of as many episodes of 15 s as fit into this memory."""
_WINDOWED = 0.2
"""Temperature that finds descriptors of unit length most exactly within a window (docs/decisions/0033)."""
_LOOKED_AT = 32
"""So many episodes are looked at for the image whose object is seen best, and for points that are found in all."""


def setup_of(specification: PolicySpecification) -> Setup:
    """What the representation is built from. InputError when a camera or an object's points are missing."""
    config = specification.config
    info: RepresentationInfo = REPRESENTATIONS.get(config.representation).info
    camera = camera_of(specification)
    if camera is None and info.images:
        raise InputError(f"{info.name} sees images, and these episodes have none; record with a camera.")
    setup = Setup(
        name=config.representation,
        mode=config.mode if info.modes else Mode.FIXED,
        points=config.points,
        camera=camera,
        object_points=object_points(specification.task) if info.object_state else {},
    )
    return with_descriptors(setup, Path(specification.descriptor_model), config) if info.descriptors else setup


def with_descriptors(setup: Setup, folder: Path, config: PolicyConfig) -> Setup:
    """The setup with what the descriptor model of that folder says of itself."""
    described = read_description(folder)
    own = 1.0 if described.training is None else described.training.temperature
    windowed = described.network.normalised and config.window_cells > 0
    return msgspec.structs.replace(
        setup,
        descriptor_network=described.network,
        descriptor_model=described.id,
        descriptor_sha256=described.sha256,
        temperature=config.temperature or (_WINDOWED if windowed else own),
        window_cells=config.window_cells,
    )


def object_points(task: str) -> dict[str, tuple[tuple[float, float, float], ...]]:
    """Named points ``p_OP`` of a simulated task's movable objects.

    Of what looks the same however it is turned, those on its axis alone: the turn of a plate tells nothing.
    """
    from robot.simulation.task import load_task

    chosen = load_task(task)
    found = {}
    for each in chosen.objects:
        if each.name not in chosen.fixed:
            points = each.points.values()
            found[each.name] = tuple(point for point in points if not (each.turns_alike and any(point[:2])))
    return found


def camera_of(specification: PolicySpecification) -> CameraInfo | None:
    """The camera that the policy sees: the one chosen, else the task's own, else the first; None without any."""
    cameras: dict[str, CameraInfo] = {}
    for span in specification.episodes:
        try:
            with EpisodeReader(Path(span.path), Path(specification.cache)) as reader:
                cameras = {role: info for role, info in reader.cameras.items() if reader.frame_count(role)}
        except EpisodeFileError:
            continue
        break
    wanted = specification.config.camera
    if wanted and wanted not in cameras:
        raise InputError(
            f"These episodes have no images of a '{wanted}' camera; choose from: {', '.join(cameras) or 'none'}."
        )
    role = wanted or _own_camera(specification.task)
    found = cameras.get(role) or next(iter(cameras.values()), None)
    if found is not None:
        found.require_usable()
    return found


def _own_camera(task: str) -> str:
    from robot.simulation.tasks import TASKS

    entry = TASKS.entries().get(task)
    return "" if entry is None or entry.info is None else str(entry.info.camera)


class Masks:
    """Where objects are in recorded images of one camera. InputError without depth or a capture that fits."""

    def __init__(self, specification: PolicySpecification, camera: CameraInfo) -> None:
        self._camera = camera
        self._shape = IiwaShape()
        captures = Path(specification.captures)
        self._capture = fitting_capture(captures, [camera], specification.rig, simulated=specification.simulated)

    def of(self, reader: EpisodeReader, frame: int) -> NDArray[np.bool_]:
        """``(H, W) bool`` of a frame."""
        role = self._camera.role
        depth = reader.depth(role, frame)
        if depth is None:
            raise InputError(f"Where objects are is not known: the {role} camera recorded no depth.")
        robot_W = self._shape.triangles(*reader.joints_at(int(reader.stamps(role)[frame])))
        empty = self._capture.depth[role]
        return object_mask(depth, reader.cameras[role], reader.X_WC(role, frame), empty, robot_W, MaskConfig())


def first_descriptors(specification: PolicySpecification, camera: CameraInfo) -> NDArray[np.float32]:
    """The descriptors ``(P, D)`` to begin with: of a saved set, of the proposal, or drawn from an object's mask (paper,
    section IV-B). InputError when there is no such set.

    A proposal looks at the first and the last images of some episodes, for a hand near an object hides it and resembles
    it: what is mistaken there for something else is no good point.
    """
    folder, config = Path(specification.descriptor_model), specification.config
    if config.descriptor_set not in (PROPOSAL, DRAWN):
        return _of_set(folder, config)
    from core.correspondence.checkpoint import load_model
    from core.correspondence.describer import Describer

    network, _ = load_model(folder)
    describer = Describer(network)
    rgb, mask, others = _best_seen(specification, Masks(specification, camera), camera.role)
    source = describer.describe(rgb)
    if config.descriptor_set == PROPOSAL:
        images = [describer.describe(other) for other in others]
        pixels = propose(source, images, mask, config.points, config.seed)
    else:
        pixels = sample_on_mask(mask, config.points, config.seed)
    if len(pixels) < config.points:
        raise InputError(f"Only {len(pixels)} of {config.points} points fit on the object; choose fewer points.")
    return source.at(pixels)


def _of_set(folder: Path, config: PolicyConfig) -> NDArray[np.float32]:
    sets = list_sets(folder)
    found = [each for each in sets if config.descriptor_set in (each.id, each.name)]
    if len(found) != 1:
        names = ", ".join(each.name for each in sets) or "none"
        raise InputError(f"The descriptor model has no one set '{config.descriptor_set}'; there are: {names}.")
    return found[0].descriptors()


def _best_seen(
    specification: PolicySpecification, masks: Masks, role: str
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], list[NDArray[np.uint8]]]:
    """Of the first images of some episodes the one with the largest mask, that mask, and the others with last ones."""
    found, last = [], []
    episodes = specification.episodes
    for span in episodes[:: max(1, len(episodes) // _LOOKED_AT)]:
        with EpisodeReader(Path(span.path), Path(specification.cache)) as reader:
            found.append((reader.rgb(role, 0), masks.of(reader, 0)))
            last.append(reader.rgb(role, reader.frame_count(role) - 1))
    (rgb, mask), *others = sorted(found, key=lambda shown: -int(shown[1].sum()))
    return rgb, mask, [*(other for other, _ in others), *last]


def training_images(
    specification: PolicySpecification,
    camera: CameraInfo,
    episodes: Sequence[EpisodeSpan],
    stage: Callable[[str, int, int], None],
) -> Callable[[tuple[int, int], bool], list[TrainingImages]]:
    """Images of the demonstrations at a size, with masks where they are wanted: ten a second, within bounded memory."""

    def read(size: tuple[int, int], masked: bool) -> list[TrainingImages]:
        masks = Masks(specification, camera) if masked else None
        step = max(1, round(camera.rate_hz / _LEARNT_HZ))
        most = max(2, _MOST_BYTES // (3 * size[0] * size[1]) // _FRAMES_AN_EPISODE)
        chosen = [
            episodes[k] for k in np.unique(np.linspace(0, len(episodes) - 1, min(most, len(episodes))).astype(int))
        ]
        found = []
        for done, span in enumerate(chosen):
            stage("Reading images", done, len(chosen))
            with EpisodeReader(Path(span.path), Path(specification.cache)) as reader:
                frames = range(0, reader.frame_count(camera.role), step)
                rgb = np.stack([resized_rgb(reader.rgb(camera.role, frame), *size) for frame in frames])
                seen = None
                if masks is not None:
                    seen = np.stack([_resized(masks.of(reader, frame), size) for frame in frames])
            found.append(TrainingImages(rgb, seen))
        return found

    return read


def _resized(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    return cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(np.bool_)
