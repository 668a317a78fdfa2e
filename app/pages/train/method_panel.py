"""How to learn: representation, network and preset of a policy, or preset and time of descriptors; the rest folded."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QSpinBox, QWidget

from app.pages.train.data_panel import WIDTH
from app.pages.train.lines import setting_words
from app.pages.train.planning import Options
from app.theme import unit
from app.widgets.basics import column, text
from app.widgets.choices import Combo, Segments
from core.correspondence import config as correspondence
from core.errors import InputError
from core.learning.settings import with_settings
from core.policies.config import NO_NOISE, PRESETS, Mode, Network, PolicyConfig, preset
from core.registry import Entry
from core.representations import REPRESENTATIONS

_NUMBER_WIDTH = 40
"""Of fields of folded settings, whose names are long."""
_MODES = {
    Mode.SET: "Optimise the set",
    Mode.FIXED: "Fixed set",
    Mode.DENSE: "Set and network, end to end",
    Mode.PRETRAINED: "End to end, pretrained",
}
_POLICY_SETTINGS = (
    "batch", "learning_rate", "look_ahead_s", "rate_hz", "points", "validation_fraction", "validate_every",
    "network.hidden", "network.layers", "network.dropout", "network.gaussians", "ema", "stop_after",
    "noise.position_m", "noise.rotation_deg",
)  # fmt: skip
_CORRESPONDENCE_SETTINGS = (
    "steps", "batch_pairs", "crop", "moments", "learning_rate", "network.descriptor_dim", "network.backbone",
    "validation_fraction",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    label: QLabel
    field: QWidget

    def show(self, shown: bool) -> None:
        self.label.setVisible(shown)
        self.field.setVisible(shown)


class _Rows(QWidget):
    """Fields with their names to the left."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(unit() * 2)
        self._grid.setVerticalSpacing(unit())
        self._grid.setColumnStretch(0, 1)

    def add(self, words: str, field: QWidget) -> _Row:
        label = text(words, muted=True)
        field.setAccessibleName(words)
        row = self._grid.rowCount()
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(field, row, 1)
        return _Row(label, field)

    def add_words(self, label: QLabel) -> None:
        label.setWordWrap(True)
        self._grid.addWidget(label, self._grid.rowCount(), 0, 1, 2)


def _spin(low: int, high: int) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setGroupSeparatorShown(True)
    spin.lineEdit().setTextMargins(2 * unit(), 0, 0, 0)
    spin.setFixedWidth(unit() * WIDTH)
    return spin


class Folded(_Rows):
    """Settings by their names; an empty field leaves what the preset says."""

    changed = Signal()

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._fields = {name: QLineEdit() for name in names}
        for name, field in self._fields.items():
            field.setFixedWidth(unit() * _NUMBER_WIDTH)
            field.editingFinished.connect(self.changed.emit)
            field.returnPressed.connect(field.clearFocus)
            self.add(setting_words(name), field)

    def show_defaults(self, config: msgspec.Struct) -> None:
        for name, field in self._fields.items():
            value = config
            for part in name.split("."):
                value = getattr(value, part)
            field.setPlaceholderText(f"{value:g}" if isinstance(value, float) else str(value))

    @property
    def settings(self) -> dict[str, str]:
        return {name: field.text().strip() for name, field in self._fields.items() if field.text().strip()}


