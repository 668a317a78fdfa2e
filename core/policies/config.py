"""What a policy training is asked to do, and the presets that answer most of it. Light to import."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from core.errors import InputError
from core.learning.values import AtLeastOne, Count, NotNegative, Positive, Share


class Network(StrEnum):
    """Which network acts; one file each in ``core/policies/networks``."""

    MLP = "mlp"
    LSTM = "lstm"


class Mode(StrEnum):
    """How a dense representation is optimised (paper, section III-B)."""

    SET = "set"
    """The set is optimised with the policy, the descriptor network stays."""
    FIXED = "fixed"
    """A fixed set of descriptors."""
    DENSE = "dense"
    """Network and set are optimised end to end."""
    PRETRAINED = "pretrained"
    """End to end from the correspondence network, channel-wise expectation."""


class Activation(StrEnum):
    """What follows each hidden layer."""

    RELU = "relu"
    """As in the appendix."""
    SILU = "silu"
    TANH = "tanh"


class NoiseConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Noise on the observed hand, drawn afresh for every sample; the global setpoint stays (paper, section IV-C)."""

    position_m: NotNegative = 0.001
    rotation_deg: NotNegative = 1.0
    gripper_m: NotNegative = 0.01


class LossUnits(StrEnum):
    """What the behavioural-cloning loss measures errors in."""

    PAPER = "paper"
    """1.0 m, 0.1 rad and 1.0 m of gripper count the same (section IV-A)."""
    STANDARDISED = "standardised"
    """Deviations of the actions that are learnt from, so that what hardly varies counts as much as what does."""


NO_NOISE = NoiseConfig(position_m=0.0, rotation_deg=0.0, gripper_m=0.0)


class PolicyNetworkConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of the acting network; stored beside its weights and checked when they are loaded."""

    kind: Network = Network.MLP
    hidden: AtLeastOne = 128
    layers: AtLeastOne = 2
    dropout: Share = 0.0
    activation: Activation = Activation.RELU
    layer_norm: bool = False
    gaussians: Count = 0
    """Components of a mixture-density head; 0 predicts the action itself."""


class AutoencoderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Pretraining of the spatial autoencoder (Finn et al. 2016): 60x80 grey targets, slow features."""

    steps: Count = 1000
    batch: AtLeastOne = 16
    learning_rate: Positive = 1e-3
    slow_weight: NotNegative = 1.0


class PolicyConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One policy training."""

    preset: str = "default"
    representation: str = "dd-2d"
    mode: Mode = Mode.FIXED
    network: PolicyNetworkConfig = PolicyNetworkConfig()
    camera: str = ""
    """Role of the camera that the policy sees; empty: the task's own."""
    descriptor_model: str = ""
    """Identifier of the descriptor model; empty: the newest."""
    descriptor_set: str = ""
    """Identifier or name of the set to begin with; empty: proposed; mask: drawn from an object's mask."""
    points: Annotated[int, msgspec.Meta(ge=1, le=256)] = 16
    """Descriptors (or feature points) of a representation."""
    temperature: NotNegative = 0.0
    """Of the softmax whose expectation z is; 0: 0.2 for descriptors of unit length within a window, else the one that
    they were trained with."""
    window_cells: NotNegative = 5.0
    """Deviation of a Gaussian around each descriptor's best match, in cells of the descriptor image, outside of which
    heat does not count; 0: the expectation is over the whole image, as in the paper."""
    rate_hz: NotNegative = 0.0
    """Observations per second, for training and acting; 0: as recorded, at most 30."""
    look_ahead_s: Positive = 1.0
    """How far ahead the setpoint lies that is imitated; acting interpolates towards it over the same time."""
    noise: NoiseConfig = NoiseConfig()
    skip_still: bool = False
    """Leave out observations within 1 mm and 1 degree of the one kept before (the authors' LSTM runs)."""
    standardise_actions: bool = True
    """The network predicts standardised actions; without, scaled ones."""
    loss_units: LossUnits = LossUnits.STANDARDISED
    """What an error is measured in."""
    steps: Count = 30_000
    batch: AtLeastOne = 64
    learning_rate: Positive = 1e-3
    halvings: NotNegative = 7.0
    """How often the learning rate halves over the training, continuously."""
    decay_every: Count = 0
    """Multiply the rate by ``decay`` every so many steps instead; 0: halve as above."""
    decay: Positive = 0.5
    truncate: AtLeastOne = 50
    """Longest stretch of steps that gradients flow through (truncated back-propagation through time)."""
    largest_gradient: NotNegative = 1.0
    """Gradients are clipped to this norm; 0: never."""
    ema: Share = 0.0
    """Decay of the moving average of the weights that is kept instead of the last ones; 0: none."""
    stop_after: Count = 0
    """Stop after so many validations without a better one; 0: never."""
    validation_fraction: Share = 0.1
    validate_every: AtLeastOne = 1000
    rollouts: Count = 0
    """Simulated attempts at every tenth of the training, in a process apart."""
    seed: int = 0
    autoencoder: AutoencoderConfig = AutoencoderConfig()


