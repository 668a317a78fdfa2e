"""Tensors in safetensors files, written as a whole and checked before use; no pickle is ever read."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from core.errors import InputError
from core.platform import replace_file


def own(value: Tensor) -> Tensor:
    """A copy on the CPU that shares nothing."""
    return value.detach().cpu().contiguous().clone()


def weights_of(module: torch.nn.Module) -> dict[str, Tensor]:
    """All that a module's state dict holds, copied."""
    return {name: own(value) for name, value in module.state_dict().items()}


def to_bytes(tensors: dict[str, Tensor]) -> bytes:
    """The file's bytes."""
    return save(tensors)


def save_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a file as a whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, save(tensors))


def load_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a file. SafetensorError or OSError when it cannot be read."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def load_checked(path: Path, wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """Exactly the tensors that are wanted, every shape checked before any is read. InputError says what is wrong."""
    name = f"{path.parent.name}/{path.name}"
    try:
        with safe_open(path, framework="pt") as file:
            found = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
            for key, value in wanted.items():
                if found.get(key) != tuple(value.shape):
                    raise InputError(
                        f"{name} does not fit its description: {key} should be {tuple(value.shape)} and is "
                        f"{found.get(key, 'missing')}; choose another model or train it again."
                    )
            return {key: file.get_tensor(key) for key in wanted}
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{name} cannot be read ({error}); it is cut short or damaged, train the model again."
        ) from None


def under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose name begins so, without that beginning."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def named(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The same with a beginning put before their names."""
    return {f"{prefix}{name}": value for name, value in tensors.items()}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The moments of an optimizer's parameters, by ``<number>.<name>``."""
    return {
        f"{number}.{name}": own(value)
        for number, moments in optimizer.state_dict()["state"].items()
        for name, value in moments.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimizer the moments that ``optimizer_tensors`` took from it."""
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, _, moment = name.partition(".")
        moments.setdefault(int(number), {})[moment] = value
    stored = optimizer.state_dict()
    stored["state"] = moments
    optimizer.load_state_dict(stored)
