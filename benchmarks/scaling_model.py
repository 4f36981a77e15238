"""What an experiment costs at any number of pictures, from the costs per picture that were measured on one machine.

    seconds of a stage = max(processor seconds / cores, bytes through the driver / its network, tasks / task rate)

A stage whose first term is the largest gets faster with more machines; where another one is, that is the bottleneck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Assumptions, each named in docs/scaling.md.
CORES_PER_MACHINE = 16
NETWORK_BYTES_PER_SECOND = 1.25e9  # 10 Gbit/s, of the driver
DAY = 86_400.0


@dataclass(frozen=True)
class StageCost:
    """cpu_fixed: seconds however many pictures there are.   cpu_per_picture: seconds.
    driver_bytes: through the driver's network, a picture.   tasks: of the scheduler, a picture.
    on_driver: done by the driver's machine alone."""

    name: str
    cpu_fixed: float
    cpu_per_picture: float
    driver_bytes: float = 0.0
    tasks: float = 0.0
    on_driver: bool = False


@dataclass(frozen=True)
class StageForecast:
    """seconds: on that many cores.   bound: what takes longest, as in the module's formula."""

    name: str
    cpu_seconds: float
    seconds: float
    bound: str


def fit_stage(name: str, sizes: Sequence[int], cpu_seconds: Sequence[float]) -> StageCost:
    """A straight line through two measured runs; neither part of it is below zero."""
    (few, many), (low, high) = sizes, cpu_seconds
    slope = max(0.0, (high - low) / (many - few))
    return StageCost(name, max(0.0, low - slope * few), slope)


def cpu_seconds(stage: StageCost, n_pictures: float) -> float:
    return stage.cpu_fixed + stage.cpu_per_picture * n_pictures


def forecast(stage: StageCost, n_pictures: float, n_cores: float, seconds_per_task: float) -> StageForecast:
    """One stage on a cluster."""
    cores = CORES_PER_MACHINE if stage.on_driver else n_cores
    times = {
        "the driver's processor" if stage.on_driver else "processors": cpu_seconds(stage, n_pictures) / cores,
        "the driver's network": stage.driver_bytes * n_pictures / NETWORK_BYTES_PER_SECOND,
        "the scheduler": stage.tasks * n_pictures * seconds_per_task,
    }
    bound = max(times, key=lambda name: times[name])
    return StageForecast(stage.name, cpu_seconds(stage, n_pictures), times[bound], bound)


def machines_for(stages: Sequence[StageCost], n_pictures: float, seconds: float = DAY) -> float:
    """Machines of CORES_PER_MACHINE whose processors do the shared stages in the given time, one after the other."""
    shared = sum(cpu_seconds(stage, n_pictures) for stage in stages if not stage.on_driver)
    return shared / seconds / CORES_PER_MACHINE
