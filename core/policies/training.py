"""Training a policy on demonstrations: steps, validation on held-out episodes, checkpoints that resume bit for bit.

Behavioural cloning (paper, sections III-B and IV). What draw ``k`` gives depends on the seed and on ``k`` alone, and a
checkpoint is taken between draws, so it needs no generator's state.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors import SafetensorError
from scipy.spatial.transform import Rotation
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.clock import NANOSECONDS, monotonic_ns
from core.errors import InputError
from core.geometry import Array
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
from core.policies.config import PolicyConfig
from core.policies.demonstrations import Demonstration
from core.policies.lessons import Batch, Lessons
from core.policies.model import PolicyModel, State
from core.policies.networks import NETWORKS
from core.processes.jobs import CHECKPOINT_STATE, Ask
from core.representations.representation import Setup

CHECKPOINT, BEST = "checkpoint.safetensors", "best.safetensors"
_REPORT_EVERY_S = 1.0
_SMOOTHING = 0.98
_MOST_FOR_STATISTICS = 2048


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a training is. ``loss`` is smoothed over some fifty steps; ``success``: share of ``rollouts`` that
    succeeded, of the newest weights that were tried."""

    step: int
    fraction: float
    elapsed_s: float
    remaining_s: float
    loss: float
    learning_rate: float
    step_ms: float
    validation_loss: float | None = None
    success: float | None = None
    rollouts: int | None = None


