"""What a policy starts from, found where rig and tasks are known: camera, object points, descriptors."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.correspondence.checkpoint import read_description
from core.correspondence.descriptor_sets import list_sets, propose, sample_on_mask
from core.episodes.reader import EpisodeReader
from core.errors import EpisodeFileError, InputError
from core.messages import CameraInfo
from core.policies.config import Mode, PolicyConfig
from core.representations import REPRESENTATIONS
from core.representations.representation import RepresentationInfo, Setup
from robot.policies.images import Masks, shown, spread
from robot.policies.specification import PolicySpecification

PROPOSAL, DRAWN = "", "mask"
"""Names of sets that are made: points that are found again everywhere, or drawn from an object's mask."""
_WINDOWED = 0.2
"""Temperature that finds descriptors of unit length most exactly within a window (docs/decisions/0033)."""
_LOOKED_AT = 32
"""So many episodes are looked at for the image whose object is seen best, and for points that are found in all."""


def setup_of(specification: PolicySpecification) -> Setup:
    """What the representation is built from. InputError when a camera or an object's points are missing."""
    config = specification.config
    info: RepresentationInfo = REPRESENTATIONS.get(config.representation).info
    camera = camera_of(specification)
    if camera is None and info.camera:
        raise InputError(f"{info.name} sees through a camera, and these episodes have none; record with one.")
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
    """The camera that the policy sees, as the first episode with its images has it; None where none is named."""
    role = specification.config.camera
    known: dict[str, CameraInfo] = {}
    for span in specification.episodes if role else ():
        try:
            with EpisodeReader(Path(span.path), Path(specification.cache)) as reader:
                cameras = {name: info for name, info in reader.cameras.items() if reader.frame_count(name)}
        except EpisodeFileError:
            continue
        if role in cameras:
            cameras[role].require_usable()
            return cameras[role]
        known |= cameras
    if role:
        raise InputError(
            f"These episodes have no images of a '{role}' camera; choose from: {', '.join(known) or 'none'}."
        )
    return None


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
    for each in shown(specification, role, spread(specification.episodes, _LOOKED_AT)):
        begin, end = int(each.frames[0]), int(each.frames[-1])
        found.append((each.reader.rgb(role, begin), next(masks.of(each, [begin]))))
        last.append(each.reader.rgb(role, end))
    if not found:
        raise InputError(f"No episode shows an image of the {role} camera between its trims; choose other episodes.")
    (rgb, mask), *others = sorted(found, key=lambda seen: -int(seen[1].sum()))
    return rgb, mask, [*(other for other, _ in others), *last]
