"""One finding of 'main.py doctor', and what a driver's own check needs to say it.

A real driver's module has ``check(config, rig) -> Check``: its part of the rig file and the whole. It opens what it
needs, moves nothing, and lets go again.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

UDEV_RULES = Path(__file__).resolve().parents[1] / "resources" / "udev" / "60-reticle.rules"
_RULES_FOLDERS = ("/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d")


class Check(msgspec.Struct, frozen=True):
    """What was looked at, whether it works, one sentence, and what to do if it does not."""

    name: str
    ok: bool
    message: str
    remedy: str = ""


def install_rules() -> str:
    """How to install the rules that let a person use cameras and SpaceMouse."""
    return (
        f"Run: sudo cp {UDEV_RULES} /etc/udev/rules.d/ && sudo udevadm control --reload && sudo udevadm trigger;"
        " then plug it in again."
    )


def may_open_usb(vendors: tuple[str, ...]) -> bool:
    """Whether udev lets this user open the devices of those vendors (four hexadecimal digits); root always may."""
    if sys.platform != "linux" or os.geteuid() == 0:
        return True
    rules = [path for folder in _RULES_FOLDERS for path in Path(folder).glob("*.rules")]
    return any(vendor in _text(path) for path in rules for vendor in vendors)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
