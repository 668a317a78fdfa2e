"""The inspector's process: real episodes in, described images out; what is wrong comes back as a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from commands.record import record
from core.clock import utc_ns
from core.correspondence.checkpoint import ModelDescription, load_model, save_model
from core.correspondence.config import NetworkConfig
from core.correspondence.describer import Describer
from core.correspondence.descriptor_sets import pair_confidence
from core.correspondence.descriptors import DescriptorImage
from core.correspondence.empty_workspace import CaptureInfo, EmptyWorkspace
from core.correspondence.network import DescriptorNetwork
from core.correspondence.pairs import FrameLoader
from core.episodes.reader import EpisodeReader
from core.geometry import SE3, PinholeCamera
from core.messages import CameraInfo, Frame
from core.processes.child import Child
from core.processes.shared_memory import Bus, BytesSubscriber, Session
from robot import inspector_masks
from robot.inspector_masks import MaskMaker
from robot.inspector_messages import (
    CloseInspector,
    ComparePairs,
    InspectorError,
    InspectorEvents,
    LiveFrame,
    ModelLoaded,
    OpenInspector,
    PairCompared,
    PanelImage,
    SetScene,
    Shown,
    StoredFrame,
    pack,
    panel_topic,
    unpack,
)
from robot.inspector_pairs import PairComparer, PairImage
from robot.inspector_truth import error_m, true_pixel
from robot.station_messages import frame_topic
from tests.robot.correspondence.small import ROLES, add_episode, camera, small_library
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("inspector") / "library"
    record(task="reach_t", episodes=1, cameras="right,left", rate=5.0, library=root, quiet=True)
    torch.manual_seed(0)
    config = NetworkConfig(descriptor_dim=4, head_channels=8, width=160, height=128)
    described = ModelDescription(id="M", name="tiny", created_utc_ns=utc_ns(), network=config)
    save_model(root / "models" / "M", DescriptorNetwork(config), described)
    return root


class Parent:
    """The window's end."""

    def __init__(self, library: Path) -> None:
        self.session = Session.create()
        self.bus = Bus(self.session, "test")
        self.events: list[object] = []
        self.subscribers: dict[int, BytesSubscriber] = {}
        self.images: dict[int, PanelImage] = {}
        self.child = Child("robot.inspector", InspectorEvents, self.events.append)
        self.child.send(OpenInspector(self.session.as_text(), str(library / "cache")))

    def show(self, generation: int, model: Path, *panels: Shown, cameras: tuple[CameraInfo, ...] = ()) -> None:
        for panel in range(len(panels)):
            self.subscribers.setdefault(panel, self.bus.subscriber(panel_topic(panel, 0)))
        wanted = tuple((panel, 0) for panel in range(len(panels)))
        self.images.clear()
        self.child.send(SetScene(generation, (str(model),), panels, wanted, cameras))

    def look(self) -> dict[int, PanelImage]:
        for panel, subscriber in self.subscribers.items():
            data = subscriber.take()
            if data is not None:
                self.images[panel] = unpack(data)
        return self.images

    def said(self, kind: type) -> list[object]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture(scope="module")
def parent(library: Path) -> Iterator[Parent]:
    parent = Parent(library)
    yield parent
    parent.child.send(CloseInspector())
    assert parent.child.close() == 0
    parent.session.remove()


def stored(library: Path, role: str, frame: int) -> StoredFrame:
    path = next((library / "episodes").glob("*.mcap"))
    return StoredFrame(path.stem, str(path), role, frame)


