"""The named experiments of the frozen side: name -> (title, configuration)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch.utils.flop_counter import FlopCounterMode

from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.frozen.family import FrozenNet
from bakeoff.pipelines.frozen.fine_tuning import COSTS, FineTuned
from bakeoff.pipelines.frozen.weights import Weights, outline
from bakeoff.pipelines.neural.config import Augmentation, NeuralConfig, Optimizer

FLOP_RATE = 27e9  # a second of processor time, on a core of 110 GFLOP/s: filters of one channel wait for memory


def nets(weights: Weights, sides: Sequence[int]) -> list[FrozenNet]:
    """EfficientNet-Lite0 at each of the sides in pixels; a net of timm at its own."""
    if weights.net:
        return [FrozenNet(weights.checksum, outline(weights.net).image_size, weights.net)]
    return [FrozenNet(weights.checksum, side) for side in sides]


def seconds_a_picture(net: FrozenNet) -> float:
    """Of processor time, by the operations of the net. A pass that trains the last blocks takes as long."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        outline(net.net, net.image_size)(torch.zeros(1, 3, net.image_size, net.image_size))
    return float(counter.get_total_flops() / FLOP_RATE)


def alone(net: FrozenNet) -> ClassicConfig:
    return ClassicConfig((System("frozen", (net,), costs=COSTS),), refit=True)


def beside(net: FrozenNet, config: ClassicConfig) -> ClassicConfig:
    """A hand-crafted recipe of one system with the net's features beside its own, each with half of the length."""
    (system,) = config.systems
    shares = system.weights or (1 / len(system.families),) * len(system.families)
    joined = replace(
        system,
        name=f"frozen and {system.name}",
        families=(net, *system.families),
        weights=(0.5, *(share / 2 for share in shares)),
        costs=COSTS,
    )
    return replace(config, systems=(joined,))


# 1,500 pictures of CIFAR-10 at 96 px: 80 % of 600 others, where the SVM that it starts as has 76 %.
FINE_TUNED = NeuralConfig(
    architecture=FineTuned(),
    optimizers=(Optimizer(learning_rate=1e-4),),  # there the best of 3e-5, 1e-4 and 3e-4
    augmentation=Augmentation(flip="none", crop=0),  # there mirroring what the blocks read gained nothing
    epochs=5,
    least_steps=100,
    batch_size=64,
    label_smoothing=0.0,
    flip_averaging=False,
)


def tuned(net: FrozenNet) -> NeuralConfig:
    return replace(FINE_TUNED, architecture=FineTuned(net.weights, net.image_size))


EXPERIMENTS: dict[str, tuple[str, ClassicConfig | NeuralConfig]] = {
    "frozen": ("Features of a frozen net, EfficientNet-Lite0", alone(FrozenNet())),
    "fine-tuned": ("The last blocks of EfficientNet-Lite0, fine-tuned", FINE_TUNED),
}
