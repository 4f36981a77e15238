"""Studies of what there is to learn from: accuracy by number of training pictures, and by share of wrong labels.

Row of `learning-curves`: per_class (pictures asked for of each class; null for all there are), and what
`train_variants` adds. Row of `label-noise`: rate (share of wrong labels), and the same; its validation and training
scores are against the labels as given, wrong ones among them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.experiments import Experiment
from bakeoff.pipelines.experiments.variants import Variant
from bakeoff.pipelines.results.study import StudyResult
from bakeoff.pipelines.studies.request import Draws, Request, Settings, study

PROFILES = {  # all pictures that there are come beside the sizes
    "quick": Settings(experiments=("classic", "mlp"), sizes=(10,), draws=Draws(1)),
    "full": Settings(experiments=("classic", "mlp", "alexnet"), sizes=(10, 30, 100, 300, 1000), draws=Draws()),
}
NOTES = (
    "Every size includes the pictures of all smaller ones. Settings are chosen on the full validation set at every "
    "size, which someone with few pictures would not have; this applies to both sides alike.",
)


@study("learning-curves", place=2)
def run(request: Request) -> StudyResult:
    title = "Accuracy by number of training pictures"
    return request.train("learning-curves", title, PROFILES[request.profile], NOTES, variants)


def variants(dataset: Dataset, experiments: list[Experiment], settings: Settings, seed: int) -> Iterator[Variant]:
    """The largest first, so that the time left is not underrated."""
    for experiment in experiments:
        yield Variant(dataset, experiment, seed, {"per_class": None})
    for size in (size for size in reversed(settings.sizes) if size < dataset.train_counts.max()):
        for order, drawn in settings.draws.of(dataset.train, size, seed):
            for experiment in experiments:
                yield Variant(replace(dataset, train=drawn), experiment, order, {"per_class": size})


@dataclass(frozen=True)
class NoiseSettings:
    """rates: shares of wrong labels; which they are is drawn once."""

    experiments: tuple[str, ...]
    rates: tuple[float, ...]


NOISE_PROFILES = {
    "quick": NoiseSettings(experiments=("classic", "mlp"), rates=(0.0, 0.2, 0.4)),
    "full": NoiseSettings(experiments=("classic", "mlp", "alexnet"), rates=(0.0, 0.1, 0.2, 0.3, 0.4)),
}
NOISE_NOTES = (
    "A wrong label is one of the other classes, all equally likely, in training and validation pictures alike. A "
    "higher share includes the wrong labels of all lower ones. Test labels are correct.",
)


@study("label-noise", place=3)
def run_label_noise(request: Request) -> StudyResult:
    title = "Accuracy by share of wrong labels"
    return request.train("label-noise", title, NOISE_PROFILES[request.profile], NOISE_NOTES, noisy_variants)


def noisy_variants(
    dataset: Dataset, experiments: list[Experiment], settings: NoiseSettings, seed: int
) -> Iterator[Variant]:
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
