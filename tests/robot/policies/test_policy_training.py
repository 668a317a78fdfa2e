"""From recorded episodes to a policy that acts, by the same job that the window and the command line start."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from core.episodes.reader import EpisodeReader
from core.errors import EndedEarlyError, InputError
from core.geometry import SE3
from core.library import Library
from core.library.query import EpisodeFilter
from core.library.runs import RunRow
from core.policies.config import LSTM, MLP, Mode, PolicyConfig
from core.policies.demonstrations import LOOKS, Wanted, moments, trim_looks, views
from core.policies.policy import Policy
from core.processes.jobs import Ask, JobEnded, carry_out
from core.representations import REPRESENTATIONS
from core.representations.representation import View
from robot.jobs import again, finish
from robot.policies.job import train
from robot.policies.rollouts import attempts
from robot.policies.start import begin
from robot.rig import DEFAULT_RIG, load_rig
from tests.robot.correspondence.conftest import command

TINY = msgspec.structs.replace(MLP, steps=8, batch=4, representation="gt-3d", points=4)


@dataclass
class Context:
    """A job's context in this process: what it reported, and what it is asked."""

    folder: Path
    asks: list[Ask | None] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)

    def asked(self) -> Ask | None:
        return self.asks.pop(0) if self.asks else None

    def stage(self, name: str, done: int = 0, total: int = 0) -> None:
        self.stages.append(name)
        if self.asked() is not None:
            raise EndedEarlyError

    def progress(self, fraction: float, remaining_s: float, metrics: dict[str, Any]) -> None:
        self.metrics.append(metrics)


def run(library: Library, config: PolicyConfig) -> tuple[RunRow, JobEnded]:
    row = begin(library, load_rig(DEFAULT_RIG), config, EpisodeFilter())
    ended = train(Context(Path(row.path)))
    return finish(library, row, ended), ended


@pytest.fixture
def library(seen: Path, tmp_path: Path) -> Path:
    return shutil.copytree(seen, tmp_path / "library")


def test_the_command_trains_a_policy_that_is_listed_and_acts(library: Path) -> None:
    words = ("--representation", "gt-2d", "--steps", 16, "--set", "batch=8", "--set", "rollouts=1")
    trained = command("train", "policy", "--library", library, *words)
    assert {"run", "policy", "steps", "wall_s", "train_loss", "validation_loss", "step_ms"} <= set(trained)
    (row,) = command("runs", "list", "--kind", "policy", "--library", library)["runs"]
    assert (row["id"], row["status"]) == (trained["run"], "done")
    with Library.open(library, writable=False) as opened:
        (model,) = opened.models.list("policy")
    assert model.id == trained["policy"]
    assert {path.name for path in Path(model.path).iterdir()} == {
        "model.json",
        "model.safetensors",
        "best.safetensors",
    }
    assert (trained["success"], trained["rollouts"]) in ((0.0, 1), (1.0, 1))
    metrics = (library / "runs" / trained["run"] / "metrics.jsonl").read_bytes().splitlines()
    assert msgspec.json.decode(metrics[-1])["step"] == 16


def test_attempts_are_the_same_for_any_number_of_workers(library: Path) -> None:
    with Library.open(library) as opened:
        run(opened, TINY)
        (model,) = opened.models.list("policy")
    alone = dict(attempts(Path(model.path), "reach_tr", [7], workers=1))
    together = dict(attempts(Path(model.path), "reach_tr", [8, 7], workers=2))
    assert set(together) == {7, 8}
    assert together[7] == alone[7]
    assert 0.0 < alone[7].duration_s <= 16.1


@pytest.mark.parametrize(
    ("representation", "mode"),
    [
        ("dd-2d", Mode.SET),
        ("dd-2d", Mode.FIXED),
        ("dd-3d", Mode.SET),
        ("dd-2d", Mode.DENSE),
        ("dd-2d", Mode.PRETRAINED),
    ],
)
def test_dense_descriptors_are_learnt_from_images(representation: str, mode: Mode, library: Path) -> None:
    config = msgspec.structs.replace(TINY, representation=representation, mode=mode, steps=2, batch=2)
    with Library.open(library) as opened:
        row, ended = run(opened, config)
        assert ended.status == "done", ended.message
        (model,) = opened.models.list("policy")
        descriptors = opened.models.list("descriptor")[0]
    described = Policy.load(Path(model.path)).description
    assert (described.setup.descriptor_model, described.setup.descriptor_sha256) == (descriptors.id, descriptors.sha256)
    assert described.rate_hz == 5.0
    assert ("depth_missing" in ended.result) is (representation == "dd-3d")
    assert row.metrics["policy"] == model.id


