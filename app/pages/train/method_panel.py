"""How to learn: representation, network and preset of a policy, or preset and time of descriptors; the rest folded."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from app.pages.train.data_panel import WIDTH
from app.pages.train.fields import Folded, Rows, spin
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

_MODES = {
    Mode.SET: "Optimise the set",
    Mode.FIXED: "Fixed set",
    Mode.DENSE: "Set and network, end to end",
    Mode.PRETRAINED: "End to end, pretrained",
}
_POLICY_SETTINGS = {
    "batch": "Moments that are learned from together in a step.",
    "learning_rate": "How far a step goes; lower it when the loss jumps.",
    "look_ahead_s": "How far ahead the setpoint lies that is imitated.",
    "rate_hz": "How often the policy looks in a second; 0: as often as was recorded, at most 30.",
    "points": "Descriptors or feature points that are followed.",
    "validation_fraction": "Share of the episodes that are not learned from but judged on.",
    "validate_every": "Steps between two judgements on the held-out episodes.",
    "network.hidden": "Width of the acting network.",
    "network.layers": "Layers of the acting network.",
    "network.dropout": "Share of its units that are left out at random in every step.",
    "network.gaussians": "Several answers that an action may be one of; 0: one action.",
    "ema": "How slowly the weights that act follow the learned ones, below 1; 0: they are the newest.",
    "stop_after": "End after so many judgements without a better one; 0: never.",
    "noise.position_m": "Deviation of the noise on where the hand is seen.",
    "noise.rotation_deg": "Deviation of the noise on how the hand is turned.",
}
"""What is folded away, and what it does."""
_CORRESPONDENCE_SETTINGS = {
    "steps": "Steps of training where minutes are 0.",
    "batch_pairs": "Pairs of images in a step.",
    "crop": "Side of the square that is cut around objects, in pixels; 0: whole images.",
    "moments": "Moments drawn from each episode.",
    "learning_rate": "How far a step goes; lower it when the loss jumps.",
    "network.descriptor_dim": "Numbers in a descriptor.",
    "network.backbone": "The network that sees.",
    "validation_fraction": "Share of the episodes that are not learned from but judged on.",
}


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
        self.noise, self.seed = QCheckBox("on the observed hand"), spin(0, 2**31 - 1)
        self.steps, self.rollouts = spin(1, 10_000_000), spin(0, 10_000)
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
        for field in (self.steps, self.seed, self.rollouts):
            field.valueChanged.connect(lambda _: self.changed.emit())
        self.noise.toggled.connect(lambda _: self.changed.emit())
        self.folded.changed.connect(self.changed.emit)

    def _compose(self) -> None:
        rows = Rows()
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
        self.seed = spin(0, 2**31 - 1)
        self.folded = Folded(_CORRESPONDENCE_SETTINGS)
        rows = Rows()
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
