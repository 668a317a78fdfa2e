"""The example of an arm in the documentation does what the station asks of one."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from core.clock import LockstepClock
from core.errors import DeviceError
from robot.devices import Arm, DeviceContext
from robot.rig import DeviceConfig, load_rig

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "my_arm.py"


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("my_arm", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_silent_at_first_begins_where_it_is_and_follows(example: ModuleType) -> None:
    config = DeviceConfig("my_arm", {"address": "192.168.1.10"})
    arm: Arm = example.build(config, DeviceContext(load_rig(), LockstepClock()))
    with pytest.raises(DeviceError, match="silent"):
        arm.read()
    arm.start()
    start = arm.read().q
    with pytest.raises(DeviceError, match="re-arm"):
        arm.command(start + 0.5)
    assert np.array_equal(arm.read().q, start)
    for _ in range(100):
        arm.command(start + 0.01)
    assert arm.read().q == pytest.approx(start + 0.01, abs=1e-4)
    with pytest.raises(DeviceError, match="seven finite"):
        arm.command(np.full(7, np.nan))
    assert example.check(config, load_rig()).ok
    arm.stop()
