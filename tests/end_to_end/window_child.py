"""The real window for a script that may only press keys and move the mouse.

Prints its shared-memory session once the station is ready, and answers on standard output where something is that a
person would see: a line of text gives the centre of the button or drop-down that shows it, in screen pixels.
``grab SCHEME PATH`` saves a picture of the window in the light or dark scheme; ``list`` asks whether a list is open;
``object`` where the source of the Correspondence page shows an object.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QPoint, QSocketNotifier, QTimer
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QWidget

from app.application import Application
from app.theme import Scheme
from core.library.episodes import Episodes
from robot.rig import DEFAULT_RIG


def shown_text(widget: QWidget) -> str:
    if isinstance(widget, QAbstractButton):
        return widget.text() or widget.accessibleName() or widget.toolTip()
    return widget.currentText() if isinstance(widget, QComboBox) else ""


def where(text: str) -> dict[str, int] | None:
    for widget in QApplication.allWidgets():
        if widget.isVisible() and text in shown_text(widget):
            centre = widget.mapToGlobal(QPoint(widget.width() // 2, widget.height() // 2))
            return {"x": centre.x(), "y": centre.y()}
    return None


def object_place(application: Application) -> dict[str, int] | None:
    """The middle of what the masks of the Correspondence page mark in its source, once they are there."""
    stage = application.window.pages["correspondence"].stage
    content = stage.content(0)
    if content is None or content.mask is None or not content.mask.any():
        return None
    v, u = np.nonzero(content.mask)
    place = stage.source.mapToGlobal(stage.source.position_of(float(np.median(u)), float(np.median(v))).toPoint())
    return {"x": place.x(), "y": place.y()}


def grab(application: Application, scheme: Scheme, path: str) -> bool:
    """A picture as it would be in that scheme; the window then goes back to its own."""
    before = application.services.theme.scheme
    application.window.use_scheme(scheme)
    let_run(2500)
    picture = application.window.grab()
    let_run(100)
    saved = picture.save(path)
    let_run(100)
    application.window.use_scheme(before)
    let_run(300)
    return saved


def let_run(milliseconds: int) -> None:
    """The window goes on living, so that nobody takes it for frozen."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def main(library: str, settings: str, rig: str, seed: str) -> int:
    qt = QApplication(sys.argv[:1])
    Episodes.bytes_per_second = lambda *_: 1e6  # recordings of seconds do not need ten minutes' worth of room
    application = Application(qt, Path(library), Path(rig) if rig else DEFAULT_RIG, int(seed), Path(settings))

    def say(answer: object) -> None:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    def answer() -> None:
        line = sys.stdin.readline()
        if line.startswith("grab "):
            _, scheme, path = line.split(maxsplit=2)
            say({"saved": grab(application, Scheme(scheme), path.strip())})
        elif line == "object\n":
            say(object_place(application))
        elif line == "list\n":
            say({"open": QApplication.activePopupWidget() is not None})
        elif line:
            say(where(line.strip()))
        else:
            notifier.setEnabled(False)
            application.window.close()

    notifier = QSocketNotifier(0, QSocketNotifier.Type.Read)
    notifier.activated.connect(answer)
    application.services.station.readied.connect(lambda _: say({"session": application.session.as_text()}))
    application.begin()
    application.window.resize(1480, 920)
    application.window.move(0, 0)
    application.window.activateWindow()
    return qt.exec()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
