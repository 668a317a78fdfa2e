"""The course of an attempt: load, reset, record, let the policy drive, take over, give back, judge. No widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from app.messages import Messenger
from app.pages.deploy.policies import PolicyLine
from app.workers.library import LibraryWorker
from app.workers.policy import PolicyWorker
from app.workers.station import StationWorker
from core.clock import utc_ns
from core.messages import Disturbance, EpisodeMetadata, Source
from robot.policies.runner_messages import Rested
from robot.station_messages import (
    GrantPolicy,
    LeaseGranted,
    LeaseLost,
    MarkDisturbance,
    PolicySpeed,
    RecordingFailed,
    RecordingFinished,
    RecordingStarted,
    ResetScene,
    SceneReset,
    StartRecording,
    Stopped,
    StopRecording,
    Trouble,
    name_of,
)

TEST, TRAIN = "test", "train"


class Phase(StrEnum):
    """Where an attempt is."""

    IDLE = "idle"
    LOADING = "loading"
    RESETTING = "resetting"
    PROMPT = "prompt"
    """A real scene is being set up by hand."""
    STARTING = "starting"
    GRANTING = "granting"
    DRIVING = "driving"
    TAKEN = "taken"
    """A hand has taken the arm, or nobody has it; the recording goes on."""
    SAVING = "saving"
    JUDGING = "judging"


RESTING = frozenset({Phase.IDLE, Phase.JUDGING})
PREPARING = frozenset({Phase.LOADING, Phase.RESETTING, Phase.PROMPT})
UNDER_WAY = frozenset({Phase.GRANTING, Phase.DRIVING, Phase.TAKEN})
"""It is recorded, and its end has not come."""


@dataclass(slots=True)
class Choices:
    """What the page holds. ``speed``: share of the speed limits; ``seed``: of the next start in simulation."""

    policy: PolicyLine | None = None
    speed: float = 1.0
    distribution: str = TEST
    scripted: bool = False
    seed: int = 0
    operator: str = ""


class AttemptFlow(QObject):
    """One attempt after the other. ``let_go`` releases what the hand holds, ``reveal`` shows an episode."""

    phaseChanged = Signal(object)
    attemptSaved = Signal(object)
    """The summary of an attempt that has ended."""

    def __init__(
        self,
        station: StationWorker,
        library: LibraryWorker,
        policy: PolicyWorker,
        messenger: Messenger,
        let_go: Callable[[], None],
        reveal: Callable[[str], None],
        load_scene: Callable[[], None],
    ) -> None:
        super().__init__()
        self._station, self._library, self._policy, self._messenger = station, library, policy, messenger
        self._let_go, self._reveal, self._load_scene = let_go, reveal, load_scene
        self.choices = Choices()
        self.phase = Phase.IDLE
        self.seed: int | None = None
        self._metadata: EpisodeMetadata | None = None
        self.lease = 0
        self._last = ""
        self._latched = self._started = self._then_next = self._lost_it = False
        station.sceneReset.connect(self._scene_reset)
        station.recordingStarted.connect(self._recording)
        station.recordingFinished.connect(self._finished)
        station.recordingFailed.connect(self._failed)
        station.leaseGranted.connect(self._granted)
        station.leaseLost.connect(self._lost)
        station.stopped.connect(self._stopped)
        station.rearmed.connect(lambda _: self._latch(False))
        station.readied.connect(lambda _: self._latch(False))
        station.troubled.connect(self._refused)
        station.exited.connect(lambda _: self._station_exited())
        station.taskLoaded.connect(lambda _: self._unload())
        policy.readied.connect(lambda _: self._prepare() if self.phase is Phase.LOADING else None)
        policy.rested.connect(self._rested)
        policy.failed.connect(self._policy_failed)

    # Deeds ----------------------------------------------------------------------------------------------------------
    def choose(self, policy: PolicyLine | None) -> None:
        """Deploy another policy; the one that is loaded is let go."""
        before, self.choices.policy = self.choices.policy, policy
        if before is None or policy is None or before.path != policy.path:
            self._unload()

    def _unload(self) -> None:
        self._cancel()
        self._policy.close()

    def toggle(self) -> None:
        """Begin an attempt, or end the one that runs."""
        if self.phase in RESTING:
            self.start()
        else:
            self.stop()

    def next(self) -> None:
        """What comes next: an attempt, the scene that is ready, or the arm back to the policy."""
        if self.phase in RESTING:
            self.start()
        elif self.phase is Phase.PROMPT:
            self._begin()
        elif self.phase is Phase.TAKEN:
            self.give_back()
        elif self.phase is Phase.SAVING:
            self._then_next = True

    def start(self) -> None:
        """Begin an attempt of the chosen policy."""
        policy, ready = self.choices.policy, self._station.ready
        if self.phase not in RESTING or policy is None or ready is None or not self._may_start():
            return
        self._then_next = False
        if self._policy.ready is not None:
            self._prepare()
        else:
            self._enter(Phase.LOADING)
            self._policy.open(Path(policy.path), ready)

    def stop(self, success: bool | None = None) -> None:
        """End the attempt; without a verdict it is aborted."""
        if self.phase in PREPARING:
            self._cancel()
        elif self.phase in UNDER_WAY:
            self._enter(Phase.SAVING)
            self._station.send(StopRecording(success))
            self._station.release_lease()
            self._let_go()
            self._policy.rest()

    def give_back(self) -> None:
        """The policy gets the arm again, from where it is now."""
        if self.phase is not Phase.TAKEN:
            return
        if self._policy.ready is None:
            words = "The policy's process has ended; end the attempt and start the next one."
            self._messenger.say(words, key="deploy")
            return
        self._let_go()
        self._station.release_lease()
        self._grant()

    def disturb(self) -> None:
        """A person disturbs the scene from now on, or no longer."""
        status = self._station.status
        if self.phase in UNDER_WAY and status is not None:
            self._station.send(MarkDisturbance(status.disturbance is not Disturbance.MANUAL))

    def set_speed(self, share: float) -> None:
        """Share of the speed limits that the policy may use."""
        self.choices.speed = share
        if self.phase is Phase.DRIVING:
            self._station.send(PolicySpeed(share))

    @property
    def other_task(self) -> str:
        """The task of the policy, where the scene of another one is loaded; else empty."""
        policy, ready = self.choices.policy, self._station.ready
        if policy is None or ready is None or ready.task is None or not policy.task:
            return ""
        return policy.task if policy.task != ready.task.name else ""

    def leave(self) -> None:
        """Nobody watches any more: what runs is ended."""
        if self.phase not in RESTING:
            self._messenger.say("The attempt was ended because you left its page.", key="deploy")
        self.stop()

    # The way there --------------------------------------------------------------------------------------------------
    def _may_start(self) -> bool:
        """Says why not. The newest status may be older than the end of the attempt before."""
        recording = None if self._station.status is None else self._station.status.recording
        if self._latched:
            self._messenger.say("The arm is stopped. Re-arm it first, then start.", key="deploy")
            return False
        if recording is not None and recording.id != self._last:
            self._messenger.say("An episode is being recorded. Stop the recording first.", key="deploy")
            return False
        if self.other_task:
            words = "The policy was shown another task than the one whose scene is loaded."
            self._messenger.say(words, "Load its scene", self._load_scene, key="deploy")
            return False
        return self._station.running

    def _prepare(self) -> None:
        """The scene first."""
        self._let_go()
        if self._station.ready is not None and self._station.ready.simulated:
            self._enter(Phase.RESETTING)
            self._station.send(ResetScene(self.choices.seed, self.choices.distribution))
        else:
            self._enter(Phase.PROMPT)

    def _scene_reset(self, event: SceneReset) -> None:
        asked = (self.choices.seed, self.choices.distribution)
        if self.phase is Phase.RESETTING and (event.seed, event.distribution) == asked:
            self._begin()

    def _begin(self) -> None:
        policy, ready = self.choices.policy, self._station.ready
        if policy is None or ready is None:
            self._cancel()
            return
        self.seed = self.choices.seed if ready.simulated else None
        self._metadata = EpisodeMetadata(
            id="",
            task=policy.task,
            created_utc_ns=utc_ns(),
            clock="wall",
            rig=ready.rig,
            demonstrator=Source.POLICY,
            operator=self.choices.operator,
            simulated=ready.simulated,
            seed=self.seed,
            distribution=self.choices.distribution if ready.simulated else None,
            policy=policy.id,
        )
        self._started = False
        self._enter(Phase.STARTING)
        self._library.begin(self._metadata, ready.cameras, self._begun, self._begin_failed)

    def _begun(self, episode: str, path: str, bytes_per_second: float) -> None:
        if self.phase is not Phase.STARTING or self._metadata is None:
            self._library.cancel(episode)
            return
        self._metadata = msgspec.structs.replace(self._metadata, id=episode)
        command = StartRecording(
            path, self._metadata, bytes_per_second=bytes_per_second, disturbances=self.choices.scripted
        )
        if not self._station.send(command):
            self._abandon()

    def _begin_failed(self, reason: str) -> None:
        self._metadata = None
        self._enter(Phase.IDLE)
        self._messenger.complain(f"The attempt did not start. {reason}", key="deploy")

    def _recording(self, event: RecordingStarted) -> None:
        if self._is_ours(event.id):
            self._started = True
            self._messenger.withdraw("deploy")
            self._grant()

    def _grant(self) -> None:
        policy, loaded = self.choices.policy, self._policy.ready
        if policy is not None and loaded is not None:
            self._enter(Phase.GRANTING)
            self.lease = self._station.give_to_policy(
                loaded.rate_hz, speed=self.choices.speed, tried=policy.tried, told=loaded.told
            )

    # What the station and the policy say ----------------------------------------------------------------------------
    def _granted(self, event: LeaseGranted) -> None:
        ours = event.source is Source.POLICY and event.lease == self.lease
        if ours and self.phase is Phase.GRANTING:
            self._policy.drive(event.lease)
            self._enter(Phase.DRIVING)
        elif event.source is Source.HAND and (self.phase in (Phase.GRANTING, Phase.DRIVING) or self._lost_it):
            self._lost_it = False
            self._enter(Phase.TAKEN)

    def _lost(self, event: LeaseLost) -> None:
        """The attempt is over, or a hand took it: the station tells next."""
        if event.lease == self.lease and self.phase is Phase.DRIVING:
            self._lost_it = True
            self._enter(Phase.SAVING)

    def _rested(self, event: Rested) -> None:
        if event.lease == self.lease and self.phase is Phase.DRIVING:
            self._enter(Phase.TAKEN)

    def _finished(self, event: RecordingFinished) -> None:
        if not self._is_ours(event.summary.id):
            return
        self._metadata, self._lost_it, self._last = None, False, event.summary.id
        self.choices.seed += 1
        self._station.release_lease()
        self._let_go()
        self._policy.rest()
        if event.message:
            self._messenger.say(event.message, key="deploy")
        self._enter(Phase.JUDGING)
        self.attemptSaved.emit(event.summary)
        if self._then_next:
            self.start()

    def _failed(self, event: RecordingFailed) -> None:
        if self._is_ours(event.id):
            if self._started:
                self._end_unsaved()
            else:
                self._abandon()
            self._messenger.complain(event.message, key="deploy")

    def _stopped(self, event: Stopped) -> None:
        """The station ends the attempt too."""
        self._latch(True)
        if self.phase in PREPARING:
            self._cancel()
        elif self.phase in UNDER_WAY:
            self._enter(Phase.SAVING)

    def _latch(self, stopped: bool) -> None:
        self._latched = stopped

    def _refused(self, trouble: Trouble) -> None:
        if trouble.command == name_of(ResetScene) and self.phase is Phase.RESETTING:
            self._cancel()
        elif trouble.command == name_of(GrantPolicy) and self.phase is Phase.GRANTING:
            self._enter(Phase.TAKEN)
        elif trouble.command == name_of(StopRecording) and self.phase is Phase.SAVING:
            self._end_unsaved()

    def _policy_failed(self, reason: str) -> None:
        """Before an attempt there is none; while it drives, the station stops the arm and closes the attempt."""
        self._messenger.complain(reason, key="policy")
        if self.phase is Phase.LOADING:
            self._cancel()

    def _station_exited(self) -> None:
        started = self._started and self._metadata is not None
        self._end_unsaved()
        self._policy.close()
        if started:
            self._library.recover(self._recovered)

    def _recovered(self, episodes: tuple[str, ...]) -> None:
        if episodes:
            words = "What was recorded of the attempt was saved as a recovered episode."
            self._messenger.say(words, "Show", lambda: self._reveal(episodes[0]), key="deploy")

    # Ends -----------------------------------------------------------------------------------------------------------
    def _cancel(self) -> None:
        """Nothing was recorded yet."""
        if self.phase in PREPARING:
            if self.phase is Phase.LOADING:
                self._policy.close()
            self._enter(Phase.IDLE)

    def _abandon(self) -> None:
        """The recording never began, so it leaves no row behind."""
        if self._metadata is not None:
            self._library.cancel(self._metadata.id)
        self._end_unsaved()

    def _end_unsaved(self) -> None:
        self._metadata = None
        self._policy.rest()
        self._enter(Phase.IDLE)

    def _is_ours(self, episode: str) -> bool:
        return self._metadata is not None and episode == self._metadata.id

    def _enter(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = phase
            self.phaseChanged.emit(phase)
