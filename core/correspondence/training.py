"""Training a descriptor network on prepared images: steps, validation, checkpoints that resume bit for bit.

What step ``k`` draws depends on the seed and on ``k`` alone, so a checkpoint needs no generator's state. Given a number
of steps, the learning rate follows the step; given minutes, it follows the time spent, which a checkpoint keeps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from core.clock import NANOSECONDS, monotonic_ns
from core.correspondence.config import TrainingConfig
from core.correspondence.crops import Crop, Pair
from core.correspondence.losses import LOSSES
from core.correspondence.losses.batch import MatchBatch
from core.correspondence.material import Material
from core.correspondence.network import DescriptorNetwork, load_imagenet
from core.correspondence.validation import Validation
from core.errors import InputError
from core.learning.tensors import (
    load_tensors,
    named,
    optimizer_tensors,
    restore_optimizer,
    save_tensors,
    under,
    weights_of,
)
from core.platform import replace_file
from core.processes.jobs import CHECKPOINT_STATE, Ask

CHECKPOINT = "checkpoint.safetensors"
BEST = "best.safetensors"
Batch = tuple[Tensor, dict[str, Tensor], bool]
"""Images of all first and then all second crops, what is known of them, and whether their pixels match."""
_WARM_UP_STEPS = 30
_FINAL_RATE = 0.02
_LARGEST_GRADIENT = 5.0
_REPORT_EVERY_S = 1.0


_WISHES: tuple[Ask | None, ...] = (None, *Ask)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a training is. ``remaining_s`` is an estimate; ``parts`` are the loss's terms."""

    step: int
    fraction: float
    elapsed_s: float
    remaining_s: float
    loss: float
    parts: dict[str, float]
    learning_rate: float
    pck: dict[str, float] | None = None
    median_px: float | None = None
    snapshot: str | None = None


