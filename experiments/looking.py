"""What a worker does for Figures 5 and 6: asks a model about new scenes, and draws what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.clock import LockstepClock
from core.correspondence.checkpoint import load_model
from core.correspondence.describer import Describer
from core.correspondence.descriptors import DescriptorImage
from core.correspondence.heatmap import best_matches, match
from core.correspondence.pictures import Picture, answered, asked, dotted
from core.geometry import Array
from core.messages import Frame
from experiments.steps import FIRST_TRIAL, Asked, Look, Matched
from robot.simulation.cameras import camera_info
from robot.simulation.rig import SimulatedRig
from robot.simulation.tasks import TASKS

_TILE = (320, 240)
_FRAME_NS = 100_000_000
_DOTS = 12
_RETICLE_PX = 13
_QUALITY = 88


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """One image of a task's camera and where the object's named points lie in it, pixels ``(2,)``.

    ``alike``: the object looks the same however it is turned, so that nobody can say where its points are.
    """

    rgb: Picture
    points: dict[str, Array]
    alike: bool


def look(folder: str, step: Asked) -> tuple[bytes, tuple[Matched, ...]]:
    """The picture as JPEG, and how far from the right pixel each match is."""
    task = step.descriptors.demonstrations.task
    describer = Describer(load_model(Path(folder))[0])
    source = _scene(task, (), FIRST_TRIAL)
    targets = [_scene(task, shown.visuals, FIRST_TRIAL + place) for place, shown in enumerate(step.looks, 1)]
    images = [describer.describe(scene.rgb) for scene in (source, *targets)]
    rows, found = [], []
    for point in step.points:
        tiles, matches = _heatmaps(point, step.looks, source, targets, images)
        rows.append(tiles)
        found += matches
    rows += [_lines(ends, source, targets, images) for ends in step.lines]
    heading = _heading(["source", *(shown.title for shown in step.looks)])
    picture = np.vstack([heading, *(np.hstack([_small(tile) for tile in tiles]) for tiles in rows)])
    _, jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes(), tuple(found)


def _scene(task: str, visuals: tuple[str, ...], seed: int) -> _Scene:
    """The first scene from this seed on whose object the camera sees whole; every thousandth seed."""
    role = TASKS.get(task).info.camera
    rig = SimulatedRig(task, LockstepClock(), cameras=(role,), visuals=visuals, synchronous=True)
    frames: list[Frame] = []
    try:
        rig.reset(seed, "test")
        while not rig.in_view(role):
            seed += 1000
            rig.reset(seed, "test")
        rig.camera(role).start(frames.append)
        rig.advance(0)
        rig.advance(_FRAME_NS)
    finally:
        rig.close()
    thing = rig.world.objects[TASKS.get(task).info.starts.object]
    info = camera_info(role)
    X_CO = info.pose(rig.world.X_WE).inverse() @ rig.world.X_WO(thing.name)
    uv, _ = info.pinhole.project(X_CO @ thing.points_O())
    return _Scene(frames[-1].rgb, dict(zip(thing.points, uv, strict=True)), thing.turns_alike)


def _heatmaps(
    point: str, looks: Sequence[Look], source: _Scene, targets: Sequence[_Scene], images: Sequence[DescriptorImage]
) -> tuple[list[Picture], list[Matched]]:
    uv = source.points[point]
    descriptor = images[0].at(uv[None])[0]
    tiles, matches = [asked(source.rgb, uv, _RETICLE_PX)], []
    for shown, target, image in zip(looks, targets, images[1:], strict=True):
        found, heat = match(image, descriptor)
        known = None if target.alike else target.points[point]
        tiles.append(answered(target.rgb, heat, found, known, _RETICLE_PX))
        apart = None if known is None else round(float(np.hypot(*(known - (found.u, found.v)))), 1)
        matches.append(Matched(point, shown.title, round(found.distance, 3), round(found.confidence, 3), apart))
    return tiles, matches


def _lines(
    ends: tuple[str, str], source: _Scene, targets: Sequence[_Scene], images: Sequence[DescriptorImage]
) -> list[Picture]:
    """Pixels on a line of the source, and where each is found: how a movement here stretches there."""
    first, last = (source.points[end] for end in ends)
    line = first + np.linspace(0.0, 1.0, _DOTS)[:, None] * (last - first)
    descriptors = images[0].at(line)
    found = [
        dotted(target.rgb, best_matches(image, descriptors)) for target, image in zip(targets, images[1:], strict=True)
    ]
    return [dotted(source.rgb, line), *found]


def _small(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, _TILE, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _heading(titles: Sequence[str]) -> Picture:
    """A line with a title over each column."""
    heading = np.full((24, len(titles) * _TILE[0], 3), 255, dtype=np.uint8)
    for place, title in enumerate(titles):
        at = (place * _TILE[0] + 8, 17)
        cv2.putText(heading, title, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (60, 60, 60), 1, cv2.LINE_AA)
    return heading
