"""Models on disk, whatever they do: a folder with weights and a description that says their SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

import msgspec
from torch import nn

from core.learning.tensors import to_bytes, weights_of
from core.library.models import DESCRIPTION
from core.platform import replace_file

WEIGHTS = "model.safetensors"
_Description = TypeVar("_Description", bound=msgspec.Struct)


def save_described(folder: Path, model: nn.Module, description: _Description) -> _Description:
    """Write weights and, last, what is known of them; returns the description with the weights' ``sha256``."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = to_bytes(weights_of(model))
    described = msgspec.structs.replace(description, sha256=hashlib.sha256(data).hexdigest())
    replace_file(folder / WEIGHTS, data)
    replace_file(folder / DESCRIPTION, msgspec.json.format(msgspec.json.encode(described)))
    return described
