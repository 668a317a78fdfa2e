"""What the window remembers: versioned, one file, and one bad key never voids the rest."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import platformdirs

_LOG = logging.getLogger(__name__)
VERSION = 1
T = TypeVar("T")

_MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From a version to the next: a function of the stored values."""


class Setting(Generic[T]):
    """A named value with a type (anything msgspec can convert to) and a default."""

    def __init__(self, name: str, kind: Any, default: T) -> None:
        self.name, self.kind, self.default = name, kind, default


def default_path() -> Path:
    return Path(platformdirs.user_config_dir("reticle", appauthor=False)) / "settings.json"


class Settings:
    """Reads once, writes whole files atomically. Values that do not fit their type fall back to the default."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.complaints: list[str] = []
        self._values = self._load()
        self._dirty = False

    def get(self, setting: Setting[T]) -> T:
        """The stored value, or the default; a value of the wrong type is left out and complained about once."""
        if setting.name not in self._values:
            return setting.default
        try:
            value: T = msgspec.convert(self._values[setting.name], setting.kind)
        except (msgspec.ValidationError, TypeError, ValueError) as error:
            self._complain(f"The setting '{setting.name}' was not understood ({error}), so its default is used.")
            del self._values[setting.name]
            return setting.default
        return value

    def put(self, setting: Setting[T], value: T) -> None:
        stored = msgspec.to_builtins(value, str_keys=True)
        if self._values.get(setting.name) != stored:
            self._values[setting.name] = stored
            self._dirty = True

    def forget(self, setting: Setting[Any]) -> None:
        self._dirty |= self._values.pop(setting.name, None) is not None

    def save(self) -> None:
        """Write what changed; a folder that cannot be written is complained about, never fatal."""
        if not self._dirty:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            data = msgspec.json.format(msgspec.json.encode({"version": VERSION, "values": self._values}))
            with tempfile.NamedTemporaryFile(dir=self.path.parent, delete=False) as file:
                file.write(data)
            Path(file.name).replace(self.path)
            self._dirty = False
        except OSError as error:
            self._complain(f"The settings could not be saved in {self.path}: {error.strerror or error}.")

    def _load(self) -> dict[str, Any]:
        try:
            stored = msgspec.json.decode(self.path.read_bytes(), type=dict[str, Any])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            self._complain(f"The settings in {self.path} cannot be read ({error}), so the defaults are used.")
            return {}
        values, version = stored.get("values"), stored.get("version")
        if not isinstance(values, dict) or not isinstance(version, int):
            self._complain(f"The settings in {self.path} are not settings of Reticle, so the defaults are used.")
            return {}
        while version in _MIGRATIONS:
            values = _MIGRATIONS[version](values)
            version += 1
        return values

    def _complain(self, text: str) -> None:
        _LOG.warning(text)
        self.complaints.append(text)
