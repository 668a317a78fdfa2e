"""A parent for the tests: starts a station, drives it back and forth, says so, and goes on until it is killed."""

import sys
import threading
import time
from pathlib import Path

import numpy as np

from core.geometry import SE3
from core.messages import EpisodeMetadata
from core.processes.shared_memory import Session
from robot import station_messages as messages
from robot.station_client import StationClient

FREEZE = "freeze"


def main(session: str, rig: str, episode: str) -> None:
    granted: list[messages.LeaseGranted] = []
    arrived = threading.Event()

    def on_event(event: object) -> None:
        if isinstance(event, messages.LeaseGranted):
            granted.append(event)
        if isinstance(event, messages.Ready | messages.LeaseGranted | messages.RecordingStarted):
            arrived.set()

    def wait() -> None:
        while not arrived.wait(0.02):
            client.heartbeat.tick()
        arrived.clear()

    client = StationClient(messages.StationSpec("", rig), Session.from_text(session), on_event)
    wait()
    if episode:
        metadata = EpisodeMetadata(Path(episode).stem, "free", 0, "", "")
        client.send(messages.StartRecording(episode, metadata))
        wait()
    client.take_lease()
    wait()
    start = SE3.from_array(granted[0].X_WE)
    print(client.child.pid, flush=True)  # noqa: T201 - the test waits for it
    begin_s = time.monotonic()
    while True:
        client.heartbeat.tick()
        offset = np.array([0.0, 0.15 * np.sin(time.monotonic() - begin_s), 0.0])
        client.publish_setpoint(SE3(start.quat_wxyz, start.p + offset), 0.1)
        time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