def test_stored_images_are_described_as_the_network_does(library: Path, parent: Parent) -> None:
    wanted = [stored(library, "right", 2), stored(library, "left", 2)]
    parent.show(1, library / "models" / "M", *wanted)
    assert wait_for(lambda: len(parent.look()) == 2, 60.0)
    assert [event.descriptor_dim for event in parent.said(ModelLoaded)] == [4]
    image = parent.images[0]
    assert image.shown == wanted[0]
    with EpisodeReader(Path(wanted[0].path)) as reader:
        frame = reader.frame("right", 2)
    network, _ = load_model(library / "models" / "M")
    expected = Describer(network).describe(frame.rgb)
    assert np.array_equal(image.frame.rgb, frame.rgb) and np.array_equal(image.frame.depth, frame.depth)
    assert np.allclose(image.descriptors.map, expected.map, atol=1e-4)
    assert np.allclose(image.descriptors.norms, expected.norms, atol=1e-4)


def test_the_truth_is_known_between_cameras_of_one_moment(library: Path, parent: Parent) -> None:
    """A pixel taken there and back again comes home."""
    assert wait_for(lambda: len(parent.look()) == 2, 60.0)
    right, left = parent.images[0], parent.images[1]
    grid = [np.array(uv, float) * 80 + 40 for uv in np.ndindex(8, 6)]
    pairs = [(uv, found) for uv in grid if (found := true_pixel(right, left, uv)) is not None]
    assert len(pairs) >= 5
    back = [(uv, home) for uv, found in pairs if (home := true_pixel(left, right, found)) is not None]
    assert back and np.median([np.linalg.norm(uv - home) for uv, home in back]) < 6.0
    assert error_m(left, pairs[0][1], pairs[0][1]) == pytest.approx(0.0)


def test_a_live_camera_is_described_again_with_every_newer_image(library: Path, parent: Parent) -> None:
    camera = CameraInfo("right", 640, 480, 30.0, 500.0, 500.0, 319.5, 239.5, X_WC=SE3.identity().as_tuple())
    publisher = parent.bus.frame_publisher(frame_topic("right"), 640, 480)
    parent.show(2, library / "models" / "M", LiveFrame("right"), cameras=(camera,))
    for number in range(1, 3):

        def arrived(number: int = number) -> bool:
            rgb = np.full((480, 640, 3), 40 * number, np.uint8)
            publisher.publish(Frame("right", number, number, number, rgb, None, SE3.identity()))
            image = parent.look().get(0)
            return image is not None and image.shown == LiveFrame("right") and image.frame.capture_ns == number

        assert wait_for(arrived, 30.0)
    assert parent.images[0].frame.depth is None


def test_what_is_wrong_comes_back_as_a_sentence_and_the_rest_goes_on(library: Path, parent: Parent) -> None:
    missing = StoredFrame("none", str(library / "episodes" / "none.mcap"), "right", 0)
    parent.show(3, library / "models" / "M", missing, stored(library, "right", 4))
    assert wait_for(lambda: parent.said(InspectorError), 30.0)
    assert wait_for(lambda: 1 in parent.look() and parent.images[1].generation == 3, 30.0)
    error = parent.said(InspectorError)[-1]
    assert isinstance(error, InspectorError) and error.panel == 0 and error.message.endswith(".")


