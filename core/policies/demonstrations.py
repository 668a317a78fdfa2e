"""Demonstrations as a policy learns from them: what was seen, where the hand was, and where it was sent next.

One row a moment: a frame of the policy's camera, or a tick at ``rate_hz`` for those that see no images. The setpoint to
imitate is the one that was sent (after all limits) ``look_ahead_s`` later; past the end, the last one. Of an
attempt of a policy in which a hand took over, only the parts that the hand drove are imitated, each as a demonstration
of its own: what the policy did until then is what was wrong. Looks at images
are kept in the cache, in a folder named by what made them, within a bound.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.clock import NANOSECONDS
from core.correspondence.config import EpisodeSpan
from core.correspondence.views import frames_within, trims
from core.episodes.reader import EpisodeReader
from core.errors import EpisodeFileError, InputError
from core.geometry import SE3
from core.messages import Source
from core.policies.spaces import Hand
from core.representations.representation import Look, RepresentationInfo, View

if TYPE_CHECKING:
    from core.representations.representation import Representation

FASTEST_HZ = 30.0
MOST_BYTES = 40 * 1024**3
LOOKS = "looks"
_TOGETHER = 16
_DONE = "done"
_FEWEST_MOMENTS = 2


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One episode, or a part of it, of T moments. ``desired`` is where the hand was sent ``look_ahead_s`` later;
    ``looks`` are arrays ``(T, ...)``, on disk until they are touched."""

    episode: str
    rate_hz: float
    hand: Hand
    desired: Hand
    looks: Look

    def __len__(self) -> int:
        return len(self.hand)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read of every episode. ``rate_hz`` 0: as recorded, at most 30."""

    role: str
    rate_hz: float
    look_ahead_s: float
    info: RepresentationInfo


def moments(reader: EpisodeReader, span: EpisodeSpan, wanted: Wanted) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Stamps ``(T,)`` between the trims, and the frame of the camera at each (-1 where no images are seen).

    InputError when the camera is missing, or slower than was asked for.
    """
    if not wanted.info.images:
        begin, end = trims(reader, span)
        period = round(NANOSECONDS / (wanted.rate_hz or FASTEST_HZ))
        ticks = reader.arrays()["stamp_ns"]
        stamps = np.arange(max(begin, int(ticks[0])), min(end, int(ticks[-1])) + 1, period, dtype=np.int64)
        return stamps, np.full(len(stamps), -1, dtype=np.int64)
    frames = np.intersect1d(_every(reader, wanted), frames_within(reader, span, wanted.role))
    return reader.stamps(wanted.role)[frames], frames


def _every(reader: EpisodeReader, wanted: Wanted) -> NDArray[np.int64]:
    """The frames at the rate that is wanted: all, or every so many."""
    if wanted.role not in reader.cameras or not reader.frame_count(wanted.role):
        raise InputError(
            f"Episode {reader.metadata.id} has no images of the {wanted.role} camera; choose another camera."
        )
    recorded_hz = reader.cameras[wanted.role].rate_hz
    step = thinning(recorded_hz, rate_of(reader, wanted), reader.metadata.id)
    return np.arange(0, reader.frame_count(wanted.role), step, dtype=np.int64)


def thinning(recorded_hz: float, rate_hz: float, episode: str) -> int:
    """Every how manyth moment makes that rate; 1 for rate 0. InputError when none does."""
    step = max(1, round(recorded_hz / rate_hz)) if rate_hz else 1
    if rate_hz and abs(recorded_hz / step - rate_hz) > 0.1 * rate_hz:
        raise InputError(
            f"Episode {episode} was recorded at {recorded_hz:g} images a second, which does not give {rate_hz:g}; "
            "choose a rate that divides it, or episodes recorded faster."
        )
    return step


