"""Experiments trained on variants of a data set, each once: its answers are cached, its model is not kept.

A variant's training works in a folder of its own, which is deleted when it is done; so a killed study goes on from the
net's last checkpoint, and a learning curve does not fill the disk with features of subsets. What was measured of the
machine stays in the cache.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.experiments import Experiment, run_key
from bakeoff.pipelines.machine.cache import hash_inputs
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.balance import balanced_accuracy, is_unbalanced
from bakeoff.pipelines.results.run import NotApplicableError, RunResult, load_run, run_folder, saved_key
from bakeoff.pipelines.results.study import Row, pack_correct

STAGE = "study training"
VERSION = 3  # raise it when what is kept of a training changes; the experiment's own version is in the key


@dataclass(frozen=True)
class Training:
    """What is kept of one training. correct: bool (n_test,).   scores are accuracies in 0..1, seconds wall clock.

    validation_score: balanced accuracy where classes differ much in size, as reports choose by.
    """

    correct: np.ndarray
    validation_score: float
    train_score: float
    seconds: float
    did_not_train: bool


@dataclass(frozen=True)
class Variant:
    """One point of a study: `dataset` with something changed.

    facts: what tells this point from the others, as columns of the study's table.
    """

    dataset: Dataset
    experiment: Experiment
    seed: int
    facts: Row


def train_variants(what: str, variants: Iterable[Variant], workspace: Workspace) -> tuple[list[Row], float]:
    """Train every variant, the progress counted in training pictures: (rows, seconds of work).

    Experiments that cannot be applied are left out. Row: the variant's facts, then experiment, side, seed, n_train,
    n_test, accuracy, validation_score, train_score, did_not_train (`RunResult`), seconds, correct.
    Raises NotApplicableError if none can be applied.
    """
    todo = list(variants)
    rows = []
    with workspace.progress(what, sum(len(variant.dataset.train) for variant in todo)) as advance:
        for variant in todo:
            n_train = len(variant.dataset.train)
            name = f"{variant.experiment.name}, {n_train:,} pictures, seed {variant.seed}"
            advance(0, name)
            try:
                training = train(variant, workspace)
            except NotApplicableError as error:
                workspace.say(f"skipped: {error}")
            else:
                rows.append(_row(variant, training))
            advance(n_train, name)
    if not rows:
        raise NotApplicableError(f"{what} has no experiment that can be applied to these pictures")
    return rows, sum(row["seconds"] for row in rows)  # type: ignore[misc]


def _row(variant: Variant, training: Training) -> Row:
    return {
        **variant.facts,
        "experiment": variant.experiment.name,
        "side": variant.experiment.side,
        "seed": variant.seed,
        "n_train": len(variant.dataset.train),
        "n_test": len(training.correct),
        "accuracy": float(training.correct.mean()),
        "validation_score": training.validation_score,
        "train_score": training.train_score,
        "did_not_train": training.did_not_train,
        "seconds": training.seconds,
        "correct": pack_correct(training.correct),
    }


def train(variant: Variant, workspace: Workspace) -> Training:
    """Train, or take the answers of the saved run or of an earlier study that trained just this."""
    dataset, experiment, seed = variant.dataset, variant.experiment, variant.seed
    fingerprint = dataset.fingerprint()
    folder = run_folder(workspace.runs, dataset.name, fingerprint, experiment.name, seed)
    key = run_key(experiment, fingerprint, seed)
    if saved_key(folder) == key:
        return _keep(load_run(folder), dataset)
    inputs = {"run": key}
    scratch = workspace.artifacts / "studies" / hash_inputs(STAGE, VERSION, inputs)

    def compute() -> dict[str, np.ndarray]:
        own = replace(
            workspace, artifacts=scratch, cache_folder=None, machine_cache_folder=workspace.machine_cache.root
        )
        training = _keep(experiment.run(dataset, seed=seed, workspace=own), dataset)
        shutil.rmtree(scratch, ignore_errors=True)
        numbers = [training.validation_score, training.train_score, training.seconds, training.did_not_train]
        return {"correct": training.correct, "numbers": np.array(numbers)}

    arrays = workspace.cache.get_or_compute(STAGE, version=VERSION, inputs=inputs, compute=compute).arrays
    validation_score, train_score, seconds, did_not_train = arrays["numbers"].tolist()
    return Training(np.array(arrays["correct"]), validation_score, train_score, seconds, bool(did_not_train))


def _keep(run: RunResult, dataset: Dataset) -> Training:
    correct, score = run.predictions == run.labels, run.validation_score
    if is_unbalanced(np.bincount(np.concatenate([split.labels for split in dataset.splits.values()]))):
        score = balanced_accuracy(run.validation_scores.argmax(axis=1), run.validation_labels)
    return Training(correct, score, run.train_score, run.seconds(), run.did_not_train)
