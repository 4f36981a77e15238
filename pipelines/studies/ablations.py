"""Ablation study: one factor of `classic`, or of a small perceptron, changed while all else stays.

The factors: families joined in the order of `classic`, visual words, principal components and the SVM's C of the
hand-crafted side; width and depth of the perceptrons of `make sweep`, whose trained nets are used.

Row: factor, line (one of the curves of a factor), value (a text for families, else a number), default (whether it is
what `classic`, or the sweeps' own net, has), experiment, side, seed, n_test, diverged, accuracy, validation_score,
train_score, correct, seconds; and what `train_variants` and the sweeps add.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.experiments import FAMILIES
from bakeoff.pipelines.classic.families.bag_of_words import BagOfWords
from bakeoff.pipelines.classic.families.family import FeatureFamily
from bakeoff.pipelines.classic.families.pixels import PixelPca
from bakeoff.pipelines.experiments import Experiment, all_experiments
from bakeoff.pipelines.results.run import NotApplicableError
from bakeoff.pipelines.results.study import Row, StudyResult
from bakeoff.pipelines.studies.perceptrons import PLAIN, SWEEPS
from bakeoff.pipelines.studies.study import Request, study
from bakeoff.pipelines.studies.sweeps import run_sweep
from bakeoff.pipelines.studies.trainings import Variant, train_variants

NAME = "ablations"
TITLE = "What each setting is worth"
WHOLE = "classic"  # the experiment that is taken apart
ALONE, TOGETHER = "alone", "with the others"


@dataclass(frozen=True)
class Settings:
    """words, components: of the bag of words and of the PCA.   costs: the SVM's C.

    sweeps: (name of the sweep, its setting along a curve, its setting that tells the curves apart).
    """

    words: tuple[int, ...]
    components: tuple[int, ...]
    costs: tuple[float, ...]
    sweeps: tuple[tuple[str, str, str], ...]


WIDTH, DEPTH = ("width", "width", "augmentation"), ("depth", "layers", "normalization")
PROFILES = {
    "quick": Settings(words=(100, 500), components=(32, 128), costs=(0.01, 1.0), sweeps=(WIDTH,)),
    "full": Settings(
        words=(50, 100, 200, 500, 1000),
        components=(16, 32, 64, 128, 256),
        costs=(0.001, 0.01, 0.1, 1.0, 10.0),
        sweeps=(WIDTH, DEPTH),
    ),
}
NOTES = (
    "One setting is changed and all else stays as it is; each classifier but those of the panel on C chooses its C "
    "on validation. The perceptrons are small ones with plain SGD, trained for a fixed number of epochs.",
)


@study(NAME, TITLE, place=1)
def run(request: Request) -> StudyResult:
    """Raises NotApplicableError if experiments are asked for without `classic`, the only one that is taken apart."""
    if request.experiments and WHOLE not in [experiment.name for experiment in request.choose(())]:
        raise NotApplicableError(f"the study of ablations takes {WHOLE} apart, not {', '.join(request.experiments)}")
    settings = PROFILES[request.profile]
    todo = variants(request.dataset, settings, request.seed)
    rows, seconds = train_variants(TITLE, todo, request.workspace)
    rows = [{**row, "diverged": False} for row in mark_chosen_cost(rows)]
    nets = [row for sweep in settings.sweeps for row in sweep_rows(*sweep, request)]
    seconds += sum(row["seconds"] for row in nets)  # type: ignore[misc]
    return request.answer(NAME, TITLE, settings, rows + nets, seconds, NOTES)


def variants(dataset: Dataset, settings: Settings, seed: int) -> Iterator[Variant]:
    """The trainings of the hand-crafted side; a family that these pictures cannot feed is left out."""
    whole: ClassicConfig = all_experiments()[WHOLE].config
    (system,) = whole.systems
    usable = [family for family in system.families if not family.refusal(dataset.image_shape)]

    def variant(factor: str, line: str, value: str | float, changed: System, default: bool = False) -> Variant:
        facts: Row = {"factor": factor, "line": line, "value": value, "default": default}
        experiment = name_experiment(replace(whole, systems=(changed,)))
        return Variant(dataset, experiment, seed, facts, keep_features=True)

    for number, (name, (_, family)) in enumerate(FAMILIES.items(), start=1):
        if family in usable:
            added = name if family is usable[0] else f"+ {name}"
            joined = replace(system, families=system.families[:number])
            yield variant("families", "added in order", added, joined, family is usable[-1])
    for family in usable:
        for factor, value, changed in sizes_of(family, dataset, settings):
            among = tuple(changed if other is family else other for other in system.families)
            for line, families in ((ALONE, (changed,)), (TOGETHER, among)):
                yield variant(factor, line, value, replace(system, families=families), changed == family)
    for cost in settings.costs:
        yield variant("C", "all families", cost, replace(system, costs=(cost,)))


def sizes_of(family: FeatureFamily, dataset: Dataset, settings: Settings) -> Iterator[tuple[str, float, FeatureFamily]]:
    """(factor, value, the family of this size) for a family that has one, its own size among them.

    There are no more components than pixels, or than training pictures less one.
    """
    if isinstance(family, BagOfWords):
        for n_words in sorted({*settings.words, family.n_words}):
            yield "words", n_words, replace(family, n_words=n_words)
    elif isinstance(family, PixelPca):
        most = min(len(dataset.train) - 1, int(np.prod(dataset.image_shape)))
        own = {min(family.n_components, most): family}
        smaller = {n: replace(family, n_components=n) for n in settings.components if n < most}
        for n_components, changed in sorted((smaller | own).items()):
            yield "components", n_components, changed


def name_experiment(config: ClassicConfig) -> Experiment:
    """The experiment of this configuration, so that its saved run is used; else `classic` with another one."""
    table = all_experiments()
    known = (experiment for experiment in table.values() if experiment.config == config)
    return next(known, replace(table[WHOLE], config=config))


def mark_chosen_cost(rows: list[Row]) -> list[Row]:
    """The rows with the C that is best on validation, of equal ones the smallest, as the default."""
    costs = [row for row in rows if row["factor"] == "C"]
    chosen = max(costs, key=lambda row: row["validation_score"])  # type: ignore[arg-type, return-value]
    return [{**row, "default": True} if row is chosen else row for row in rows]


def sweep_rows(name: str, setting: str, line: str, request: Request) -> Iterator[Row]:
    """The cells of a ready sweep over small perceptrons, trained or taken from the cache."""
    study = run_sweep(name, request.dataset, request.seed, request.workspace)
    for cell, row in zip(SWEEPS[name].cells, study.rows, strict=True):
        facts: Row = {
            "factor": setting,
            "line": {"none": f"no {line}", "batch": "batch normalization"}.get(str(row[line]), row[line]),
            "value": row[setting],
            "default": cell.config == PLAIN,
            "experiment": f"sweep {name}",
            "side": "end-to-end",
        }
        yield {**facts, **row}
