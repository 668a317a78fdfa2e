"""A run as the table shows it: words, numbers to sort by, and the settings in which runs differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.pages.episodes.model import when_words
from core.library.models import ModelRow
from core.library.runs import FINISHED, RunRow
from core.processes.jobs import newest_metrics
from core.representations import REPRESENTATIONS

if TYPE_CHECKING:
    from core.library.library import Library

STATES = {
    "queued": ("clock", "Waits"),
    "running": ("play", "Runs"),
    "paused": ("pause", "Paused"),
    "done": ("check", "Done"),
    "failed": ("warning", "Failed"),
    "cancelled": ("close", "Ended"),
}
"""Icon and word of every status."""
_UNITS = {"_hz": ", Hz", "_deg": ", degrees", "_m": ", m", "_s": ", s"}
KINDS = {"correspondence": "Descriptors", "policy": "Policy"}


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run with what belongs to it. ``newest``: the last value that it reported of everything."""

    run: RunRow
    model: ModelRow | None
    dataset: str
    newest: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.run.name or self.method

    @property
    def method(self) -> str:
        config = self.run.config
        if self.run.kind == "correspondence":
            return str(config.get("loss", ""))
        representation = str(config.get("representation", ""))
        return f"{representation}, {config.get('mode', '')}" if _has_modes(representation) else representation

    @property
    def network(self) -> str:
        network = self.run.config.get("network", {})
        return str(network.get("kind") or network.get("backbone") or "")

    @property
    def success(self) -> float | None:
        """Share of rollouts that succeeded or, of descriptors, of points found within 10 px."""
        pck = self.value("pck") or self.run.metrics.get("metrics", {}).get("pck")
        return self.value("success") if pck is None else float(pck["10"])

    @property
    def seconds(self) -> float | None:
        return self.value("wall_s") or self.value("elapsed_s")

    def value(self, name: str) -> Any:
        """What the run's result says, else what it reported last."""
        found = self.run.metrics.get(name)
        return self.newest.get(name) if found is None else found


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, what it sorts by, what it says; widths in units, as wanted and at least."""

    title: str
    value: Callable[[RunLine], Any]
    words: Callable[[RunLine], str]
    wanted: int
    least: int
    right: bool = False


@cache
def _has_modes(representation: str) -> bool:
    entry = REPRESENTATIONS.entries().get(representation)
    return entry is not None and entry.info is not None and len(entry.info.modes) > 1


def _number(form: str, value: float | None) -> str:
    return "" if value is None else format(value, form)


def _loss(line: RunLine) -> float | None:
    loss: float | None = line.value("train_loss")
    return line.value("loss") if loss is None else loss


def _steps(line: RunLine) -> int | None:
    steps: int | None = line.value("steps")
    return line.value("step") if steps is None else steps


def length_words(seconds: float | None) -> str:
    """A length of time that has passed."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes}:{rest:02d} min"


def success_words(line: RunLine) -> str:
    if line.success is None:
        return ""
    return f"{100 * line.success:.0f} %" + (" in 10 px" if line.run.kind == "correspondence" else "")


COLUMNS = (
    Column("State", lambda line: list(STATES).index(line.run.status), lambda line: STATES[line.run.status][1], 24, 22),
    Column("Name", lambda line: line.name.casefold(), lambda line: line.name, 90, 40),
    Column("Method", lambda line: line.method, lambda line: line.method, 32, 22),
    Column("Success", lambda line: line.success, success_words, 30, 27, True),
    Column(
        "Validation loss",
        lambda line: line.value("validation_loss"),
        lambda line: _number(".3g", line.value("validation_loss")),
        34,
        31,
        True,
    ),
    Column("Training loss", _loss, lambda line: _number(".3g", _loss(line)), 30, 28, True),
    Column("Time", lambda line: line.seconds, lambda line: length_words(line.seconds), 22, 20, True),
    Column("Steps", _steps, lambda line: _number(",", _steps(line)), 18, 16, True),
    Column("When", lambda line: line.run.created_utc_ns, lambda line: when_words(line.run.created_utc_ns), 34, 30),
    Column("Data set", lambda line: line.dataset.casefold(), lambda line: line.dataset, 44, 24),
    Column("Network", lambda line: line.network, lambda line: line.network, 28, 18),
    Column("Kind", lambda line: line.run.kind, lambda line: KINDS[line.run.kind], 24, 22),
    Column("Note", lambda line: line.run.notes.casefold(), lambda line: line.run.notes, 44, 20),
)
"""What tells runs apart first: where there is no room, the last ones give way."""
WHEN = next(index for index, column in enumerate(COLUMNS) if column.title == "When")


def read_lines(library: Library) -> tuple[RunLine, ...]:
    """All runs of the library, the newest first."""
    names = {dataset.id: dataset.name for dataset in library.datasets.list()}
    made = {model.run: model for model in library.models.list() if model.run}
    return tuple(
        RunLine(run, made.get(run.id), names.get(run.dataset or "", ""), _newest(run)) for run in library.runs.list()
    )


def _newest(run: RunRow) -> Mapping[str, Any]:
    ended = run.finished_utc_ns if run.status in FINISHED else None
    return newest_metrics(Path(run.path)) if ended is None else _newest_of(run.path, ended)


@lru_cache(maxsize=4096)
def _newest_of(path: str, ended_utc_ns: int) -> Mapping[str, Any]:
    """Of a run that has ended, read once."""
    return newest_metrics(Path(path))


def matches(line: RunLine, words: str) -> bool:
    """Whether every word occurs in something that the table says of the run."""
    said = " ".join(column.words(line) for column in COLUMNS).casefold()
    return all(word in said for word in words.casefold().split())


def settings(lines: Sequence[RunLine]) -> list[tuple[str, tuple[str, ...]]]:
    """A name and a value for each run, "" where it has none: what is set of one run, of several what differs."""
    known = [{"data set": line.dataset, **_flat("", line.run.config)} for line in lines]
    names = dict.fromkeys(name for each in known for name in each)
    rows = [(name, tuple(_said(each.get(name, "")) for each in known)) for name in names]
    if len(lines) == 1:
        return [(name, values) for name, values in rows if values != ("",)]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def setting_words(name: str) -> str:
    """What a setting is called, its unit last."""
    for suffix, unit_words in _UNITS.items():
        if name.endswith(suffix):
            name = name.removesuffix(suffix) + unit_words
    return name.replace("_", " ").replace(".", ": ")


def _flat(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= _flat(f"{prefix}{name}.", value) if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