class _State(msgspec.Struct, kw_only=True):
    """The numbers of a checkpoint; its tensors are in the file beside it."""

    step: int = 0
    draw: int = 0
    elapsed_s: float = 0.0
    validated: int = 0
    loss: float | None = None
    best: float | None = None
    best_step: int = 0
    worse: int = 0
    config: PolicyConfig = PolicyConfig()


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training: the model that acts, the one that was best on held-out episodes, and the figures."""

    model: PolicyModel
    best: PolicyModel | None
    steps: int
    elapsed_s: float
    step_ms: float
    loss: float | None
    validation_loss: float | None
    best_loss: float | None
    asked: Ask | None


class Trainer:
    """One training in a folder of its own; continues from the checkpoint there, if there is one.

    In order: look at ``fresh`` (whether the representation must still ``begin``), ``learn_from``, ``train``.
    """

    def __init__(self, config: PolicyConfig, setup: Setup, folder: Path, device: str = "") -> None:
        self.config = config
        self._folder = folder
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(config.seed)
        self.model = PolicyModel(config, setup).to(self.device)
        self._remembers = bool(NETWORKS.get(config.network.kind).info.remembers)
        self._state = _State(config=config)
        self._tensors: dict[str, torch.Tensor] = {}
        self._load()

    @property
    def fresh(self) -> bool:
        """Whether nothing was learned yet."""
        return not self._tensors

    def learn_from(self, demonstrations: Sequence[Demonstration]) -> None:
        """The demonstrations, with looks by this trainer's own representation. InputError when they are too few."""
        if len(demonstrations) < 2:
            raise InputError("A policy needs at least two episodes, one of them to be judged on; record more.")
        train, held_out = split(demonstrations, self.config.validation_fraction, self.config.seed)
        if self.fresh:
            self.model.R_start.copy_(torch.from_numpy(starting_rotation(demonstrations)))
        R_start = self.model.start_rotation()
        self._lessons = Lessons(train, self.config, R_start, self.device)
        self._held_out = Lessons(held_out, self.config, R_start, self.device) if held_out else None
        if self.fresh:
            self._standardise()
        parameters = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self._optimizer = torch.optim.RMSprop(parameters, lr=self.config.learning_rate, alpha=0.9)
        self._average = None
        if self.config.ema:
            averaging = get_ema_multi_avg_fn(self.config.ema)  # type: ignore[no-untyped-call]
            self._average = AveragedModel(self.model, multi_avg_fn=averaging, use_buffers=True)
        if self.fresh:
            self._save()
        else:
            self._resume()

    def train(
        self,
        report: Callable[[Progress], None] = lambda progress: None,
        asked: Callable[[], Ask | None] = lambda: None,
        milestone: Callable[[int, PolicyModel], tuple[float, int] | None] = lambda tenth, model: None,
    ) -> Trained:
        """Train until the steps are over, or until asked to end. A checkpoint stays behind.

        The last step is always judged and reported. ``milestone`` is called after every draw with the tenth of the
        training that is done and the model that acts; it returns success and number of the newest rollouts that are
        known.
        """
        began_ns, before_s, reported_s = monotonic_ns(), self._state.elapsed_s, -np.inf
        validation: float | None = None
        tried: tuple[float, int] | None = None
        request, due = asked(), False
        while request is None and not self._over():
            torch.manual_seed(int(np.random.SeedSequence((self.config.seed, self._state.draw, 1)).generate_state(1)[0]))
            self._draw()
            self._state.elapsed_s = before_s + (monotonic_ns() - began_ns) / NANOSECONDS
            due = self._over() or self._validation_is_due()
            validation = self._validate() if due else validation
            tried = milestone(int(10 * self._fraction()), self.acting)
            if due or self._state.elapsed_s - reported_s > _REPORT_EVERY_S:
                reported_s = self._state.elapsed_s
                report(self._progress(validation if due else None, tried))
            request = asked()
        if request is not Ask.PAUSE and self._state.step and not due:
            validation = self._validate()
            report(self._progress(validation, tried))
        self._save()
        return self._trained(validation, request)

    def seeing_figures(self) -> dict[str, float]:
        """What there is to measure of how the representation sees the demonstrations, means by name."""
        found: dict[str, list[float]] = {}
        with torch.inference_mode():
            for looks in self._lessons.looks(_MOST_FOR_STATISTICS // 8):
                flat = {name: values.flatten(0, 1) for name, values in looks.items()}
                for name, value in self.acting.representation.figures(flat).items():
                    found.setdefault(name, []).append(value)
        return {name: float(np.mean(values)) for name, values in found.items()}

    @property
    def acting(self) -> PolicyModel:
        """The model whose weights act: the moving average where there is one."""
        averaged: PolicyModel = self.model if self._average is None else self._average.module  # type: ignore[assignment]
        return averaged

    # Steps ----------------------------------------------------------------------------------------------------------
    def _draw(self) -> None:
        """The steps of one draw."""
        rng = np.random.default_rng((self.config.seed, self._state.draw))
        self.model.train()
        state: State = ()
        for batch in self._batches(self._lessons, rng):
            state = self._step(batch, () if batch.begins else state)
            if self._fraction() >= 1.0:
                break
        self._state.draw += 1

    def _batches(self, lessons: Lessons, rng: np.random.Generator) -> Iterator[Batch]:
        return lessons.episodes(rng) if self._remembers else lessons.moments(rng)

    def _step(self, batch: Batch, state: State) -> State:
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate()
        outputs, state = self.model(batch.robot, batch.looks, state)
        loss = (self.model.head.loss(outputs, batch.actions) * batch.weight).sum() / batch.weight.sum()
        value = float(loss.detach())
        if not np.isfinite(value):
            raise InputError(
                f"The loss is not a number at step {self._state.step}; lower learning_rate and train again."
            )
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.config.largest_gradient:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.largest_gradient)
        self._optimizer.step()
        if self._average is not None:
            self._average.update_parameters(self.model)
        before = self._state.loss
        self._state.loss = value if before is None else _SMOOTHING * before + (1.0 - _SMOOTHING) * value
        self._state.step += 1
        return tuple(part.detach() for part in state)

    def _rate(self) -> float:
        config, step = self.config, self._state.step
        if config.decay_every:
            return float(config.learning_rate * config.decay ** (step // config.decay_every))
        return float(config.learning_rate * 0.5 ** (config.halvings * self._fraction()))

    def _fraction(self) -> float:
        return min(1.0, self._state.step / max(1, self.config.steps))

    def _over(self) -> bool:
        patience = self.config.stop_after
        return self._fraction() >= 1.0 or bool(patience and self._state.worse >= patience)

    # Judging --------------------------------------------------------------------------------------------------------
    def _validation_is_due(self) -> bool:
        return self._state.step // self.config.validate_every > self._state.validated // self.config.validate_every

    @torch.inference_mode()
    def _validate(self) -> float | None:
        """Mean loss on held-out episodes, without noise; the best weights so far are kept. Saves a checkpoint."""
        if self._held_out is None:
            return None
        model = self.acting.eval()
        total, weight, state = 0.0, 0.0, ()
        lessons = self._held_out
        for batch in lessons.all_episodes() if self._remembers else lessons.all_moments():
            outputs, state = model(batch.robot, batch.looks, () if batch.begins else state)
            total += float((model.head.loss(outputs, batch.actions) * batch.weight).sum())
            weight += float(batch.weight.sum())
        loss = total / weight
        if self._state.validated < self._state.step:
            self._note(loss, model)
        return loss

    def _note(self, loss: float, model: PolicyModel) -> None:
        state = self._state
        state.validated = state.step
        state.worse += 1
        if state.best is None or loss < state.best:
            state.best, state.best_step, state.worse = loss, state.step, 0
            save_tensors(self._folder / BEST, weights_of(model))
        self._save()

    def _standardise(self) -> None:
        robot, actions = self._lessons.robot_and_actions()
        with torch.inference_mode():
            z = [self.model.see(looks).flatten(0, 1) for looks in self._lessons.looks(_MOST_FOR_STATISTICS)]
        self.model.standardise(robot, z, actions, self.config)

    def _progress(self, validation: float | None, tried: tuple[float, int] | None) -> Progress:
        fraction, elapsed_s, step = self._fraction(), self._state.elapsed_s, self._state.step
        return Progress(
            step=step,
            fraction=fraction,
            elapsed_s=elapsed_s,
            remaining_s=elapsed_s * (1.0 - fraction) / max(fraction, 1e-6),
            loss=self._state.loss or 0.0,
            learning_rate=self._rate(),
            step_ms=1000.0 * elapsed_s / max(1, step),
            validation_loss=validation,
            success=None if tried is None else tried[0],
            rollouts=None if tried is None else tried[1],
        )

    def _trained(self, validation: float | None, request: Ask | None) -> Trained:
        state = self._state
        best = None
        if (self._folder / BEST).exists():
            best = copy.deepcopy(self.acting)
            best.load_state_dict(load_tensors(self._folder / BEST))
        return Trained(
            self.acting.eval(),
            best,
            state.step,
            state.elapsed_s,
            1000.0 * state.elapsed_s / max(1, state.step),
            state.loss,
            validation,
            state.best,
            request,
        )

    # Checkpoints ----------------------------------------------------------------------------------------------------
    def _save(self) -> None:
        """Weights, the optimizer's moments and where we are. Written aside and renamed, the numbers last."""
        tensors = named(weights_of(self.model), "model.") | named(optimizer_tensors(self._optimizer), "optimizer.")
        if self._average is not None:
            tensors |= named(weights_of(self._average), "average.")
        save_tensors(self._folder / CHECKPOINT, tensors)
        replace_file(self._folder / CHECKPOINT_STATE, msgspec.json.encode(self._state))

    def _load(self) -> None:
        """The checkpoint in our folder, if there is one. InputError when it is of another training."""
        path = self._folder / CHECKPOINT_STATE
        if not path.exists():
            return
        try:
            state = msgspec.json.decode(path.read_bytes(), type=_State)
            self._tensors = load_tensors(self._folder / CHECKPOINT)
            self.model.load_state_dict(under(self._tensors, "model."))
        except (msgspec.MsgspecError, SafetensorError, OSError, RuntimeError) as error:
            raise InputError(
                f"The checkpoint in {self._folder.name} cannot be resumed ({error}); start a new training."
            ) from None
        self._state = msgspec.structs.replace(state, config=self.config)

    def _resume(self) -> None:
        restore_optimizer(self._optimizer, under(self._tensors, "optimizer."))
        if self._average is not None:
            self._average.load_state_dict(under(self._tensors, "average."))


def split(
    demonstrations: Sequence[Demonstration], fraction: float, seed: int
) -> tuple[list[Demonstration], list[Demonstration]]:
    """Whole episodes to train on and to be judged on; at least one for each unless ``fraction`` is 0."""
    episodes = list(dict.fromkeys(each.episode for each in demonstrations))
    count = min(max(1, round(fraction * len(episodes))), len(episodes) - 1) if fraction else 0
    order = np.random.default_rng((seed, 2)).permutation(len(episodes))
    chosen = {episodes[k] for k in order[:count]}
    train = [each for each in demonstrations if each.episode not in chosen]
    return train, [each for each in demonstrations if each.episode in chosen]


def starting_rotation(demonstrations: Sequence[Demonstration]) -> Array:
    """The task's starting rotation ``(3, 3)``: the mean of the episodes' first ones."""
    return np.asarray(Rotation.from_matrix(np.stack([each.hand.R_WE[0] for each in demonstrations])).mean().as_matrix())
