"""Training: it learns, it resumes bit for bit, it keeps what it has when it is ended early."""

from pathlib import Path

import msgspec
import pytest
import torch

from core.correspondence.checkpoint import ModelDescription, load_model, save_model
from core.correspondence.config import Loss, TrainingConfig
from core.correspondence.material import Material
from core.correspondence.network import DescriptorNetwork
from core.correspondence.training import CHECKPOINT, Progress, Trained, Trainer
from core.errors import InputError
from core.processes.jobs import CHECKPOINT_STATE, Ask
from tests.core.correspondence.making import TINY, views


def train(folder: Path, config: TrainingConfig, stop_at: int | None = None) -> Trained:
    folder.mkdir(exist_ok=True)
    trainer = Trainer(config, Material(config, views()), folder, folder, device="cpu")
    seen: list[int] = []

    def asked() -> Ask | None:
        seen.append(1)
        return Ask.PAUSE if stop_at is not None and len(seen) > stop_at else None

    return trainer.train(asked=asked)


def weights(trained: Trained) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trained.network.state_dict().items()}


@pytest.mark.parametrize("loss", list(Loss))
def test_a_training_resumes_bit_for_bit(tmp_path: Path, loss: Loss) -> None:
    config = msgspec.structs.replace(TINY, loss=loss)
    whole = train(tmp_path / "whole", config)
    paused = train(tmp_path / "parts", config, stop_at=2)
    assert paused.asked is Ask.PAUSE
    assert paused.steps == 2
    resumed = train(tmp_path / "parts", config)
    assert resumed.steps == whole.steps == TINY.steps
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(resumed)[name]), name


def test_another_seed_is_another_training(tmp_path: Path) -> None:
    first = train(tmp_path / "a", TINY)
    second = train(tmp_path / "b", msgspec.structs.replace(TINY, seed=1))
    assert any(not torch.equal(value, weights(second)[name]) for name, value in weights(first).items())


def test_descriptors_learn_to_match_between_the_cameras(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    config = msgspec.structs.replace(TINY, steps=25, weights="imagenet", validate_every_s=1.0)
    trainer = Trainer(config, Material(config, views(6, 3)), tmp_path / "run", tmp_path, device="cpu")
    reports: list[Progress] = []
    trained = trainer.train(reports.append)
    assert "ImageNet weights in" in trained.weights_origin
    assert trained.validation is not None
    assert reports[-1].loss < 0.8 * reports[0].loss
    assert len(list((tmp_path / "run" / "snapshots").glob("*.jpg"))) >= 1


def test_a_cancelled_training_keeps_its_best(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    trainer = Trainer(TINY, Material(TINY, views()), tmp_path / "run", tmp_path, device="cpu")
    trained = trainer.train(asked=iter([None, None, Ask.CANCEL]).__next__)
    assert trained.asked is Ask.CANCEL
    assert trained.steps == 2
    assert trained.validation is not None


@pytest.mark.parametrize("name", [CHECKPOINT, CHECKPOINT_STATE])
def test_a_damaged_checkpoint_costs_one_sentence(tmp_path: Path, name: str) -> None:
    train(tmp_path / "run", TINY, stop_at=1)
    path = tmp_path / "run" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="cannot be resumed"):
        Trainer(TINY, Material(TINY, views()), tmp_path / "run", tmp_path, device="cpu")


def model(folder: Path) -> Path:
    description = ModelDescription(id="M", name="tiny", created_utc_ns=0, network=TINY.network)
    save_model(folder, DescriptorNetwork(TINY.network), description)
    return folder


def test_a_model_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = DescriptorNetwork(TINY.network).eval()
    saved = save_model(
        tmp_path / "m", network, ModelDescription(id="M", name="x", created_utc_ns=0, network=TINY.network)
    )
    loaded, description = load_model(tmp_path / "m")
    image = torch.rand(1, 3, 64, 96)
    assert description == saved
    assert torch.allclose(network(image), loaded(image), atol=1e-5)
    lengths = loaded(image).norm(dim=1)
    assert torch.allclose(lengths, torch.ones_like(lengths), atol=1e-5)


def test_a_truncated_model_costs_one_sentence(tmp_path: Path) -> None:
    path = model(tmp_path / "m") / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"model\.safetensors .*cut short or damaged"):
        load_model(tmp_path / "m")


def test_a_model_for_another_dimension_is_refused_by_name(tmp_path: Path) -> None:
    path = model(tmp_path / "m") / "model.json"
    path.write_text(path.read_text().replace('"descriptor_dim": 4', '"descriptor_dim": 8'))
    with pytest.raises(InputError, match=r"out\.weight should be \(8, 8, 1, 1\)"):
        load_model(tmp_path / "m")


def test_no_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no descriptor model"):
        load_model(tmp_path / "nothing")
