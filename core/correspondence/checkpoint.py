"""A descriptor model on disk: ``model.safetensors`` with weights and ``model.json`` with all that is known of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch

from core.correspondence.config import NetworkConfig, TrainingConfig
from core.correspondence.network import DescriptorNetwork
from core.errors import InputError
from core.learning.models import WEIGHTS, save_described
from core.learning.tensors import load_checked
from core.library.models import DESCRIPTION


class ModelDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What ``model.json`` says of a descriptor model."""

    id: str
    name: str
    created_utc_ns: int
    network: NetworkConfig
    kind: str = "descriptor"
    training: TrainingConfig | None = None
    run: str = ""
    dataset: str = ""
    dataset_sha256: str = ""
    weights_origin: str = ""
    steps: int = 0
    metrics: dict[str, Any] = {}
    sha256: str = ""
    schema_version: int = 1


def save_model(folder: Path, network: DescriptorNetwork, description: ModelDescription) -> ModelDescription:
    """Write a model into its folder; returns the description with the weights' SHA-256."""
    return save_described(folder, network, description)


def read_description(folder: Path) -> ModelDescription:
    """What a model says of itself; InputError when it is none."""
    try:
        return msgspec.json.decode((folder / DESCRIPTION).read_bytes(), type=ModelDescription)
    except OSError as error:
        raise InputError(
            f"There is no descriptor model in {folder} ({error.strerror}); train one or choose another."
        ) from None
    except msgspec.MsgspecError as error:
        raise InputError(f"{folder.name}/{DESCRIPTION} is damaged ({error}); train the model again.") from None


def load_model(folder: Path, device: str = "cpu") -> tuple[DescriptorNetwork, ModelDescription]:
    """A model ready for inference. Every shape is checked before a weight is used; InputError says what is wrong."""
    description = read_description(folder)
    network = DescriptorNetwork(description.network)
    network.load_state_dict(load_checked(folder / WEIGHTS, network.state_dict()))
    network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval(), description
