"""A training that learns nothing: it reports until it is asked to end or its folder has a file ``end``.

A file ``full`` makes the disk full for it.
"""

from __future__ import annotations

import errno
import os

from core.processes.channel import Channel
from core.processes.jobs import CHECKPOINT_STATE, Ask, JobContext, JobEnded, serve
from tests.waiting import wait_for

END, FULL = "end", "full"


def main(channel: Channel) -> int:
    return serve(channel, work)


def work(context: JobContext) -> JobEnded:
    (context.folder / CHECKPOINT_STATE).write_text("{}")
    for step in range(3):
        loss = {"loss": 1.0 / (step + 1), "validation_loss": 2.0 / (step + 1), "learning_rate": 1e-3, "step_ms": 5.0}
        context.progress(step / 3, 9.0, {"step": step, "elapsed_s": 60.0 * step, "success": None, **loss})
    wait_for(lambda: context.asked() is not None or any((context.folder / name).exists() for name in (END, FULL)), 60.0)
    if (context.folder / FULL).exists():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    status = {Ask.PAUSE: "paused", Ask.CANCEL: "cancelled", None: "done"}[context.asked()]
    return JobEnded(
        status, f"It was {status}.", {"steps": 3, "train_loss": 0.3, "validation_loss": 0.6, "step_ms": 5.0}
    )
