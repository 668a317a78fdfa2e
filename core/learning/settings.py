"""Changing single values of a training's configuration by name, as the command line does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from core.errors import InputError

_Config = TypeVar("_Config", bound=msgspec.Struct)


def with_settings(config: _Config, settings: Mapping[str, str]) -> _Config:
    """Change single values: ``{"network.descriptor_dim": "32"}``. InputError names the key and the valid ones."""
    for key, text in settings.items():
        config = _replaced(config, key, key.split("."), text)
    return config


def _replaced(struct: Any, key: str, path: list[str], text: str) -> Any:
    fields = {field.name: field for field in msgspec.structs.fields(type(struct))}
    name = path[0]
    if name not in fields:
        raise InputError(f"There is no setting '{key}'; choose one of: {', '.join(fields)}.")
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
        raise InputError(f"The setting {key}={text} cannot be: {error}.") from None
    return msgspec.structs.replace(struct, **{name: value})
