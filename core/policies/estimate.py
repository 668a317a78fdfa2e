"""How long a policy training will take, from how long the steps of earlier ones like it took."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from core.library.runs import RunRow
from core.policies.config import PolicyConfig

_NEWEST = 5


def seconds(runs: Iterable[RunRow], config: PolicyConfig) -> float | None:
    """Time of training, without preparing; None when no run of this representation, network and batch was timed.

    ``runs``: the newest first.
    """
    timed = [step for run in runs if _alike(run, config) and (step := run.metrics.get("step_ms"))]
    return config.steps * median(timed[:_NEWEST]) / 1000.0 if timed else None


def _alike(run: RunRow, config: PolicyConfig) -> bool:
    asked = run.config
    network = asked.get("network", {}).get("kind")
    given = (asked.get("representation"), asked.get("mode"), network, asked.get("batch"))
    return run.kind == "policy" and given == (config.representation, config.mode, config.network.kind, config.batch)
