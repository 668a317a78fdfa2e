"""Dense descriptors and ground truth as z."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from core.correspondence.checkpoint import ModelDescription, save_model
from core.correspondence.config import NetworkConfig
from core.correspondence.descriptors import DescriptorImage
from core.correspondence.heatmap import expectation
from core.correspondence.network import DescriptorNetwork
from core.errors import InputError
from core.geometry import SE3
from core.messages import CameraInfo
from core.policies.config import Mode
from core.representations import REPRESENTATIONS
from core.representations.modules.dense import DenseDescriptors
from core.representations.modules.dense_3d import NOMINAL_M, DenseDescriptors3D
from core.representations.modules.expectation import (
    centred,
    descriptor_logits,
    deviations,
    expected,
    pixels,
    spatial_softmax,
    window,
)
from core.representations.representation import Beginning, Setup, View

CAMERA = CameraInfo("left", 128, 96, 30.0, 110.0, 112.0, 60.0, 50.0, X_WC=SE3.translation(0, 0, 1).as_tuple())
NETWORK = NetworkConfig(descriptor_dim=4, head_channels=8, width=128, height=96)
SETUP = Setup(name="dd-2d", points=3, camera=CAMERA, descriptor_network=NETWORK, descriptor_sha256="a")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("model")
    description = ModelDescription(id="M", name="m", created_utc_ns=1, network=NETWORK)
    save_model(folder, DescriptorNetwork(NETWORK), description)
    return folder


def descriptors() -> np.ndarray:
    found = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def ready(model: Path, mode: Mode, name: str = "dd-2d") -> DenseDescriptors:
    built = REPRESENTATIONS.get(name).build(msgspec.structs.replace(SETUP, name=name, mode=mode))
    built.begin(Beginning(lambda name, done, total: None, descriptor_model=model, descriptors=descriptors()))
    return built


def views(count: int = 2) -> list[View]:
    rng = np.random.default_rng(1)
    return [
        View(
            CAMERA,
            SE3.identity(),
            rng.integers(0, 255, (96, 128, 3), dtype=np.uint8),
            rng.integers(400, 900, (96, 128), dtype=np.uint16),
        )
        for _ in range(count)
    ]


def tensors(looks: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(values) for name, values in looks.items()}


def test_a_peak_is_expected_where_it_is() -> None:
    logits = torch.zeros(1, 1, 6, 8)
    logits[0, 0, 2, 5] = 50.0
    xy = expected(spatial_softmax(logits))[0, 0].numpy()
    # the middle of cell (5, 2) of 8 by 6, in an image of 128 by 96 pixels: 16 pixels a cell
    np.testing.assert_allclose(pixels(xy, 128, 96), [5.5 * 16 - 0.5, 2.5 * 16 - 0.5], atol=1e-4)


def test_the_expectation_is_the_one_that_the_inspector_shows() -> None:
    rng = np.random.default_rng(3)
    found, wanted = rng.normal(size=(6, 8, 4)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    image = DescriptorImage.of(found, 128, 96)
    maps = torch.from_numpy(found).permute(2, 0, 1)[None]
    heat = spatial_softmax(descriptor_logits(maps, torch.from_numpy(wanted)[None], 0.5))
    ours = pixels(expected(heat)[0, 0].numpy(), 128, 96)
    np.testing.assert_allclose(ours, expectation(image, wanted, 0.5), atol=1e-3)


def test_within_a_window_a_wide_background_does_not_pull() -> None:
    logits = torch.zeros(1, 1, 60, 80)
    logits[0, 0, 10, 70] = 6.0
    xy = pixels(expected(spatial_softmax(logits))[0, 0].numpy(), 640, 480)
    near = pixels(expected(spatial_softmax(logits - window(logits, 3.0)))[0, 0].numpy(), 640, 480)
    at = np.array([70.5 * 8 - 0.5, 10.5 * 8 - 0.5])
    assert np.linalg.norm(xy - at) > 100.0
    assert np.linalg.norm(near - at) < 1.0


def test_centred_coordinates_come_back_as_pixels() -> None:
    uv = np.array([[0.0, 0.0], [127.0, 95.0], [63.5, 47.5]])
    np.testing.assert_allclose(pixels(centred(uv, 128, 96), 128, 96), uv, atol=1e-9)
    np.testing.assert_allclose(centred(np.array([-0.5, 95.5]), 128, 96), [-1.0, 1.0])


@pytest.mark.parametrize("mode", (Mode.FIXED, Mode.SET))
def test_what_is_learnt_from_is_what_is_seen_at_work(mode: Mode, model: Path) -> None:
    """Before a training all images are looked at together, at work each alone and by a module that only judges."""
    representation, shown = ready(model, mode), views(3)
    together = representation.look(shown)
    representation.eval()
    for row, view in enumerate(shown):
        for name, values in representation.look([view]).items():
            np.testing.assert_allclose(values[0], together[name][row], atol=1e-3)


@pytest.mark.parametrize("name", ["dd-2d", "dd-3d"])
def test_all_ways_with_a_set_begin_with_the_same_z(name: str, model: Path) -> None:
    found = []
    for mode in (Mode.FIXED, Mode.SET, Mode.DENSE):
        built = ready(model, mode, name)
        with torch.no_grad():
            found.append(built(tensors(built.look(views()))).numpy())
    assert found[0].shape == (2, built.dim) == (2, 9 if name == "dd-3d" else 6)
    for other in found[1:]:  # what is kept is looked at in half precision
        np.testing.assert_allclose(other, found[0], atol=2e-2)


@pytest.mark.parametrize(
    ("mode", "descriptors_learn", "network_learns"),
    [(Mode.FIXED, False, False), (Mode.SET, True, False), (Mode.DENSE, True, True), (Mode.PRETRAINED, False, True)],
)
def test_each_way_trains_what_it_says(mode: Mode, descriptors_learn: bool, network_learns: bool, model: Path) -> None:
    built = ready(model, mode).train()
    z = built(tensors(built.look(views())))
    learns = {name for name, parameter in built.named_parameters() if parameter.requires_grad}
    assert ("descriptors" in learns) is descriptors_learn
    assert any(name.startswith("network.") for name in learns) is network_learns
    if learns:
        z.square().sum().backward()
        assert all(parameter.grad is not None for name, parameter in built.named_parameters() if name in learns)
    else:
        assert not z.requires_grad
    assert built.dim == (8 if mode is Mode.PRETRAINED else 6)


def test_a_plane_is_found_at_its_depth(model: Path) -> None:
    built = ready(model, Mode.SET, "dd-3d")
    assert isinstance(built, DenseDescriptors3D)
    heat = torch.zeros(1, 1, 24, 32)
    heat[0, 0, 10, 20] = 1.0
    depth = torch.full((1, 24, 32), 0.6)
    (point,) = built.locate(heat, {"depth": depth})[0].numpy()
    uv = np.array([20.5 * 4 - 0.5, 10.5 * 4 - 0.5])
    np.testing.assert_allclose(point, CAMERA.pinhole.unproject(uv, np.array(0.6)), atol=1e-5)


def test_missing_depth_is_left_out_and_measured_and_never_spoils_z(model: Path) -> None:
    built = ready(model, Mode.SET, "dd-3d")
    heat = torch.full((1, 1, 24, 32), 1.0 / (24 * 32), requires_grad=True)
    depth = torch.full((1, 24, 32), 0.6)
    depth[:, :12] = 0.0
    assert float(built.locate(heat, {"depth": depth})[0, 0, 2].detach()) == pytest.approx(0.6, abs=1e-4)
    nothing = built.locate(heat, {"depth": torch.zeros(1, 24, 32)})
    assert float(nothing[0, 0, 2].detach()) == pytest.approx(NOMINAL_M)
    nothing.sum().backward()
    assert bool(torch.isfinite(heat.grad).all())
    blind = [View(CAMERA, SE3.identity(), view.rgb, np.zeros((96, 128), np.uint16)) for view in views()]
    for mode in (Mode.SET, Mode.FIXED):
        built = ready(model, mode, "dd-3d")
        for shown, share in ((views(), 0.0), (blind, 1.0)):
            looks = tensors(built.look(shown))
            assert built.figures(looks)["depth_missing"] == pytest.approx(share, abs=1e-4)
            assert bool(torch.isfinite(built(looks)).all())


def test_looks_are_known_by_what_made_them(model: Path) -> None:
    keys = {ready(model, mode).key for mode in Mode}
    assert len(keys) == 3  # both end-to-end ways look at the same pixels
    other = msgspec.structs.replace(SETUP, mode=Mode.SET, descriptor_sha256="b")
    assert REPRESENTATIONS.get("dd-2d").build(other).key not in keys
    moved = ready(model, Mode.FIXED)
    with torch.no_grad():
        moved.descriptors += 1.0
    assert moved.key not in keys


def test_z_lies_in_the_image(model: Path) -> None:
    built = ready(model, Mode.FIXED)
    uv = built.marks(built.look(views(1))["z"][0])
    assert uv.shape == (3, 2)
    assert np.all((uv >= -0.5) & (uv <= [127.5, 95.5]))


def test_a_point_is_as_uncertain_as_its_heat_is_wide(model: Path) -> None:
    built = ready(model, Mode.SET)
    spreads = built.spreads(tensors(built.look(views(1))))
    assert spreads.shape == (3,)
    assert np.all((spreads >= 0.0) & (spreads <= np.hypot(64.0, 48.0)))
    assert ready(model, Mode.FIXED).spreads({}).shape == (0,)
    heat = torch.zeros(1, 1, 4, 8)
    heat[0, 0, 2, 3] = 1.0
    assert deviations(heat).tolist() == [[[0.0, 0.0]]]
    heat[0, 0, 2, 3] = heat[0, 0, 2, 5] = 0.5
    np.testing.assert_allclose(deviations(heat)[0, 0], [2.0 / 8.0, 0.0], atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 4), (3, 5)])
def test_a_set_of_another_size_is_refused(shape: tuple[int, int], model: Path) -> None:
    built = REPRESENTATIONS.get("dd-2d").build(SETUP)
    with pytest.raises(InputError, match="needs a set of 3 descriptors of 4 dimensions"):
        built.begin(Beginning(lambda *told: None, descriptor_model=model, descriptors=np.zeros(shape, np.float32)))


def test_depth_and_images_are_asked_for_in_a_sentence(model: Path) -> None:
    with pytest.raises(InputError, match="needs depth"):
        ready(model, Mode.SET, "dd-3d").look([View(CAMERA, SE3.identity(), views()[0].rgb)])
    with pytest.raises(InputError, match="sees images"):
        ready(model, Mode.SET).look([View(CAMERA, SE3.identity())])


POINTS = {"box": ((0.1, 0.0, 0.0), (0.0, 0.0, 0.0))}


def test_ground_truth_points_are_those_of_the_object_in_the_world_and_in_the_image() -> None:
    pose = SE3.from_rotation_vector((0.0, 0.0, np.pi / 2), (0.3, 0.2, 1.8))
    view = View(CAMERA, SE3.translation(0.3, 0.2, 1.0), X_WO={"box": pose})
    in_space = REPRESENTATIONS.get("gt-3d").build(Setup(name="gt-3d", object_points=POINTS, camera=CAMERA))
    z = in_space(tensors(in_space.look([view])))[0].numpy()
    np.testing.assert_allclose(z, [0.3, 0.3, 1.8, 0.3, 0.2, 1.8], atol=1e-6)
    np.testing.assert_allclose(in_space.marks(z)[1], [0.3, 0.2, 0.8], atol=1e-6)
    seen = REPRESENTATIONS.get("gt-2d").build(Setup(name="gt-2d", object_points=POINTS, camera=CAMERA))
    z = seen(tensors(seen.look([view])))[0].numpy()
    np.testing.assert_allclose(seen.marks(z), [[60.0, 50.0 + 112.0 * 0.1 / 0.8], [60.0, 50.0]], atol=1e-4)


def test_ground_truth_is_refused_where_nobody_knows_it() -> None:
    built = REPRESENTATIONS.get("gt-3d").build(Setup(name="gt-3d", object_points=POINTS))
    with pytest.raises(InputError, match="Nobody knows where box is"):
        built.look([View(CAMERA, SE3.identity())])
