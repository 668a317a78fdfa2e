"""What 'main.py doctor' looks at: one function a check, each with a sentence and what to do.

Checks that could hurt the process that asks (graphics drivers) run in a child.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from core.clock import monotonic_ns, utc_ns
from core.episodes.disk import estimated_bytes_per_second, minutes_left
from core.errors import InputError, ProcessError
from core.messages import CameraInfo
from core.platform import free_bytes, network_file_system
from core.processes.shared_memory import Bus, Session
from robot.check import Check
from robot.device_checks import check_devices, check_gpu, check_kits, check_multicast
from robot.rig import load_rig
from robot.teleoperation.global_listener import why_unavailable

_PROBE_BYTES = 64 << 20
_RENDER_TIMEOUT_S = 60
_PACKAGES = ("PySide6", "pyqtgraph", "vispy", "mujoco", "mink", "mcap", "sqlite_utils", "iceoryx2", "cv2", "simplejpeg")


def run_checks(library: Path, rig: Path) -> list[Check]:
    """All checks for a library folder and a rig file."""
    checks: list[Callable[[], Check]] = [
        check_python,
        check_display,
        check_rendering,
        check_shared_memory,
        check_clock,
        lambda: check_disk(library),
        check_gpu,
        check_kits,
        check_multicast,
        check_global_keys,
        lambda: check_rig(rig),
    ]
    return [*(check() for check in checks), *check_devices(rig)]


def check_python() -> Check:
    """The packages that the program cannot do without."""
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    version = ".".join(str(part) for part in sys.version_info[:3])
    if missing:
        return Check("packages", False, f"Packages are missing: {', '.join(missing)}.", "Run 'make setup'.")
    return Check("packages", True, f"Python {version} with all packages.")


def check_display() -> Check:
    """A screen for the window; without one the commands still work."""
    screen = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if screen or sys.platform != "linux":
        return Check("display", True, f"The window opens on display {screen or 'of the system'}.")
    return Check(
        "display",
        False,
        "There is no display, so the window cannot open; every command works without one.",
        "Start from a desktop session, or use 'main.py record' to make demonstrations without a window.",
    )


def check_rendering() -> Check:
    """The simulator's cameras, rendered offscreen in a child."""
    script = (
        "import os; os.environ.setdefault('MUJOCO_GL', 'egl');"
        "import mujoco; from OpenGL import GL;"
        "context = mujoco.GLContext(64, 64); context.make_current();"
        "print(GL.glGetString(GL.GL_RENDERER).decode())"
    )
    try:
        result = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=_RENDER_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Check("rendering", False, "Offscreen rendering hangs.", "Update the graphics driver or Mesa.")
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        remedy = "Install EGL and OpenGL (Debian: libegl1 libgl1-mesa-dri), or run 'make setup'."
        return Check("rendering", False, f"Offscreen rendering does not work: {reason}.", remedy)
    renderer = result.stdout.strip()
    software = " in software, which is slower" if "llvmpipe" in renderer or "softpipe" in renderer else ""
    return Check("rendering", True, f"Simulated cameras render on {renderer}{software}.")


def check_shared_memory() -> Check:
    """A value sent through shared memory and read back."""
    session = Session.create()
    try:
        bus = Bus(session, "doctor")
        publisher, subscriber = bus.publisher("doctor", 16), bus.subscriber("doctor")
        publisher.publish(b"ping")
        arrived = subscriber.take() == b"ping"
    except ProcessError as error:
        return Check("shared memory", False, str(error), "Check that /dev/shm is mounted and writable.")
    finally:
        session.remove()
    if not arrived:
        return Check("shared memory", False, "Shared memory loses values.", "Check that /dev/shm is not full.")
    return Check("shared memory", True, "Processes share memory.")


def check_clock() -> Check:
    """The system clock gives plausible dates and the monotonic clock moves."""
    before = monotonic_ns()
    year_2025_ns = 1_735_689_600 * 10**9
    if utc_ns() < year_2025_ns:
        return Check("clock", False, "The system clock is before 2025.", "Set the date, e.g. with timedatectl.")
    if monotonic_ns() < before:
        return Check("clock", False, "The monotonic clock runs backwards.", "Restart the machine.")
    return Check("clock", True, "The clocks work.")


def check_disk(library: Path) -> Check:
    """Kind, room and speed of the disk that holds the library."""
    place = library
    while not place.exists():
        place = place.parent
    kind = network_file_system(place)
    if kind is not None:
        remedy = "Choose a folder on a local disk with --library."
        return Check("disk", False, f"The library {library} is on a network file system ({kind}).", remedy)
    cameras = [CameraInfo(role, 640, 480, 30.0, 1, 1, 0, 0) for role in ("right", "left", "wrist")]
    needed = estimated_bytes_per_second(cameras)
    minutes = minutes_left(free_bytes(place), needed)
    try:
        speed = _write_speed(place)
    except OSError as error:
        return Check(
            "disk", False, f"The folder {place} cannot be written: {error.strerror}.", "Choose another --library."
        )
    message = (
        f"{minutes:.0f} minutes of three cameras fit; it writes {speed / 1e6:.0f} MB/s, {needed / 1e6:.0f} are needed."
    )
    if minutes < 10:
        return Check("disk", False, message, "Free some space, or choose another disk with --library.")
    if speed < needed:
        return Check("disk", False, message, "Choose a faster disk with --library, or record fewer cameras.")
    return Check("disk", True, message)


def _write_speed(place: Path) -> float:
    """Bytes per second of a synchronised write."""
    block = os.urandom(1 << 20)
    with tempfile.NamedTemporaryFile(dir=place, prefix=".reticle-doctor-") as probe:
        start_ns = monotonic_ns()
        for _ in range(_PROBE_BYTES >> 20):
            probe.write(block)
        probe.flush()
        os.fsync(probe.fileno())
        return _PROBE_BYTES / max((monotonic_ns() - start_ns) / 1e9, 1e-9)


def check_rig(rig: Path) -> Check:
    """The rig file itself; devices of a real rig are checked by their drivers."""
    try:
        config = load_rig(rig)
    except InputError as error:
        return Check("rig", False, str(error), "Correct the file, or leave out --rig for the simulated one.")
    roles = ", ".join(camera.role for camera in config.cameras) or "none"
    return Check("rig", True, f"{config.title or config.name}: arm {config.arm.driver}, cameras: {roles}.")


def check_global_keys() -> Check:
    """Whether the opt-in global key listener could work; the window's own keys never need it."""
    reason = why_unavailable()
    if reason:
        return Check("global keys", True, f"The opt-in global key listener is unavailable. {reason}")
    return Check("global keys", True, "The opt-in global key listener can work.")
