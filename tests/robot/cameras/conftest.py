"""A camera of software that gives pictures, until it is unplugged."""

from collections.abc import Iterator

import pytest

from tests.robot.cameras.software import Feeding, SoftwareCamera


@pytest.fixture
def feeding() -> Iterator[Feeding]:
    feeding = Feeding(SoftwareCamera())
    yield feeding
    feeding.close()


@pytest.fixture
def other() -> Iterator[Feeding]:
    feeding = Feeding(SoftwareCamera(serial="0002"))
    yield feeding
    feeding.close()
