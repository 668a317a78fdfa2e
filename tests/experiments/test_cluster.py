"""Experiments on a cluster of two Ray nodes on one machine: both work, and what they find is what one would."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.engine import Engine
from experiments.pipeline import Pipeline
from experiments.steps import Demonstrations
from experiments.store import Store
from robot.rig import DEFAULT_RIG, load_rig

_NODE = {"num_cpus": 1, "object_store_memory": 80_000_000, "include_dashboard": False}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """On two nodes of one core each."""
    from ray.cluster_utils import Cluster

    try:
        cluster = Cluster(initialize_head=True, head_node_args=_NODE)
        cluster.add_node(**_NODE)
    except Exception as error:  # noqa: BLE001  Ray raises Exception itself when a node does not start
        pytest.skip(f"Ray starts no second node on this machine: {error}")
    try:
        with Engine(address=cluster.address) as running:
            yield running
    finally:
        cluster.shutdown()


def meet(path: str, mode: str) -> str:
    """Waits at a pipe until somebody comes from the other side; where this happened."""
    import ray

    with Path(path).open(mode):
        return str(ray.get_runtime_context().get_node_id())


def test_pieces_run_on_both_nodes_at_once(engine: Engine, tmp_path: Path) -> None:
    assert (engine.machines, engine.cores) == (2, 2)
    os.mkfifo(tmp_path / "pipe")
    handles = [engine.submit(meet, str(tmp_path / "pipe"), mode) for mode in ("r", "w")]
    assert len({engine.result(handle) for handle in handles}) == 2


def test_demonstrations_come_from_both_into_one_library(engine: Engine, tmp_path: Path) -> None:
    shown = Demonstrations("reach_t", 6, (), 10.0)
    with Store(tmp_path) as store:
        assert list(Pipeline(store, engine, load_rig(DEFAULT_RIG), lambda _: None).run((shown,))) == [shown]
        rows = store.library(shown).episodes.list().rows
    assert sorted(row.seed or 0 for row in rows) == list(range(6))
    assert all(row.success and Path(row.path).exists() for row in rows)
