"""Feature extractors under a descriptor network, one file each; every one has ``INFO`` and ``build()``."""

from __future__ import annotations

from core.registry import Registry

BACKBONES = Registry("core.correspondence.backbones", "backbone")
