"""Images of views as networks take them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.correspondence.views import resized_rgb
from core.errors import InputError
from core.messages import CameraInfo
from core.representations.representation import Setup, View


def camera_of(setup: Setup) -> CameraInfo:
    """The camera of a representation that sees images; InputError when there is none."""
    if setup.camera is None:
        raise InputError(f"{setup.name} sees images; record episodes with a camera.")
    return setup.camera


def rgb_of(view: View) -> NDArray[np.uint8]:
    """The colour image of a view that has one."""
    if view.rgb is None:
        raise InputError("This policy sees images, and its camera gives none; choose another camera.")
    return view.rgb


def images_of(views: Sequence[View], width: int, height: int) -> NDArray[np.uint8]:
    """Colour images ``(N, height, width, 3)`` of views."""
    return np.stack([resized_rgb(rgb_of(view), width, height) for view in views])


def image_batch(rgb: Tensor) -> Tensor:
    """Bytes ``(N, H, W, 3)`` as floats ``(N, 3, H, W)`` in [0, 1]."""
    return rgb.permute(0, 3, 1, 2).float().div(255.0).contiguous(memory_format=torch.channels_last)
