"""What workers do. They return files and rows; the catalogue is written by the one parent."""

from __future__ import annotations

import queue
from collections.abc import Sequence

from core.library.runs import RunRow
from core.processes.jobs import JobEnded, JobEvent
from robot.lockstep import LockstepRig, LockstepSpec
from robot.lockstep_pool import Job, Result, carry_out

_BUILT: list[tuple[LockstepSpec, LockstepRig]] = []


def simulate(spec: LockstepSpec, jobs: Sequence[Job]) -> list[tuple[Job, Result]]:
    """Run jobs one after the other in the same world."""
    rig = _rig(spec)
    return [(job, carry_out(rig, job)) for job in jobs]


def train(run: RunRow) -> JobEnded:
    """Run one training to its end, in a process of its own, as everywhere."""
    from robot.jobs import JobChild

    events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
    child = JobChild(run, events.put)
    try:
        while True:
            event = events.get()
            if isinstance(event, JobEnded):
                return event
    finally:
        child.close()


def _rig(spec: LockstepSpec) -> LockstepRig:
    """Of the worlds that this worker built, the last is kept."""
    if not _BUILT or _BUILT[0][0] != spec:
        _BUILT[:] = [(spec, LockstepRig(spec))]
    return _BUILT[0][1]
