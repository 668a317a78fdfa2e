"""Colours, type and spacing. Everything on screen takes its colours from the palette, so light and dark both work.

One accent colour. Green and red are kept for outcomes, reticles and a running recording, and never stand without a
shape or a word. One spacing unit, a quarter of a line of text, scales everything with the font.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from string import Template

from PySide6.QtCore import QObject, Qt, QTemporaryDir, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetricsF, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

_FONTS = Path(__file__).resolve().parents[1] / "resources" / "fonts"
_ICONS = Path(__file__).resolve().parents[1] / "resources" / "icons"
_STYLE = Path(__file__).with_name("style.qss")
_FAMILY = "Inter"

Role = QPalette.ColorRole


class Scheme(StrEnum):
    """Which colours to use; ``system`` follows the desktop."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


# fmt: off
_DARK = {
    Role.Window: "#1a1d21", Role.WindowText: "#e7eaee", Role.Base: "#131518", Role.AlternateBase: "#202429",
    Role.Text: "#e7eaee", Role.PlaceholderText: "#9aa3ae", Role.Button: "#2a2f36", Role.ButtonText: "#e7eaee",
    Role.BrightText: "#ffffff", Role.Light: "#363d46", Role.Midlight: "#262b31", Role.Mid: "#2c3238",
    Role.Dark: "#434b55", Role.Shadow: "#000000", Role.Highlight: "#5aa5ff", Role.HighlightedText: "#08131f",
    Role.Accent: "#5aa5ff", Role.Link: "#5aa5ff", Role.LinkVisited: "#5aa5ff",
    Role.ToolTipBase: "#343b44", Role.ToolTipText: "#f2f4f6",
}
_LIGHT = {
    Role.Window: "#f5f6f8", Role.WindowText: "#1b1f24", Role.Base: "#ffffff", Role.AlternateBase: "#eceef1",
    Role.Text: "#1b1f24", Role.PlaceholderText: "#5c6670", Role.Button: "#e4e7eb", Role.ButtonText: "#1b1f24",
    Role.BrightText: "#000000", Role.Light: "#d6dae0", Role.Midlight: "#e6e9ed", Role.Mid: "#d9dde2",
    Role.Dark: "#b9c0c8", Role.Shadow: "#6a727c", Role.Highlight: "#0b62d0", Role.HighlightedText: "#ffffff",
    Role.Accent: "#0b62d0", Role.Link: "#0b62d0", Role.LinkVisited: "#0b62d0",
    Role.ToolTipBase: "#2a2f36", Role.ToolTipText: "#f5f6f8",
}
_OUTCOMES = {True: ("#43c98b", "#14794a"), False: ("#ff7a70", "#c2332c")}
_SERIES = (
    ("#5aa5ff", "#0b62d0"), ("#f2b04b", "#a86400"), ("#c08bff", "#7a3fd0"), ("#4fd0d6", "#00777d"),
    ("#f58bc0", "#b02a74"), ("#c9c46a", "#6f6a00"), ("#9aa3ae", "#5c6670"),
)
# fmt: on


def palette_of(dark: bool) -> QPalette:
    """The palette of a scheme."""
    palette = QPalette()
    for role, colour in (_DARK if dark else _LIGHT).items():
        palette.setColor(role, QColor(colour))
    muted = QColor("#6c7580" if dark else "#98a1ab")
    for role in (Role.WindowText, Role.Text, Role.ButtonText, Role.PlaceholderText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, muted)
    palette.setColor(QPalette.ColorGroup.Disabled, Role.Highlight, palette.color(Role.Dark))
    return palette


def is_dark(palette: QPalette) -> bool:
    return palette.color(Role.Window).lightnessF() < 0.5


def outcome_colour(palette: QPalette, success: bool) -> QColor:
    """Green or red of an outcome; draw a shape or a word with it."""
    return QColor(_OUTCOMES[success][0 if is_dark(palette) else 1])


def recording_colour(palette: QPalette) -> QColor:
    """Red of a running recording; draw its shape and its word with it."""
    return outcome_colour(palette, False)


def goal_colour() -> QColor:
    """Amber of a task's goal, drawn over camera pictures, whose colours follow no scheme."""
    return QColor("#fabd33")


def wanted_colour(first: bool) -> QColor:
    """Of places that are asked for, drawn over camera pictures like a goal; the first stands out."""
    return QColor(94, 240, 246, 255 if first else 120)


