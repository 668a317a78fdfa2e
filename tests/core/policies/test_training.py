"""Training policies: they learn, remember across truncation, resume bit for bit, act the same in another process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from core.errors import InputError
from core.geometry import SE3
from core.policies.checkpoint import PolicyDescription, load_policy, save_policy
from core.policies.config import NO_NOISE, PolicyConfig, PolicyNetworkConfig
from core.policies.demonstrations import Demonstration
from core.policies.lessons import Lessons
from core.policies.model import PolicyModel
from core.policies.policy import Policy
from core.policies.training import Progress, Trained, Trainer, split
from core.processes.jobs import Ask
from core.representations.representation import View
from tests.core.policies.made import LSTM, SETUP, SMALL, demonstrations

ROOT = Path(__file__).parents[3]


def trained(config: PolicyConfig, folder: Path, data: list[Demonstration] | None = None, **given: object) -> Trained:
    folder.mkdir(exist_ok=True)
    trainer = Trainer(config, SETUP, folder, "cpu")
    trainer.learn_from(demonstrations() if data is None else data)
    return trainer.train(**given)


def kept(config: PolicyConfig, folder: Path) -> Path:
    """A policy on disk, trained a little."""
    result = trained(config, folder / "run")
    description = PolicyDescription(
        id="P1", name="p", created_utc_ns=1, network=config.network, setup=SETUP, training=config, rate_hz=30.0
    )
    save_policy(folder / "policy", result.model, result.best, description)
    return folder / "policy"


def acted(folder: Path, steps: int = 3) -> list[list[float]]:
    policy = Policy.load(folder)
    policy.reset()
    seen = View(X_WO={"box": SE3.translation(0.1, 0.2, 0.05)})
    return [policy.act(SE3.translation(0.0, 0.01 * k, 0.1), 0.02, seen).X_WE.as_array().tolist() for k in range(steps)]


@pytest.mark.parametrize("config", [SMALL, LSTM], ids=["mlp", "lstm"])
@pytest.mark.parametrize("gaussians", [0, 3])
def test_a_policy_learns_its_demonstrations(config: PolicyConfig, gaussians: int, tmp_path: Path) -> None:
    network = msgspec.structs.replace(config.network, gaussians=gaussians)
    config = msgspec.structs.replace(config, network=network, noise=NO_NOISE, steps=400, learning_rate=3e-3)
    reports: list[Progress] = []
    result = trained(config, tmp_path / "run", report=reports.append)
    judged = [each.validation_loss for each in reports if each.validation_loss is not None]
    assert len(judged) >= 400 // config.validate_every - 1
    assert result.best_loss is not None
    assert result.best_loss <= min(judged)
    assert reports[-1].fraction == 1.0
    assert reports[-1].loss < reports[0].loss - 0.5 * abs(reports[0].loss)


def test_the_last_step_is_always_judged(tmp_path: Path) -> None:
    config = msgspec.structs.replace(SMALL, steps=20)
    whole: list[Progress] = []
    result = trained(config, tmp_path / "whole", report=whole.append)
    assert (whole[-1].step, whole[-1].validation_loss) == (result.steps, result.validation_loss)
    ended: list[Progress] = []
    asks = iter([None, Ask.CANCEL])
    result = trained(config, tmp_path / "ended", report=ended.append, asked=lambda: next(asks))
    assert (ended[-1].step, ended[-1].validation_loss) == (result.steps, result.validation_loss)
    assert result.validation_loss is not None and result.steps < 20


@pytest.mark.parametrize(
    "change",
    [{}, {"ema": 0.9}, {"network": PolicyNetworkConfig(hidden=32, dropout=0.3)}, {"decay_every": 10}],
    ids=["plain", "average", "dropout", "steps"],
)
def test_a_training_resumes_bit_for_bit(change: dict[str, object], tmp_path: Path) -> None:
    config = msgspec.structs.replace(SMALL, **change)
    whole = trained(config, tmp_path / "whole")
    asks = iter([None, None, None, Ask.PAUSE])
    paused = trained(config, tmp_path / "cut", asked=lambda: next(asks))
    assert paused.asked is Ask.PAUSE
    assert 0 < paused.steps < config.steps
    resumed = trained(config, tmp_path / "cut")
    assert resumed.steps == whole.steps
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    assert resumed.validation_loss == whole.validation_loss


def test_a_recurrent_training_resumes_bit_for_bit(tmp_path: Path) -> None:
    whole = trained(LSTM, tmp_path / "whole")
    asks = iter([None, None, Ask.PAUSE])
    trained(LSTM, tmp_path / "cut", asked=lambda: next(asks))
    resumed = trained(LSTM, tmp_path / "cut")
    assert all(torch.equal(value, resumed.model.state_dict()[name]) for name, value in whole.model.state_dict().items())


def test_the_same_seed_gives_the_same_policy_and_another_one_another(tmp_path: Path) -> None:
    first, again = (trained(SMALL, tmp_path / name).model.state_dict() for name in ("a", "b"))
    other = trained(msgspec.structs.replace(SMALL, seed=1), tmp_path / "c").model.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["network.out.weight"], other["network.out.weight"])


def test_memory_crosses_the_places_where_gradients_are_cut() -> None:
    torch.manual_seed(0)
    model = PolicyModel(LSTM, SETUP).eval()
    robot, looks = torch.randn(2, 12, 13), {"points": torch.randn(2, 12, 3)}
    whole, _ = model(robot, looks, ())
    state: tuple[torch.Tensor, ...] = ()
    parts = []
    for first in range(0, 12, 5):
        part = slice(first, first + 5)
        found, state = model(robot[:, part], {"points": looks["points"][:, part]}, state)
        state = tuple(each.detach() for each in state)
        parts.append(found)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)


def test_padding_teaches_nothing(tmp_path: Path) -> None:
    longest = max(demonstrations(), key=len)
    alone = trained(msgspec.structs.replace(LSTM, validation_fraction=0.5), tmp_path / "a", [longest, longest])
    model = alone.model
    short, long = demonstrations(2)
    config = msgspec.structs.replace(LSTM, truncate=100)
    lessons = Lessons([short, long], config, model.start_rotation(), "cpu")
    (batch,) = lessons.all_episodes()
    outputs, _ = model(batch.robot, batch.looks, ())
    spoilt = batch.actions + (1.0 - batch.weight)[..., None] * 100.0
    loss = (model.head.loss(outputs, batch.actions) * batch.weight).sum()
    torch.testing.assert_close((model.head.loss(outputs, spoilt) * batch.weight).sum(), loss)


@pytest.mark.parametrize("config", [SMALL, LSTM], ids=["mlp", "lstm"])
def test_a_policy_acts_the_same_in_another_process(config: PolicyConfig, tmp_path: Path) -> None:
    folder = kept(config, tmp_path)
    code = "from pathlib import Path; from tests.core.policies.test_training import acted; print(acted(Path({!r})))"
    asked = [sys.executable, "-c", code.format(str(folder))]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True).stdout
    assert json.loads(told) == acted(folder)


def test_a_policy_that_remembers_forgets_at_a_new_attempt(tmp_path: Path) -> None:
    policy = Policy.load(kept(LSTM, tmp_path))
    seen = View(X_WO={"box": SE3.identity()})
    first, second = (policy.act(SE3.identity(), 0.0, seen).X_WE.as_array() for _ in range(2))
    policy.reset()
    assert np.array_equal(policy.act(SE3.identity(), 0.0, seen).X_WE.as_array(), first)
    assert not np.array_equal(first, second)


def test_statistics_are_those_of_what_is_learnt_from_with_noise(tmp_path: Path) -> None:
    model = trained(SMALL, tmp_path / "run").model
    assert model.deviation[9:12].numpy() == pytest.approx(np.radians(1.0), rel=0.3)  # turns by noise alone
    assert float(model.deviation[12]) == pytest.approx(0.01, rel=0.3)
    assert model.head.deviation[3:6].numpy() == pytest.approx(10.0 * np.radians(1.0), rel=0.3)


def test_inputs_that_never_vary_are_divided_by_a_floor(tmp_path: Path) -> None:
    model = trained(msgspec.structs.replace(SMALL, noise=NO_NOISE), tmp_path / "run").model
    assert float(model.deviation[9:13].min()) == pytest.approx(1e-3)  # no turn, no gripper
    assert float(model.deviation[0]) > 0.01
    assert float(model.head.deviation[3:].max()) == pytest.approx(1e-3, rel=1e-4)


def test_stopping_early_is_off_until_it_is_asked_for(tmp_path: Path) -> None:
    config = msgspec.structs.replace(SMALL, steps=200, validate_every=8, learning_rate=1e-12)
    assert trained(config, tmp_path / "a").steps == 200
    assert trained(msgspec.structs.replace(config, stop_after=2), tmp_path / "b").steps < 200


def test_whole_episodes_are_held_out() -> None:
    train, held_out = split(demonstrations(), 0.25, 0)
    assert (len(train), len(held_out)) == (3, 1)
    assert held_out[0].episode not in {each.episode for each in train}
    assert split(demonstrations(), 0.0, 0)[1] == []


def test_one_episode_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least two episodes"):
        trained(SMALL, tmp_path / "run", demonstrations(1))


def test_a_damaged_policy_is_refused_in_a_sentence(tmp_path: Path) -> None:
    folder = kept(SMALL, tmp_path)
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cut short or damaged"):
        load_policy(folder)
    weights.write_bytes(whole)
    description = msgspec.json.decode((folder / "model.json").read_bytes())
    description["training"]["network"]["hidden"] = 64
    (folder / "model.json").write_bytes(msgspec.json.encode(description))
    with pytest.raises(InputError, match="does not fit its description"):
        load_policy(folder)
    with pytest.raises(InputError, match="There is no policy"):
        load_policy(tmp_path / "nothing")