def test_a_recurrent_policy_learns_whole_episodes(library: Path) -> None:
    config = msgspec.structs.replace(LSTM, representation="gt-3d", steps=4, batch=2, rate_hz=5.0)
    with Library.open(library) as opened:
        _, ended = run(opened, config)
    assert ended.status == "done", ended.message
    assert ended.result["steps"] == 4


def test_a_training_pauses_resumes_and_is_cancelled(library: Path) -> None:
    config = msgspec.structs.replace(TINY, steps=80)
    with Library.open(library) as opened:
        row = begin(opened, load_rig(DEFAULT_RIG), config, EpisodeFilter())
        folder = Path(row.path)
        stages = Context(folder)
        paused = carry_out(train, Context(folder, [None] * 8 + [Ask.PAUSE] * 90))
        assert paused.status == "paused", paused
        assert not opened.models.list("policy")
        ready = carry_out(train, Context(folder, [Ask.CANCEL] * 90))
        assert (ready.status, ready.message) == (
            "paused",
            "It was ended while it got ready; it can be resumed from where it was.",
        )
        ended = carry_out(train, stages)
        assert (ended.status, ended.result["steps"]) == ("done", 80)
        other = begin(opened, load_rig(DEFAULT_RIG), config, EpisodeFilter())
        early = carry_out(train, Context(Path(other.path), [Ask.CANCEL] * 90))
        assert early.status == "cancelled"
        assert "before there was anything to keep" in early.message
        early = carry_out(train, Context(Path(other.path), [Ask.PAUSE] * 90))
        assert early.status == "paused" and "begins anew" in early.message


def test_a_paused_training_goes_on_where_its_library_was_moved_to(library: Path) -> None:
    with Library.open(library) as opened:
        row = begin(opened, load_rig(DEFAULT_RIG), TINY, EpisodeFilter())
        opened.runs.update(row.id, "paused", {})
    moved = library.rename(library.with_name("moved"))
    with Library.open(moved) as opened:
        resumed = again(opened, row.id)
        ended = carry_out(train, Context(Path(resumed.path)))
        assert ended.status == "done", ended.message
        finish(opened, resumed, ended)
        (model,) = opened.models.list("policy")
    assert Path(model.path).is_relative_to(moved)
    assert not library.exists()


def test_object_state_reaches_ground_truth_alone(library: Path) -> None:
    told = {name for name, entry in REPRESENTATIONS.entries().items() if entry.info.object_state}
    assert told == {"gt-2d", "gt-3d"}
    path = next((library / "episodes").glob("*.mcap"))
    with EpisodeReader(path) as reader, Library.open(library, writable=False) as opened:
        from core.library.learning import all_spans

        span = next(each for each in all_spans(opened) if each.path == str(path))
        from core.policies.demonstrations import hands

        for entry in REPRESENTATIONS.entries().values():
            wanted = Wanted("right", 0.0, 1.0, entry.info)
            stamps, frames = moments(reader, span, wanted)
            hand, _ = hands(reader, stamps[:2], 1.0)
            shown = next(views(reader, wanted, stamps[:2], frames[:2], hand))
            assert (shown.X_WO is not None) is entry.info.object_state
            assert (shown.rgb is not None) is entry.info.images
            assert (shown.depth is not None) is entry.info.depth


def test_the_setpoint_that_is_learnt_was_sent_later(library: Path) -> None:
    from core.library.learning import all_spans
    from core.policies.demonstrations import hands

    with Library.open(library, writable=False) as opened:
        span = all_spans(opened)[0]
    with EpisodeReader(Path(span.path)) as reader:
        wanted = Wanted("right", 0.0, 1.0, REPRESENTATIONS.get("dd-2d").info)
        stamps, frames = moments(reader, msgspec.structs.replace(span, start_s=1.0, end_s=3.0), wanted)
        assert np.all((stamps >= reader.start_ns + 1e9) & (stamps <= reader.start_ns + 3e9))
        assert np.array_equal(reader.stamps("right")[frames], stamps)
        hand, desired = hands(reader, stamps, 1.0)
        arrays = reader.arrays()
        tick = int(np.searchsorted(arrays["stamp_ns"], stamps[0]))
        np.testing.assert_allclose(hand.poses()[0], SE3.from_array(arrays["X_WE"][tick]).as_array(), atol=1e-9)
        later = SE3.from_array(arrays["sent_X_WE"][tick + 200]).as_array()
        np.testing.assert_allclose(desired.poses()[0], later, atol=1e-9)


