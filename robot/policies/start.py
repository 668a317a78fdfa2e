"""Starting a policy training from the window or the command line: what it needs, and what is missing, in one place."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.errors import InputError
from core.library.episodes import new_id
from core.library.learning import spans
from core.library.library import Library
from core.library.models import DESCRIPTION, MODELS, ModelRow
from core.library.query import EpisodeFilter
from core.library.runs import RunRow
from core.policies.config import PolicyConfig
from core.policies.wants import wants
from core.processes.jobs import write_specification
from core.representations import REPRESENTATIONS
from core.representations.representation import RepresentationInfo
from robot.policies.demonstrated import demonstrated
from robot.policies.specification import PolicySpecification
from robot.rig import RigConfig


def begin(
    library: Library,
    rig: RigConfig,
    config: PolicyConfig,
    source: EpisodeFilter | str,
    name: str = "",
    *,
    failures: bool = False,
) -> RunRow:
    """A run with its specification in its folder, ready for ``JobChild``. InputError says what is missing.

    ``source``: the episodes that match, or those of a data set; what a preview keeps of them is frozen. ``failures``:
    demonstrations that failed are imitated too.
    """
    info: RepresentationInfo = REPRESENTATIONS.get(config.representation).info
    if config.steps <= 0:
        raise InputError("Nothing would be trained: steps must be more than 0.")
    if info.modes and config.mode not in info.modes:
        raise InputError(f"{info.name} has no mode '{config.mode}'; choose one of: {', '.join(info.modes)}.")
    if config.rollouts and not rig.simulated:
        raise InputError(f"Rollouts need the simulator, and the rig '{rig.name}' is real; train without them.")
    descriptors = descriptor_model(library, config) if info.descriptors else None
    config, found = demonstrated(library, config, source, failures=failures)
    dataset = library.datasets.chosen(source, wants(config, failures=failures))
    episodes = spans(library, dataset)
    name = name or f"{config.representation} {config.network.kind} on {dataset.name}"
    run = library.runs.begin("policy", dataset.id, msgspec.to_builtins(config), config.seed, name)
    specification = PolicySpecification(
        run=run.id,
        policy=new_id(),
        name=name,
        config=config,
        task=next(iter(found.tasks)),
        episodes=episodes,
        rig=rig.name,
        simulated=rig.simulated,
        captures=str(library.captures),
        cache=str(library.cache),
        models=str(library.root / MODELS),
        descriptor_model="" if descriptors is None else descriptors.path,
        left_out=tuple(f"{each.words}." for each in found.left_out),
        dataset=dataset.id,
        dataset_sha256=dataset.sha256,
    )
    write_specification(Path(run.path), specification)
    return run


def descriptor_model(library: Library, config: PolicyConfig) -> ModelRow:
    """The descriptor model of a configuration: the one it names, or the newest. InputError when there is none."""
    asked = config.descriptor_model
    found = library.models.descriptor(asked) if asked else _newest(library, config)
    if not (Path(found.path) / DESCRIPTION).exists():
        raise InputError(f"The files of the descriptor model '{found.name}' are gone; choose another or train one.")
    return found


def _newest(library: Library, config: PolicyConfig) -> ModelRow:
    newest = library.models.list("descriptor")
    if not newest:
        raise InputError(
            f"{config.representation} needs a descriptor model and the library has none; train one on the "
            "Correspondence page or with 'train correspondence'."
        )
    return newest[0]
