"""LCM networks of a test's own, on this machine alone."""

import socket
from pathlib import Path

import pytest

from core.errors import DeviceError
from robot.lcm_link import LcmLink

RIG = """
name = "lcm"
title = "iiwa over LCM"
cameras = []
[arm]
driver = "iiwa_lcm"
options = {{ url = "{url}", silence_s = 0.6, largest_gap_s = 0.3, follow_s = 0.5 }}
[gripper]
driver = "wsg_lcm"
options = {{ url = "{url}", silence_s = 3.0, largest_gap_s = 2.0 }}
"""


@pytest.fixture
def url() -> str:
    """The address of a network that nobody else uses."""
    return new_url()


def new_url() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        url = f"udpm://239.255.76.67:{probe.getsockname()[1]}?ttl=0"
    try:
        LcmLink(url).close()
    except DeviceError as error:
        pytest.skip(f"this machine has no way for multicast: {error}")
    return url


def rig_file(folder: Path, url: str) -> Path:
    """A rig over that network, patient enough for a machine that has other things to do."""
    path = folder / "lcm.toml"
    path.write_text(RIG.format(url=url))
    return path
