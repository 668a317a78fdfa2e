"""The job that trains a descriptor network: prepares views, trains, keeps the best model, judges it."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from core.clock import utc_ns
from core.correspondence.checkpoint import ModelDescription, save_model
from core.correspondence.empty_workspace import EmptyWorkspace
from core.correspondence.training import Progress, Request, Trainer
from core.correspondence.views import Preparation, ViewSet, prepare
from core.processes.channel import Channel
from core.processes.jobs import Ask, JobContext, JobEnded, read_specification, serve
from robot.correspondence.shape import IiwaShape
from robot.correspondence.specification import Specification

_LOG = logging.getLogger(__name__)
_ASKED = {Ask.PAUSE: Request.PAUSE, Ask.CANCEL: Request.CANCEL}


def main(channel: Channel) -> int:
    """Serve one training."""
    return serve(channel, train)


def train(context: JobContext) -> JobEnded:
    """Prepare, train, keep. The result holds the model's identifier and its metrics."""
    specification = read_specification(context.folder, Specification)
    views = _views(context, specification)
    _give_threads()
    trainer = Trainer(specification.config, views, context.folder, Path(specification.cache))
    context.stage(trainer.weights_origin)
    _LOG.info(trainer.weights_origin)

    def report(progress: Progress) -> None:
        context.progress(progress.fraction, progress.remaining_s, msgspec.to_builtins(progress))

    def asked() -> Request | None:
        wish = context.asked()
        return None if wish is None else _ASKED[wish]

    trained = trainer.train(report, asked)
    if trained.asked is Request.PAUSE:
        return JobEnded("paused", f"Paused after {trained.steps} steps; it can be resumed.")
    metrics = {} if trained.validation is None else msgspec.to_builtins(trained.validation)
    description = ModelDescription(
        id=specification.model,
        name=specification.name,
        created_utc_ns=utc_ns(),
        network=specification.config.network,
        training=specification.config,
        run=specification.run,
        dataset=specification.dataset,
        dataset_sha256=specification.dataset_sha256,
        weights_origin=trained.weights_origin,
        steps=trained.steps,
        metrics=metrics,
    )
    saved = save_model(Path(specification.models) / specification.model, trained.network, description)
    result = {
        "model": saved.id,
        "sha256": saved.sha256,
        "steps": trained.steps,
        "wall_s": trained.elapsed_s,
        "metrics": metrics,
        "left_out": views.index.left_out,
    }
    if trained.asked is Request.CANCEL:
        return JobEnded("cancelled", f"Cancelled after {trained.steps} steps; the best model so far is kept.", result)
    return JobEnded("done", trained.weights_origin, result)


def _views(context: JobContext, specification: Specification) -> ViewSet:
    preparation = Preparation(specification.config.network, specification.config.moments, specification.roles)
    capture = EmptyWorkspace.load(Path(specification.capture))

    def report(done: int, total: int) -> None:
        context.stage("Finding objects in the episodes", done, total)

    views = prepare(specification.episodes, preparation, capture, IiwaShape(), Path(specification.cache), report)
    for sentence in views.index.left_out:
        _LOG.warning(sentence)
    return views


def _give_threads() -> None:
    """Training has all cores; children start with one thread because most of them want no more."""
    import os

    import torch

    torch.set_num_threads(max(1, len(os.sched_getaffinity(0))))
