"""A small library made of numbers: two cameras look down at a textured card that lies elsewhere in every episode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from ulid import ULID

from core.clock import utc_ns
from core.correspondence.checkpoint import ModelDescription, save_model
from core.correspondence.config import NetworkConfig
from core.correspondence.empty_workspace import CaptureInfo, EmptyWorkspace
from core.correspondence.network import DescriptorNetwork
from core.episodes.recorder import Recorder
from core.geometry import SE3
from core.library import Library
from core.library.episodes import new_id
from core.messages import CameraInfo, Frame
from tests.core.episodes.making import FRAME_NS, TICK_NS, metadata, step

WIDTH, HEIGHT, FOCAL, TABLE_M, CARD_M = 160, 120, 150.0, 0.8, 0.7
ROLES = ("right", "left")
Change = Callable[[Frame], Frame]


def camera(role: str, focal: float = FOCAL) -> CameraInfo:
    """Looks down from above the table; the two stand ten centimetres apart."""
    y = 0.05 if role == "left" else -0.05
    X_WC = SE3.from_rotation(np.diag([1.0, -1.0, -1.0]), np.array([0.6, y, TABLE_M]))
    middle = ((WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    return CameraInfo(role, WIDTH, HEIGHT, 30.0, focal, focal, *middle, X_WC=X_WC.as_tuple())


def small_library(root: Path) -> Path:
    """Nothing but the capture of the empty workspace; see ``add_episode``."""
    cameras = tuple(camera(role) for role in ROLES)
    with Library.open(root) as library:
        empty = {role: np.full((HEIGHT, WIDTH), round(1000 * TABLE_M), np.uint16) for role in ROLES}
        EmptyWorkspace(CaptureInfo("C", 1, "simulated", cameras), empty).save(library.captures / "C")
    return root


def add_episode(
    root: Path,
    shift: int = 0,
    *,
    roles: tuple[str, ...] = ROLES,
    focal: float = FOCAL,
    card: bool = True,
    change: Change = lambda frame: frame,
) -> str:
    """An episode of four moments; returns its identifier. ``change`` spoils frames before they are recorded."""
    cameras = [camera(role, focal) for role in roles]
    info = metadata(str(ULID()), simulated=False)  # nobody but the cameras knows where the card lies
    with Library.open(root) as library:
        _, path = library.episodes.begin(info, cameras)
        recorder = Recorder(path, info, cameras, synchronous=True)
        for index in range(4):
            recorder.step(step(index * FRAME_NS // TICK_NS))
            for each in cameras:
                recorder.frame(change(_frame(each, index, shift, card)))
        return library.episodes.complete(recorder.finish(True)).id


def add_model(root: Path, name: str = "tiny", seed: int = 0) -> Path:
    """A descriptor model with random weights, in the folder and in the catalogue."""
    import torch

    torch.manual_seed(seed)
    config = NetworkConfig(descriptor_dim=4, head_channels=8, width=WIDTH, height=HEIGHT, normalised=False)
    described = ModelDescription(id=new_id(), name=name, created_utc_ns=utc_ns(), network=config)
    network = DescriptorNetwork(config)
    torch.nn.init.normal_(network.out.weight, std=30.0)  # random features differ little; these tell pixels apart
    with Library.open(root) as library:
        folder = library.models.folder(described.id)
        save_model(folder, network, described)
        assert library.models.adopt() == (described.id,)
    return folder


def without_depth(frame: Frame) -> Frame:
    return replace(frame, depth=None)


def blackened(frame: Frame) -> Frame:
    return replace(frame, rgb=np.zeros_like(frame.rgb))


def cut_short(model: Path) -> None:
    """Half of the weights' file is lost."""
    path = model / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def of_another_dimension(model: Path) -> None:
    """The description tells of other weights than lie beside it."""
    path = model / "model.json"
    path.write_text(path.read_text().replace('"descriptor_dim": 4', '"descriptor_dim": 16'))


def _frame(info: CameraInfo, index: int, shift: int, card: bool) -> Frame:
    rgb = np.full((HEIGHT, WIDTH, 3), 110, np.uint8)
    depth = np.full((HEIGHT, WIDTH), round(1000 * TABLE_M), np.uint16)
    if card:
        texture = np.random.default_rng(7).integers(0, 255, (6, 8, 3), dtype=np.uint8)
        away = round(FOCAL * (0.05 if info.role == "left" else -0.05) / CARD_M)
        part = np.s_[40 + away : 76 + away, 50 + shift : 98 + shift]
        rgb[part] = cv2.resize(texture, (48, 36), interpolation=cv2.INTER_LINEAR)
        depth[part] = round(1000 * CARD_M)
    stamp_ns = index * FRAME_NS
    return Frame(info.role, index, stamp_ns, stamp_ns, rgb, depth, SE3.from_array(info.X_WC or ()))
