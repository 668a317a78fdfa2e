"""How an image becomes z: one light file a method of Table I; every one has ``INFO`` and ``build(setup)``."""

from core.registry import Registry

REPRESENTATIONS = Registry("core.representations", "representation")