MLP = PolicyConfig(network=PolicyNetworkConfig(activation=Activation.SILU))
LSTM = PolicyConfig(
    network=PolicyNetworkConfig(kind=Network.LSTM, hidden=100, layers=2, layer_norm=True),
    rate_hz=5.0,
    look_ahead_s=0.2,
    noise=NoiseConfig(position_m=0.005),
    skip_still=True,
    steps=9_000,
    batch=16,
    learning_rate=2e-3,
    halvings=5.0,
    validate_every=500,
)
CONTACT = msgspec.structs.replace(
    MLP,
    preset="contact",
    network=PolicyNetworkConfig(hidden=256),
    look_ahead_s=0.2,
    noise=NoiseConfig(position_m=0.004),
    steps=60_000,
)
"""Pushing answers at once, strays, and turns on millimetres: a short look ahead, more noise, more of everything."""
_PAPER_MLP = PolicyConfig(
    preset="paper",
    network=PolicyNetworkConfig(kind=Network.MLP, dropout=0.2),
    look_ahead_s=1.0 / 30.0,
    standardise_actions=False,
    loss_units=LossUnits.PAPER,
    steps=75_000,
    batch=16,
    learning_rate=1e-4,
    decay_every=10_000,
    largest_gradient=0.0,
)
_PAPER_LSTM = PolicyConfig(
    preset="paper",
    network=PolicyNetworkConfig(kind=Network.LSTM, hidden=100, layers=2, dropout=0.1, layer_norm=True),
    rate_hz=5.0,
    look_ahead_s=1.0 / 6.0,
    skip_still=True,
    standardise_actions=False,
    loss_units=LossUnits.PAPER,
    steps=200_000,
    batch=16,
    learning_rate=2e-3,
    decay_every=40_000,
    decay=0.75,
)
_SEEING: dict[str, int] = {"steps": 2_000, "batch": 16, "validate_every": 200}
PRESETS: dict[str, dict[Network, PolicyConfig]] = {
    "default": {Network.MLP: MLP, Network.LSTM: LSTM},
    "contact": {Network.MLP: CONTACT, Network.LSTM: msgspec.structs.replace(LSTM, preset="contact")},
    "paper": {Network.MLP: _PAPER_MLP, Network.LSTM: _PAPER_LSTM},
}


def preset(name: str, network: Network, *, learns_to_see: bool = False) -> PolicyConfig:
    """The preset of that name for a network; InputError lists them.

    Where seeing is learnt too, a step costs a thousand times more: there are fewer and smaller ones, unless the paper's
    schedule is asked for.
    """
    if name not in PRESETS:
        raise InputError(f"There is no preset '{name}'; choose one of: {', '.join(PRESETS)}.")
    config = PRESETS[name][network]
    return msgspec.structs.replace(config, **_SEEING) if learns_to_see and name != "paper" else config
