"""What to learn from: a frozen data set or whatever matches, with what is in it and what is left out."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from app.pages.train.planning import Options, Source
from app.theme import unit
from app.widgets.basics import clear, column, text
from app.widgets.choices import Combo
from core.library.preview import Preview
from core.library.query import Corrections, EpisodeFilter

WIDTH = 56
"""Of fields, in units."""
_TYPING_MS = 200
_ANY = ""
_OUTCOMES = (("All but failures", _ANY), ("Successes only", "success"), ("Failures too", "failures"))
_KINDS = (
    ("Demonstrations", _ANY),
    ("Demonstrations and corrections", str(Corrections.TOO)),
    ("Corrections only", str(Corrections.ONLY)),
)


class DataPanel(QWidget):
    """Says which episodes are wanted and shows what became of that."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.dataset, self.task, self.kind, self.outcome, self.tag = (Combo(WIDTH) for _ in range(5))
        self.kind.offer(list(_KINDS), _ANY)
        self.kind.setToolTip("Corrections are what a hand did when it took the arm from a policy")
        self.outcome.offer(list(_OUTCOMES), _ANY)
        self.words = QLineEdit()
        self.words.setPlaceholderText("Words in notes, tags, operator")
        self.words.setFixedWidth(unit() * WIDTH)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.changed.emit)
        self.words.textChanged.connect(lambda _: self._typing.start())
        self.words.returnPressed.connect(self.words.clearFocus)
        fields = QGridLayout()
        fields.setHorizontalSpacing(unit() * 2)
        fields.setVerticalSpacing(unit())
        self._labels = []
        rows = (
            ("Episodes", self.dataset),
            ("Task", self.task),
            ("Shown by", self.kind),
            ("Outcome", self.outcome),
            ("Tag", self.tag),
            ("Search", self.words),
        )
        for index, (words, field) in enumerate(rows):
            label = text(words, muted=True)
            label.setBuddy(field)
            field.setAccessibleName(words)
            fields.addWidget(label, index, 0)
            fields.addWidget(field, index, 1)
            self._labels.append(label)
        fields.setColumnStretch(0, 1)
        self.found = text("", heading=True)
        self._kept = text("", muted=True)
        self._kept.setWordWrap(True)
        self._left_out = QGridLayout()
        self._left_out.setHorizontalSpacing(unit() * 2)
        self._left_out.setVerticalSpacing(0)
        self._left_out.setColumnStretch(1, 1)
        layout = column(gap=1)
        layout.addLayout(fields)
        for widget in (self.found, self._kept):
            layout.addWidget(widget)
        layout.addLayout(self._left_out)
        self.setLayout(layout)
        self.dataset.currentIndexChanged.connect(lambda _: self._choose())
        for combo in (self.task, self.kind, self.outcome, self.tag):
            combo.currentIndexChanged.connect(lambda _: self.changed.emit())

    def offer(self, options: Options, titles: dict[str, str]) -> None:
        """What can be chosen; choices that are made stay, and the task of the newest episode is the first."""
        first = not self.task.count()
        sets = [(f"{each.name}, {each.episodes:,}", each.id) for each in options.datasets]
        self.dataset.offer([("As asked for below", _ANY), *sets], str(self.dataset.currentData() or _ANY))
        tasks = [(titles.get(name, name), name) for name in options.tasks]
        chosen = options.newest_task if first else str(self.task.currentData() or _ANY)
        self.task.offer([("Any task", _ANY), *tasks], chosen)
        self.tag.offer([("Any tag", _ANY), *((tag, tag) for tag in options.tags)], str(self.tag.currentData() or _ANY))
        self._show_fields()

    def want_outcomes(self, wanted: bool) -> None:
        """Whether verdicts matter: descriptors learn from failures too."""
        self.outcome.setEnabled(wanted)

    @property
    def source(self) -> Source:
        """A data set's identifier, or which episodes."""
        dataset = str(self.dataset.currentData() or _ANY)
        if dataset:
            return dataset
        success = self.outcome.isEnabled() and self.outcome.currentData() == "success"
        return EpisodeFilter(
            query=self.words.text().strip(),
            task=self.task.currentData() or None,
            success=True if success else None,
            tags=(self.tag.currentData(),) if self.tag.currentData() else (),
            corrections=Corrections(self.kind.currentData()) if self.kind.currentData() else None,
        )

    @property
    def failures(self) -> bool:
        """Whether failed demonstrations are to be imitated too."""
        return bool(self.outcome.currentData() == "failures")

    def show_preview(self, found: Preview) -> None:
        count = len(found.kept)
        self.found.setText(f"{count:,} episode{'' if count == 1 else 's'}, {found.minutes:.1f} min")
        verdicts = ((found.successes, "succeeded"), (found.failures, "failed"), (found.unlabelled, "without a verdict"))
        said = [f"{number:,} {words}" for number, words in verdicts if number]
        tasks = [f"{name} {number:,}" for name, number in found.tasks.items()] if len(found.tasks) > 1 else []
        self._kept.setText(", ".join([*tasks, *said]))
        self._kept.setVisible(bool(self._kept.text()))
        clear(self._left_out)
        for index, (number, words) in enumerate((len(each.episodes), each.reason) for each in found.left_out):
            counted = text(f"{number:,}", small=True)
            counted.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            reason = text(f"left out: {words}", small=True, muted=True)
            reason.setWordWrap(True)
            self._left_out.addWidget(counted, index, 0)
            self._left_out.addWidget(reason, index, 1)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is said about episodes that are left out."""
        items = (self._left_out.itemAtPosition(row, 1) for row in range(self._left_out.rowCount()))
        return tuple(item.widget().text() for item in items if item is not None)

    def _choose(self) -> None:
        self._show_fields()
        self.changed.emit()

    def _show_fields(self) -> None:
        """A frozen data set is as it is; only whether failures are wanted can still be said."""
        asked = not self.dataset.currentData()
        for field in (self.task, self.kind, self.tag, self.words):
            field.setVisible(asked)
        for label in (*self._labels[1:3], *self._labels[4:]):
            label.setVisible(asked)
