"""The descriptor network's architecture with a feature point a channel, trained end to end (paper, appendix)."""

from __future__ import annotations

from core.correspondence.config import NetworkConfig
from core.correspondence.network import DescriptorNetwork, load_imagenet
from core.representations.modules.feature_points import FeaturePoints
from core.representations.modules.spatial_encoder import HEIGHT, WIDTH, seeded
from core.representations.representation import Beginning, Setup


class ResNetPoints(FeaturePoints):
    """The encoder is a 34-layer ResNet at stride 8."""

    encoder: DescriptorNetwork

    def __init__(self, setup: Setup) -> None:
        network = NetworkConfig(
            backbone="resnet34", descriptor_dim=setup.points, normalised=False, width=WIDTH, height=HEIGHT
        )
        super().__init__(setup, DescriptorNetwork(network))
        self.train()  # before anything is looked at

    def first_encoder(self, beginning: Beginning) -> DescriptorNetwork:
        """ImageNet weights for the backbone when they can be had; the rest is drawn for the seed."""
        drawn = seeded(beginning.seed, lambda: DescriptorNetwork(self.encoder.config))
        if beginning.cache_dir is not None:
            beginning.stage(load_imagenet(drawn, "imagenet", beginning.cache_dir), 1, 1)
        return drawn

    def train(self, mode: bool = True) -> ResNetPoints:
        """Batches are too small for batch statistics: the backbone keeps those that it came with."""
        super().train(mode)
        self.encoder.backbone.eval()
        return self
