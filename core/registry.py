"""How devices, tasks, representations and pages register: one file each, found by its package.

A registered module exposes a light ``INFO`` (with a ``name``) and ``build(...)``; heavy imports happen inside
``build``, so that listing never pays for them. A module whose import fails is listed as unavailable with the reason.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from core.errors import InputError


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered thing: its module when it imports, else the reason why it is unavailable."""

    name: str
    module: ModuleType | None
    unavailable: str = ""

    @property
    def info(self) -> Any:
        return None if self.module is None else self.module.INFO

    def build(self, *args: Any, **kwargs: Any) -> Any:
        """Build the thing; InputError says why when it is unavailable."""
        if self.module is None:
            raise InputError(f"'{self.name}' is unavailable: {self.unavailable}.")
        return self.module.build(*args, **kwargs)


class Registry:
    """The modules of one package that expose ``INFO``, by ``INFO.name``."""

    def __init__(self, package: str, kind: str) -> None:
        self._package = package
        self._kind = kind

    def entries(self) -> dict[str, Entry]:
        """All registered things, sorted by name."""
        package = importlib.import_module(self._package)
        found: dict[str, Entry] = {}
        for module_info in pkgutil.iter_modules(package.__path__):
            try:
                module = importlib.import_module(f"{self._package}.{module_info.name}")
            except ImportError as error:
                found[module_info.name] = Entry(module_info.name, None, str(error))
                continue
            info = getattr(module, "INFO", None)
            if info is not None:
                found[info.name] = Entry(info.name, module)
        return dict(sorted(found.items()))

    def get(self, name: str) -> Entry:
        """The thing of that name; InputError lists the valid names."""
        entries = self.entries()
        if name not in entries:
            raise InputError(f"There is no {self._kind} '{name}'; choose one of: {', '.join(entries)}.")
        return entries[name]
