"""Learning curve study: accuracy of each experiment by number of training pictures.

Row: per_class (pictures asked for of each class; null for all there are), and what `train_variants` adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.experiments import Experiment
from bakeoff.pipelines.experiments.trainings import Variant
from bakeoff.pipelines.results.study import StudyResult
from bakeoff.pipelines.studies.study import Draws, Request, study

NAME = "learning-curves"
TITLE = "Accuracy by number of training pictures"


@dataclass(frozen=True)
class Settings:
    """sizes: pictures of every class; all there are always come last."""

    experiments: tuple[str, ...]
    sizes: tuple[int, ...]
    draws: Draws


PROFILES = {
    "quick": Settings(experiments=("classic", "mlp"), sizes=(10,), draws=Draws(1)),
    "full": Settings(experiments=("classic", "mlp", "alexnet"), sizes=(10, 30, 100, 300, 1000), draws=Draws()),
}
NOTES = (
    "Every size includes the pictures of all smaller ones. Settings are chosen on the full validation set at every "
    "size, which someone with few pictures would not have; this applies to both sides alike.",
)


@study(NAME, TITLE, place=2)
def run(request: Request) -> StudyResult:
    return request.train(NAME, TITLE, PROFILES[request.profile], NOTES, variants)


def variants(dataset: Dataset, experiments: list[Experiment], settings: Settings, seed: int) -> Iterator[Variant]:
    """The largest first, so that the time left is not underrated."""
    largest = int(np.bincount(dataset.train.labels).max())
    for experiment in experiments:
        yield Variant(dataset, experiment, seed, {"per_class": None})
    sizes = [size for size in settings.sizes if size < largest]
    for size in reversed(sizes):
        for order, drawn in settings.draws.of(dataset.train, size, seed):
            for experiment in experiments:
                yield Variant(replace(dataset, train=drawn), experiment, order, {"per_class": size})
