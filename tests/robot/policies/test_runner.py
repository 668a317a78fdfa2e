"""A policy drives a real station from a process of its own: attempt, takeover, giving back, and what stops it."""

from __future__ import annotations

import itertools
import math
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from core.attempts.outcome import Outcome, outcome
from core.episodes.reader import EpisodeReader
from core.errors import InputError, StopReason
from core.geometry import SE3
from core.messages import ControlMode, EpisodeMetadata, EpisodeSummary, Source
from core.processes.shared_memory import Bus, Session
from robot import station_messages as messages
from robot.policies.runner import require_able
from robot.policies.runner_client import RunnerClient
from robot.policies.runner_messages import OpenRunner, PolicyInsight, Rested, RunnerReady, RunnerTrouble
from robot.rig import WatchdogConfig
from robot.simulation.tasks import TASKS
from tests.robot.policies.still import POLICY, policy
from tests.robot.test_station import Person
from tests.waiting import wait_for

EPISODE = "01JA000000000000000000TEST"


class Deployer(Person):
    """A person who lets a policy drive."""

    def __init__(self, rig: Path, session: Session) -> None:
        super().__init__(rig, session, task="reach_t")
        self.runner: RunnerClient | None = None
        self.told: list[Any] = []
        self.insight: PolicyInsight | None = None

    def load(self, folder: Path) -> RunnerReady:
        ready = self.seen_ready
        self.runner = RunnerClient(
            self.client.session, self.client.bus, folder, ready, WatchdogConfig(), self.told.append
        )
        assert self.until(lambda: self.told)
        (event,) = self.told
        assert isinstance(event, RunnerReady), event
        self.told.clear()
        return event

    def expect(self, kind: type[Any]) -> Any:
        event = super().expect(kind)
        if isinstance(event, messages.Ready):
            self.seen_ready = event
        return event

    def tick(self) -> None:
        super().tick()
        runner = getattr(self, "runner", None)
        if runner is not None:
            self.insight = runner.newest_insight() or self.insight

    def attempt(self, path: Path) -> None:
        info = EpisodeMetadata(EPISODE, "reach_t", 0, "", "", demonstrator="policy", policy=POLICY, seed=0)
        self.client.send(messages.StartRecording(str(path), info))
        self.expect(messages.RecordingStarted)

    def deploy(self, rate_hz: float = 20.0) -> int:
        lease = self.client.give_to_policy(rate_hz, told=True)
        assert self.expect(messages.LeaseGranted).source is Source.POLICY
        assert self.runner is not None
        self.runner.drive(lease)
        return lease

    def finished(self) -> EpisodeSummary:
        summary: EpisodeSummary = self.expect(messages.RecordingFinished).summary
        return summary

    def driven_by(self, source: Source) -> bool:
        return self.until(lambda: self.step is not None and self.step.wanted is not None
                          and self.step.wanted.source is source and self.step.mode is ControlMode.TRACKING)  # fmt: skip

    def moved(self, start: SE3, distance_m: float) -> bool:
        return self.until(lambda: self.step is not None and self.step.state.pose.distance(start)[0] > distance_m)


@pytest.fixture
def person(blind_rig: Path, session: Session) -> Iterator[Deployer]:
    person = Deployer(blind_rig, session)
    yield person
    if person.runner is not None:
        person.runner.close()
    if person.client.child.running:
        assert person.client.close() == 0