def test_a_damaged_model_is_one_sentence(library: Path, parent: Parent) -> None:
    good, broken = library / "models" / "M", library / "models" / "B"
    broken.mkdir(exist_ok=True)
    for path in good.iterdir():
        data = path.read_bytes()
        (broken / path.name).write_bytes(data[: len(data) // 2] if path.suffix == ".safetensors" else data)
    parent.show(4, broken, stored(library, "right", 1))
    assert wait_for(lambda: any("cut short or damaged" in event.message for event in parent.said(InspectorError)), 30.0)
    parent.show(5, good, stored(library, "right", 5))
    assert wait_for(lambda: 0 in parent.look() and parent.images[0].shown.frame == 5, 30.0)


def test_pairs_are_compared_when_nothing_else_is_asked_and_an_unreadable_one_is_told(
    library: Path, parent: Parent
) -> None:
    model, missing = library / "models" / "M", StoredFrame("none", str(library / "none.mcap"), "right", 0)
    first, second = stored(library, "right", 1), stored(library, "left", 3)
    pairs = ((first, second), (second, first), (first, missing))
    parent.child.send(ComparePairs(str(model), pairs))
    assert wait_for(lambda: len(parent.said(PairCompared)) == 3, 30.0)
    told = {event.pair: event.confidence for event in parent.said(PairCompared)}
    images = {shown: Describer(load_model(model)[0]).describe(read(shown)) for shown in (first, second)}
    for one, other in pairs[:2]:
        assert told[one, other] == pytest.approx(pair_confidence(images[one], images[other], None), abs=1e-3)
    assert told[first, missing] is None
    troubles = {event.pair: event.trouble for event in parent.said(PairCompared)}
    assert troubles[first, second] == "" and "none.mcap" in troubles[first, missing]


def test_a_pair_that_cannot_be_compared_is_answered_and_the_rest_goes_on() -> None:
    good, poison = [StoredFrame(name, name, "right", 0) for name in ("good", "poison")]
    rng = np.random.default_rng(0)
    image = PairImage(DescriptorImage.of(rng.normal(size=(6, 8, 3)).astype(np.float32), 32, 24), None, "no capture")
    asked = []

    def describe(_: ComparePairs, shown: StoredFrame) -> PairImage:
        asked.append(shown)
        if shown == poison:
            raise IndexError("what no one thought of")
        return image

    comparer = PairComparer(describe)
    comparer.take(ComparePairs("M", ((poison, good), (good, good))))
    told = [event for _ in range(4) if (event := comparer.step()) is not None]
    assert [event.pair for event in told] == [(poison, good), (good, good)] and not comparer.busy
    assert told[0].confidence is None and "what no one thought of" in told[0].trouble
    assert told[1].confidence is not None and told[1].trouble == "no capture"
    assert asked == [poison, good] and not comparer._images


def test_masks_follow_the_newest_capture_and_only_some_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = small_library(tmp_path / "library")
    path = root / "episodes" / f"{add_episode(root)}.mcap"
    captures = root / "captures"
    loader = FrameLoader(None)
    maker = MaskMaker(loader)
    monkeypatch.setattr(inspector_masks, "_KEPT", 1)
    shown = StoredFrame("e", str(path), "right", 0)
    frame = loader.load(shown.ref).frame
    before = maker.mask(shown, frame, captures)
    assert before.any() and maker.mask(shown, frame, captures) is before
    nothing = {"right": frame.depth, "left": frame.depth}
    EmptyWorkspace(CaptureInfo("D", 2, "simulated", tuple(camera(role) for role in ROLES)), nothing).save(
        captures / "D"
    )
    assert not maker.mask(shown, frame, captures).any() and len(maker._known) == 1
    loader.close()


def read(shown: StoredFrame) -> np.ndarray:
    with EpisodeReader(Path(shown.path)) as reader:
        return reader.frame(shown.role, shown.frame).rgb


@pytest.mark.parametrize("size", [(64, 48), (33, 21)])
def test_what_is_packed_is_unpacked(size: tuple[int, int]) -> None:
    width, height = size
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(5, 7, 3)).astype(np.float32)
    frame = Frame(
        "left", 3, 4, 4, rng.integers(0, 255, (height, width, 3), dtype=np.uint8),
        rng.integers(0, 9000, (height, width), dtype=np.uint16), SE3.translation(1, 2, 3),
    )  # fmt: skip
    camera = PinholeCamera(width, height, 50.0, 51.0, 31.0, 24.0)
    mask = rng.random((height, width)) > 0.5
    described = DescriptorImage.of(coarse, width, height)
    image = PanelImage(7, 1, "folder", StoredFrame("e", "p", "left", 3), frame, camera, 0.001, described, mask)
    found = unpack(b"".join(pack(image)))
    assert (found.generation, found.shown, found.camera) == (7, image.shown, camera)
    for ours, theirs in (
        (found.frame.rgb, frame.rgb),
        (found.frame.depth, frame.depth),
        (found.descriptors.map, coarse),
        (found.descriptors.norms, described.norms),
        (found.mask, mask),
    ):
        assert np.array_equal(ours, theirs)
