"""A library: the folder that holds episodes, models, runs and the catalogue of them all."""

from __future__ import annotations

import logging
from pathlib import Path
from types import TracebackType

from core.errors import LibraryError
from core.library import backup
from core.library.annotations import Annotations
from core.library.attempts import Attempts
from core.library.catalogue import BUSY_TIMEOUT_MS, Catalogue
from core.library.catalogue import NAME as CATALOGUE
from core.library.datasets import Datasets
from core.library.episodes import Episodes
from core.library.lock import LibraryLock
from core.library.mask_corrections import MaskCorrections
from core.library.models import Models
from core.library.rebuild import is_damaged
from core.library.rebuild import rebuild as rebuild_catalogue
from core.library.reconcile import Progress, Reconciler, Report
from core.library.runs import Runs
from core.library.scores import Scores
from core.platform import network_file_system

log = logging.getLogger(__name__)

FOLDERS = ("episodes", "models", "runs", "annotations", "captures", "trash", "cache", "backups")


class Library:
    """An open library. Make one with ``Library.open``; close it, or use it in a ``with`` statement.

    ``episodes``, ``datasets``, ``runs`` and ``models`` do the work; ``report`` says what opening had to repair.
    """

    def __init__(self, root: Path, catalogue: Catalogue, lock: LibraryLock | None) -> None:
        self.root = root
        self.episodes = Episodes(root, catalogue)
        self.datasets = Datasets(root, catalogue)
        self.runs = Runs(root, catalogue)
        self.models = Models(root, catalogue)
        self.annotations = Annotations(root, catalogue)
        self.attempts = Attempts(catalogue)
        self.scores = Scores(catalogue, self.attempts, self.models)
        self.masks = MaskCorrections(catalogue)
        self.report = Report()
        self._catalogue = catalogue
        self._lock = lock

    @staticmethod
    def open(
        root: Path,
        *,
        writable: bool = True,
        rebuild: bool = False,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
        progress: Progress = log.info,
    ) -> Library:
        """Open the library in a folder, making one where there is none.

        A writable library is locked against other programs, brought up to date, made to agree with its files and
        backed up once a day. LibraryError says in one sentence why that is not possible. ``rebuild`` allows a damaged
        catalogue to be set aside and made again from its newest copy and the episode files.
        """
        root = root.expanduser().resolve()
        if not writable:
            return Library(root, Catalogue(root, writable=False, busy_timeout_ms=busy_timeout_ms), None)
        _make_folders(root)
        lock = LibraryLock(root)
        try:
            rebuilt = _rebuilt(root) if rebuild else []
            catalogue = Catalogue(root, writable=True, busy_timeout_ms=busy_timeout_ms)
            library = Library(root, catalogue, lock)
        except BaseException:
            lock.release()
            raise
        try:
            library.report = library.recover(progress=progress, repair_damaged=False)
            library.models.adopt()
            library.runs.settle()
            library.report.messages += rebuilt
            library._back_up_daily()
        except BaseException:
            library.close()
            raise
        return library

    @property
    def cache(self) -> Path:
        """Folder of what can be made again at any time."""
        return self.root / "cache"

    @property
    def captures(self) -> Path:
        """Folder of the captures of the empty workspace."""
        return self.root / "captures"

    def recover(self, *, progress: Progress = log.info, repair_damaged: bool = True) -> Report:
        """Make catalogue and files agree; see ``core.library.reconcile``. A second call changes nothing."""
        return Reconciler(self.root, self._catalogue, progress).run(repair_damaged=repair_damaged)

    def verify(self, prefixes: list[str] | None = None, progress: Progress = log.info) -> Report:
        """Hash the files of these episodes, or of all, and mark what is damaged or missing."""
        ids = self.episodes.ids() if prefixes is None else tuple(map(self.episodes.resolve, prefixes))
        return Reconciler(self.root, self._catalogue, progress).verify(ids)

    def back_up(self, name: str) -> Path:
        """Copy the catalogue to ``backups/<name>.sqlite``."""
        return self._catalogue.back_up(name)

    def close(self) -> None:
        self._catalogue.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _back_up_daily(self) -> None:
        """A backup that fails is said, and does not keep anybody from working."""
        if not backup.daily_is_due(self.root):
            return
        try:
            self._catalogue.back_up(backup.daily_name())
            backup.forget_old(self.root)
        except (LibraryError, OSError) as error:
            sentence = f"Today's copy of the catalogue could not be made: {error}"
            log.warning(sentence)
            self.report.messages.append(sentence)


def _rebuilt(root: Path) -> list[str]:
    path = root / CATALOGUE
    return [rebuild_catalogue(path)] if is_damaged(path) else []


def _make_folders(root: Path) -> None:
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        network = network_file_system(root)
        if network is not None:
            raise LibraryError(
                f"{root} is on a network file system ({network}), where two machines could damage the catalogue; "
                "choose a folder on a local disk."
            )
        for name in FOLDERS:
            (root / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise LibraryError(
            f"The library folder {root} cannot be used ({error.strerror}); make it writable or choose another."
        ) from error
