"""Robustness study: accuracy of saved models under common corruptions at up to five severities.

Nothing is trained: each model meets the same seeded test pictures, changed in the same way.

Row: kind ("clean" or "corruption"), change (name; "" for clean), group (of a corruption; else ""), held_out, amount
(severity; 0 for clean), experiment, side, seed, n_test, accuracy, correct.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bakeoff.datasets.corruptions.corrupt import SEVERITIES, corrupt, corruptions_for
from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.resizing import bring_to_size
from bakeoff.pipelines.experiments import load_trained_model
from bakeoff.pipelines.results.model import TrainedModel
from bakeoff.pipelines.results.run import RunResult
from bakeoff.pipelines.results.study import Row, StudyResult, drawn_pictures, pack_correct
from bakeoff.pipelines.studies.request import Request, choose_runs, study

NAME = "robustness"
TITLE = "Accuracy on changed test pictures"
STAGE = "study robustness"
VERSION = 1  # raise it when a change of code changes the pictures
Load = Callable[[Path], TrainedModel]


@dataclass(frozen=True)
class Settings:
    """n_pictures: test pictures drawn at random (all if there are fewer); their error bar is what it costs.

    severities: of the corruptions.
    """

    n_pictures: int
    severities: tuple[int, ...]
    experiments: tuple[str, ...] = ()


class Condition(NamedTuple):
    """One way to change pictures, at several severities. apply: (severity) -> uint8 (n, h, w, c)."""

    facts: Row
    amounts: tuple[int, ...]
    apply: Callable[[int], np.ndarray]


PROFILES = {
    "quick": Settings(n_pictures=150, severities=(1, 3, 5)),
    "full": Settings(n_pictures=1000, severities=SEVERITIES),
}
NOTES = (
    "The corruptions follow CIFAR-10-C with its published constants (Hendrycks and Dietterich 2019), but with this "
    "project's own random numbers and a synthetic frost, which is weaker than the photographed one; the pictures "
    "are not the published ones.",
    "The models were trained on clean pictures; the only changes they saw were those of their own augmentation "
    "(shifts, mirror images).",
)


@study(NAME, place=4)
def run(request: Request) -> StudyResult:
    dataset, workspace = request.dataset, request.workspace
    runs = choose_runs(request)
    settings = replace(PROFILES[request.profile], experiments=tuple(run.experiment for run in runs))
    chosen = drawn_pictures(len(dataset.test), settings.n_pictures, request.seed)
    pictures = dataset.test.take(chosen)
    n_changed = len(corruptions_for(dataset.image_shape)) * len(settings.severities)
    rows: list[Row] = []
    seconds = 0.0
    load = cache(load_trained_model)  # each model read once, and only if an answer is not in the cache
    with workspace.progress(TITLE, len(runs) * (1 + n_changed)) as advance:
        for change in changes_of(pictures.images, chosen, dataset, settings, request.seed):
            for run in runs:
                correct, cost = classify_all(run, load, change, pictures, request)
                seconds += cost
                for amount, right in zip(change.amounts, correct, strict=True):
                    who = {"amount": amount, "experiment": run.experiment, "side": run.side, "seed": run.seed}
                    told = {"n_test": len(right), "accuracy": float(right.mean()), "correct": pack_correct(right)}
                    rows.append({**change.facts, **who, **told})
                advance(len(change.amounts), f"{change.facts['change']} {run.experiment}".strip())
    return request.answer(NAME, TITLE, settings, rows, seconds, NOTES)


def changes_of(
    images: np.ndarray, indices: np.ndarray, dataset: Dataset, settings: Settings, seed: int
) -> Iterator[Condition]:
    """Every change of these pictures, made once for all models, the clean ones first."""
    clean = {"kind": "clean", "change": "", "group": "", "held_out": False}
    yield Condition(clean, (0,), lambda amount: images)
    for one in corruptions_for(dataset.image_shape):
        facts = {"kind": "corruption", "change": one.name, "group": one.group, "held_out": one.held_out}
        yield Condition(facts, settings.severities, cache(partial(corrupt, images, one, seed=seed, indices=indices)))


def classify_all(
    run: RunResult, load: Load, change: Condition, pictures: Split, request: Request
) -> tuple[np.ndarray, float]:
    """Which pictures the run's model classifies correctly at every amount: (bool (n_amounts, n), seconds of work)."""

    def compute(folder: Path) -> dict[str, np.ndarray]:
        changed = np.concatenate([change.apply(amount) for amount in change.amounts])  # few pictures leave cores idle
        model = load(folder)
        shown = bring_to_size(changed, model.image_shape[0])
        answers = model.predict_scores(shown).argmax(axis=1).reshape(len(change.amounts), -1)
        return {"correct": answers == pictures.labels}

    asked = {"change": dict(change.facts), "amounts": change.amounts, "pictures": [len(pictures), request.seed]}
    arrays, seconds = request.ask(run, (STAGE, VERSION), asked, compute)
    return arrays["correct"], seconds
