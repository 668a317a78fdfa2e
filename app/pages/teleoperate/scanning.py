"""Scanning the scene from the window: joins the panel to the recording's flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.pages.teleoperate.recording import After, Phase, RecordingFlow
from app.pages.teleoperate.scan_panel import ScanPanel
from core.errors import InputError
from core.static_scenes import object_names
from core.tasks import TaskInfo
from robot.station_messages import StationStatus

if TYPE_CHECKING:
    from app.services import Services


class Scanning(QObject):
    """One scan after the other; ``let_go`` gives the arm back first."""

    def __init__(self, services: Services, flow: RecordingFlow, panel: ScanPanel, let_go: Callable[[], None]) -> None:
        super().__init__(panel)
        self._services, self._flow, self._panel, self._let_go = services, flow, panel, let_go
        self._action = services.actions["scene.scan"]
        self._action.toggled.connect(self._show)
        panel.setVisible(False)
        panel.scanChosen.connect(self._scan)
        panel.stopChosen.connect(lambda: flow.stop(After.KEEP))
        flow.phaseChanged.connect(lambda phase: panel.show_phase(phase, scanning=flow.scanning))

    def use_task(self, task: TaskInfo) -> None:
        """Offer the names of what the task's scene holds."""
        self._panel.names.setText(", ".join(task.objects))

    def show_progress(self, status: StationStatus) -> None:
        if status.recording is not None and status.recording.scanned is not None:
            self._panel.show_progress(status.recording)

    def _show(self, shown: bool) -> None:
        self._panel.setVisible(shown)
        if shown:
            self._panel.names.setFocus()
            self._panel.names.selectAll()

    def _scan(self, names: str, pictures: int) -> None:
        try:
            objects = object_names(names)
        except InputError as error:
            self._services.messenger.complain(str(error), key="recording")
            return
        self._panel.names.setText(", ".join(objects))
        self._let_go()
        self._flow.scan(objects, pictures)
        if self._flow.phase is not Phase.STARTING:
            self._panel.names.setFocus()
