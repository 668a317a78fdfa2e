"""Ray, the engine that spreads steps over cores and machines. Nothing else of Reticle knows it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from core.errors import InputError, ReticleError

_ROOT = Path(__file__).parents[1]
_RETRIES = 2
"""How often a piece is tried again whose worker died."""


class PieceFailedError(ReticleError):
    """A piece of work failed, in words."""


class Engine:
    """Workers on this machine, or on the cluster at ``address``; they end with it.

    On a cluster every machine has Reticle in the same folder and sees the same experiment folder.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        import ray

        given: dict[str, Any] = {"address": address} if address else {"num_cpus": workers or _cores()}
        environment = {"PYTHONPATH": str(_ROOT), "MUJOCO_GL": os.environ.get("MUJOCO_GL", "egl")}
        try:
            ray.init(
                **given,
                include_dashboard=None if address else False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env={"env_vars": environment},
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            where = f"the cluster at {address}" if address else "this machine"
            raise InputError(f"Ray does not start on {where}: {str(error).splitlines()[0]}") from None
        self._ray = ray

    @property
    def cores(self) -> int:
        """Of all machines."""
        return int(self._ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]

    @property
    def machines(self) -> int:
        return sum(bool(node["Alive"]) for node in self._ray.nodes())  # type: ignore[no-untyped-call]

    def submit(self, work: Callable[..., Any], *given: Any) -> Any:
        """Do ``work(*given)`` on one core of some worker; a handle on what comes of it."""
        return self._ray.remote(num_cpus=1, max_retries=_RETRIES)(work).remote(*given)

    def wait(self, handles: Sequence[Any], patience_s: float) -> list[Any]:
        """The handles that are done, at least one unless the patience ends."""
        done, _ = self._ray.wait(list(handles), num_returns=1, timeout=patience_s)
        return list(done)

    def result(self, handle: Any) -> Any:
        """What came of a handle that is done; PieceFailedError when it failed on every try."""
        try:
            return self._ray.get(handle)
        except self._ray.exceptions.RayTaskError as error:
            raise PieceFailedError(str(error.cause)) from error
        except self._ray.exceptions.RayError as error:
            raise PieceFailedError(f"Its worker died: {str(error).splitlines()[0]}") from error

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ray.shutdown()


def _cores() -> int:
    return len(os.sched_getaffinity(0))
