"""Captures the empty workspace in a process of its own."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from app.workers.one_job import OneJob
from core.processes.shared_memory import Session
from robot.correspondence.specification import CAPTURE_JOB, CaptureSpecification
from robot.station_messages import Ready


class CaptureWorker(OneJob):
    """One capture at a time."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(CAPTURE_JOB, "The empty workspace could not be captured", parent)
        self._session = session

    def start(self, ready: Ready, library_root: Path) -> None:
        """Capture with the rig that is ready, into the library; does nothing while one runs."""
        given = CaptureSpecification(
            self._session.as_text(), ready.simulated, ready.rig, ready.cameras, str(library_root / "captures")
        )
        self.begin(library_root, given)
