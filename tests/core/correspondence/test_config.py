"""Presets and single settings."""

import pytest

from core.correspondence.config import LAPTOP, Generality, Loss, preset
from core.errors import InputError
from core.learning.settings import with_settings


def test_a_setting_changes_one_value_of_its_own_kind() -> None:
    config = with_settings(LAPTOP, {"network.descriptor_dim": "32", "loss": "contrastive", "compile": "true"})
    assert config.network.descriptor_dim == 32
    assert config.loss is Loss.CONTRASTIVE
    assert config.compile
    assert config.network.backbone == LAPTOP.network.backbone


def test_weights_and_what_descriptors_tell_apart_are_settings() -> None:
    given = {"comparisons.single_object_within_scene": "0.5", "comparisons.synthetic_multi_object": "null"}
    config = with_settings(LAPTOP, given | {"descriptors": "class-general"})
    assert config.comparisons.single_object_within_scene == 0.5
    assert config.comparisons.synthetic_multi_object is None
    assert config.descriptors is Generality.CLASS_GENERAL


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"networks.descriptor_dim": "3"}, "network"),
        ({"network": "3"}, "network.descriptor_dim"),
        ({"network.descriptor_dims": "3"}, "choose one of: network.backbone, network.descriptor_dim, "),
        ({"network.descriptor_dim": "many"}, "network.descriptor_dim=many cannot be; give a whole number"),
        ({"batch_pairs": "0"}, "batch_pairs=0 cannot be; give a whole number >= 1"),
        ({"validation_fraction": "7"}, "give a number < 1.0"),
        ({"learning_rate": "nan"}, "learning_rate=nan cannot be; give a number > 0.0"),
        ({"learning_rate": "inf"}, "learning_rate=inf cannot be; give a finite number"),
        ({"minutes.x": "3"}, "single value"),
        ({"comparisons.multi_object_within_scene": "-1"}, "multi_object_within_scene=-1"),
        ({"descriptors": "vague"}, "descriptors=vague cannot be; choose one of: instance-specific, class-general"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_right(settings: dict[str, str], word: str) -> None:
    with pytest.raises(InputError, match=word):
        with_settings(LAPTOP, settings)


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="laptop, paper"):
        preset("desktop")