def test_looks_are_kept_within_a_bound(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "old", "oldest")):
        folder = tmp_path / LOOKS / name
        folder.mkdir(parents=True)
        (folder / "map.npy").write_bytes(b"0" * 1000)
        import os

        os.utime(folder, (1000 - age, 1000 - age))
    trim_looks(tmp_path / LOOKS, 2500)
    assert {path.name for path in (tmp_path / LOOKS).iterdir()} == {"new", "old"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"representation": "dd-4d"}, "There is no representation 'dd-4d'; choose one of"),
        ({"representation": "dd-2d", "descriptor_model": "01ZZ"}, "There is no descriptor model '01ZZ'"),
        ({"representation": "dd-2d", "descriptor_set": "mine"}, "has no one set 'mine'; there are: none"),
        ({"camera": "ceiling"}, "no images of a 'ceiling' camera; choose from: right, left"),
        ({"representation": "dd-2d", "rate_hz": 4.0}, "recorded at 5 images a second, which does not give 4"),
        ({"steps": 0}, "Nothing would be trained"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_sentence(change: dict[str, Any], sentence: str, library: Path) -> None:
    with Library.open(library) as opened, pytest.raises(InputError, match=sentence):
        run(opened, msgspec.structs.replace(TINY, **change))


def test_data_that_teach_nothing_are_said_in_a_sentence(library: Path) -> None:
    with Library.open(library) as opened:
        others = opened.episodes.ids()[1:]
        opened.episodes.trash(others)
        with pytest.raises(InputError, match="only 1 of at least 2 episodes is there; left out: 2 in the trash"):
            run(opened, TINY)
        opened.episodes.restore(others)
        opened.episodes.label(others, success=False)
        with pytest.raises(InputError, match="only 1 of at least 2 episodes is there; left out: 2 failed"):
            run(opened, TINY)
        opened.episodes.label(others, success=True)
        (model,) = opened.models.list("descriptor")
        gone = Path(model.path).rename(library / "elsewhere")
        with pytest.raises(InputError, match=f"The files of the descriptor model '{model.name}' are gone"):
            run(opened, msgspec.structs.replace(TINY, representation="dd-2d"))
        gone.rename(model.path)
        opened.models.trash(model.id)
        with pytest.raises(InputError, match="needs a descriptor model and the library has none"):
            run(opened, msgspec.structs.replace(TINY, representation="dd-2d"))
    command("record", "--library", library, "--task", "reach_t", "--cameras", "none", "--seed", 1)
    with (
        Library.open(library) as opened,
        pytest.raises(InputError, match="these are 3 of reach_tr, 1 of reach_t; choose one task"),
    ):
        run(opened, TINY)


def test_without_a_data_set_all_that_can_be_learned_from_is_frozen_once(library: Path) -> None:
    with Library.open(library) as opened:
        failed, *others = opened.episodes.ids()
        opened.episodes.label([failed], success=False)
        rows = [run(opened, TINY) for _ in range(2)]
        (first, ended), (second, _) = rows
        assert first.dataset == second.dataset is not None
        assert {member.id for member in opened.datasets.members(str(first.dataset))} == set(others)
        everything = opened.datasets.freeze("everything", EpisodeFilter())
        named = begin(opened, load_rig(DEFAULT_RIG), TINY, "everything")
        assert named.dataset == first.dataset != everything.id
    assert ended.result["left_out"] == ("1 left out: failed.",)


def test_the_camera_is_the_task_s_own_unless_another_one_is_asked_for(library: Path) -> None:
    with Library.open(library) as opened:
        for camera, seen in (("", "right"), ("left", "left")):
            config = msgspec.structs.replace(TINY, representation="dd-2d", camera=camera)
            assert begin(opened, load_rig(DEFAULT_RIG), config, EpisodeFilter()).config["camera"] == seen


def test_an_episode_whose_file_is_damaged_is_left_out(library: Path) -> None:
    with Library.open(library) as opened:
        path = Path(opened.episodes.get(opened.episodes.ids()[0]).path)
        path.write_bytes(path.read_bytes()[:100])
        _, ended = run(opened, TINY)
    assert ended.status == "done"
    assert len(ended.result["left_out"]) == 1


def test_a_policy_is_shown_only_its_own_camera(library: Path) -> None:
    with Library.open(library) as opened:
        run(opened, msgspec.structs.replace(TINY, representation="dd-2d", mode=Mode.FIXED, camera="left", steps=2))
        (model,) = opened.models.list("policy")
    policy = Policy.load(Path(model.path))
    camera = policy.description.setup.camera
    assert camera is not None
    assert camera.role == "left"
    rgb = np.zeros((480, 640, 3), np.uint8)
    wish = policy.act(SE3.identity(), 0.0, View(camera, SE3.identity(), rgb))
    assert np.isfinite(wish.X_WE.as_array()).all()
    assert wish.z.shape == (8,)