class PolicyPanel(QWidget):
    """Edits a ``PolicyConfig``."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, Entry] = {}
        self._options = Options()
        self._shown = PolicyConfig()
        self.representation, self.mode, self.camera = Combo(WIDTH), Combo(WIDTH), Combo(WIDTH)
        self.model, self.set = Combo(WIDTH), Combo(WIDTH)
        self.network = Segments(("MLP", "LSTM"), ("Acts on what it sees now.", "Remembers what it saw before."))
        hints = ("For free motion.", "For pushing: a short look ahead.", "What the paper says.")
        self.preset = Segments(tuple(name.capitalize() for name in PRESETS), hints)
        self.explanation = text("", muted=True, small=True)
        self.noise, self.seed = QCheckBox("on the observed hand"), _spin(0, 2**31 - 1)
        self.steps, self.rollouts = _spin(1, 10_000_000), _spin(0, 10_000)
        self.rollouts.setSpecialValueText("none")
        self.rollouts.setToolTip("Simulated attempts at every tenth of the training.")
        self.folded = Folded(_POLICY_SETTINGS)
        self._compose()
        self.network.choose(0)
        self.preset.choose(0)
        self._use_preset()
        for combo in (self.representation, self.mode, self.camera, self.model, self.set):
            combo.currentIndexChanged.connect(lambda _: self._show_rows())
        for segments in (self.network, self.preset):
            segments.chosen.connect(lambda _: self._use_preset())
        for spin in (self.steps, self.seed, self.rollouts):
            spin.valueChanged.connect(lambda _: self.changed.emit())
        self.noise.toggled.connect(lambda _: self.changed.emit())
        self.folded.changed.connect(self.changed.emit)

    def _compose(self) -> None:
        rows = _Rows()
        rows.add("Sees", self.representation)
        rows.add_words(self.explanation)
        self._mode = rows.add("Descriptors", self.mode)
        self._camera = rows.add("Camera", self.camera)
        self._model = rows.add("Model", self.model)
        self._set = rows.add("Points", self.set)
        rows.add("Network", self.network)
        rows.add("Preset", self.preset)
        rows.add("Noise", self.noise)
        rows.add("Steps", self.steps)
        rows.add("Rollouts", self.rollouts)
        rows.add("Seed", self.seed)
        self.setLayout(column(rows, self.folded, gap=1))

    def offer(self, options: Options) -> None:
        """Representations and models; dense descriptors come first once there is a model to begin from."""
        first, self._options = not self._entries, options
        self._entries = REPRESENTATIONS.entries()
        known = sorted(self._entries.values(), key=lambda each: 99 if each.info is None else each.info.order)
        chosen = ("dd-2d" if options.models else "e2e") if first else str(self.representation.currentData())
        titles = [(each.name if each.info is None else f"{each.info.title} ({each.name})", each.name) for each in known]
        self.representation.offer(titles, chosen)
        items = self.representation.model()
        for row, entry in enumerate(known):
            if entry.info is None and isinstance(items, QStandardItemModel):
                items.item(row).setEnabled(False)
                items.item(row).setToolTip(f"Unavailable: {entry.unavailable}.")
        models = [(model.name, model.id) for model in options.models]
        self.model.offer([("The newest", ""), *models], str(self.model.currentData() or ""))
        self._show_rows()

    def offer_cameras(self, cameras: dict[str, int], own: str) -> None:
        """The task's own, and the roles with how many episodes have their images."""
        roles = [(f"{role}, in {count:,}", role) for role, count in cameras.items()]
        before = str(self.camera.currentData() or "")
        self.camera.offer([(f"The task's own, {own}" if own else "The task's own", ""), *roles], before)
        if self.camera.currentData() != before:
            self.changed.emit()

    def _use_preset(self) -> None:
        base = self._shown = self.base
        self.steps.setValue(base.steps)
        self.noise.setChecked(base.noise != NO_NOISE)
        self.folded.show_defaults(base)
        self.changed.emit()

    def _show_rows(self) -> None:
        entry = self._entries.get(str(self.representation.currentData()))
        info = None if entry is None else entry.info
        self.explanation.setText("" if info is None else info.explanation)
        modes = () if info is None else info.modes
        offered = [(_MODES[mode], mode.value) for mode in modes]
        self.mode.offer(offered, str(self.mode.currentData() or Mode.FIXED.value))
        model = str(self.model.currentData() or next((each.id for each in self._options.models), ""))
        sets = (self._options.sets or {}).get(model, ())
        offered = [("Proposed", ""), ("Drawn from the object", "mask"), *sets]
        self.set.offer(offered, str(self.set.currentData() or ""))
        for row, shown in (
            (self._mode, len(modes) > 1),
            (self._camera, self._has_camera),
            (self._model, info is not None and info.descriptors),
            (self._set, info is not None and info.descriptors),
        ):
            row.show(shown)
        if self.base != self._shown:
            self._use_preset()
        self.changed.emit()

    @property
    def _has_camera(self) -> bool:
        entry = self._entries.get(str(self.representation.currentData()))
        return entry is not None and entry.info is not None and entry.info.camera

    @property
    def base(self) -> PolicyConfig:
        """The chosen preset."""
        entry = self._entries.get(str(self.representation.currentData()))
        mode = Mode(self.mode.currentData() or Mode.FIXED)
        learns = entry is not None and entry.info is not None and entry.info.learns_to_see(mode)
        return preset(list(PRESETS)[self.preset.current], list(Network)[self.network.current], learns_to_see=learns)

    @property
    def config(self) -> PolicyConfig:
        """What is asked for; InputError names a setting that cannot be."""
        base = with_settings(self.base, self.folded.settings)
        return msgspec.structs.replace(
            base,
            representation=str(self.representation.currentData() or base.representation),
            mode=Mode(self.mode.currentData() or base.mode),
            camera=str(self.camera.currentData() or "") if self._has_camera else "",
            descriptor_model=str(self.model.currentData() or ""),
            descriptor_set=str(self.set.currentData() or ""),
            noise=base.noise if self.noise.isChecked() else NO_NOISE,
            steps=self.steps.value(),
            rollouts=self.rollouts.value(),
            seed=self.seed.value(),
        )


