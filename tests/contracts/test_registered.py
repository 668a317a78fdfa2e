"""Everything that registers itself keeps its contract, because it is registered."""

import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from core.clock import LockstepClock
from core.correspondence.config import NetworkConfig
from core.errors import InputError
from core.messages import CameraInfo
from core.registry import Entry, Registry
from core.representations import REPRESENTATIONS
from core.representations.representation import RepresentationInfo, Setup
from core.tasks import TaskInfo
from robot.devices import Arm, Camera, DeviceContext, DeviceInfo, Gripper
from robot.drivers import ARMS, CAMERAS, GRIPPERS, TELEOPERATION
from robot.rig import CameraConfig, DeviceConfig, load_rig
from robot.simulation.rig import SimulatedRig
from robot.simulation.tasks import TASKS
from robot.teleoperation.device import TeleoperationDevice

DEVICES = [(kind, entry) for kind in (ARMS, GRIPPERS, CAMERAS, TELEOPERATION) for entry in kind.entries().values()]
PROTOCOLS = {"arm": Arm, "gripper": Gripper, "camera": Camera, "teleoperation": TeleoperationDevice}
REAL = {
    "iiwa_lcm": "robot.arms.iiwa_lcm.IiwaArm",
    "realsense": "robot.cameras.realsense.RealSenseCamera",
    "spacemouse": "robot.teleoperation.spacemouse.SpaceMouse",
    "wsg_lcm": "robot.grippers.wsg_lcm.WsgGripper",
}
"""The class of every device that is not simulated: one that is not here has no contract."""
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("registry", "entry"), DEVICES, ids=lambda value: getattr(value, "name", ""))
def test_a_device_introduces_itself(registry: Registry, entry: Entry) -> None:
    assert entry.unavailable == "", "everything of this repository imports"
    assert isinstance(entry.info, DeviceInfo)
    assert entry.info.title
    assert callable(entry.module.build)


@pytest.mark.parametrize(("registry", "entry"), DEVICES, ids=lambda value: getattr(value, "name", ""))
def test_every_device_is_built_by_one_contract(registry: Registry, entry: Entry) -> None:
    assert list(inspect.signature(entry.module.build).parameters) == ["config", "context"]
    assert issubclass(entry.info.options, msgspec.Struct)
    assert entry.info.options.__struct_config__.forbid_unknown_fields


def test_every_simulated_device_does_what_the_station_asks_of_a_real_one() -> None:
    clock = LockstepClock()
    rig = SimulatedRig("free", clock, cameras=("right",), synchronous=True)
    context = DeviceContext(load_rig(), clock, rig)
    for registry, entry in DEVICES:
        if not entry.info.simulated:
            continue
        config = CameraConfig("right", entry.name) if registry is CAMERAS else DeviceConfig(entry.name)
        device = entry.build(config, context)
        asked = PROTOCOLS[entry.info.kind]
        missing = [name for name in vars(asked) if not name.startswith("_") and not hasattr(device, name)]
        assert not missing, f"{entry.name} has no {missing}"
        with pytest.raises(InputError, match="real"):
            entry.build(config, DeviceContext(load_rig(), clock))


def test_every_real_device_does_what_is_asked_of_its_kind() -> None:
    kinds = {entry.name: entry.info.kind for _, entry in DEVICES if not entry.info.simulated}
    assert set(kinds) == set(REAL)
    for name, path in REAL.items():
        device = pkgutil.resolve_name(path)
        missing = [
            part for part in vars(PROTOCOLS[kinds[name]]) if not part.startswith("_") and not hasattr(device, part)
        ]
        assert not missing, f"{name} has no {missing}"


def test_every_real_device_can_be_checked_by_the_doctor() -> None:
    for _, entry in DEVICES:
        if not entry.info.simulated:
            assert list(inspect.signature(entry.module.check).parameters) == ["config", "rig"]


@pytest.mark.parametrize("name", list(TASKS.entries()))
def test_a_task_states_its_rules(name: str) -> None:
    info = TASKS.get(name).info
    assert isinstance(info, TaskInfo)
    for sentence in (info.title, info.prompt, info.disturbed_until, info.judged, info.stops):
        assert sentence.strip()
    assert info.time_limit_s > info.hold_s >= 0


def setup(name: str, seed: int) -> Setup:
    """All that any representation is built from."""
    torch.manual_seed(seed)
    camera = CameraInfo("right", 640, 480, 30.0, 533.0, 534.0, 319.5, 239.5, X_WC=(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    points = {"box": ((0.0, 0.0, 0.0), (0.1, 0.0, 0.0))}
    return Setup(name=name, points=4, camera=camera, object_points=points, descriptor_network=NetworkConfig())


def test_every_row_of_table_one_has_its_representation() -> None:
    infos = [entry.info for entry in REPRESENTATIONS.entries().values()]
    assert sorted(info.order for info in infos) == list(range(1, 10))


@pytest.mark.parametrize("name", list(REPRESENTATIONS.entries()))
def test_a_representation_introduces_itself(name: str) -> None:
    info = REPRESENTATIONS.get(name).info
    assert isinstance(info, RepresentationInfo)
    assert info.title.strip()
    assert info.explanation.endswith(".")
    assert list(inspect.signature(REPRESENTATIONS.get(name).module.build).parameters) == ["setup"]


@pytest.mark.parametrize("name", list(REPRESENTATIONS.entries()))
def test_a_representation_is_built_and_its_weights_restored(name: str) -> None:
    first, second = (REPRESENTATIONS.get(name).build(setup(name, seed)) for seed in (0, 1))
    missing = [
        part for part in ("dim", "key", "begin", "look", "figures", "marks", "spreads") if not hasattr(first, part)
    ]
    assert not missing, f"{name} has no {missing}"
    assert first.marks(np.zeros(first.dim, dtype=np.float32)).shape in {(first.dim // k, k) for k in (2, 3)}
    second.load_state_dict(first.state_dict())
    restored = second.state_dict()
    assert all(torch.equal(value, restored[part]) for part, value in first.state_dict().items())
    assert first.key == second.key, "the same weights look the same"


def test_an_unknown_name_lists_the_valid_ones() -> None:
    with pytest.raises(InputError, match=r"choose one of: .*reach_tr"):
        TASKS.get("reach_tx")


def test_a_module_that_does_not_import_is_listed_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "some_devices"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "broken.py").write_text("import a_kit_that_is_not_installed\n")
    monkeypatch.syspath_prepend(tmp_path)
    entry = Registry("some_devices", "device").get("broken")
    assert "a_kit_that_is_not_installed" in entry.unavailable
    with pytest.raises(InputError, match="unavailable"):
        entry.build()


def test_listing_does_not_import_what_is_heavy() -> None:
    script = (
        "import sys; from robot.rig import load_rig;"
        "from core.representations import REPRESENTATIONS;"
        "from robot.simulation.tasks import TASKS;"
        "load_rig();"
        "TASKS.entries();"
        "REPRESENTATIONS.entries();"
        "heavy = ('mujoco', 'torch', 'open3d', 'pyrealsense2', 'lcm', 'pyspacemouse');"
        "print([name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
