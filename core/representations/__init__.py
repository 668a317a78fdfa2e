"""How an image becomes z: one file a method of the paper's Table I; every one has ``INFO`` and ``build(context)``."""

from core.registry import Registry

REPRESENTATIONS = Registry("core.representations", "representation")
