"""The job that trains a descriptor network: prepares views and scans, trains, keeps the best model, judges it.

On several GPUs: ``torchrun --nproc-per-node N -m robot.correspondence.job RUN_FOLDER`` trains the run whose
specification lies in that folder; rank 0 writes what the one process writes otherwise.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import torch

from core.clock import utc_ns
from core.correspondence.checkpoint import ModelDescription, save_model
from core.correspondence.config import EpisodeSpan
from core.correspondence.empty_workspace import EmptyWorkspace
from core.correspondence.material import Material
from core.correspondence.scan_views import prepare_scans
from core.correspondence.training import Progress, Trained, Trainer
from core.correspondence.views import Preparation, ViewSet, prepare
from core.errors import InputError
from core.platform import give_way
from core.processes.channel import Channel
from core.processes.jobs import Ask, JobContext, JobEnded, JobStatus, read_specification, serve, write_status
from robot.correspondence.captures import fitting_capture
from robot.correspondence.shape import IiwaShape
from robot.correspondence.specification import Specification

_LOG = logging.getLogger(__name__)
Stage = Callable[[str, int, int], None]
_FINDING = "Finding objects in the episodes"
_CAPTURE = "capture"
"""File of a run's folder that names its capture of the empty workspace."""


def main(channel: Channel) -> int:
    """Serve one training. Control, cameras and the window come first."""
    give_way()
    return serve(channel, train)


def train(context: JobContext) -> JobEnded:
    """Prepare, train, keep. The result holds the model's identifier and its metrics."""
    specification = read_specification(context.folder, Specification)
    material, left_out = _material(context.folder, specification, context.stage)
    context.stage(material.summary)
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0))))  # all cores; a child starts with one thread
    trainer = Trainer(specification.config, material, context.folder, Path(specification.cache))
    context.stage(trainer.weights_origin)

    def report(progress: Progress) -> None:
        context.progress(progress.fraction, progress.remaining_s, msgspec.to_builtins(progress))

    return _ended(specification, left_out, trainer.train(report, context.asked))


def _ended(specification: Specification, left_out: tuple[str, ...], trained: Trained) -> JobEnded:
    """Save the model, unless the training was paused."""
    if trained.asked is Ask.PAUSE:
        return JobEnded("paused", f"Paused after {trained.steps:,} steps; it can be resumed.")
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
        "left_out": left_out,
    }
    if trained.asked is Ask.CANCEL:
        return JobEnded("cancelled", f"Ended after {trained.steps:,} steps; the best model so far is kept.", result)
    return JobEnded("done", trained.weights_origin, result)


def _material(folder: Path, specification: Specification, stage: Stage) -> tuple[Material, tuple[str, ...]]:
    """What the data set's episodes give to learn from, prepared now or before, and which gave nothing."""
    config, cache = specification.config, Path(specification.cache)
    scans = [span for span in specification.episodes if span.scan]
    shown = [span for span in specification.episodes if not span.scan]
    views = _views(folder, specification, shown, stage) if shown else None

    def fusing(scan: int, done: int, total: int) -> None:
        stage(f"Fusing scan {scan} of {len(scans)}", done, total)

    scenes, spoilt = prepare_scans(scans, config.network, IiwaShape(), cache, fusing)
    left_out = (*(views.index.left_out if views is not None else ()), *spoilt)
    for sentence in left_out:
        _LOG.warning(sentence)
    if views is None and not scenes:
        raise InputError(f"There is nothing to learn correspondence from: {left_out[0]}")
    return Material(config, views, scenes), left_out


def _views(folder: Path, specification: Specification, shown: list[EpisodeSpan], stage: Stage) -> ViewSet:
    """The demonstrations' views."""
    config = specification.config
    preparation = Preparation(config.network, config.moments, tuple(camera.role for camera in specification.cameras))
    capture, cache = _capture(folder, specification), Path(specification.cache)
    return prepare(shown, preparation, capture, IiwaShape(), cache, lambda done, total: stage(_FINDING, done, total))


def _capture(folder: Path, specification: Specification) -> EmptyWorkspace:
    """The newest capture that fits, the same one when a run goes on; a simulated rig makes one where there is none."""
    captures, chosen = Path(specification.captures), folder / _CAPTURE
    if chosen.exists():
        return EmptyWorkspace.load(captures / chosen.read_text().strip())
    found = fitting_capture(captures, specification.cameras, specification.rig, simulated=specification.simulated)
    chosen.write_text(found.info.id)
    return found


def train_as_rank(folder: Path) -> JobEnded:
    """One of several processes that torch's launcher has started; each has a GPU of its own, or a share of the CPU."""
    rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    device = f"cuda:{os.environ['LOCAL_RANK']}" if torch.cuda.is_available() else "cpu"
    torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        specification = read_specification(folder, Specification)
        if rank == 0:
            _material(folder, specification, lambda name, done, total: _LOG.info("%s: %d of %d", name, done, total))
        torch.distributed.barrier()
        material, left_out = _material(folder, specification, lambda name, done, total: None)
        cache = Path(specification.cache)
        trainer = Trainer(specification.config, material, folder, cache, device=device, rank=rank, ranks=ranks)
        trained = trainer.train()
        torch.distributed.barrier()
    finally:
        torch.distributed.destroy_process_group()
    ended = _ended(specification, left_out, trained) if rank == 0 else JobEnded("done")
    if rank == 0:
        write_status(folder, JobStatus(ended.status, ended.message, ended.result, utc_ns()))
    return ended


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    train_as_rank(Path(sys.argv[1]))
