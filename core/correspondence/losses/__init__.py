"""Losses of correspondence training, one file each; every one has ``INFO`` and ``build(config)``."""

from __future__ import annotations

from core.registry import Registry

LOSSES = Registry("core.correspondence.losses", "loss")
