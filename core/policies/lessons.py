"""Batches of demonstrations to learn from, drawn so that draw ``k`` depends on the seed and on ``k`` alone.

A network that remembers nothing gets single moments of all episodes. One that remembers gets whole episodes, thinned to
its rate from a random first moment, padded, and cut into stretches that gradients flow through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import InputError
from core.geometry import Array
from core.policies.config import NO_NOISE, NoiseConfig, PolicyConfig
from core.policies.demonstrations import Demonstration, thinning
from core.policies.spaces import Hand, action, moving, observe, perturbed

_BATCHES_A_DRAW = 8
_MOST_JUDGED = 2048
_IN_MEMORY = 1024**3
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batch:
    """``robot: (N, T, 13)``, ``looks: (N, T, ...)``, ``actions: (N, T, 7)``, ``weight: (N, T)`` 0 where padded.

    ``begins``: the network's state is empty, else it is what the batch before left.
    """

    robot: Tensor
    looks: dict[str, Tensor]
    actions: Tensor
    weight: Tensor
    begins: bool = True


class Lessons:
    """Some demonstrations as one run of moments, and how to draw from them."""

    def __init__(
        self, demonstrations: Sequence[Demonstration], config: PolicyConfig, R_start: Array, device: str
    ) -> None:
        self._config, self._R_start, self._device = config, R_start, torch.device(device)
        self._hand = joined([each.hand for each in demonstrations])
        self._desired = joined([each.desired for each in demonstrations])
        self._looks = Looks([each.looks for each in demonstrations])
        lengths = [len(each) for each in demonstrations]
        self._first = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self._thinning = [thinning(each.rate_hz, config.rate_hz, each.episode) for each in demonstrations]
        self._kept: dict[tuple[int, int], Rows] = {}

    def __len__(self) -> int:
        return len(self._hand)

    def robot_and_actions(self) -> tuple[Array, Array]:
        """All moments with noise, as they are learnt from: o_robot ``(M, 13)`` and actions ``(M, 7)``.

        A hand that never turns does so by its noise: statistics without it would blow that noise up.
        """
        return self._lesson(np.arange(len(self)), self._config.noise, np.random.default_rng((self._config.seed, 3)))

    def looks(self, most: int) -> Iterator[dict[str, Tensor]]:
        """Looks at up to ``most`` moments, evenly over all, in batches ``(N, 1, ...)``."""
        for part in self._evenly(most, 64):
            yield self._seen(part[:, None])

    def _evenly(self, most: int, together: int) -> list[Rows]:
        """Up to ``most`` rows, evenly over all, in parts of about ``together``."""
        rows = np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).astype(np.int64))
        return np.array_split(rows, max(1, len(rows) // together))

    # Single moments -------------------------------------------------------------------------------------------------
    def moments(self, rng: np.random.Generator) -> Iterator[Batch]:
        """A few batches of moments with noise."""
        size = self._config.batch
        rows = rng.integers(len(self), size=_BATCHES_A_DRAW * size)
        robot, actions = self._lesson(rows, self._config.noise, rng)
        for k in range(_BATCHES_A_DRAW):
            part = slice(k * size, (k + 1) * size)
            yield self._batch(rows[part, None], robot[part, None], actions[part, None])

    def all_moments(self) -> Iterator[Batch]:
        """Moments without noise, for judging; evenly chosen where there are too many."""
        for part in self._evenly(_MOST_JUDGED, 32):
            robot, actions = self._lesson(part, NO_NOISE, np.random.default_rng(0))
            yield self._batch(part[:, None], robot[:, None], actions[:, None])

    # Whole episodes -------------------------------------------------------------------------------------------------
    def episodes(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Stretches of a few whole episodes with noise, in order."""
        chosen = rng.integers(len(self._first) - 1, size=self._config.batch)
        rows = [self._thinned(int(k), int(rng.integers(self._thinning[int(k)]))) for k in chosen]
        yield from self._stretches(rows, self._config.noise, rng)

    def all_episodes(self) -> Iterator[Batch]:
        """Stretches of all episodes without noise, for judging."""
        every = [self._thinned(k, 0) for k in range(len(self._first) - 1)]
        for first in range(0, len(every), self._config.batch):
            part = every[first : first + self._config.batch]
            yield from self._stretches(part, NO_NOISE, np.random.default_rng(0))

    def _thinned(self, episode: int, offset: int) -> Rows:
        """Rows of an episode at the policy's rate from that offset on, without the still ones if so asked for."""
        if (episode, offset) not in self._kept:
            rows = np.arange(self._first[episode], self._first[episode + 1], dtype=np.int64)
            rows = rows[min(offset, len(rows) - 1) :: self._thinning[episode]]
            self._kept[episode, offset] = rows[moving(self._hand[rows])] if self._config.skip_still else rows
        return self._kept[episode, offset]

    def _stretches(self, rows: Sequence[Rows], noise: NoiseConfig, rng: np.random.Generator) -> Iterator[Batch]:
        longest = max(map(len, rows))
        padded = np.stack([np.pad(each, (0, longest - len(each)), mode="edge") for each in rows])
        inside = np.arange(longest) < np.array([len(each) for each in rows])[:, None]
        robot, actions = self._lesson(padded.ravel(), noise, rng)
        robot, actions = robot.reshape(*padded.shape, -1), actions.reshape(*padded.shape, -1)
        for first in range(0, longest, self._config.truncate):
            part = slice(first, first + self._config.truncate)
            yield self._batch(padded[:, part], robot[:, part], actions[:, part], inside[:, part], begins=first == 0)

    # Both -----------------------------------------------------------------------------------------------------------
    def _lesson(self, rows: Rows, noise: NoiseConfig, rng: np.random.Generator) -> tuple[Array, Array]:
        """o_robot with noise, and the action from there to the setpoint, which stays where it is in W."""
        hand = self._hand[rows]
        hand = hand if noise == NO_NOISE else perturbed(hand, noise, rng)
        return observe(hand, self._R_start), action(hand, self._desired[rows])

    def _seen(self, rows: Rows) -> dict[str, Tensor]:
        return {name: values.to(self._device) for name, values in self._looks.at(rows).items()}

    def _batch(
        self, rows: Rows, robot: Array, actions: Array, inside: NDArray[np.bool_] | None = None, *, begins: bool = True
    ) -> Batch:
        weight = np.ones(rows.shape) if inside is None else inside
        return Batch(
            _floats(robot).to(self._device),
            self._seen(rows),
            _floats(actions).to(self._device),
            _floats(weight).to(self._device),
            begins,
        )


