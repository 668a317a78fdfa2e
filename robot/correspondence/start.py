"""Starting a correspondence training from the window or the command line: what it needs, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.correspondence.config import EpisodeSpan, TrainingConfig
from core.episodes.reader import EpisodeReader
from core.errors import EpisodeFileError, InputError
from core.library.episodes import new_id
from core.library.learning import spans
from core.library.library import Library
from core.library.models import MODELS
from core.library.query import EpisodeFilter
from core.library.runs import RunRow
from core.messages import CameraInfo
from core.policies.wants import CORRESPONDENCE
from core.processes.jobs import write_specification
from robot.correspondence.specification import Specification
from robot.rig import RigConfig


def begin(
    library: Library, rig: RigConfig, config: TrainingConfig, source: EpisodeFilter | str, name: str = ""
) -> RunRow:
    """A run with its specification in its folder, ready for ``JobChild``. InputError says what is missing.

    ``source``: the episodes that match, or those of a data set; what a preview keeps of them is frozen.
    """
    dataset = library.datasets.chosen(source, CORRESPONDENCE)
    episodes = spans(library, dataset)
    shown = [span for span in episodes if not span.scan]
    cameras = _cameras(shown, library.cache) if shown else ()
    name = name or f"{config.preset} on {dataset.name}"
    run = library.runs.begin("correspondence", dataset.id, msgspec.to_builtins(config), config.seed, name)
    specification = Specification(
        run=run.id,
        model=new_id(),
        name=name,
        config=config,
        episodes=episodes,
        cameras=cameras,
        rig=rig.name,
        simulated=rig.simulated,
        captures=str(library.captures),
        cache=str(library.cache),
        models=str(library.root / MODELS),
        dataset=dataset.id,
        dataset_sha256=dataset.sha256,
    )
    write_specification(Path(run.path), specification)
    return run


def _cameras(episodes: Sequence[EpisodeSpan], cache_dir: Path) -> tuple[CameraInfo, ...]:
    """The fixed cameras with depth that the first readable episode was recorded with."""
    reason = "none can be read"
    for span in episodes:
        try:
            with EpisodeReader(Path(span.path), cache_dir) as reader:
                cameras = [camera for role, camera in reader.cameras.items() if reader.frame_count(role)]
                fixed = [camera for camera in cameras if camera.X_WC is not None]
                for camera in fixed:
                    camera.require_usable()
                deep = [camera for camera in fixed if reader.depth(camera.role, 0) is not None]
        except (EpisodeFileError, InputError) as error:
            reason = str(error).rstrip(".")
            continue
        if deep:
            return tuple(deep)
        reason = "no fixed camera recorded any images" if not fixed else "its fixed cameras recorded no depth"
    raise InputError(f"Correspondence needs images with depth from a fixed camera: {reason}.")
