"""The ready sweeps over small perceptrons (`pipelines/neural/sweeps.py`) as studies, every cell trained once.

Row: the cell's facts (such as width and l2), then seed, parameters, n_test, diverged, and, None where the training
diverged: accuracy (test), validation_score, train_score, correct; for hidden layer i from 1 `spread_<i>`, the deviation
of its outputs with the first weights, and `dead_<i>`, its share of dead units with the last; and seconds.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.machine.cache import CachedStage
from bakeoff.pipelines.machine.device import choose_device, make_repeatable
from bakeoff.pipelines.machine.workspace import Advance, Workspace
from bakeoff.pipelines.neural.config import describe
from bakeoff.pipelines.neural.training.examples import Examples, plan_steps, to_examples
from bakeoff.pipelines.results.study import Row, StudyResult, pack_correct
from bakeoff.pipelines.studies.perceptrons import PLAIN, SWEEPS, Cell, train_cell

VERSION = 1  # raise it when a change of code changes results
NOTES = (
    "Small nets, plain SGD, a fixed number of epochs, the last weights. Settings are chosen on validation pictures; "
    "the chosen nets are then compared on the test pictures.",
)


def run_sweep(name: str, dataset: Dataset, seed: int, workspace: Workspace) -> StudyResult:
    """Train the cells that are not there yet. Raises ValueError for an unknown sweep, naming those there are."""
    if name not in SWEEPS:
        raise ValueError(f"there is no sweep {name!r}; choose from: {', '.join(SWEEPS)}")
    make_repeatable()
    sweep, n_classes = SWEEPS[name], len(dataset.class_names)
    train, validation, test = (to_examples(split, n_classes, choose_device()) for split in dataset.splits.values())
    rows = []
    with workspace.progress(f"sweep {name}", len(sweep.cells) * plan_steps(len(train), PLAIN).n_steps) as advance:
        for cell in sweep.cells:
            stage = _train_once(cell, dataset, train, validation, test, seed, workspace, advance)
            rows.append(_row(cell, stage, dataset.test.labels, seed))
    return StudyResult(
        name=name,
        title=sweep.title,
        dataset=dataset.name,
        fingerprint=dataset.fingerprint(),
        settings={"seed": seed, "plain": describe(PLAIN)},
        rows=tuple(rows),
        environment=workspace.environment,
        seconds=sum(row["seconds"] for row in rows),  # type: ignore[misc]
        notes=NOTES,
    )


def _train_once(
    cell: Cell,
    dataset: Dataset,
    train: Examples,
    validation: Examples,
    test: Examples,
    seed: int,
    workspace: Workspace,
    advance: Advance,
) -> CachedStage:
    def compute() -> dict[str, np.ndarray]:
        started = time.perf_counter()
        trained = train_cell(cell.config, dataset.image_shape, train, validation, test.images, seed, advance)
        record = asdict(trained) | {"scores": None, "seconds": time.perf_counter() - started}
        scores = np.zeros((0, train.n_classes), np.float32) if trained.scores is None else trained.scores
        return {"record": np.array(json.dumps(record)), "scores": scores}

    inputs = {
        "config": cell.config,
        "data": dataset.fingerprint(),
        "seed": seed,
        "device": train.images.device.type,
    }
    return workspace.cache.get_or_compute("sweep", version=VERSION, inputs=inputs, compute=compute, kind="training")


def _row(cell: Cell, stage: CachedStage, labels: np.ndarray, seed: int) -> Row:
    record = json.loads(stage.arrays["record"].item())
    scores = np.asarray(stage.arrays["scores"])
    correct = scores.argmax(axis=1) == labels if len(scores) else None
    spread = {
        f"spread_{i}": layer["deviation"] if np.isfinite(layer["deviation"]) else None
        for i, layer in enumerate(record["before"], start=1)
    }
    dead = {f"dead_{i}": layer["dead_share"] for i, layer in enumerate(record["after"], start=1)}
    return {
        **cell.facts,
        "seed": seed,
        "parameters": record["n_parameters"],
        "n_test": len(labels),
        "diverged": correct is None,
        "accuracy": None if correct is None else float(correct.mean()),
        "validation_score": record["validation_score"],
        "train_score": record["train_score"],
        "correct": None if correct is None else pack_correct(correct),
        **spread,
        **dead,
        "seconds": record["seconds"],
    }
