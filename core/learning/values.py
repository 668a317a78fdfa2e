"""Ranges of settings, checked where a setting enters the program."""

from __future__ import annotations

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]
"""A part that is never all."""
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
