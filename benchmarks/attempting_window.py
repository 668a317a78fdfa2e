"""The real window that deploys a policy over and over, for ``benchmarks.attempt_kills``: whatever ends is begun again.

Prints a line of JSON at every change: the attempt's phase, the processes, why the arm is stopped, what is recorded.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.application import Application
from app.pages.deploy.attempt import RESTING
from app.pages.deploy.page import DeployPage
from core.library.episodes import Episodes

_PERIOD_MS = 50


class Loop:
    """Begins attempts, re-arms and restarts, as a person would."""

    def __init__(self, application: Application) -> None:
        self._services = application.services
        page = application.window.pages["deploy"]
        assert isinstance(page, DeployPage)
        application.window.show_page("deploy")
        self._page, self._said = page, ""
        self._services.station.recordingStarted.connect(lambda event: self._say(begun=event.id))
        self._timer = QTimer(interval=_PERIOD_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        station, flow = self._services.station, self._page.flow
        status = station.status
        self._say()
        if not station.running:
            self._services.actions["restart_station"].trigger()
        elif station.ready is None or status is None or flow.choices.policy is None:
            return
        elif status.stop_reason is not None:
            self._services.actions["rearm"].trigger()
        elif flow.other_task:
            self._page._load_scene()
        elif flow.phase in RESTING:
            flow.start()

    def _say(self, **told: Any) -> None:
        station, client = self._services.station, self._services.policy._client
        line = {
            "phase": self._page.flow.phase,
            "station": station.ready.pid if station.running and station.ready is not None else None,
            "runner": None if client is None else client.child.pid,
            "window": os.getpid(),
            "stopped": station.status.stop_reason if station.status is not None else None,
            **told,
        }
        text = json.dumps(line)
        if text != self._said:
            self._said = text
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


def main(library: str, rig: str, seed: str) -> int:
    Episodes.bytes_per_second = lambda *_: 1e6  # type: ignore[method-assign]  # attempts of seconds need little room
    qt = QApplication(sys.argv[:1])
    application = Application(qt, Path(library), Path(rig), int(seed), Path(library).with_name("settings.json"))
    application.begin()
    loop = Loop(application)
    status = qt.exec()
    del loop
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
