"""What is known of the selected episodes, and what can be said about them: verdict, tags, note."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton

from app.actions import ActionBook
from app.icons import icon
from app.pages.episodes.model import trimmed_length_s, when_words
from app.pages.teleoperate.record_bar import KeyCapOf, OutcomeButton
from app.theme import Role, unit
from app.widgets.basics import ActionButton, ElidedLabel, clear, column, row, text
from app.widgets.choices import Combo, tool
from core.library.rows import EpisodeRow


class TagChip(QPushButton):
    """A tag; a click removes it."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.setIcon(icon("close", Role.PlaceholderText))
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.setToolTip(f"Remove the tag '{tag}'")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setProperty("chip", True)


class Details(QFrame):
    """One episode, or what is common to several."""

    noteWritten = Signal(str)
    tagAdded = Signal(str)
    tagRemoved = Signal(str)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._rows: tuple[EpisodeRow, ...] = ()
        self._shown_tags: list[str] = []
        self._title = ElidedLabel()
        self._title.setProperty("heading", True)
        self._success = OutcomeButton(book, "label.success", True)
        self._failure = OutcomeButton(book, "label.failure", False)
        self._trash = ActionButton(book, "label.trash", quiet=True)
        self._restore = ActionButton(book, "label.restore", quiet=True)
        self._replay = ActionButton(book, "play.robot", quiet=True)
        self.note = QLineEdit()
        self.note.setPlaceholderText("Note")
        self.tag = Combo(34, editable=True, placeholder="Add a tag")
        self._chips = QHBoxLayout()
        self._chips.setSpacing(unit())
        self._facts = QGridLayout()
        self._facts.setHorizontalSpacing(unit() * 2)
        self._facts.setVerticalSpacing(0)
        self._fact_labels: list[tuple[QLabel, ElidedLabel]] = []
        self._compose(book)
        self.note.editingFinished.connect(self._note_finished)
        self.note.returnPressed.connect(self.note.clearFocus)
        self.tag.entered.connect(self._tag_entered)
        self.show_rows((), 0)

    def _compose(self, book: ActionBook) -> None:
        top = row(gap=1)
        top.addWidget(self._title, 1)
        for name in ("label.copy_id", "label.copy_path"):
            top.addWidget(tool(book[name]))
        verdicts = row(self._success, self._failure, ActionButton(book, "label.none", quiet=True), None, gap=2)
        for widget in (self._replay, self._trash, self._restore):
            verdicts.addWidget(widget)
        words = row(self.note, KeyCapOf(book, "label.note"), 2, self.tag, KeyCapOf(book, "label.tag"), gap=2)
        words.setStretch(0, 1)
        layout = column(margins=(3, 2, 3, 3), gap=2)
        for part in (top, verdicts, words, self._chips, self._facts):
            layout.addLayout(part)
        self.setLayout(layout)

    # What is shown --------------------------------------------------------------------------------------------------
    def show_rows(self, rows: tuple[EpisodeRow, ...], selected: int, title: str = "") -> None:
        """``rows`` are the selected episodes that are here; ``selected`` is how many there are in all."""
        self._rows = rows
        one = rows[0] if selected == 1 and rows else None
        self.setEnabled(selected > 0)
        self._title.setText(title if one is not None else f"{selected:,} episodes selected" if selected else "")
        verdicts = {episode.success for episode in rows}
        self._success.set_chosen(verdicts == {True})
        self._failure.set_chosen(verdicts == {False})
        trashed = bool(rows) and all(episode.status == "trashed" for episode in rows)
        self._trash.setVisible(not trashed)
        self._restore.setVisible(trashed)
        if not self.note.hasFocus():
            notes = {episode.notes for episode in rows}
            self.note.setText(notes.pop() if len(notes) == 1 else "")
            self.note.setPlaceholderText("Note" if len(rows) < 2 else "One note for all of them")
        self._show_tags(rows)
        self._show_facts(one)

    def offer_tags(self, tags: list[str]) -> None:
        self.tag.offer([(tag, tag) for tag in tags], "")
        self.tag.setEditText("")

    def _show_tags(self, rows: tuple[EpisodeRow, ...]) -> None:
        common = set(rows[0].tags).intersection(*(set(episode.tags) for episode in rows)) if rows else set()
        if sorted(common) == self._shown_tags:
            return
        self._shown_tags = sorted(common)
        clear(self._chips)
        for tag in self._shown_tags:
            chip = TagChip(tag)
            chip.clicked.connect(lambda _=False, tag=tag: self.tagRemoved.emit(tag))
            self._chips.addWidget(chip)
        self._chips.addStretch(1)

    def _show_facts(self, episode: EpisodeRow | None) -> None:
        facts = _facts(episode) if episode is not None else []
        while len(self._fact_labels) < len(facts):
            name, value = text("", muted=True, small=True), ElidedLabel()
            index = len(self._fact_labels)
            self._facts.addWidget(name, index % 3, index // 3 * 2)
            self._facts.addWidget(value, index % 3, index // 3 * 2 + 1)
            self._facts.setColumnStretch(index // 3 * 2 + 1, 1)
            self._fact_labels.append((name, value))
        for index, (name, value) in enumerate(self._fact_labels):
            shown = facts[index] if index < len(facts) else ("", "")
            name.setText(shown[0])
            value.setText(shown[1])
            value.update()

    # Input ----------------------------------------------------------------------------------------------------------
    def write_note(self) -> None:
        self.note.setFocus()
        self.note.selectAll()

    def write_tag(self) -> None:
        self.tag.setFocus()
        field = self.tag.lineEdit()
        if field is not None:
            field.selectAll()

    def _note_finished(self) -> None:
        words = self.note.text().strip()
        changed = any(episode.notes != words for episode in self._rows)
        if changed and (words or len(self._rows) == 1):
            self.noteWritten.emit(words)

    def _tag_entered(self, tag: str) -> None:
        if tag and self._rows:
            self.tagAdded.emit(tag)
        self.tag.setEditText("")
        self.tag.clearFocus()


def _facts(episode: EpisodeRow) -> list[tuple[str, str]]:
    trimmed = trimmed_length_s(episode)
    length = f"{episode.duration_s:.2f} s"
    if abs(trimmed - episode.duration_s) > 0.005:
        length = f"{trimmed:.2f} of {episode.duration_s:.2f} s"
    state = episode.status if episode.integrity == "ok" else f"{episode.status}, {episode.integrity}"
    origin = [episode.rig] if episode.rig else []
    if episode.rig != "simulated" or not episode.simulated:
        origin.append("simulated" if episode.simulated else "real")
    if episode.seed is not None:
        origin.append(f"seed {episode.seed}")
    return [
        ("Recorded", when_words(episode.created_utc_ns)),
        ("Length", length),
        ("Size", f"{episode.bytes / 1e6:.1f} MB"),
        ("Operator", episode.operator or "–"),
        ("Demonstrator", episode.demonstrator),
        ("Rig", ", ".join(origin)),
        ("Frames", f"{episode.frames:,}, {episode.dropped} dropped"),
        ("State", state),
        ("Stop", episode.stop_reason.replace("_", " ") if episode.stop_reason else "–"),
    ]
