"""Changing single values of a training's configuration by name, as the command line does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from core.errors import InputError

_Config = TypeVar("_Config", bound=msgspec.Struct)
_WORDS = {
    "`int`": "a whole number",
    "`float`": "a number",
    "`float | null`": "a number or null",
    "`bool`": "true or false",
    "`str`": "a word",
}
"""How a kind of value is called."""


def with_settings(config: _Config, settings: Mapping[str, str]) -> _Config:
    """Change single values: ``{"network.descriptor_dim": "32"}``. InputError names the key and the valid ones."""
    for key, text in settings.items():
        config = _replaced(config, key, key.split("."), text)
    return config


def _replaced(struct: Any, key: str, path: list[str], text: str) -> Any:
    fields = {field.name: field for field in msgspec.structs.fields(type(struct))}
    name = path[0]
    if name not in fields:
        around = key[: len(key) - len(".".join(path))]
        raise InputError(
            f"There is no setting '{key}'; choose one of: {', '.join(f'{around}{each}' for each in fields)}."
        )
    current = getattr(struct, name)
    if isinstance(current, msgspec.Struct):
        if len(path) == 1:
            inner = ", ".join(f"{name}.{field.name}" for field in msgspec.structs.fields(type(current)))
            raise InputError(f"'{key}' holds several settings; choose one of: {inner}.")
        return msgspec.structs.replace(struct, **{name: _replaced(current, key, path[1:], text)})
    if len(path) > 1:
        raise InputError(f"There is no setting '{key}'; '{name}' is a single value.")
    try:
        value = msgspec.convert(text, fields[name].type, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"The setting {key}={text} cannot be; {_instead(current, error)}.") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"The setting {key}={text} cannot be; give a finite number.")
    return msgspec.structs.replace(struct, **{name: value})


def _instead(current: Any, error: msgspec.ValidationError) -> str:
    """What to give for a setting that was refused."""
    if isinstance(current, StrEnum):
        return f"choose one of: {', '.join(type(current))}"
    wanted = str(error).removeprefix("Expected ").partition(", got")[0]
    for kind, words in _WORDS.items():
        wanted = wanted.replace(kind, words)
    return f"give {wanted}"
