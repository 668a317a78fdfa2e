"""Beside the attempts: where the chosen policies work, and which of two is better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy, QStackedLayout, QWidget

from app.actions import ActionBook
from app.theme import unit
from app.views.workspace_plot import DistanceScale, WorkspacePlot
from app.widgets.basics import ActionButton, ElidedLabel, EmptyState, clear, column, row, text
from app.widgets.choices import Combo
from core.attempts import words
from core.attempts.comparison import Comparison
from core.attempts.workspace import Plane, WorkspaceMap
from core.geometry import Array

MOST = 2
"""As many policies are drawn beside each other."""


class WorkPanel(QWidget):
    """Where one policy works."""

    def __init__(self) -> None:
        super().__init__()
        self._name = ElidedLabel()
        self._name.setProperty("heading", True)
        self.inside, self.outside = ElidedLabel(), ElidedLabel()
        self.plot = WorkspacePlot()
        layout = column(self._name, gap=1)
        layout.addLayout(column(self.inside, self.outside, gap=0))
        layout.addWidget(self.plot, 1)
        self.setLayout(layout)

    def show_picture(self, name: str, picture: WorkspaceMap, wanted: Array, chosen: Sequence[str]) -> None:
        self._name.setText(name)
        self.inside.setText(f"Inside the hull: {words.successes(picture.inside)}")
        self.outside.setText(f"Outside: {words.successes(picture.outside)}")
        self.plot.show_picture(picture, wanted, chosen)


class ComparisonPanel(QFrame):
    """The 2x2 table of matched trials, and what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", True)
        self._words = text("")
        self._words.setWordWrap(True)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(unit() * 4)
        self._grid.setVerticalSpacing(unit())
        layout = column(self._words, margins=(3, 2, 3, 2), gap=2)
        layout.addLayout(self._grid)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    @property
    def words(self) -> str:
        return self._words.text()

    def show_comparison(self, first: str, second: str, found: Comparison) -> None:
        """Between two policies by their names."""
        clear(self._grid)
        if not found.trials:
            self._words.setText("They have no trial in common; try both from the same starts to compare them.")
            return
        self._words.setText(words.verdict(found, first, second))
        rows = (
            ("", f"'{second}' succeeds", f"'{second}' fails"),
            (f"'{first}' succeeds", f"{found.both:,}", f"{found.first_only:,}"),
            (f"'{first}' fails", f"{found.second_only:,}", f"{found.neither:,}"),
        )
        for index, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                self._grid.addWidget(_cell(cell, number=index > 0 and place > 0, right=place > 0), index, place)
        for place in range(3):
            self._grid.setColumnStretch(place, 1)


def _cell(words: str, *, number: bool, right: bool) -> QLabel:
    """What a long name leaves no room for is taken from its middle: how a trial ended stands at the end."""
    label = text(words, heading=True) if number else ElidedLabel(words, Qt.TextElideMode.ElideMiddle)
    if right:
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label


class EvidencePanel(QFrame):
    """Shows and asks; the page decides."""

    planeChosen = Signal(object)
    attemptChosen = Signal(str)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("well", True)
        self.comparison = ComparisonPanel()
        self.panels = tuple(WorkPanel() for _ in range(MOST))
        self.plane = Combo(30)
        self.plane.currentIndexChanged.connect(lambda _: self.planeChosen.emit(self.plane.currentData()))
        self._legend = text(
            "Disc: success; square: none. Grey crosses: the training's starts, dashed: their hull.",
            muted=True,
            small=True,
        )
        self._legend.setWordWrap(True)
        words = "Where attempts began and how far from their target they ended will be drawn here."
        self._nothing = EmptyState("points", "Nothing to draw", words)
        works = QWidget()
        pictures = row(*self.panels, gap=2)
        heading = text("Where it works", heading=True)
        inside = column(gap=2)
        inside.addLayout(row(heading, 2, self.plane, None, ActionButton(book, "score.collect"), gap=1))
        inside.addLayout(pictures, 1)
        inside.addLayout(row(DistanceScale(), None, gap=0))
        inside.addWidget(self._legend)
        works.setLayout(inside)
        self._works = works
        self._stack = QStackedLayout()
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(works)
        layout = column(self.comparison, margins=(3, 2, 3, 2), gap=2)
        layout.addLayout(self._stack, 1)
        self.setLayout(layout)
        for panel in self.panels:
            panel.plot.attemptChosen.connect(self.attemptChosen)
        self.show_comparison("", "", None)

    def offer_planes(self, planes: Sequence[Plane], chosen: Plane | None) -> None:
        """The pictures there are of the task that is shown."""
        self.plane.blockSignals(True)
        self.plane.offer([(f"{across} and {up}", (across, up)) for across, up in planes], chosen)
        self.plane.blockSignals(False)
        self.plane.setVisible(len(planes) > 1)

    def show_comparison(self, first: str, second: str, found: Comparison | None) -> None:
        """``found`` None: not two policies of one task are chosen."""
        self.comparison.setVisible(found is not None)
        if found is not None:
            self.comparison.show_comparison(first, second, found)

    def show_pictures(
        self, pictures: Sequence[tuple[str, WorkspaceMap]], wanted: Array | None, chosen: Sequence[str]
    ) -> None:
        """Of at most ``MOST`` policies by name."""
        self._stack.setCurrentWidget(self._works if pictures else self._nothing)
        shown = np.zeros((0, 3)) if wanted is None else wanted
        for panel, drawn in zip(self.panels, [*pictures, None, None], strict=False):
            panel.setVisible(drawn is not None)
            if drawn is not None:
                panel.show_picture(*drawn, shown, chosen)
