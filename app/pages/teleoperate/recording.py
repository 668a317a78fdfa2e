"""The course of a recording: countdown, record, save, label, next. Talks to the station and to the library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from app.messages import Messenger
from app.workers.library import LibraryWorker
from app.workers.station import StationWorker
from core.clock import utc_ns
from core.errors import InputError
from core.library.rows import EpisodeRow
from core.messages import CameraInfo, EpisodeMetadata, EpisodeSummary
from core.static_scenes import SCAN, scanning_cameras
from robot.station_messages import (
    Ready,
    RecordingFailed,
    RecordingFinished,
    RecordingStarted,
    ResetScene,
    Scan,
    SceneReset,
    StartRecording,
    StopRecording,
    Trouble,
    name_of,
)


class Phase(StrEnum):
    """Where a recording is."""

    IDLE = "idle"
    COUNTDOWN = "countdown"
    STARTING = "starting"
    RECORDING = "recording"
    SAVING = "saving"
    LABELLING = "labelling"


class After(StrEnum):
    """What to do with an episode as soon as it is saved."""

    ASK = "ask"
    KEEP = "keep"
    SUCCESS = "success"
    FAILURE = "failure"
    DISCARD = "discard"
    AGAIN = "again"


@dataclass(slots=True)
class Choices:
    """What the record bar holds."""

    task: str = "free"
    operator: str = ""
    countdown_s: int = 3
    reset_scene: bool = True
    distribution: str = "train"


@dataclass(slots=True)
class _Pending:
    metadata: EpisodeMetadata
    started: bool = False
    after: After = field(default=After.ASK)
    then_next: bool = False
    views: int = 0
    """About how many pictures of a scan; 0 for a demonstration."""


class RecordingFlow(QObject):
    """One episode after the other. Every deed can be undone; none asks first."""

    phaseChanged = Signal(object)
    countedDown = Signal(int)
    episodeLabelled = Signal(object)
    episodeSaved = Signal(object)
    episodeBack = Signal(object, str)
    intended = Signal(object, bool)
    """While an episode is being saved: what will become of it, and whether the next one follows."""

    def __init__(
        self,
        station: StationWorker,
        library: LibraryWorker,
        messenger: Messenger,
        seed: int,
        reveal: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._reveal = reveal
        self._station, self._library, self._messenger = station, library, messenger
        self.choices = Choices()
        self.phase = Phase.IDLE
        self.last: EpisodeSummary | None = None
        self._discarded: EpisodeSummary | None = None
        self.verdict: bool | None = None
        self._pending: _Pending | None = None
        self._episode = ""
        self._seed = seed
        self._scene_seed: int | None = None
        self._scene_distribution = "train"
        self._left_s = 0
        self._waiting_for_scene = False
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._count)
        station.recordingStarted.connect(self._started)
        station.recordingFinished.connect(self._finished)
        station.recordingFailed.connect(self._failed)
        station.readied.connect(self._readied)
        station.sceneReset.connect(self._scene_reset)
        station.exited.connect(self._station_exited)
        station.troubled.connect(self._refused)
        library.undone.connect(lambda words, ids: self._edited(ids))
        library.redone.connect(self._edited)

    # Deeds ----------------------------------------------------------------------------------------------------------
    def toggle(self) -> None:
        """Start, stop, or cut the countdown short."""
        if self.phase in (Phase.IDLE, Phase.LABELLING, Phase.COUNTDOWN):
            self.start()
        elif self.phase is Phase.RECORDING:
            self.stop(After.ASK)

    def start(self) -> None:
        """Begin at once."""
        if self._may_record():
            self._start(_Pending(self._metadata()), self._cameras())

    def scan(self, objects: tuple[str, ...], views: int) -> None:
        """Scan the scene as it lies there, with about so many pictures; it ends by itself and is kept."""
        if not self._may_record():
            return
        try:
            cameras = scanning_cameras(self._cameras())
        except InputError as error:
            self._messenger.complain(str(error), key="recording")
            return
        metadata = msgspec.structs.replace(self._metadata(), demonstrator=SCAN, tags=objects, objects=objects)
        self._start(_Pending(metadata, after=After.KEEP, views=views), cameras)

    def _start(self, pending: _Pending, cameras: Sequence[CameraInfo]) -> None:
        self._clock.stop()
        self._pending = pending
        self._enter(Phase.STARTING)
        self._library.begin(pending.metadata, cameras, self._begun, self._begin_failed)

    def _cameras(self) -> tuple[CameraInfo, ...]:
        return self._station.ready.cameras if self._station.ready is not None else ()

    def _metadata(self) -> EpisodeMetadata:
        """What is known of an episode that begins now."""
        ready = self._station.ready
        return EpisodeMetadata(
            id="",
            task=self.choices.task,
            created_utc_ns=utc_ns(),
            clock="wall",
            rig=ready.rig if ready is not None else "",
            operator=self.choices.operator,
            simulated=ready is not None and ready.simulated,
            seed=self._scene_seed,
            distribution=self._scene_distribution if self._scene_seed is not None else None,
        )

    @property
    def scanning(self) -> bool:
        """Whether what is being recorded is a scan."""
        return self._pending is not None and self._pending.views > 0

    def stop(self, after: After) -> None:
        """End the recording; ``after`` says what becomes of it."""
        if self.phase is not Phase.RECORDING or self._pending is None:
            return
        self._enter(Phase.SAVING)
        self._intend(After.KEEP if self.scanning and after is After.ASK else after)
        self._station.send(StopRecording())

    def again(self) -> None:
        """Discard the episode at hand and record it anew, without a countdown."""
        if self.phase in (Phase.RECORDING, Phase.SAVING):
            self._end(After.AGAIN)
        elif self.phase is Phase.LABELLING:
            self._trash()
            self._prepare(then_record=True)

    def judge(self, success: bool) -> None:
        """Say how it went; while recording, this also stops."""
        if self.phase in (Phase.RECORDING, Phase.SAVING):
            self._end(After.SUCCESS if success else After.FAILURE)
        elif self.phase is Phase.LABELLING and self.last is not None:
            self.verdict = success
            episode = self.last.id
            self._library.change(lambda library: library.episodes.label([episode], success=success), (episode,))
            self.episodeLabelled.emit(success)

    def note(self, words: str) -> None:
        """A note on the episode just recorded."""
        if self.last is not None:
            episode = self.last.id
            self._library.change(lambda library: library.episodes.label([episode], notes=words), (episode,))

    def discard(self) -> None:
        """Put the episode into the trash; while recording, this also stops."""
        if self.phase in (Phase.RECORDING, Phase.SAVING):
            self._end(After.DISCARD)
        elif self.phase is Phase.LABELLING:
            self._trash()
            self._enter(Phase.IDLE)
        elif self.phase is Phase.COUNTDOWN:
            self.cancel()

    def next(self) -> None:
        """Prepare the scene and count down to the next episode."""
        if self.phase in (Phase.IDLE, Phase.LABELLING):
            self._prepare(then_record=False)
        elif self.phase is Phase.COUNTDOWN:
            self.start()
        elif self.phase is Phase.SAVING and self._pending is not None:
            self._intend(self._pending.after, then_next=True)

    def cancel(self) -> None:
        """End the countdown without recording."""
        if self.phase is Phase.COUNTDOWN:
            self._clock.stop()
            self._waiting_for_scene = False
            self._enter(Phase.IDLE)

    def reset_scene(self) -> None:
        """Simulation: a new start from the task's distribution."""
        self._seed += 1
        self._station.send(ResetScene(self._seed, self.choices.distribution))

    @property
    def seconds_left(self) -> int:
        return self._left_s

    def _end(self, after: After) -> None:
        """Stop with that in mind; once the episode is being saved, change one's mind."""
        if self.phase is Phase.RECORDING:
            self.stop(after)
        elif self._pending is not None:
            self._intend(after, then_next=self._pending.then_next)

    def _intend(self, after: After, *, then_next: bool = False) -> None:
        if self._pending is not None:
            self._pending.after, self._pending.then_next = after, then_next
            self.intended.emit(after, then_next)

    # The way there --------------------------------------------------------------------------------------------------
    def _may_record(self) -> bool:
        """Whether an episode could be recorded now; says why not."""
        status = self._station.status
        if not self._station.running:
            self._messenger.say("The rig is not ready yet.", key="recording")
        elif status is not None and status.stop_reason is not None:
            self._messenger.say("The arm is stopped. Re-arm it first, then record.", key="recording")
        else:
            return True
        if self.phase is Phase.COUNTDOWN:
            self.cancel()
        return False

    def _prepare(self, *, then_record: bool) -> None:
        if not self._may_record():
            return
        self._left_s = 0 if then_record else self.choices.countdown_s
        simulated = self._station.ready is not None and self._station.ready.simulated
        self._waiting_for_scene = self.choices.reset_scene and simulated
        self._enter(Phase.COUNTDOWN)
        if self._waiting_for_scene:
            self.reset_scene()
        else:
            self._begin_counting()

    def _readied(self, ready: Ready) -> None:
        self._scene_seed, self._scene_distribution = ready.seed, "train"

    def _scene_reset(self, event: SceneReset) -> None:
        self._scene_seed, self._scene_distribution = event.seed, event.distribution
        if self._waiting_for_scene and self.phase is Phase.COUNTDOWN:
            self._waiting_for_scene = False
            self._begin_counting()

    def _begin_counting(self) -> None:
        self.countedDown.emit(self._left_s)
        if self._left_s <= 0:
            self.start()
        else:
            self._clock.start()

    def _count(self) -> None:
        self._left_s -= 1
        self.countedDown.emit(self._left_s)
        if self._left_s <= 0:
            self.start()

    def _begun(self, episode: str, path: str, bytes_per_second: float) -> None:
        if self._pending is None or self.phase is not Phase.STARTING:
            self._library.cancel(episode)
            return
        self._episode = episode
        self._pending.metadata = msgspec.structs.replace(self._pending.metadata, id=episode)
        start = StartRecording(path, self._pending.metadata, bytes_per_second=bytes_per_second)
        if not self._station.send(Scan(start, self._pending.views) if self.scanning else start):
            self._abort(episode)

    def _begin_failed(self, reason: str) -> None:
        self._pending = None
        self._enter(Phase.IDLE)
        self._messenger.complain(f"The recording did not start. {reason}", key="recording")

    def _started(self, event: RecordingStarted) -> None:
        if self._pending is not None and event.id == self._pending.metadata.id:
            self._pending.started = True
            self._discarded = None
            self._messenger.withdraw("recording")
            self._enter(Phase.RECORDING)

    def _finished(self, event: RecordingFinished) -> None:
        summary = event.summary
        if summary.id != self._episode:
            return
        pending, self._pending = self._pending, None
        after = pending.after if pending is not None else After.ASK
        if after is After.KEEP:
            self._kept(event)
            return
        if event.message:
            self._messenger.say(event.message, key="recording")
        self.last, self.verdict = summary, None
        self.episodeSaved.emit(summary)
        self._enter(Phase.LABELLING)
        if after in (After.SUCCESS, After.FAILURE):
            self.judge(after is After.SUCCESS)
        elif after in (After.DISCARD, After.AGAIN):
            self._trash()
            self._enter(Phase.IDLE)
            if after is After.AGAIN:
                self._prepare(then_record=True)
                return
        if pending is not None and pending.then_next:
            self.next()

    def _kept(self, event: RecordingFinished) -> None:
        """A scan is not judged; one without a picture is worth nothing."""
        summary = event.summary
        if summary.frames == 0:
            self.last = summary
            self._trash()
        else:
            words = event.message or f"The scan has {summary.frames} pictures."
            self._messenger.say(words, "Show", lambda: self._reveal(summary.id), key="recording")
        self._enter(Phase.IDLE)

    def _failed(self, event: RecordingFailed) -> None:
        """A start that was refused leaves no row behind."""
        pending = self._pending
        if event.id != self._episode:
            return
        if pending is not None and event.id == pending.metadata.id:
            if pending.started:
                self._pending = None
                self._enter(Phase.IDLE)
            else:
                self._abort(event.id)
        self._messenger.complain(event.message, key="recording")

    def _refused(self, trouble: Trouble) -> None:
        """Nothing waits for what was refused: a countdown for its scene, or saving for a recording that has ended."""
        if trouble.command == name_of(StopRecording) and self.phase is Phase.SAVING:
            self._pending = None
            self._enter(Phase.IDLE)
        if trouble.command == name_of(Scan) and self._pending is not None and self.phase is Phase.STARTING:
            self._abort(self._pending.metadata.id)
        if trouble.command == name_of(ResetScene) and self.phase is Phase.COUNTDOWN and self._waiting_for_scene:
            self.cancel()

    def _station_exited(self, reason: str) -> None:
        self._clock.stop()
        self._waiting_for_scene = False
        if self._pending is not None and self._pending.started:
            self._recover()
        self._pending = None
        self._enter(Phase.IDLE)

    def _recover(self) -> None:
        """The station died while recording: what reached the disk becomes an episode at once."""

        def recovered(episodes: tuple[str, ...]) -> None:
            if episodes:
                words = "What was recorded until then was saved as a recovered episode."
                self._messenger.say(words, "Show", lambda: self._reveal(episodes[0]), key="recording")

        self._library.recover(recovered)

    def _abort(self, episode: str) -> None:
        self._pending = None
        self._library.cancel(episode)
        self._enter(Phase.IDLE)

    def _trash(self) -> None:
        if self.last is None:
            return
        episode = self.last.id
        self._library.change(lambda library: library.episodes.trash([episode]), (episode,))
        self._messenger.say("The episode is in the trash.", "Undo", self._library.undo, key="discard")
        self._discarded, self.last = self.last, None

    def _edited(self, ids: tuple[str, ...]) -> None:
        """Undo and redo bring the discarded episode back, and discard or change the label of the one at hand."""
        summary = self.last if self.phase is Phase.LABELLING else self._discarded
        if summary is not None and summary.id in ids and self.phase in (Phase.IDLE, Phase.LABELLING):
            self._library.read(
                lambda library: library.episodes.get(summary.id), lambda row: self._show_again(summary, row)
            )

    def _show_again(self, summary: EpisodeSummary, row: EpisodeRow) -> None:
        if self.phase not in (Phase.IDLE, Phase.LABELLING):
            return
        if row.status == "trashed":
            self._discarded, self.last = summary, None
            self._enter(Phase.IDLE)
            return
        self.last, self._discarded, self.verdict = summary, None, row.success
        self._enter(Phase.LABELLING)
        self.episodeBack.emit(msgspec.structs.replace(summary, success=row.success), row.notes)

    def _enter(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = phase
            self.phaseChanged.emit(phase)