def series_colours(palette: QPalette, count: int) -> list[QColor]:
    """Colours for lines in a plot, told apart by most kinds of colour vision, none of them green or red."""
    index = 0 if is_dark(palette) else 1
    return [QColor(_SERIES[position % len(_SERIES)][index]) for position in range(count)]


def blend(first: QColor, second: QColor, share: float) -> QColor:
    """``first`` with a ``share`` of ``second`` in it."""

    def between(one: float, other: float) -> float:
        return one + (other - one) * share

    red, green = between(first.redF(), second.redF()), between(first.greenF(), second.greenF())
    return QColor.fromRgbF(red, green, between(first.blueF(), second.blueF()))


def well_colour(palette: QPalette) -> QColor:
    """The ground that pictures lie on: darker than the window in the dark, a calm grey in the light."""
    base = palette.color(Role.Base)
    return base if is_dark(palette) else blend(base, palette.color(Role.Shadow), 0.28)


def unit(font: QFont | None = None) -> int:
    """The spacing unit in pixels: a quarter of a line of text."""
    return max(3, round(QFontMetricsF(font or QGuiApplication.font()).height() / 4.0))


def scaled(font: QFont, factor: float, weight: QFont.Weight | None = None) -> QFont:
    """A larger or smaller copy of a font."""
    copy = QFont(font)
    if font.pointSizeF() > 0:
        copy.setPointSizeF(font.pointSizeF() * factor)
    else:
        copy.setPixelSize(max(1, round(font.pixelSize() * factor)))
    if weight is not None:
        copy.setWeight(weight)
    return copy


def interface_font(system: QFont) -> QFont:
    """The system's font size in our family, with figures of one width; the system's family when ours is missing."""
    for path in sorted(_FONTS.glob("*.otf")):
        QFontDatabase.addApplicationFont(str(path))
    font = QFont(system)
    if _FAMILY in QFontDatabase.families():
        font.setFamilies([_FAMILY, *system.families()])
    font.setFeature(QFont.Tag("tnum"), 1)
    font.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
    return font


class Theme(QObject):
    """Applies a scheme to the application and follows the system's when asked to."""

    changed = Signal()

    def __init__(self, application: QApplication) -> None:
        super().__init__()
        self._application = application
        self._scheme = Scheme.SYSTEM
        self._applied: bool | None = None
        self._tinted = QTemporaryDir()
        application.setStyle(QStyleFactory.create("Fusion"))
        application.setFont(interface_font(application.font()))
        application.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def scheme(self) -> Scheme:
        return self._scheme

    @property
    def dark(self) -> bool:
        if self._scheme is Scheme.SYSTEM:
            return self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._scheme is Scheme.DARK

    def use(self, scheme: Scheme) -> None:
        """Follow the system, or always be light or dark. What looks the same already is not painted anew."""
        self._scheme = scheme
        if self.dark != self._applied:
            self._apply()

    def _system_changed(self) -> None:
        self.use(self._scheme)

    def _apply(self) -> None:
        self._applied = self.dark
        palette = palette_of(self.dark)
        self._application.setPalette(palette)
        self._application.setStyleSheet(style_sheet(self._application.font(), palette, self._tinted_images(palette)))
        self.changed.emit()

    def _tinted_images(self, palette: QPalette) -> dict[str, str]:
        """Style sheets take images from files only, so the two they need are written in the palette's colours."""
        roles = {"chevron": ("chevron-down", Role.PlaceholderText), "check": ("check", Role.HighlightedText)}
        paths = {}
        for name, (source, role) in roles.items():
            path = Path(self._tinted.path()) / f"{name}-{'dark' if self.dark else 'light'}.svg"
            svg = (_ICONS / f"{source}.svg").read_text(encoding="utf-8")
            path.write_text(svg.replace("currentColor", palette.color(role).name()), encoding="utf-8")
            paths[name] = path.as_posix()
        return paths


def style_sheet(font: QFont, palette: QPalette, images: dict[str, str]) -> str:
    """The style sheet with sizes from the font; its colours are the palette's and the recording's red."""
    u = unit(font)
    sizes = {f"u{index}": f"{round(u * index / 2)}px" for index in range(1, 17)}
    names = {"radius": f"{u}px", "recording": recording_colour(palette).name()}
    return Template(_STYLE.read_text(encoding="utf-8")).substitute(sizes, **names, **images)
