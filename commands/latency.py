"""``main.py latency``: how late the devices of a real rig are, from an episode in which the hand was moved about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from commands.common import JsonOption, LibraryOption, QuietOption, RigOption, emit, library_root, require
from core.clock import utc_ns
from core.episodes.reader import EpisodeReader
from core.library import Library
from robot.calibration.stored import Latencies, load_latencies, store_latencies
from robot.rig import DEFAULT_RIG, load_rig


def latency(
    episode: Annotated[str, typer.Argument(help="An episode of quick, irregular hand movements.")],
    store: Annotated[bool, typer.Option("--store", help="Correct the cameras' stamps from now on.")] = False,
    library: LibraryOption = None,
    rig: RigOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure how late arm, gripper and cameras are, and keep it with the rig file."""
    from robot.calibration.latency import measure

    path = rig or DEFAULT_RIG
    known = load_latencies(path)
    with Library.open(library_root(library), writable=False) as opened:
        file = Path(opened.episodes.details(episode).episode.path)
    with EpisodeReader(file) as reader:
        if store:
            _require_new(reader, path, known)
        found = measure(reader)
        metadata = reader.metadata
    stored = None
    if store:
        total = {one.device: known.devices.get(one.device, 0.0) + one.latency_s for one in found}
        stored = store_latencies(path, Latencies(known.devices | total, metadata.id, utc_ns()))
    if as_json:
        emit(
            {"devices": [msgspec.to_builtins(one) for one in found], "stored": None if stored is None else str(stored)}
        )
    elif not quiet:
        for one in found:
            print(f"{one.device:18} {1000 * one.latency_s:7.1f} ms, correlation {one.correlation:.2f}")
        if stored is not None:
            print(f"Kept in {stored}; the station takes it off the cameras' stamps when it next starts.")


def _require_new(reader: EpisodeReader, rig: Path, known: Latencies) -> None:
    """What is measured adds to what the station took off when the episode was recorded."""
    metadata, config = reader.metadata, load_rig(rig)
    require(not config.simulated, "A simulated rig has no latency to keep; name a real one with --rig.")
    require(
        metadata.rig == config.name, f"The episode is of the rig '{metadata.rig}', not of '{config.name}' in {rig}."
    )
    require(
        metadata.created_utc_ns > known.measured_utc_ns,
        "This episode was recorded before the last latencies were kept; record a new one after restarting the window.",
    )
