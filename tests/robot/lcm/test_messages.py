"""Our message definitions are Drake's, and the code that is made of them is what lies here."""

import subprocess
import sys
from pathlib import Path

import pytest

from robot.lcm_types import drake

TYPES = Path(drake.__file__).parents[1]
HASHES = {
    "lcmt_iiwa_command": 0x6EE3E3B9C640A99A,
    "lcmt_iiwa_status": 0xF8B7DC0214255E51,
    "lcmt_schunk_wsg_command": 0x22A9DE0DFFA4C90B,
    "lcmt_schunk_wsg_status": 0x7635771FE2D72309,
}


@pytest.mark.parametrize("name", list(HASHES))
def test_a_type_has_the_hash_of_drakes_own(name: str) -> None:
    fingerprint = getattr(drake, name)().get_hash()
    rotated = (HASHES[name] << 1 & 0xFFFFFFFFFFFFFFFF) + (HASHES[name] >> 63)
    assert fingerprint == rotated


def test_the_code_is_what_lcm_gen_makes_of_the_definitions(tmp_path: Path) -> None:
    made = [str(path) for path in sorted(TYPES.glob("*.lcm"))]
    generator = Path(sys.executable).with_name("lcm-gen")
    subprocess.run([generator, "-p", "--ppath", str(tmp_path), *made], check=True)
    for path in sorted((tmp_path / "drake").glob("*.py")):
        assert path.read_text() == (TYPES / "drake" / path.name).read_text(), path.name
    assert {path.stem for path in (TYPES / "drake").glob("lcmt_*.py")} == set(HASHES)
