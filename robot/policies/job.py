"""The job that trains a policy: looks at the demonstrations, trains, keeps the policy, tries it out when asked to."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import torch

from core.clock import utc_ns
from core.errors import EndedEarlyError
from core.platform import give_way
from core.policies.checkpoint import PolicyDescription, save_policy
from core.policies.config import Mode
from core.policies.demonstrations import Demonstration, Wanted, load
from core.policies.networks import NETWORKS
from core.policies.training import Progress, Trained, Trainer
from core.processes.channel import Channel
from core.processes.jobs import Ask, JobContext, JobEnded, read_specification, serve
from core.representations import REPRESENTATIONS
from core.representations.representation import Beginning, RepresentationInfo, Setup
from robot.policies.images import training_images
from robot.policies.rollouts import RolloutsBeside
from robot.policies.seeing import first_descriptors, setup_of
from robot.policies.specification import PolicySpecification

_LOG = logging.getLogger(__name__)
_SMALL_LOOK = 4096
"""Looks with fewer numbers than this are learnt from fastest on one core."""


def main(channel: Channel) -> int:
    """Serve one training. Control, cameras and the window come first."""
    give_way()
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0))))  # all cores; a child starts with one thread
    return serve(channel, train)


def train(context: JobContext) -> JobEnded:
    """Look, train, keep. The result holds the policy's identifier and its figures."""
    specification = read_specification(context.folder, PolicySpecification)
    config, setup = specification.config, setup_of(specification)
    trainer = Trainer(config, setup, context.folder)

    if trainer.fresh:
        trainer.model.representation.begin(_beginning(specification, setup, context.stage))
    demonstrations, left_out = _demonstrations(specification, setup, trainer, context.stage)
    if _numbers(demonstrations[0]) < _SMALL_LOOK:
        torch.set_num_threads(1)
    trainer.learn_from(demonstrations)
    rate_hz = config.rate_hz or min(each.rate_hz for each in demonstrations)
    description = _description(specification, setup, rate_hz)
    with RolloutsBeside(context.folder, description, config.rollouts) as rollouts:

        def report(progress: Progress) -> None:
            context.progress(progress.fraction, progress.remaining_s, msgspec.to_builtins(progress))

        trained = trainer.train(report, context.asked, rollouts.milestone)
        with suppress(EndedEarlyError):
            if trained.asked is None:
                rollouts.conclude(trained.model, context.stage)
        tried = rollouts.newest
    figures = trainer.seeing_figures()
    left_out = (*specification.left_out, *left_out)
    return _ended(specification, left_out, description, trained, figures, tried)


def _beginning(specification: PolicySpecification, setup: Setup, stage: Callable[[str, int, int], None]) -> Beginning:
    """What the representation may start from; only what it needs is looked for."""
    info: RepresentationInfo = REPRESENTATIONS.get(setup.name).info
    descriptors = None
    if info.descriptors and setup.mode is not Mode.PRETRAINED and setup.camera is not None:
        stage("Choosing descriptors", 0, 0)
        descriptors = first_descriptors(specification, setup.camera)
    images = None
    if info.images and setup.camera is not None:
        images = training_images(specification, setup.camera, stage)
    return Beginning(
        stage=stage,
        seed=specification.config.seed,
        descriptor_model=Path(specification.descriptor_model) if info.descriptors else None,
        descriptors=descriptors,
        autoencoder=specification.config.autoencoder,
        images=images,
        cache_dir=Path(specification.cache),
    )


def _demonstrations(
    specification: PolicySpecification, setup: Setup, trainer: Trainer, stage: Callable[[str, int, int], None]
) -> tuple[list[Demonstration], tuple[str, ...]]:
    config = specification.config
    remembers = NETWORKS.get(config.network.kind).info.remembers
    wanted = Wanted(
        role="" if setup.camera is None else setup.camera.role,
        rate_hz=0.0 if remembers else config.rate_hz,
        look_ahead_s=config.look_ahead_s,
        info=REPRESENTATIONS.get(setup.name).info,
    )
    representation = trainer.model.representation

    def looking(done: int, total: int) -> None:
        stage("Looking at the demonstrations", done, total)

    found, left_out = load(specification.episodes, wanted, representation, Path(specification.cache), looking)
    for sentence in left_out:
        _LOG.warning(sentence)
    return found, left_out


def _description(specification: PolicySpecification, setup: Setup, rate_hz: float) -> PolicyDescription:
    return PolicyDescription(
        id=specification.policy,
        name=specification.name,
        created_utc_ns=utc_ns(),
        network=specification.config.network,
        setup=setup,
        training=specification.config,
        rate_hz=rate_hz,
        task=specification.task,
        run=specification.run,
        dataset=specification.dataset,
        dataset_sha256=specification.dataset_sha256,
    )


def _ended(
    specification: PolicySpecification,
    left_out: tuple[str, ...],
    description: PolicyDescription,
    trained: Trained,
    figures: dict[str, float],
    tried: tuple[float, int] | None,
) -> JobEnded:
    """Save the policy, unless the training was paused."""
    if trained.asked is Ask.PAUSE:
        return JobEnded("paused", f"Paused after {trained.steps:,} steps; it can be resumed.")
    metrics: dict[str, Any] = {
        "steps": trained.steps,
        "wall_s": trained.elapsed_s,
        "train_loss": trained.loss,
        "validation_loss": trained.validation_loss,
        "best_loss": trained.best_loss,
        "step_ms": trained.step_ms,
        **figures,
        **({} if tried is None else {"success": tried[0], "rollouts": tried[1]}),
    }
    described = msgspec.structs.replace(description, steps=trained.steps, metrics=metrics)
    saved = save_policy(Path(specification.models) / specification.policy, trained.model, trained.best, described)
    result = {"policy": saved.id, "sha256": saved.sha256, **metrics, "left_out": left_out}
    if trained.asked is Ask.CANCEL:
        return JobEnded("cancelled", f"Ended after {trained.steps:,} steps; what it learned is kept.", result)
    return JobEnded("done", f"Trained for {trained.steps:,} steps.", result)


def _numbers(demonstration: Demonstration) -> int:
    """How many numbers a look is."""
    return sum(values[0].size for values in demonstration.looks.values())