class DescriptorPanel(QWidget):
    """Edits the settings of a correspondence training."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.preset = Segments(
            tuple(name.capitalize() for name in correspondence.PRESETS),
            ("Minutes, without a GPU.", "The authors' network at full size; wants a GPU."),
        )
        self.loss = Combo(WIDTH)
        self.minutes = QLineEdit()
        self.minutes.setFixedWidth(unit() * WIDTH)
        self.seed = _spin(0, 2**31 - 1)
        self.folded = Folded(_CORRESPONDENCE_SETTINGS)
        rows = _Rows()
        rows.add("Preset", self.preset)
        rows.add("Loss", self.loss)
        rows.add("Minutes", self.minutes)
        rows.add("Seed", self.seed)
        self.setLayout(column(rows, self.folded, gap=1))
        self.preset.choose(0)
        self._use_preset()
        self.preset.chosen.connect(lambda _: self._use_preset())
        self.loss.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.minutes.editingFinished.connect(self.changed.emit)
        self.minutes.returnPressed.connect(self.minutes.clearFocus)
        self.seed.valueChanged.connect(lambda _: self.changed.emit())
        self.folded.changed.connect(self.changed.emit)

    def _use_preset(self) -> None:
        base = self.base
        self.loss.offer([(loss.value, loss.value) for loss in correspondence.Loss], base.loss.value)
        self.minutes.setPlaceholderText(f"{base.minutes:g}")
        self.folded.show_defaults(base)
        self.changed.emit()

    @property
    def base(self) -> correspondence.TrainingConfig:
        """The chosen preset."""
        return list(correspondence.PRESETS.values())[self.preset.current]

    @property
    def config(self) -> correspondence.TrainingConfig:
        """What is asked for; InputError names a setting that cannot be."""
        minutes = {"minutes": self.minutes.text().strip()} if self.minutes.text().strip() else {}
        config = with_settings(self.base, {**self.folded.settings, **minutes})
        if config.minutes <= 0 and config.steps <= 0:
            raise InputError("Nothing would be trained: give minutes, or steps.")
        loss = correspondence.Loss(self.loss.currentData())
        return msgspec.structs.replace(config, loss=loss, seed=self.seed.value())
