"""What the window says to the inspector's process, and how described images travel in shared memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.correspondence.descriptors import DescriptorImage
from core.correspondence.pairs import FrameRef
from core.geometry import SE3, PinholeCamera
from core.messages import CameraInfo, Floats, Frame

MOST_PANELS = 9
"""The source and up to eight targets."""
MOST_MODELS = 2
_ALIGNED = 16


class StoredFrame(msgspec.Struct, frozen=True, tag_field="type", tag="stored"):
    """An image of an episode's file: the camera's role and the frame's number."""

    episode: str
    path: str
    role: str
    frame: int

    @property
    def ref(self) -> FrameRef:
        return FrameRef(self.episode, self.path, self.role, self.frame)


class LiveFrame(msgspec.Struct, frozen=True, tag_field="type", tag="live"):
    """The newest image of a camera of the rig."""

    role: str


Shown = StoredFrame | LiveFrame
StoredPair = tuple[StoredFrame, StoredFrame]
"""Source and target."""


class InspectorCommand(msgspec.Struct, frozen=True, tag_field="type"):
    """Base of all commands."""


class OpenInspector(InspectorCommand, frozen=True, tag="open"):
    """The first command: which session, and the folder of what can be made again."""

    session: str
    cache: str


class SetScene(InspectorCommand, frozen=True, tag="scene"):
    """Describe these images with these models (folders). ``panels``: the source first, then the targets.

    ``wanted``: panel and model of the stored images that the window does not have yet; live ones are always wanted.
    ``captures``: folder of the captures of the empty workspace, to mark where objects are; empty for no masks.
    """

    generation: int
    models: tuple[str, ...]
    panels: tuple[Shown, ...]
    wanted: tuple[tuple[int, int], ...]
    cameras: tuple[CameraInfo, ...] = ()
    captures: str = ""


class PauseLive(InspectorCommand, frozen=True, tag="pause"):
    """Leave live panels as they are, or follow the cameras again."""

    paused: bool


class ComparePairs(InspectorCommand, frozen=True, tag="compare"):
    """Say how sure the model of a folder is of each of these pairs, whenever nothing else is to be done.

    What was still to be compared is dropped; no pairs end it. ``captures`` as in ``SetScene``.
    """

    model: str
    pairs: tuple[StoredPair, ...]
    captures: str = ""


class CloseInspector(InspectorCommand, frozen=True, tag="close"):
    """Exit."""


InspectorCommands = OpenInspector | SetScene | PauseLive | ComparePairs | CloseInspector


class InspectorEvent(msgspec.Struct, frozen=True, tag_field="type"):
    """Base of all events."""


class ModelLoaded(InspectorEvent, frozen=True, tag="loaded"):
    """A model can be asked now."""

    folder: str
    id: str
    name: str
    descriptor_dim: int
    sha256: str


class Described(InspectorEvent, frozen=True, tag="described"):
    """A panel's image was described; how long the network took."""

    generation: int
    panel: int
    model: int
    milliseconds: float


class PairCompared(InspectorEvent, frozen=True, tag="compared"):
    """How sure a model is of a pair, in [0, 1]; None where that cannot be told: no object, or what ``trouble`` says.

    With a confidence, ``trouble`` says why it is of the whole image: where objects are is not known.
    """

    model: str
    pair: StoredPair
    confidence: float | None
    trouble: str = ""


class InspectorError(InspectorEvent, frozen=True, tag="error"):
    """What could not be done, in a sentence. ``panel`` and ``model`` are -1 when it concerns all of them."""

    message: str
    generation: int
    panel: int = -1
    model: int = -1


InspectorEvents = ModelLoaded | Described | PairCompared | InspectorError


def panel_topic(panel: int, model: int) -> str:
    """The topic of what one model makes of one panel."""
    return f"inspector/{panel}/{model}"


class PanelHeader(msgspec.Struct, frozen=True):
    """What stands before the arrays of a panel."""

    generation: int
    panel: int
    folder: str
    shown: Shown
    sequence: int
    capture_ns: int
    width: int
    height: int
    map_width: int
    map_height: int
    descriptor_dim: int
    intrinsics: tuple[float, float, float, float]
    depth_scale_m: float
    X_WC: Floats
    has_depth: bool
    has_mask: bool
    mask_trouble: str


