"""Camera views and the 3-D view side by side, as large as they fit; they resize together."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.theme import Role, scaled, unit, well_colour
from app.views.tiling import GAP, Tiling, best_tiling

_LEAST_SHARE = 0.22
_GUTTER_UNITS = 5


class ViewGrid(QWidget):
    """Places widgets it is given; ``fill`` lets one of them have all the room."""

    def __init__(self) -> None:
        super().__init__()
        self._tiles: list[QWidget] = []
        self._group = 1
        self._beside: QWidget | None = None
        self._share = _LEAST_SHARE
        self._names: tuple[str, ...] = ()
        self._headings: list[tuple[QRect, str]] = []
        self._filling: QWidget | None = None

    def set_views(
        self,
        tiles: list[QWidget],
        group: int,
        beside: QWidget | None,
        share: float = _LEAST_SHARE,
        names: tuple[str, ...] = (),
    ) -> None:
        """``tiles`` camera by camera, ``group`` pictures a camera; ``beside`` takes the rest at the right, at least
        that share of the width. ``names`` of a group's pictures stand once at every row or column of them."""
        self._share, self._names = share, names
        for widget in [*self._tiles, *([self._beside] if self._beside is not None else [])]:
            if widget not in tiles and widget is not beside:
                widget.hide()
        self._tiles, self._group, self._beside = tiles, group, beside
        for widget in self._all():
            widget.setParent(self)
        if self._filling not in self._all():
            self._filling = None
        self.place()

    def fill(self, widget: QWidget | None) -> None:
        """Give one view the whole page; the same again, or None, goes back."""
        self._filling = None if widget is self._filling else widget
        self.place()

    @property
    def filling(self) -> QWidget | None:
        return self._filling

    def _all(self) -> list[QWidget]:
        return [*self._tiles, *([self._beside] if self._beside is not None else [])]

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.place()

    def place(self) -> None:
        self._headings.clear()
        if self._filling is not None:
            for widget in self._all():
                widget.setVisible(widget is self._filling)
            self._filling.setGeometry(self.rect())
            return
        for widget in self._all():
            widget.setVisible(True)
        if self._tiles:
            self._place_tiles()
        elif self._beside is not None:
            self._beside.setGeometry(self.rect())
        self.update()

    def _place_tiles(self) -> None:
        beside = self._share if self._beside is not None else 0.0
        gutter = _GUTTER_UNITS * unit() if self._names else 0
        tiling = best_tiling(len(self._tiles), self._group, self.width(), self.height(), beside, gutter)
        wide, tall = (0, gutter) if tiling.across else (gutter, 0)
        used = wide + tiling.columns * (tiling.width + GAP)
        top = tall + (self.height() - tall - tiling.rows * (tiling.height + GAP) + GAP) // 2
        left = wide + (0 if self._beside is not None else (self.width() - used + GAP) // 2)
        for index, tile in enumerate(self._tiles):
            column, row = tiling.cell(index)
            x, y = left + column * (tiling.width + GAP), top + row * (tiling.height + GAP)
            tile.setGeometry(x, y, tiling.width, tiling.height)
        if self._names:
            self._place_headings(tiling, left, top, gutter)
        if self._beside is not None:
            self._beside.setGeometry(QRect(used, 0, self.width() - used, self.height()))

    def _place_headings(self, tiling: Tiling, left: int, top: int, gutter: int) -> None:
        """Over every column, or before every row, that shows one member of the groups."""
        for place in range(tiling.columns if tiling.across else tiling.rows):
            if tiling.across:
                area = QRect(left + place * (tiling.width + GAP), top - gutter, tiling.width, gutter)
            else:
                area = QRect(left - gutter, top + place * (tiling.height + GAP), gutter, tiling.height)
            self._headings.append((area, self._names[place % self._group]))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), well_colour(self.palette()))
        painter.setPen(self.palette().color(Role.WindowText))
        painter.setFont(scaled(self.font(), 0.88))
        for area, name in self._headings:
            _paint_heading(painter, area, name)


def _paint_heading(painter: QPainter, area: QRect, name: str) -> None:
    """Along the longer side of its area: upright ones read from bottom to top."""
    upright = area.height() > area.width()
    long, short = (area.height(), area.width()) if upright else (area.width(), area.height())
    painter.save()
    painter.translate(QRectF(area).center())
    painter.rotate(-90.0 if upright else 0.0)
    words = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, long)
    painter.drawText(QRectF(-long / 2, -short / 2, long, short), Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()