class _State(msgspec.Struct, kw_only=True):
    """The numbers of a checkpoint; its tensors are in the file beside it."""

    step: int = 0
    elapsed_s: float = 0.0
    validated_s: float = 0.0
    best: float | None = None
    config: TrainingConfig = TrainingConfig()
    weights_origin: str = ""


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training. ``asked``: what ended it early, if anything did."""

    network: DescriptorNetwork
    steps: int
    elapsed_s: float
    validation: Validation | None
    weights_origin: str
    asked: Ask | None


class Trainer:
    """One training in a folder of its own; continues from the checkpoint there, if there is one."""

    def __init__(
        self,
        config: TrainingConfig,
        material: Material,
        folder: Path,
        cache_dir: Path,
        *,
        device: str = "",
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self.config = config
        self._folder = folder
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._rank, self._ranks = rank, ranks
        torch.manual_seed(config.seed)
        self.network = DescriptorNetwork(config.network)
        self._state = _State(config=config)
        self._material = material
        self._loss = LOSSES.get(config.loss).build(config)
        if not (folder / CHECKPOINT_STATE).exists():
            self._state.weights_origin = load_imagenet(self.network, config.weights, cache_dir)
        self.network.to(self._device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimizer = _optimizer(self.network, config)
        self._rates = [float(group["lr"]) for group in self._optimizer.param_groups]
        self._resume()
        self._module = self._prepared_module()

    @property
    def weights_origin(self) -> str:
        """Where the backbone's first weights came from, in a sentence."""
        return self._state.weights_origin

    def train(
        self,
        report: Callable[[Progress], None] = lambda progress: None,
        asked: Callable[[], Ask | None] = lambda: None,
    ) -> Trained:
        """Train until the steps or the minutes are over, or until asked to end. A checkpoint stays behind."""
        began_ns, before_s = monotonic_ns(), self._state.elapsed_s
        reported_s = -math.inf
        request: Ask | None = None
        validation: Validation | None = None
        with self._batches() as batches:
            while True:
                request = self._agreed(asked())
                if request is not None or self._fraction() >= 1.0:
                    break
                loss, parts = self._step(next(batches))
                self._state.step += 1
                self._state.elapsed_s = before_s + (monotonic_ns() - began_ns) / NANOSECONDS
                if self._validation_is_due():
                    validation = self._validate()
                    report(self._progress(loss, parts, validation))
                elif self._state.elapsed_s - reported_s > _REPORT_EVERY_S or self._fraction() >= 1.0:
                    reported_s = self._state.elapsed_s
                    report(self._progress(loss, parts, None))
        if request is not Ask.PAUSE and self._rank == 0:
            validation = self._finish()
        self._save_checkpoint()
        return Trained(
            self.network, self._state.step, self._state.elapsed_s, validation, self._state.weights_origin, request
        )

    def _agreed(self, request: Ask | None) -> Ask | None:
        """What all ranks go by: the wish that rank 0 heard and the time that it has spent."""
        if self._ranks == 1:
            return request
        code = _WISHES.index(request) if self._rank == 0 else 0
        told = torch.tensor([self._state.elapsed_s, float(code)], dtype=torch.float64, device=self._device)
        torch.distributed.broadcast(told, src=0)
        self._state.elapsed_s = float(told[0])
        return _WISHES[int(told[1])]

    # One step -------------------------------------------------------------------------------------------------------
    def _step(self, batch: Batch) -> tuple[float, dict[str, float]]:
        """Forward, loss, backward, update."""
        images, known, matching = batch
        rate = self._rate()
        for group, base in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = base * rate
        torch.manual_seed(_seed_of(self.config.seed, self._state.step, self._rank))
        self._train_mode()
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self.config.mixed_precision):
            descriptors = self._module(images)
        a, b = descriptors.float().chunk(2)
        judge = self._loss if matching else self._loss.apart
        loss, parts = judge(MatchBatch(a, b, stride=self.network.stride, **known))
        if not torch.isfinite(loss):
            raise InputError(
                f"The loss is not a number at step {self._state.step}; lower learning_rate and train again."
            )
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _LARGEST_GRADIENT)
        self._optimizer.step()
        return float(loss.detach()), parts

    def _train_mode(self) -> None:
        """Batches are too small for batch statistics: the backbone keeps those of ImageNet."""
        self.network.train()
        self.network.backbone.eval()

    def _fraction(self) -> float:
        """How much of the training is done, in [0, 1]."""
        if self.config.minutes > 0:
            return min(1.0, self._state.elapsed_s / (60.0 * self.config.minutes))
        return min(1.0, self._state.step / max(1, self.config.steps))

    def _rate(self) -> float:
        """Share of the learning rate at this step: a warm-up, then a cosine."""
        warm = min(1.0, (self._state.step + 1) / _WARM_UP_STEPS)
        cosine = 0.5 * (1.0 + math.cos(math.pi * self._fraction()))
        return warm * (_FINAL_RATE + (1.0 - _FINAL_RATE) * cosine)

    @contextmanager
    def _batches(self) -> Iterator[Iterator[Batch]]:
        """Batches of the next steps, the one after next drawn while a step runs."""
        with ThreadPoolExecutor(max_workers=1) as pool:

            def endless() -> Iterator[Batch]:
                step = self._state.step
                waiting: Future[Batch] = pool.submit(self._draw, step)
                while True:
                    batch = waiting.result()
                    step += 1
                    waiting = pool.submit(self._draw, step)
                    yield batch

            yield endless()

    def _draw(self, step: int) -> Batch:
        rng = np.random.default_rng((self.config.seed, step, self._rank))
        pairs = self._material.draw(rng)
        images = np.stack([pair.a.rgb for pair in pairs] + [pair.b.rgb for pair in pairs])
        tensor = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        known = _known(pairs, self.config.matches, self.network.stride)
        device = self._device
        moved = {name: value.to(device) for name, value in known.items()}
        return tensor.to(device, non_blocking=True), moved, pairs[0].matching

    # Validation and checkpoints -------------------------------------------------------------------------------------
    def _validation_is_due(self) -> bool:
        """Whether it is time to judge; rank 0 does it for all."""
        return self._rank == 0 and self._state.elapsed_s - self._state.validated_s >= self.config.validate_every_s

    def _validate(self) -> Validation:
        """Judge the present weights; keep them when they are the best so far. Saves a checkpoint."""
        self.network.eval()
        name = f"snapshots/{self._state.step:07d}.jpg"
        validation = self._material.validator.validate(self.network, self._folder / name)
        self._state.validated_s = self._state.elapsed_s
        if self._state.best is None or validation.auc > self._state.best:
            self._state.best = validation.auc
            save_tensors(self._folder / BEST, weights_of(self.network))
        self._save_checkpoint()
        return validation

    def _finish(self) -> Validation | None:
        """The best weights of the training, judged once more at its end."""
        validation = self._validate()
        if self._state.best is not None and validation.auc < self._state.best:
            self.network.load_state_dict(load_tensors(self._folder / BEST))
            self.network.eval()
            validation = self._material.validator.validate(self.network, None)
        self.network.eval()
        return validation

    def _progress(self, loss: float, parts: dict[str, float], validation: Validation | None) -> Progress:
        fraction, elapsed_s = self._fraction(), self._state.elapsed_s
        remaining_s = elapsed_s * (1.0 - fraction) / max(fraction, 1e-6)
        return Progress(
            step=self._state.step,
            fraction=fraction,
            elapsed_s=elapsed_s,
            remaining_s=remaining_s,
            loss=loss,
            parts=parts,
            learning_rate=float(self._optimizer.param_groups[-1]["lr"]),
            pck=None if validation is None else validation.pck,
            median_px=None if validation is None else validation.median_px,
            snapshot=None if validation is None else validation.snapshot,
        )

    def _save_checkpoint(self) -> None:
        """Weights, the optimizer's moments and where we are. Written aside and renamed, the numbers last."""
        if self._rank:
            return
        tensors = named(weights_of(self.network), "network.")
        tensors |= named(optimizer_tensors(self._optimizer), "optimizer.")
        save_tensors(self._folder / CHECKPOINT, tensors)
        replace_file(self._folder / CHECKPOINT_STATE, msgspec.json.encode(self._state))

    def _resume(self) -> None:
        """Continue where the checkpoint in our folder ended. InputError when it is of another training."""
        path = self._folder / CHECKPOINT_STATE
        if not path.exists():
            return
        try:
            state = msgspec.json.decode(path.read_bytes(), type=_State)
            tensors = load_tensors(self._folder / CHECKPOINT)
            self.network.load_state_dict(under(tensors, "network."))
        except (msgspec.MsgspecError, SafetensorError, OSError, RuntimeError) as error:
            raise InputError(
                f"The checkpoint in {self._folder.name} cannot be resumed ({error}); start a new training."
            ) from None
        self._state = msgspec.structs.replace(state, config=self.config)
        restore_optimizer(self._optimizer, under(tensors, "optimizer."))

    def _prepared_module(self) -> Any:
        """The network as steps run it: distributed over ranks and compiled where that was asked for."""
        module: Any = self.network
        if self._ranks > 1:
            from torch.nn.parallel import DistributedDataParallel

            module = DistributedDataParallel(module)
        return torch.compile(module) if self.config.compile else module


