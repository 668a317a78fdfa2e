"""The inspector's process: describes images with one or two networks, so that the window needs no torch.

The window says which images stand in which panels; each is described once for every model and published in shared
memory. Panels that show a live camera are described again whenever it has a newer image, in turn. What is asked next
is looked at between any two images, so a scene that nobody wants any more is dropped at once.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.clock import monotonic_ns
from core.correspondence.checkpoint import ModelDescription, load_model
from core.correspondence.describer import Describer
from core.correspondence.descriptors import DescriptorImage
from core.correspondence.pairs import FrameLoader
from core.errors import InputError, ReticleError
from core.geometry import PinholeCamera
from core.messages import CameraInfo, Frame
from core.platform import give_way
from core.processes.channel import Channel
from core.processes.shared_memory import Bus, BytesPublisher, FrameSubscriber, Session
from robot.inspector_messages import (
    CloseInspector,
    ComparePairs,
    Described,
    InspectorCommands,
    InspectorError,
    LiveFrame,
    ModelLoaded,
    OpenInspector,
    PanelImage,
    PauseLive,
    SetScene,
    Shown,
    StoredFrame,
    pack,
    panel_topic,
)
from robot.inspector_pairs import PairComparer, PairImage
from robot.station_messages import frame_topic

_LOG = logging.getLogger(__name__)
_POLL_S = 0.02
_KEPT = 24
Key = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    describer: Describer
    description: ModelDescription
    stamp_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """An image before it is described."""

    frame: Frame
    camera: PinholeCamera
    depth_scale_m: float


def main(channel: Channel) -> int:
    """Describe until the window closes the inspector or dies; control, cameras and the window come first."""
    give_way()
    channel.listen(InspectorCommands)
    opening = channel.wait(timeout_s=60.0)
    if not isinstance(opening, OpenInspector):
        return 2
    inspector = Inspector(channel, opening)
    while not channel.closed.is_set():
        command = channel.wait(0.0 if inspector.busy else _POLL_S)
        if isinstance(command, CloseInspector):
            break
        if command is not None:
            inspector.obey(command)
        else:
            inspector.work()
    inspector.close()
    return 0


class Inspector:
    """The newest scene and what of it is still to be described."""

    def __init__(self, channel: Channel, opening: OpenInspector) -> None:
        self._channel = channel
        self._bus = Bus(Session.from_text(opening.session), "inspector")
        self._loader = FrameLoader(Path(opening.cache) if opening.cache else None)
        self._scene = SetScene(0, (), (), ())
        self._paused = False
        self._models: dict[str, _Model] = {}
        self._waiting: deque[Key] = deque()
        self._described: OrderedDict[tuple[str, Shown], tuple[_Source, DescriptorImage]] = OrderedDict()
        self._publishers: dict[Key, tuple[int, BytesPublisher]] = {}
        self._cameras: dict[str, FrameSubscriber] = {}
        self._newest: dict[str, Frame] = {}
        self._live_done: dict[Key, int] = {}
        self._masks: Any = None
        self._comparer = PairComparer(self._describe_for_pair)

    @property
    def busy(self) -> bool:
        return bool(self._waiting) or self._comparer.busy

    def obey(self, command: object) -> None:
        """Take a new scene or a pause."""
        if isinstance(command, PauseLive):
            self._paused = command.paused
        elif isinstance(command, SetScene):
            self._set_scene(command)
        elif isinstance(command, ComparePairs):
            if command.pairs:
                self._load(command.model)
            self._comparer.take(command)

    def _set_scene(self, scene: SetScene) -> None:
        self._scene = scene
        self._waiting.clear()
        self._live_done.clear()
        for folder in scene.models:
            self._load(folder)
        stored = [key for key in scene.wanted if isinstance(scene.panels[key[0]], StoredFrame)]
        self._waiting.extend(stored)

    def _load(self, folder: str) -> None:
        """Load a model unless it is loaded as it now is on the disk."""
        try:
            stamp_ns = (Path(folder) / "model.json").stat().st_mtime_ns
            if folder in self._models and self._models[folder].stamp_ns == stamp_ns:
                return
            self._forget(folder)
            network, description = load_model(Path(folder))
        except OSError:
            self._complain(f"There is no descriptor model in {folder} any more; choose another.")
        except ReticleError as error:
            self._complain(str(error))
        except Exception as error:  # noqa: BLE001  whatever a damaged file makes torch say
            _LOG.exception("a model could not be loaded")
            self._complain(f"The model in {folder} cannot be used ({error}); choose another.")
        else:
            self._models[folder] = _Model(Describer(network), description, stamp_ns)
            known = description
            dim = known.network.descriptor_dim
            self._channel.send(ModelLoaded(folder, known.id, known.name, dim, known.sha256))

    def _forget(self, folder: str) -> None:
        self._models.pop(folder, None)
        for key in [key for key in self._described if key[0] == folder]:
            del self._described[key]

    # Work -----------------------------------------------------------------------------------------------------------
    def work(self) -> None:
        """Describe one image: what waits first, then the live panel that waited longest; then go on comparing pairs."""
        if self._waiting:
            key = self._waiting.popleft()
            self._do(key, self._scene.panels[key[0]])
            return
        key_and_shown = None if self._paused else self._next_live()
        if key_and_shown is not None:
            self._do(*key_and_shown)
        compared = self._comparer.step()
        if compared is not None:
            self._channel.send(compared)

    def _next_live(self) -> tuple[Key, LiveFrame] | None:
        live = [(panel, shown) for panel, shown in enumerate(self._scene.panels) if isinstance(shown, LiveFrame)]
        for role in {shown.role for _, shown in live}:
            if role not in self._cameras:
                self._cameras[role] = self._bus.frame_subscriber(frame_topic(role))
            self._newest[role] = self._cameras[role].take() or self._newest.get(role)  # type: ignore[assignment]
        fresh = [
            ((panel, model), shown)
            for panel, shown in live
            for model in range(len(self._scene.models))
            if (frame := self._newest[shown.role]) is not None
            and self._live_done.get((panel, model)) != frame.capture_ns
        ]
        if not fresh:
            return None
        return min(fresh, key=lambda item: self._live_done.get(item[0], -1))

    def _do(self, key: Key, shown: Shown) -> None:
        panel, index = key
        model = self._models.get(self._scene.models[index])
        if model is None:
            return
        folder = self._scene.models[index]
        begin_ns = monotonic_ns()
        try:
            source, described = self._describe(folder, model, shown)
            if isinstance(shown, LiveFrame):
                self._live_done[key] = source.frame.capture_ns
            mask, trouble = self._mask(shown, source, self._scene.captures)
            generation = self._scene.generation
            image = PanelImage(
                generation,
                panel,
                folder,
                shown,
                source.frame,
                source.camera,
                source.depth_scale_m,
                described,
                mask,
                mask_trouble=trouble,
            )
            self._publish(key, image)
        except ReticleError as error:
            self._complain(str(error), panel, index)
        except Exception as error:  # noqa: BLE001  one image that cannot be described stops no other
            _LOG.exception("an image could not be described")
            self._complain(f"This image cannot be described ({error}).", panel, index)
        else:
            spent_ms = (monotonic_ns() - begin_ns) / 1e6
            self._channel.send(Described(generation, panel, index, spent_ms))

    def _describe(self, folder: str, model: _Model, shown: Shown) -> tuple[_Source, DescriptorImage]:
        if isinstance(shown, LiveFrame):
            source = self._live_source(shown)
            return source, model.describer.describe(source.frame.rgb)
        known = self._described.get((folder, shown))
        if known is None:
            source = self._stored_source(shown)
            known = (source, model.describer.describe(source.frame.rgb))
            self._described[folder, shown] = known
            while len(self._described) > _KEPT:
                self._described.popitem(last=False)
        self._described.move_to_end((folder, shown))
        return known

    def _stored_source(self, shown: StoredFrame) -> _Source:
        for (_, other), (source, _) in self._described.items():
            if other == shown:
                return source
        loaded = self._loader.load(shown.ref)
        scale = self._loader.reader(shown.path).cameras[shown.role].depth_scale_m
        return _Source(loaded.frame, loaded.camera, scale)

    def _live_source(self, shown: LiveFrame) -> _Source:
        infos: dict[str, CameraInfo] = {info.role: info for info in self._scene.cameras}
        info = infos.get(shown.role)
        if info is None:
            raise ReticleError(f"The rig has no {shown.role} camera; choose another image.")
        return _Source(self._newest[shown.role], info.pinhole, info.depth_scale_m)

    def _describe_for_pair(self, command: ComparePairs, shown: StoredFrame) -> PairImage:
        """Descriptors and mask; InputError when the model could not be loaded."""
        model = self._models.get(command.model)
        if model is None:
            raise InputError(f"The model in {command.model} cannot be used; choose another.")
        source, described = self._describe(command.model, model, shown)
        return PairImage(described, *self._mask(shown, source, command.captures))

    def _mask(self, shown: Shown, source: _Source, captures: str) -> tuple[Any, str]:
        """Where objects are when masks are asked for, or why that cannot be told; the imports are heavy, hence here."""
        if not captures or not isinstance(shown, StoredFrame):
            return None, ""
        if self._masks is None:
            from robot.inspector_masks import MaskMaker

            self._masks = MaskMaker(self._loader)
        try:
            return self._masks.mask(shown, source.frame, Path(captures)), ""
        except ReticleError as error:
            return None, str(error)

    # Out ------------------------------------------------------------------------------------------------------------
    def _publish(self, key: Key, image: PanelImage) -> None:
        parts = pack(image)
        size = sum(len(part) for part in parts)
        room, publisher = self._publishers.get(key, (0, None))
        if publisher is None or size > room:
            room = size + 8192
            publisher = self._bus.publisher(panel_topic(*key), room)
            self._publishers[key] = (room, publisher)
        publisher.publish(*parts)

    def _complain(self, message: str, panel: int = -1, model: int = -1) -> None:
        self._channel.send(InspectorError(message, self._scene.generation, panel, model))

    def close(self) -> None:
        self._loader.close()
