"""Which key, drag or wheel does what: always in sight when wanted, and editable in place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.input import BUTTONS, key_name, modifiers_of
from app.theme import Role, blend, scaled, unit
from app.widgets.basics import ElidedLabel, KeyCap, clear, column, line, row, text
from app.widgets.choices import Combo
from robot.teleoperation.presets import POINTER_ACTIONS, TITLES, WHEEL_ACTIONS, DriveAction, Preset

_GROUPS: tuple[tuple[str, tuple[DriveAction, ...]], ...] = (
    (
        "Pointer",
        (DriveAction.POINTER_MOVE, DriveAction.POINTER_ROTATE, DriveAction.WHEEL_HEIGHT, DriveAction.WHEEL_WIDTH),
    ),
    (
        "Move",
        (
            DriveAction.FORWARD,
            DriveAction.BACKWARD,
            DriveAction.LEFT,
            DriveAction.RIGHT,
            DriveAction.UP,
            DriveAction.DOWN,
        ),
    ),
    (
        "Rotate",
        (
            DriveAction.TURN_LEFT,
            DriveAction.TURN_RIGHT,
            DriveAction.TILT_UP,
            DriveAction.TILT_DOWN,
            DriveAction.ROLL_LEFT,
            DriveAction.ROLL_RIGHT,
        ),
    ),
    (
        "Gripper",
        (
            DriveAction.GRIPPER_OPEN,
            DriveAction.GRIPPER_CLOSE,
            DriveAction.GRIPPER_WIDER,
            DriveAction.GRIPPER_NARROWER,
        ),
    ),
    (
        "Arm",
        (DriveAction.HOME, DriveAction.UNDO_HOME, DriveAction.SPEED_1, DriveAction.SPEED_2, DriveAction.SPEED_3),
    ),
)


class BindingRow(QWidget):
    """One action and its triggers. Click, then press, drag or turn what it should be bound to."""

    bound = Signal(object, object)

    def __init__(self, action: DriveAction) -> None:
        super().__init__()
        self._action = action
        self._listening = False
        self._held = False
        self._triggers: tuple[str, ...] = ()
        self._title = ElidedLabel(TITLES[action])
        self._caps = QHBoxLayout()
        self._caps.setSpacing(unit())
        layout = row(margins=(2, 1, 2, 1))
        layout.addWidget(self._title, 1)
        layout.addLayout(self._caps)
        self.setLayout(layout)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Click, then give the new binding. Delete removes it, Esc keeps it.")

    def show_triggers(self, triggers: tuple[str, ...]) -> None:
        self._triggers = triggers
        self._fill()

    def show_title(self, title: str) -> None:
        self._title.setText(title)
        self._title.update()

    def show_held(self, held: bool) -> None:
        if held != self._held:
            self._held = held
            self.update()

    def _fill(self) -> None:
        clear(self._caps)
        ask = (
            "drag"
            if self._action in POINTER_ACTIONS
            else "turn the wheel"
            if self._action in WHEEL_ACTIONS
            else "press"
        )
        words = (ask,) if self._listening else self._triggers or ("none",)
        for trigger in words:
            cap = KeyCap(trigger)
            cap.set_role(Role.Accent if self._listening else Role.WindowText)
            self._caps.addWidget(cap)
        self.setAccessibleName(f"{TITLES[self._action]}: {', '.join(words)}")
        self.update()

    def _listen(self, listening: bool) -> None:
        if listening != self._listening:
            self._listening = listening
            self._fill()

    def _bind(self, *triggers: str) -> None:
        self._listen(False)
        self.bound.emit(self._action, triggers)

    # Input ----------------------------------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._listening:
            self.setFocus()
            self._listen(True)
            return
        name = "+".join((*modifiers_of(event.modifiers()), BUTTONS.get(event.button(), "Left")))
        if self._action in POINTER_ACTIONS:
            self._bind(f"{name} drag")
        elif event.button() != Qt.MouseButton.LeftButton:
            self._bind(f"{name} button")

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self._listening or self._action not in WHEEL_ACTIONS:
            event.ignore()
            return
        self._bind("+".join((*modifiers_of(event.modifiers()), "Wheel")))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._listen(False)

    def event(self, event: QEvent) -> bool:
        if self._listening and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._listening:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._listen(True)
            else:
                super().keyPressEvent(event)
            return
        name = key_name(event)
        if name == "Esc":
            self._listen(False)
        elif name == "Del":
            self._bind()
        elif name and self._action not in POINTER_ACTIONS | WHEEL_ACTIONS:
            self._bind(name)

    @property
    def listening(self) -> bool:
        return self._listening

    def paintEvent(self, event: QPaintEvent) -> None:
        if not (self._held or self._listening or self.hasFocus() or self.underMouse()):
            return
        palette = self.palette()
        share = 0.35 if self._held else 0.12
        role = Role.Accent if self._held or self._listening else Role.Light
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(palette.color(Role.Accent) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(
            blend(palette.color(Role.AlternateBase), palette.color(role), share if role is Role.Accent else 0.5)
        )
        painter.drawRoundedRect(self.rect().adjusted(1, 0, -1, -1), unit(), unit())


class BindingsPanel(QFrame):
    """Preset, bindings, and what else changes how the arm is driven."""

    presetChosen = Signal(str)
    bindingChanged = Signal(object, object)
    presetReset = Signal()
    holdToMoveChosen = Signal(bool)
    globalKeysChosen = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("panel", True)
        u = unit()
        self._rows: dict[DriveAction, BindingRow] = {}
        self.presets = Combo(40)
        self._reset = QPushButton("Reset")
        self._reset.setProperty("quiet", True)
        self._reset.setToolTip("Back to the bindings this preset came with")
        self._description = text("", muted=True, small=True)
        self._description.setWordWrap(True)
        self._complaint = QLabel()
        self._complaint.setWordWrap(True)
        self._complaint.setFont(scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        self._complaint.hide()
        self.hold_to_move = QCheckBox("Hold to move")
        self.hold_to_move.setToolTip(
            "The arm moves only while a motion key or button is held, and brakes when it is let go."
        )
        self.global_keys = QCheckBox("Keys from anywhere")
        self.global_keys.setToolTip("Keys drive the arm while another window has the focus. Off unless you ask for it.")
        self._global_reason = text("", muted=True, small=True)
        self._global_reason.setWordWrap(True)
        self._global_reason.hide()
        layout = column(margins=(3, 3, 2, 3), gap=2)
        layout.addLayout(row(text("Bindings", heading=True), None, self.presets, self._reset))
        layout.addWidget(self._description)
        layout.addWidget(self._complaint)
        layout.addWidget(self._make_list(), 1)
        layout.addWidget(line())
        for widget in (self.hold_to_move, self.global_keys, self._global_reason):
            layout.addWidget(widget)
        self.setLayout(layout)
        self.setMinimumWidth(u * 80)
        self.presets.entered.connect(self.presetChosen.emit)
        self._reset.clicked.connect(self.presetReset.emit)
        self.hold_to_move.toggled.connect(self.holdToMoveChosen.emit)
        self.global_keys.toggled.connect(self.globalKeysChosen.emit)

    def _make_list(self) -> QScrollArea:
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, unit(), 0)
        layout.setSpacing(0)
        for title, actions in _GROUPS:
            heading = text(title, muted=True, small=True)
            heading.setContentsMargins(unit() * 2, unit() * 2, 0, unit())
            layout.addWidget(heading)
            for action in actions:
                binding = BindingRow(action)
                binding.bound.connect(self.bindingChanged.emit)
                self._rows[action] = binding
                layout.addWidget(binding)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        scroll.setStyleSheet("QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; }")
        return scroll

    def offer_presets(self, presets: list[Preset], current: str) -> None:
        self.presets.offer([(preset.title, preset.name) for preset in presets], current)

    def show_preset(self, preset: Preset, *, edited: bool) -> None:
        self._description.setText(preset.description)
        self._reset.setEnabled(edited)
        speeds = (DriveAction.SPEED_1, DriveAction.SPEED_2, DriveAction.SPEED_3)
        for action, binding in self._rows.items():
            binding.show_triggers(preset.triggers(action))
            if action in speeds and speeds.index(action) < len(preset.speeds):
                binding.show_title(f"{preset.speeds[speeds.index(action)].title} speed")

    def show_held(self, held: frozenset[DriveAction]) -> None:
        for action, binding in self._rows.items():
            binding.show_held(action in held)

    def complain(self, words: str) -> None:
        self._complaint.setText(words)
        self._complaint.setVisible(bool(words))

    def explain_global_keys(self, reason: str) -> None:
        """Why global keys cannot work here; the box goes back to off."""
        self._global_reason.setText(reason)
        self._global_reason.setVisible(bool(reason))
        if reason:
            self.global_keys.blockSignals(True)
            self.global_keys.setChecked(False)
            self.global_keys.blockSignals(False)

    def row_of(self, action: DriveAction) -> BindingRow:
        return self._rows[action]

    @property
    def listening(self) -> bool:
        return any(binding.listening for binding in self._rows.values())
