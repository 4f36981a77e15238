"""Experiments trained on variants of a data set, each once: its answers are cached, its model is not kept.

A variant's training works in a folder of its own, which is deleted when it is done; so a killed study goes on from the
net's last checkpoint, and a learning curve does not fill the disk with features of subsets. What was measured of the
machine stays in the cache.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.experiments import Experiment, run_key
from bakeoff.pipelines.machine.cache import hash_inputs
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.balance import is_unbalanced
from bakeoff.pipelines.results.run import NotApplicableError, RunResult, load_run, run_folder, saved_key
from bakeoff.pipelines.results.study import Row, pack_correct

STAGE = "study training"
VERSION = 4  # raise it when what is kept of a training changes; the experiment's own version is in the key


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
    rows: list[Row] = []
    with workspace.progress(what, sum(len(variant.dataset.train) for variant in todo)) as advance:
        for variant in todo:
            n_train = len(variant.dataset.train)
            name = f"{variant.experiment.name}, {n_train:,} pictures, seed {variant.seed}"
            advance(0, name)
            try:
                rows.append({**variant.facts, **train(variant, workspace)})
            except NotApplicableError as error:
                workspace.say(f"skipped: {error}")
            advance(n_train, name)
    if not rows:
        raise NotApplicableError(f"{what} has no experiment that can be applied to these pictures")
    return rows, sum(row["seconds"] for row in rows)


def train(variant: Variant, workspace: Workspace) -> Row:
    """Train, or take the answers of the saved run or of an earlier study that trained just this."""
    dataset, experiment, seed = variant.dataset, variant.experiment, variant.seed
    fingerprint = dataset.fingerprint()
    folder = run_folder(workspace.runs, dataset.name, fingerprint, experiment.name, seed)
    key = run_key(experiment, fingerprint, seed)
    if saved_key(folder) == key:
        return _answers(load_run(folder), dataset)
    inputs = {"run": key}
    scratch = workspace.artifacts / "studies" / hash_inputs(STAGE, VERSION, inputs)

    def compute() -> dict[str, np.ndarray]:
        own = replace(
            workspace, artifacts=scratch, cache_folder=None, machine_cache_folder=workspace.machine_cache.root
        )
        answers = _answers(experiment.run(dataset, seed=seed, workspace=own), dataset)
        shutil.rmtree(scratch, ignore_errors=True)
        return {"answers": np.array(json.dumps(answers))}

    stage = workspace.cache.get_or_compute(STAGE, version=VERSION, inputs=inputs, compute=compute)
    return json.loads(stage.arrays["answers"].item())  # type: ignore[no-any-return]


def _answers(run: RunResult, dataset: Dataset) -> Row:
    """The score on validation is balanced accuracy where classes differ much in size, as reports choose by."""
    counts = np.bincount(np.concatenate([split.labels for split in dataset.splits.values()]))
    return {
        "experiment": run.experiment,
        "side": run.side,
        "seed": run.seed,
        "n_train": len(dataset.train),
        "n_test": len(run.labels),
        "accuracy": run.accuracy,
        "validation_score": run.balanced_validation_score if is_unbalanced(counts) else run.validation_score,
        "train_score": run.train_score,
        "did_not_train": run.did_not_train,
        "seconds": run.seconds(),
        "correct": pack_correct(run.predictions == run.labels),
    }
