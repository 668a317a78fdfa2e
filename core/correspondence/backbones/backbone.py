"""What a backbone states of itself and how its ImageNet weights are found."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.errors import InputError

_LOG = logging.getLogger(__name__)
_DOWNLOAD_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class BackboneInfo:
    """A backbone by name.

    ``strides`` and ``channels`` describe the feature maps it returns, finest first. ``mean`` and ``std`` are those of
    its ImageNet training, for RGB in [0, 1].
    """

    name: str
    title: str
    strides: tuple[int, ...]
    channels: tuple[int, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class Backbone(nn.Module):
    """Images ``(N, 3, H, W)``, normalised, to feature maps ``(N, C_i, H / s_i, W / s_i)``, finest first."""

    info: BackboneInfo


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """Where public ImageNet weights lie: in an installed package or at an address, and how their SHA-256 begins."""

    sha256: str
    package: str = ""
    file: str = ""
    url: str = ""

    def path(self, cache_dir: Path) -> Path | None:
        """The file, from the package or the download cache; None when it is neither there nor to be had."""
        if self.package:
            spec = importlib.util.find_spec(self.package)
            if spec is None or spec.submodule_search_locations is None:
                return None
            found = Path(next(iter(spec.submodule_search_locations))) / self.file
            return found if found.exists() else None
        found = cache_dir / "weights" / self.url.rsplit("/", 1)[-1]
        if not found.exists() and not _download(self.url, found):
            return None
        return found


def _download(url: str, target: Path) -> bool:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    try:
        with urllib.request.urlopen(url, timeout=_DOWNLOAD_TIMEOUT_S) as answer, partial.open("wb") as file:
            while block := answer.read(1 << 20):
                file.write(block)
        partial.replace(target)
    except (OSError, urllib.error.URLError) as error:
        partial.unlink(missing_ok=True)
        _LOG.warning("%s could not be downloaded: %s", url, error)
        return False
    return True


def load_published(path: Path, sha256: str) -> dict[str, Any]:
    """Weights of a file whose content is known by its hash; InputError when it is another file.

    The public files are in torch's own format, so only tensors are read (``weights_only``), after the hash is checked.
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if not digest.startswith(sha256):
        raise InputError(
            f"{path.name} is not the published file: its SHA-256 begins with {digest[:8]}, not {sha256[:8]}."
        )
    found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return found