@dataclass(frozen=True, slots=True, eq=False)
class PanelImage:
    """A described image as the window has it. ``mask: (H, W) bool`` of the objects, or None.

    ``found`` is the mask without what a hand corrected; ``mask_trouble`` says why there is none although it was asked.
    """

    generation: int
    panel: int
    folder: str
    shown: Shown
    frame: Frame
    camera: PinholeCamera
    depth_scale_m: float
    descriptors: DescriptorImage
    mask: NDArray[np.bool_] | None = None
    found: NDArray[np.bool_] | None = None
    mask_trouble: str = ""

    @property
    def was_searched(self) -> bool:
        """Whether objects were looked for, with or without success."""
        return self.found is not None or bool(self.mask_trouble)

    @property
    def depth_m(self) -> NDArray[np.float32] | None:
        """``(H, W)`` metres, 0 unknown."""
        depth = self.frame.depth
        return None if depth is None else (depth * np.float32(self.depth_scale_m)).astype(np.float32)


def pack(image: PanelImage) -> list[bytes | memoryview]:
    """The parts of a value: length of the header, header, map, norms, depth, colour, mask."""
    frame, described = image.frame, image.descriptors
    map_height, map_width, dim = described.map.shape
    camera = image.camera
    header = msgspec.msgpack.encode(
        PanelHeader(
            generation=image.generation,
            panel=image.panel,
            folder=image.folder,
            shown=image.shown,
            sequence=frame.sequence,
            capture_ns=frame.capture_ns,
            width=described.width,
            height=described.height,
            map_width=map_width,
            map_height=map_height,
            descriptor_dim=dim,
            intrinsics=(camera.fx, camera.fy, camera.cx, camera.cy),
            depth_scale_m=image.depth_scale_m,
            X_WC=frame.X_WC.as_tuple(),
            has_depth=frame.depth is not None,
            has_mask=image.mask is not None,
            mask_trouble=image.mask_trouble,
        )
    )
    padding = b"\0" * (-(4 + len(header)) % _ALIGNED)
    arrays = [described.map, described.norms, frame.depth, frame.rgb, image.mask]
    parts = [np.ascontiguousarray(array).data.cast("B") for array in arrays if array is not None]
    return [len(header).to_bytes(4, "little"), header, padding, *parts]


def unpack(data: bytes) -> PanelImage:
    """What ``pack`` wrote; the arrays look into ``data``."""
    length = int.from_bytes(data[:4], "little")
    header = msgspec.msgpack.decode(data[4 : 4 + length], type=PanelHeader)
    width, height, dim = header.width, header.height, header.descriptor_dim
    cut = _Cutter(data, 4 + length + (-(4 + length) % _ALIGNED))
    coarse = cut(np.float32, (header.map_height, header.map_width, dim))
    norms = cut(np.float32, (height, width))
    depth = cut(np.uint16, (height, width)) if header.has_depth else None
    rgb = cut(np.uint8, (height, width, 3))
    mask = cut(np.bool_, (height, width)) if header.has_mask else None
    role, stamp = header.shown.role, header.capture_ns
    return PanelImage(
        header.generation,
        header.panel,
        header.folder,
        header.shown,
        Frame(role, header.sequence, stamp, stamp, rgb, depth, SE3.from_array(header.X_WC)),
        PinholeCamera(width, height, *header.intrinsics),
        header.depth_scale_m,
        DescriptorImage(coarse, width, height, norms),
        mask,
        mask,
        header.mask_trouble,
    )


class _Cutter:
    """Takes one array after the other out of a value."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._data, self._offset = data, offset

    def __call__(self, kind: type, shape: tuple[int, ...]) -> NDArray[Any]:
        count = int(np.prod(shape))
        array: NDArray[Any] = np.frombuffer(self._data, kind, count, self._offset).reshape(shape)
        self._offset += array.nbytes
        return array
