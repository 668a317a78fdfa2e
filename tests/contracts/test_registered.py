"""Everything that registers itself keeps its contract, because it is registered."""

import inspect
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from core.clock import LockstepClock
from core.errors import InputError
from core.registry import Entry, Registry
from core.tasks import TaskInfo
from robot.devices import Arm, Camera, DeviceContext, DeviceInfo, Gripper
from robot.drivers import ARMS, CAMERAS, GRIPPERS
from robot.rig import CameraConfig, DeviceConfig, load_rig
from robot.simulation.rig import SimulatedRig
from robot.simulation.tasks import TASKS

DEVICES = [(kind, entry) for kind in (ARMS, GRIPPERS, CAMERAS) for entry in kind.entries().values()]
PROTOCOLS = {"arm": Arm, "gripper": Gripper, "camera": Camera}
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


@pytest.mark.parametrize("name", list(TASKS.entries()))
def test_a_task_states_its_rules(name: str) -> None:
    info = TASKS.get(name).info
    assert isinstance(info, TaskInfo)
    for sentence in (info.title, info.prompt, info.disturbed_until, info.judged, info.stops):
        assert sentence.strip()
    assert info.time_limit_s > info.hold_s >= 0


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
        "load_rig();"
        "print([name for name in ('mujoco', 'torch', 'open3d', 'pyrealsense2') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
