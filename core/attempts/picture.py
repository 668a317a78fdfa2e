"""Figure 4 as an SVG: it needs nothing else, and prints. One picture for a page, or a file with many."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from core.attempts import words
from core.attempts.outcome import Outcome
from core.attempts.workspace import FARTHEST, UNITS, WorkspaceMap, colour_of
from core.geometry import Array
from core.messages import TargetError

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _RIGHT, _TOP = 460, 360, 64, 48, 76, 12
_TICKS = 5
_SIDE, _HEAD, _FOOT = 110, 30, 26
"""Around the pictures of a grid: names of rows and columns, and the line below each picture."""
TEXT_STYLE = "svg text { font: 12px system-ui, sans-serif; fill: #555; }"


def picture_svg(picture: WorkspaceMap) -> str:
    """The picture with its axes and the scale of its colours."""
    return (
        f"<svg width='{_WIDTH}' height='{_HEIGHT}' role='img' aria-label='Where attempts began and how far from their "
        f"target they ended'>{_drawn(picture)}</svg>"
    )


def _drawn(picture: WorkspaceMap) -> str:
    view = _View(picture)
    training = "".join(_cross(x, y) for x, y in view.at(picture.shown(picture.training)))
    places = view.at(picture.shown(picture.tried_starts))
    tried = "".join(_mark(x, y, each.outcome, each.error) for (x, y), each in zip(places, picture.tried, strict=True))
    hull = " ".join(f"{x:.1f},{y:.1f}" for x, y in view.at(picture.hull))
    outline = f"<polygon points='{hull}' fill='none' stroke='#777' stroke-dasharray='6 4'/>"
    return f"{view.axes()}{training}{outline}{tried}{_scale()}"


def pictures_svg(columns: Sequence[str], rows: Mapping[str, Sequence[WorkspaceMap | None]]) -> str:
    """A file with a picture for each row and column; None: nothing is known there yet."""
    step = _HEIGHT + _FOOT
    width, height = _SIDE + _WIDTH * len(columns), _HEAD + step * len(rows)
    parts = [_title(_SIDE + _WIDTH * (place + 0.5), 20, name) for place, name in enumerate(columns)]
    for line, (name, pictures) in enumerate(rows.items()):
        top = _HEAD + step * line
        parts.append(_title(_SIDE / 2, top + _HEIGHT / 2, name))
        parts += [_placed(each, _SIDE + _WIDTH * place, top) for place, each in enumerate(pictures)]
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}'>"
        f"<style>{TEXT_STYLE} svg text.title {{ font-weight: 600; font-size: 15px; }}</style>"
        f"<rect width='100%' height='100%' fill='white'/>{''.join(parts)}</svg>"
    )


def _title(x: float, y: float, name: str) -> str:
    return f"<text class='title' x='{x:g}' y='{y:g}' text-anchor='middle'>{escape(name)}</text>"


def _placed(picture: WorkspaceMap | None, left: int, top: int) -> str:
    if picture is None:
        middle = f"x='{left + _WIDTH / 2:g}' y='{top + _HEIGHT / 2:g}' text-anchor='middle'"
        return f"<text {middle}>not yet measured</text>"
    told = f"inside {words.successes(picture.inside)}; outside {words.successes(picture.outside)}"
    below = f"<text x='{_WIDTH / 2:g}' y='{_HEIGHT + 12}' text-anchor='middle'>{escape(told)}</text>"
    return f"<g transform='translate({left} {top})'>{_drawn(picture)}{below}</g>"


class _View:
    """From the plane to pixels."""

    def __init__(self, picture: WorkspaceMap) -> None:
        self._picture = picture
        points = [picture.shown(picture.training), picture.shown(picture.tried_starts), np.array(picture.limits).T]
        every = np.concatenate(points)
        low, high = every.min(axis=0), every.max(axis=0)
        room = np.where(high > low, 0.05 * (high - low), 1.0)
        self._low, self._high = low - room, high + room

    def at(self, points: Array) -> list[tuple[float, float]]:
        across, up = ((points - self._low) / (self._high - self._low)).reshape(-1, 2).T
        x = _LEFT + across * (_WIDTH - _LEFT - _RIGHT)
        y = _HEIGHT - _BOTTOM - up * (_HEIGHT - _BOTTOM - _TOP)
        return list(zip(x.tolist(), y.tolist(), strict=True))

    def axes(self) -> str:
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        size = f"width='{right - _LEFT}' height='{bottom - _TOP}'"
        parts = [f"<rect x='{_LEFT}' y='{_TOP}' {size} fill='none' stroke='#bbb'/>"]
        for value in _ticks(self._low[0], self._high[0]):
            ((x, _),) = self.at(np.array([[value, 0.0]]))
            parts.append(f"<text x='{x:.1f}' y='{bottom + 18}' text-anchor='middle'>{value:g}</text>")
        for value in _ticks(self._low[1], self._high[1]):
            ((_, y),) = self.at(np.array([[0.0, value]]))
            parts.append(f"<text x='{_LEFT - 6}' y='{y + 4:.1f}' text-anchor='end'>{value:g}</text>")
        across, up = (escape(f"{each}, {UNITS[each]}") for each in self._picture.plane)
        middle = (_TOP + bottom) / 2
        parts.append(f"<text x='{(_LEFT + right) / 2}' y='{_HEIGHT - 8}' text-anchor='middle'>{across}</text>")
        parts.append(f"<text transform='translate(14 {middle}) rotate(-90)' text-anchor='middle'>{up}</text>")
        return "".join(parts)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from end to end, about four of them."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(each for each in (1, 2, 5, 10) if each * power >= rough)
    return [round(index * step, 12) for index in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _cross(x: float, y: float) -> str:
    return f"<path d='M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6' stroke='#aaa'/>"


def _mark(x: float, y: float, outcome: Outcome | None, error: TargetError | None) -> str:
    colour = "rgb({}, {}, {})".format(*colour_of(error))
    style = f"fill='{colour}' stroke='#333' stroke-width='.7'"
    if outcome is Outcome.SUCCESS:
        return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='5' {style}/>"
    return f"<rect x='{x - 4.5:.1f}' y='{y - 4.5:.1f}' width='9' height='9' {style}/>"


def _scale() -> str:
    """Colours from the target to ``FARTHEST``."""
    left, steps = _WIDTH - _RIGHT + 20, 40
    height = (_HEIGHT - _BOTTOM - _TOP) / steps
    parts = []
    for step in range(steps):
        signed = FARTHEST * (step + 0.5) / steps
        colour = "rgb({}, {}, {})".format(*colour_of(TargetError((1.2 - signed) * 0.01)))
        place = f"x='{left}' y='{_TOP + step * height:.1f}' width='12' height='{height + 0.5:.1f}'"
        parts.append(f"<rect {place} fill='{colour}'/>")
    for value in (0, -1, -2):
        y = _TOP + value / FARTHEST * (_HEIGHT - _BOTTOM - _TOP)
        parts.append(f"<text x='{left + 18}' y='{y + 4:.1f}'>{value}</text>")
    return "".join(parts)
