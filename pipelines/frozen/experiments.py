"""The named experiments of the frozen side: name -> (title, configuration)."""

from __future__ import annotations

from dataclasses import replace

from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.frozen.family import FrozenNet

COSTS = (1.0, 4.0, 16.0, 64.0)


def alone(net: FrozenNet) -> System:
    return System("frozen", (net,), costs=COSTS)


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


FROZEN = ClassicConfig((alone(FrozenNet()),), refit=True)
EXPERIMENTS: dict[str, tuple[str, ClassicConfig]] = {"frozen": ("Features of a frozen net, EfficientNet-Lite0", FROZEN)}