def test_a_policy_drives_a_hand_takes_over_from_where_the_arm_is_and_gives_it_back(
    person: Deployer, tmp_path: Path
) -> None:
    ready = person.load(policy(tmp_path))
    assert (ready.policy, ready.task, ready.rate_hz, ready.told) == (POLICY, "reach_t", 20.0, True)
    path = tmp_path / f"{EPISODE}.mcap"
    person.attempt(path)
    lease = person.deploy()
    assert person.driven_by(Source.POLICY)
    assert person.step is not None
    assert person.moved(person.step.state.pose, 0.004)
    assert person.until(lambda: person.insight is not None)
    assert person.insight is not None
    assert (person.insight.lease, len(person.insight.z)) == (lease, 3)
    assert 0.0 < person.insight.acting_ms <= person.insight.latency_ms

    before = person.step.sent_X_WE
    taken = person.drive()
    assert taken.distance(SE3.from_array(before))[0] < 0.01, "it goes on from exactly where the arm was"
    assert person.expect(messages.LeaseLost).lease == lease
    assert person.driven_by(Source.HAND)
    assert person.until(lambda: any(isinstance(event, Rested) for event in person.told))
    person.client.give_to_policy(20.0, told=True)
    assert "let it go first" in person.expect(messages.Trouble).message

    person.target = None
    person.client.release_lease()
    assert person.deploy() > lease
    assert person.driven_by(Source.POLICY)
    person.client.send(messages.StopRecording())
    summary = person.finished()
    assert (summary.success, summary.interventions, summary.judged) == (None, 1, False)
    assert outcome(summary.success, summary.stop_reason, summary.integrity) is Outcome.ABORTED
    assert summary.final_error is not None
    with EpisodeReader(path) as reader:
        arrays = reader.arrays()
    sources = [str(source) for source in arrays["wanted_source"]]
    order = [source for source, _ in itertools.groupby(filter(None, sources))]
    assert order == ["policy", "hand", "policy"]
    observed = np.asarray(arrays["wanted_observation"])[np.asarray(sources) == "policy"]
    assert (np.diff(observed) >= 0).all() and observed[-1] > observed[0]


def test_a_policy_that_jumps_fails_its_attempt_and_rests(person: Deployer, tmp_path: Path) -> None:
    person.load(policy(tmp_path, ahead_m=5.0))
    person.attempt(tmp_path / f"{EPISODE}.mcap")
    person.deploy()
    assert person.expect(messages.Stopped).reason == StopReason.SETPOINT_JUMP
    summary = person.finished()
    assert (summary.stop_reason, summary.success) == (StopReason.SETPOINT_JUMP, False)
    assert outcome(summary.success, summary.stop_reason, summary.integrity) is Outcome.FAILURE
    assert person.until(lambda: any(isinstance(event, Rested) for event in person.told))


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_a_policy_that_hangs_or_dies_stops_the_arm_and_its_attempt_is_kept_as_an_error(
    person: Deployer, tmp_path: Path, how: signal.Signals
) -> None:
    person.load(policy(tmp_path))
    person.attempt(tmp_path / f"{EPISODE}.mcap")
    person.deploy()
    assert person.driven_by(Source.POLICY)
    assert person.runner is not None
    os.kill(person.runner.child.pid, how)
    assert person.expect(messages.Stopped).reason == StopReason.POLICY_DEADLINE
    summary = person.finished()
    assert outcome(summary.success, summary.stop_reason, summary.integrity) is Outcome.ERROR
    if how is signal.SIGSTOP:
        os.kill(person.runner.child.pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"simulated": False, "rig": "Real arm"}, "which only a simulator knows, and 'Real arm' is real"),
        ({"objects": ()}, "this scene has none; load the scene of 'reach_t'"),
        ({"folder": "/nowhere"}, "There is no policy in /nowhere"),
    ],
)
def test_a_policy_that_cannot_drive_this_rig_says_so(change: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    opening = OpenRunner("", str(policy(tmp_path)), "Simulated arm", True, (), ("sugar_box",))
    assert require_able(opening) is None
    with pytest.raises(InputError, match=sentence):
        require_able(msgspec.structs.replace(opening, **change))


def test_a_policy_that_wants_no_number_is_not_let_near_the_arm(session: Session, tmp_path: Path) -> None:
    ready = messages.Ready("Simulated arm", True, "", (), TASKS.get("reach_t").info, (), (), (), 0)
    told: list[Any] = []
    folder = policy(tmp_path, ahead_m=math.nan)
    runner = RunnerClient(session, Bus(session, "test"), folder, ready, WatchdogConfig(), told.append)
    assert wait_for(lambda: told)
    assert isinstance(told[0], RunnerTrouble)
    assert "wants what is not a number; train it again" in told[0].message
    assert runner.close() == 1
