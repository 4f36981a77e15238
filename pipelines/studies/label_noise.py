"""Label noise study: a share of the training and validation labels is another class, the test labels are right.

Row: rate (share of wrong labels), and what `train_variants` adds; its validation and training scores are against the
labels as given, wrong ones among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.experiments import Experiment
from bakeoff.pipelines.experiments.trainings import Variant
from bakeoff.pipelines.results.study import StudyResult
from bakeoff.pipelines.studies.study import Request, study

NAME = "label-noise"
TITLE = "Accuracy by share of wrong labels"


@dataclass(frozen=True)
class Settings:
    """rates: shares of wrong labels; which they are is drawn once."""

    experiments: tuple[str, ...]
    rates: tuple[float, ...]


PROFILES = {
    "quick": Settings(experiments=("classic", "mlp"), rates=(0.0, 0.2, 0.4)),
    "full": Settings(experiments=("classic", "mlp", "alexnet"), rates=(0.0, 0.1, 0.2, 0.3, 0.4)),
}
NOTES = (
    "A wrong label is one of the other classes, all equally likely, in training and validation pictures alike. A "
    "higher share includes the wrong labels of all lower ones. Test labels are correct.",
)


@study(NAME, TITLE, place=3)
def run(request: Request) -> StudyResult:
    return request.train(NAME, TITLE, PROFILES[request.profile], NOTES, variants)


def variants(dataset: Dataset, experiments: list[Experiment], settings: Settings, seed: int) -> Iterator[Variant]:
    for rate in settings.rates:
        noisy = mislabel(dataset, rate, seed)
        for experiment in experiments:
            yield Variant(noisy, experiment, seed, {"rate": rate})


def mislabel(dataset: Dataset, rate: float, seed: int) -> Dataset:
    """The data set with this share of wrong labels in training and validation; itself for a rate of 0."""
    if rate == 0:
        return dataset
    n_classes = len(dataset.class_names)

    def flip(split: Split, seed: int) -> Split:
        return replace(split, labels=flip_labels(split.labels, rate, n_classes, seed=seed))

    return replace(dataset, train=flip(dataset.train, 2 * seed), validation=flip(dataset.validation, 2 * seed + 1))


def flip_labels(labels: np.ndarray, rate: float, n_classes: int, *, seed: int) -> np.ndarray:
    """A share of the labels replaced by another class, each other class as likely (symmetric noise).

    labels: int64 (n,) in 0..n_classes - 1.   rate: in 0..1; round(rate * n) labels change.
    Returns int64 (n,). For one seed a higher rate changes the same labels in the same way, and more.
    """
    random = np.random.RandomState(seed)  # its stream is frozen for good, unlike that of default_rng
    shifts = random.randint(1, n_classes, len(labels))
    chosen = random.permutation(len(labels))[: round(rate * len(labels))]
    flipped = labels.copy()
    flipped[chosen] = (labels[chosen] + shifts[chosen]) % n_classes
    return flipped
