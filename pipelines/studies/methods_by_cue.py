"""Study of cues: every method on every synthetic data set in which one factor alone tells the class.

Row: cue (color, texture, shape, layout, all), per_class (training pictures of each class), chance, and what
`train_variants` adds.   Pictures: cue -> test pictures, two of each class, class by class.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.sets.cues import CUES, N_CLASSES, load_cues
from bakeoff.pipelines.experiments import Experiment
from bakeoff.pipelines.experiments.variants import Variant
from bakeoff.pipelines.results.run import NotApplicableError
from bakeoff.pipelines.results.study import StudyResult
from bakeoff.pipelines.studies.request import Draws, Request, Settings, study

NAME = "cues"
SHOWN_OF_A_CLASS = 2
TITLE = "Which method sees which cue"
PROFILES = {  # sizes up to the 1,000 that there are; the report draws curves from five on
    "quick": Settings(experiments=("color-histogram", "hog", "sift-bow", "pca", "mlp"), sizes=(50,), draws=Draws(1)),
    "full": Settings(
        experiments=("color-histogram", "hog", "sift-bow", "pca", "classic", "mlp", "alexnet"),
        sizes=(10, 30, 100, 300, 1000),
        draws=Draws(),
    ),
}
NOTES = ("Settings are chosen on all 900 validation pictures at every size.",)


@study(NAME, place=6)
def run(request: Request) -> StudyResult:
    """Raises NotApplicableError for pictures that are not made from cues."""
    if not request.dataset.name.startswith("cues-"):
        raise NotApplicableError(
            f"the study of cues makes its own pictures, not {request.dataset.name}: --dataset cues"
        )
    study = request.train(NAME, TITLE, PROFILES[request.profile], NOTES, variants)
    return replace(study, pictures={cue: examples(load_cues(cue).test) for cue in CUES})


def examples(split: Split) -> np.ndarray:
    """uint8 (SHOWN_OF_A_CLASS * n_classes, h, w, c): the first of each class, class by class."""
    chosen = [np.flatnonzero(split.labels == label)[:SHOWN_OF_A_CLASS] for label in range(N_CLASSES)]
    return split.images[np.concatenate(chosen)]


def variants(_: Dataset, experiments: list[Experiment], settings: Settings, seed: int) -> Iterator[Variant]:
    """The largest first, so that the time left is not underrated."""
    datasets = {cue: load_cues(cue) for cue in CUES}
    for size in sorted(settings.sizes, reverse=True):
        for cue, dataset in datasets.items():
            facts = {"cue": cue, "per_class": size, "chance": 1 / N_CLASSES}
            for order, drawn in settings.draws.of(dataset.train, size, seed):
                for experiment in experiments:
                    yield Variant(replace(dataset, train=drawn), experiment, order, facts)
