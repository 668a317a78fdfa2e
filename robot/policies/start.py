"""Starting a policy training from the window or the command line: what it needs, and what is missing, in one place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from core.correspondence.config import EpisodeSpan
from core.errors import InputError
from core.library.datasets import Dataset
from core.library.episodes import new_id
from core.library.learning import spans
from core.library.library import Library
from core.library.runs import MODELS, ModelRow, RunRow
from core.policies.config import PolicyConfig
from core.processes.jobs import write_specification
from core.representations import REPRESENTATIONS
from core.representations.representation import RepresentationInfo
from robot.policies.specification import PolicySpecification
from robot.rig import RigConfig


def begin(
    library: Library, rig: RigConfig, config: PolicyConfig, dataset: Dataset, name: str = "", *, failures: bool = False
) -> RunRow:
    """A run with its specification in its folder, ready for ``JobChild``. InputError says what is missing.

    ``failures``: demonstrations that failed are imitated too.
    """
    info: RepresentationInfo = REPRESENTATIONS.get(config.representation).info
    if config.steps <= 0:
        raise InputError("Nothing would be trained: steps must be more than 0.")
    if info.modes and config.mode not in info.modes:
        raise InputError(f"{info.name} has no mode '{config.mode}'; choose one of: {', '.join(info.modes)}.")
    if config.rollouts and not rig.simulated:
        raise InputError(f"Rollouts need the simulator, and the rig '{rig.name}' is real; train without them.")
    descriptors = descriptor_model(library, config) if info.descriptors else None
    task, episodes, left_out = _episodes(library, dataset, failures)
    name = name or f"{config.representation} {config.network.kind} on {dataset.name}"
    run = library.runs.begin("policy", dataset.id, msgspec.to_builtins(config), config.seed, name)
    specification = PolicySpecification(
        run=run.id,
        policy=new_id(),
        name=name,
        config=config,
        task=task,
        episodes=episodes,
        rig=rig.name,
        simulated=rig.simulated,
        captures=str(library.captures),
        cache=str(library.cache),
        models=str(library.root / MODELS),
        descriptor_model="" if descriptors is None else descriptors.path,
        left_out=left_out,
        dataset=dataset.id,
        dataset_sha256=dataset.sha256,
    )
    write_specification(Path(run.path), specification)
    return run


def descriptor_model(library: Library, config: PolicyConfig) -> ModelRow:
    """The descriptor model of a configuration: the one it names, or the newest. InputError when there is none."""
    if config.descriptor_model:
        found = library.models.get(config.descriptor_model)
        if found.kind != "descriptor":
            raise InputError(f"The model '{found.name}' is a policy; choose a descriptor model.")
        return found
    newest = library.models.list("descriptor")
    if not newest:
        raise InputError(
            f"{config.representation} needs a descriptor model and the library has none; train one on the "
            "Correspondence page or with 'train correspondence'."
        )
    return newest[0]


def _episodes(
    library: Library, dataset: Dataset, failures: bool
) -> tuple[str, tuple[EpisodeSpan, ...], tuple[str, ...]]:
    """The task, its demonstrations, and sentences about what else is there. InputError when too few are left."""
    rows = {row.id: row for row in (library.episodes.get(member.id) for member in library.datasets.members(dataset.id))}
    every = spans(library, dataset)
    scans = [span for span in every if span.scan]
    shown = [span for span in every if not span.scan]
    used = tuple(span for span in shown if failures or rows[span.id].success is not False)
    failed = [span for span in shown if span not in used]
    left_out = [f"{len(scans)} scans were left out: they show no task."] if scans else []
    left_out += [f"{len(failed)} failed episodes were left out."] if failed else []
    if len(used) < 2:
        why = f" ({' '.join(left_out)})" if left_out else ""
        raise InputError(
            f"'{dataset.name}' holds {len(used)} demonstrations to learn from{why}; a policy needs at least two, one "
            "of them to be judged on."
        )
    tasks = Counter(rows[span.id].task for span in used)
    if len(tasks) > 1:
        named = ", ".join(f"{count} of {task}" for task, count in tasks.most_common())
        raise InputError(
            f"'{dataset.name}' mixes tasks ({named}), and a policy learns one; freeze one task's episodes."
        )
    return next(iter(tasks)), used, tuple(left_out)
