"""Learning curve study: accuracy of each experiment by number of training pictures.

Row: per_class (pictures asked for of each class; null for all there are), and what `train_variants` adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.splits import nested_subsets
from bakeoff.pipelines.experiments import Experiment
from bakeoff.pipelines.experiments.trainings import Variant
from bakeoff.pipelines.results.study import StudyResult
from bakeoff.pipelines.studies.study import Request, study

NAME = "learning-curves"
TITLE = "Accuracy by number of training pictures"


@dataclass(frozen=True)
class Settings:
    """sizes: pictures of every class; all there are always come last.

    n_seeds: orders in which pictures are added, each with a training seed of its own; `few`: training pictures up to
    which there are several, for there chance is large and training short.
    """

    experiments: tuple[str, ...]
    sizes: tuple[int, ...]
    n_seeds: int
    few: int


PROFILES = {
    "quick": Settings(experiments=("classic", "mlp"), sizes=(10,), n_seeds=1, few=0),
    "full": Settings(
        experiments=("classic", "mlp", "alexnet"),
        sizes=(10, 30, 100, 300, 1000),
        n_seeds=3,
        few=3000,
    ),
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
        for order in range(seed, seed + settings.n_seeds):
            (chosen,) = nested_subsets(dataset.train.labels, [size], seed=order)
            if order > seed and len(chosen) > settings.few:
                break
            smaller = replace(dataset, train=dataset.train.take(chosen))
            for experiment in experiments:
                yield Variant(smaller, experiment, order, {"per_class": size})