def _optimizer(network: DescriptorNetwork, config: TrainingConfig) -> torch.optim.Optimizer:
    backbone = list(network.backbone.parameters())
    own = {id(parameter) for parameter in backbone}
    head = [parameter for parameter in network.parameters() if id(parameter) not in own]
    groups = [{"params": backbone, "lr": config.backbone_learning_rate}, {"params": head, "lr": config.learning_rate}]
    return torch.optim.AdamW(groups, weight_decay=config.weight_decay)


def _seed_of(seed: int, step: int, rank: int) -> int:
    return int(np.random.SeedSequence((seed, step, rank, 1)).generate_state(1)[0])


def _known(pairs: list[Pair], count: int, stride: int) -> dict[str, Tensor]:
    """All that a ``MatchBatch`` holds beside descriptors; matches padded to ``count``."""
    valid = torch.zeros(len(pairs), count, dtype=torch.bool)
    found: dict[str, Tensor] = {"valid": valid}
    for side in ("a", "b"):
        uv, depth = torch.zeros(len(pairs), count, 2), torch.zeros(len(pairs), count)
        crops: list[Crop] = [getattr(pair, side) for pair in pairs]
        for k, (pair, crop) in enumerate(zip(pairs, crops, strict=True)):
            pixels: NDArray[np.float32] = getattr(pair, f"uv_{side}")
            uv[k, : len(pixels)] = torch.from_numpy(pixels)
            u, v = np.rint(pixels).astype(np.int64).T
            depth[k, : len(pixels)] = torch.from_numpy(crop.depth[v, u])
            valid[k, : len(pixels)] = True
        middle = slice(stride // 2, None, stride)
        found[f"uv_{side}"], found[f"depth_{side}"] = uv, depth
        found[f"mask_{side}"] = torch.from_numpy(np.stack([crop.mask for crop in crops]))
        found[f"depth_map_{side}"] = torch.from_numpy(np.stack([crop.depth[middle, middle] for crop in crops]))
    return found
