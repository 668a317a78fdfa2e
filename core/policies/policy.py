"""A policy at work: an observation in, where the hand should go out. The same code live, in rollouts and in tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import NotANumberError
from core.geometry import SE3, Array
from core.policies.checkpoint import PolicyDescription, load_policy
from core.policies.model import PolicyModel, State
from core.policies.spaces import Hand, apply, observe
from core.representations import REPRESENTATIONS
from core.representations.representation import RepresentationInfo, View


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a policy wants the hand in ``after_s`` seconds.

    For showing: ``z`` that it acted on, ``marks``, where that lies (see ``Representation.marks``), and ``spreads``, how
    uncertain each is, pixels (see ``Representation.spreads``).
    """

    X_WE: SE3
    gripper_width_m: float
    after_s: float
    z: NDArray[np.float32]
    marks: Array
    spreads: Array


class Policy:
    """One policy that acts ``rate_hz`` times a second; ``reset`` begins an attempt."""

    def __init__(self, model: PolicyModel, description: PolicyDescription, device: str = "cpu") -> None:
        self.description = description
        self._model, self._device = model.eval(), torch.device(device)
        self._R_start = model.start_rotation()
        self._state: State = ()

    @staticmethod
    def load(folder: Path, device: str = "cpu", *, best: bool = False) -> Policy:
        """The policy of a folder; InputError when it is damaged."""
        return Policy(*load_policy(folder, device, best=best), device)

    @property
    def info(self) -> RepresentationInfo:
        """What it has to be shown."""
        info: RepresentationInfo = REPRESENTATIONS.get(self.description.setup.name).info
        return info

    @property
    def rate_hz(self) -> float:
        return self.description.rate_hz

    def reset(self) -> None:
        """An attempt begins: what was remembered is forgotten."""
        self._state = ()

    @torch.inference_mode()
    def act(self, X_WE: SE3, gripper_width_m: float, view: View) -> Wish:
        """What to do about the hand's measured pose and what is seen. NotANumberError when it does not know."""
        hand = Hand.of(X_WE.as_array()[None], np.array([gripper_width_m]))
        looks = self._look(view)
        z = self._model.see(looks)
        robot = torch.from_numpy(observe(hand, self._R_start).astype(np.float32)).to(self._device)[None]
        outputs, self._state = self._model.network(self._model.inputs(robot, z), self._state)
        action = self._model.head.act(outputs)[0].double().cpu().numpy()
        if not np.isfinite(action).all():
            raise NotANumberError(f"The policy '{self.description.name}' wants what is not a number; train it again.")
        desired = apply(hand, action)
        (pose,) = desired.poses()
        after_s = self.description.training.look_ahead_s
        seen = z[0, 0].float().cpu().numpy()
        marks = self._model.representation.marks(seen)
        spreads = self._model.representation.spreads({name: values[0] for name, values in looks.items()})
        return Wish(SE3.from_array(pose), float(desired.width_m[0]), after_s, seen, marks, spreads)

    @torch.inference_mode()
    def marks(self, view: View) -> Array:
        """Where z lies in what is seen: see ``Representation.marks``."""
        marks: Array = self._model.representation.marks(self._model.see(self._look(view))[0, 0].float().cpu().numpy())
        return marks

    def _look(self, view: View) -> dict[str, torch.Tensor]:
        """What is kept of one view, ``(1, 1, ...)`` by name."""
        looks = self._model.representation.look([view])
        return {name: torch.from_numpy(np.asarray(values)).to(self._device)[None] for name, values in looks.items()}