def parts(reader: EpisodeReader, span: EpisodeSpan, stamps: NDArray[np.int64]) -> list[slice]:
    """The stamps that are imitated, in parts without a gap: all; of a corrected attempt those at which a hand drove."""
    if not span.corrected:
        return [slice(0, len(stamps))]
    arrays = reader.arrays()
    ticks = arrays["stamp_ns"]
    drivers = arrays["wanted_source"][np.searchsorted(ticks, stamps).clip(max=len(ticks) - 1)]
    edges = np.flatnonzero(np.diff(drivers == str(Source.HAND), prepend=False, append=False))
    return [slice(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def hands(
    reader: EpisodeReader, stamps: NDArray[np.int64], look_ahead_s: float, end_ns: int | None = None
) -> tuple[Hand, Hand]:
    """Where the hand was at each stamp, and where it was sent later, but not after ``end_ns``, None for the file's end.
    InputError for what is not a number."""
    arrays = reader.arrays()
    ticks = arrays["stamp_ns"]
    now = np.searchsorted(ticks, stamps).clip(max=len(ticks) - 1)
    ahead = stamps + round(look_ahead_s * NANOSECONDS)
    ahead = ahead if end_ns is None else ahead.clip(max=end_ns)
    later = np.searchsorted(ticks, ahead).clip(max=len(ticks) - 1)
    measured = arrays["X_WE"][now], arrays["gripper_width_m"][now]
    sent = arrays["sent_X_WE"][later], arrays["sent_gripper_width_m"][later]
    if not all(np.isfinite(values).all() for values in (*measured, *sent)):
        raise InputError(
            f"Episode {reader.metadata.id} holds values that are not numbers; leave it out of the data set."
        )
    return Hand.of(*measured), Hand.of(*sent)


def load(
    spans: Sequence[EpisodeSpan],
    wanted: Wanted,
    representation: Representation,
    cache_dir: Path,
    stage: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[Demonstration], tuple[str, ...]]:
    """All demonstrations, and sentences about those that could not be read. InputError when none is left."""
    found: list[Demonstration] = []
    left_out: list[str] = []
    for done, span in enumerate(spans):
        stage(done, len(spans))
        try:
            loaded = _load(span, wanted, representation, cache_dir)
        except EpisodeFileError as error:
            left_out.append(f"Episode {span.id} was left out: {error}")
            continue
        if not loaded:
            nothing = "no hand drives between its trims" if span.corrected else "its trims leave nothing of it"
            left_out.append(f"Episode {span.id} was left out: {nothing}.")
        found += loaded
    stage(len(spans), len(spans))
    if not found:
        raise InputError(f"There is nothing to learn from: {left_out[0] if left_out else 'the data set is empty.'}")
    return found, tuple(left_out)


def _load(span: EpisodeSpan, wanted: Wanted, representation: Representation, cache_dir: Path) -> list[Demonstration]:
    with EpisodeReader(Path(span.path), cache_dir) as reader:
        stamps, frames = moments(reader, span, wanted)
        long = [part for part in parts(reader, span, stamps) if part.stop - part.start >= _FEWEST_MOMENTS]
        return [_part(reader, span, wanted, representation, cache_dir, stamps[part], frames[part]) for part in long]


def _part(
    reader: EpisodeReader,
    span: EpisodeSpan,
    wanted: Wanted,
    representation: Representation,
    cache_dir: Path,
    stamps: NDArray[np.int64],
    frames: NDArray[np.int64],
) -> Demonstration:
    end_ns = int(stamps[-1]) if span.corrected else None
    hand, desired = hands(reader, stamps, wanted.look_ahead_s, end_ns)
    moment_views = views(reader, wanted, stamps, frames, hand)
    if wanted.info.images:
        key = f"{representation.key} {span.sha256 or span.id} {wanted.role}".encode() + frames.tobytes()
        folder = cache_dir / LOOKS / hashlib.sha256(key).hexdigest()
        looks = looked_at(folder, representation, moment_views, len(stamps))
    else:
        looks = representation.look(list(moment_views))
    return Demonstration(span.id, rate_of(reader, wanted), hand, desired, looks)


def rate_of(reader: EpisodeReader, wanted: Wanted) -> float:
    """Moments per second."""
    if wanted.rate_hz or not wanted.info.images:
        return wanted.rate_hz or FASTEST_HZ
    return min(FASTEST_HZ, reader.cameras[wanted.role].rate_hz)


def views(
    reader: EpisodeReader, wanted: Wanted, stamps: NDArray[np.int64], frames: NDArray[np.int64], hand: Hand
) -> Iterator[View]:
    """What a policy would have been shown at each moment."""
    camera = reader.cameras.get(wanted.role)
    told: Sequence[Mapping[str, SE3] | None] = [None] * len(stamps)
    if wanted.info.object_state:
        from core.representations.object_state import object_poses

        told = object_poses(reader.path, stamps)
    for frame, pose, X_WO in zip(frames.tolist(), hand.poses(), told, strict=True):
        yield View(
            camera=camera,
            X_WC=None if camera is None else camera.pose(SE3.from_array(pose)),
            rgb=reader.rgb(wanted.role, frame) if wanted.info.images else None,
            depth=reader.depth(wanted.role, frame) if wanted.info.depth else None,
            X_WO=X_WO,
        )


def looked_at(folder: Path, representation: Representation, shown: Iterator[View], count: int) -> Look:
    """Looks at ``count`` views, from the cache or made now; arrays ``(count, ...)`` that stay on disk."""
    if not (folder / _DONE).exists():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700, parents=True)
        try:
            _write_looks(partial, representation, shown, count)
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        trim_looks(folder.parent, MOST_BYTES)
    os.utime(folder)
    return {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))}


def _write_looks(folder: Path, representation: Representation, shown: Iterator[View], count: int) -> None:
    arrays: Look = {}
    done = 0
    while together := list(islice(shown, _TOGETHER)):
        for name, values in representation.look(together).items():
            if name not in arrays:
                arrays[name] = np.lib.format.open_memmap(
                    folder / f"{name}.npy", mode="w+", dtype=values.dtype, shape=(count, *values.shape[1:])
                )
            arrays[name][done : done + len(together)] = values
        done += len(together)
    (folder / _DONE).touch()


def trim_looks(folder: Path, most_bytes: int) -> None:
    """Remove the looks that were used longest ago until the rest is within the bound. What is in use stays readable."""
    kept = 0
    for path in sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime_ns, reverse=True):
        kept += sum(file.stat().st_size for file in path.iterdir())
        if kept > most_bytes:
            shutil.rmtree(path, ignore_errors=True)
