"""What an experiment is made of: demonstrations, descriptors, a policy, trials. Each is named by its content.

Steps that are alike have the same key, whichever table asks for them, so that nothing is done twice.
"""

from __future__ import annotations

import hashlib

import msgspec

from core.attempts.workspace import signed_distance
from core.correspondence.config import TrainingConfig
from core.messages import Floats, TargetError
from core.policies.config import PolicyConfig

_FORMAT = 2
"""Counts up when a step comes to mean something else."""
FIRST_TRIAL = 900_000
"""Trials begin at seeds that no demonstration has."""


class Step(msgspec.Struct, frozen=True):
    """One piece of work. ``words`` is for a person."""

    @property
    def key(self) -> str:
        """The same for the same content: 16 hexadecimal digits."""
        content = (type(self).__name__, _FORMAT, msgspec.to_builtins(self))
        return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:16]

    @property
    def needs(self) -> tuple[Step, ...]:
        """What must be there before."""
        return ()

    @property
    def words(self) -> str:
        raise NotImplementedError


class Demonstrations(Step, frozen=True):
    """Episodes of the task's expert, with seeds from ``seed`` on; images ``rate_hz`` times a second."""

    task: str
    episodes: int
    cameras: tuple[str, ...]
    rate_hz: float
    seed: int = 0

    @property
    def words(self) -> str:
        return f"{self.episodes} demonstrations of {self.task}"


class Descriptors(Step, frozen=True):
    """A descriptor network, trained on demonstrations."""

    demonstrations: Demonstrations
    config: TrainingConfig

    @property
    def needs(self) -> tuple[Step, ...]:
        return (self.demonstrations,)

    @property
    def words(self) -> str:
        return f"descriptors from {self.demonstrations.words}"


class Policy(Step, frozen=True):
    """A policy, trained on demonstrations."""

    demonstrations: Demonstrations
    config: PolicyConfig
    descriptors: Descriptors | None = None

    @property
    def needs(self) -> tuple[Step, ...]:
        return (self.demonstrations,) if self.descriptors is None else (self.demonstrations, self.descriptors)

    @property
    def words(self) -> str:
        return f"{self.config.representation} {self.config.network.kind} from {self.demonstrations.words}"


class Trials(Step, frozen=True):
    """Attempts of a policy at unseen starts of the test distribution, disturbances on where the task has them."""

    policy: Policy
    count: int
    visuals: tuple[str, ...] = ()
    seed: int = FIRST_TRIAL

    @property
    def needs(self) -> tuple[Step, ...]:
        return (self.policy,)

    @property
    def words(self) -> str:
        shown = f" under {', '.join(self.visuals)}" if self.visuals else ""
        return f"{self.count} trials{shown} of {self.policy.words}"


class Look(msgspec.Struct, frozen=True):
    """A scene that a model is asked about: unseen, and shown with these visual variations."""

    title: str
    visuals: tuple[str, ...] = ()


class Asked(Step, frozen=True):
    """Where a model sees in other scenes what lies in one: heatmaps of named ``points`` of the task's object, and
    ``lines`` between two of them, pixel by pixel."""

    descriptors: Descriptors
    looks: tuple[Look, ...]
    points: tuple[str, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()

    @property
    def needs(self) -> tuple[Step, ...]:
        return (self.descriptors,)

    @property
    def words(self) -> str:
        return f"a picture of matches by {self.descriptors.words}"


class Matched(msgspec.Struct, frozen=True):
    """A best match. ``apart_px``: from the right pixel of a 640x480 image, None where nobody knows it."""

    point: str
    look: str
    distance: float
    confidence: float
    apart_px: float | None


class Looked(msgspec.Struct, frozen=True):
    """What came of a question: ``picture`` is its file."""

    picture: str
    matches: tuple[Matched, ...]


class Trial(msgspec.Struct, frozen=True):
    """How one attempt ended. ``success`` None: it was ended by something that is not the policy's fault.

    ``in_view``: the policy's camera saw the object whole throughout; ``start``: x, y (m) and heading (degrees) of the
    object, None where the task does not say what begins where; ``error``: how far from its target it ended.
    """

    seed: int
    success: bool | None
    duration_s: float
    stop_reason: str | None
    in_view: bool
    start: Floats | None
    error: TargetError

    @property
    def by_script(self) -> bool:
        """Success by the authors' script: at the end position / 1 cm + angle / 5 degrees is at most 1.2."""
        return self.success is not None and signed_distance(self.error) >= 0.0


class Tried(msgspec.Struct, frozen=True):
    """What came of trials. ``training``: where the demonstrations began that the policy has learned from."""

    trials: tuple[Trial, ...]
    training: tuple[Floats, ...]


def in_order(wanted: tuple[Step, ...]) -> list[Step]:
    """All steps that these need, each once, what is needed before what needs it."""
    found: dict[str, Step] = {}

    def visit(step: Step) -> None:
        for needed in step.needs:
            visit(needed)
        found.setdefault(step.key, step)

    for step in wanted:
        visit(step)
    return list(found.values())
