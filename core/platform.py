"""What depends on the operating system. Linux comes first; the rest of the program asks here."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from pathlib import Path

import platformdirs
import psutil

# fmt: off
_NETWORK_FILE_SYSTEMS = frozenset({
    "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ncpfs", "ceph", "lustre", "beegfs", "gpfs",
    "glusterfs", "ocfs2", "gfs2", "webdav", "davfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.glusterfs",
    "fuse.ceph-fuse", "fuse.davfs2", "fuse.gcsfuse", "fuse.gvfsd-fuse", "fuse.smbnetfs",
})
# fmt: on


def default_library() -> Path:
    """Where this user's library is when nobody says otherwise."""
    return Path(platformdirs.user_data_path("reticle", appauthor=False)) / "library"


def try_lock(descriptor: int) -> bool:
    """Take an exclusive lock on an open file; False when another process holds it. It ends with the process."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def give_way() -> None:
    """Let others have the processor before this thread and those it starts.

    Only on Linux, where niceness is a thread's own; elsewhere it would slow the whole process.
    """
    if sys.platform == "linux":
        os.nice(10)


def sync_directory(path: Path) -> None:
    """Make creations, renames and removals in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file as a whole: what was there before stays until the new one is safely on the disk."""
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)  # on a full disk its room is wanted
        raise
    sync_directory(path.parent)


def free_bytes(path: Path) -> int:
    """Bytes that this user may still write on the disk of ``path`` or of its nearest existing parent."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def network_file_system(path: Path) -> str | None:
    """The kind of network file system that holds ``path``, or None on a local disk."""
    kind = file_system(path)
    return kind if kind in _NETWORK_FILE_SYSTEMS else None


def file_system(path: Path) -> str:
    """The kind of file system that holds ``path``, as the system names it; empty when it does not say."""
    resolved = path.resolve()
    best, kind = -1, ""
    for partition in psutil.disk_partitions(all=True):
        mount = Path(partition.mountpoint)
        if (resolved == mount or mount in resolved.parents) and len(mount.parts) >= best:
            best, kind = len(mount.parts), partition.fstype
    return kind


def process_name(pid: int) -> str | None:
    """The program of a running process, or None when there is none."""
    try:
        return str(psutil.Process(pid).name())
    except psutil.Error:
        return None