class Looks:
    """Looks at the moments of several episodes as one run; few are copied into memory, many stay on disk."""

    def __init__(self, episodes: Sequence[Mapping[str, NDArray[np.generic]]]) -> None:
        self._names = tuple(episodes[0])
        if any(tuple(each) != self._names for each in episodes):
            raise InputError(
                "The episodes were looked at in different ways; delete the library's cache and train again."
            )
        self._first = np.cumsum([0, *(len(each[self._names[0]]) for each in episodes)])
        total = sum(values.nbytes for each in episodes for values in each.values())
        self._episodes = episodes
        self._whole: dict[str, NDArray[np.generic]] | None = None
        if total <= _IN_MEMORY:
            self._whole = {name: np.concatenate([each[name] for each in episodes]) for name in self._names}

    def at(self, rows: Rows) -> dict[str, Tensor]:
        """Looks at rows ``(N, T)``, tensors ``(N, T, ...)`` by name."""
        if self._whole is not None:
            return {name: torch.from_numpy(values[rows]) for name, values in self._whole.items()}
        episodes = np.searchsorted(self._first, rows, side="right") - 1
        places = list(zip(episodes.ravel().tolist(), (rows - self._first[episodes]).ravel().tolist(), strict=True))
        found = {}
        for name in self._names:
            stacked = np.stack([self._episodes[episode][name][row] for episode, row in places])
            found[name] = torch.from_numpy(stacked.reshape(*rows.shape, *stacked.shape[1:]))
        return found


def joined(hands: Sequence[Hand]) -> Hand:
    """One run of several runs of hands."""
    parts = ([each.R_WE for each in hands], [each.p_WE for each in hands], [each.width_m for each in hands])
    return Hand(*(np.concatenate(part) for part in parts))


def _floats(values: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))
