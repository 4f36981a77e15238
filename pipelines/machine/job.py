"""One run to be made: of what, with which settings, from which seed, and where everything goes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.balance import fits_training
from bakeoff.pipelines.results.calibrator import fit_calibrator
from bakeoff.pipelines.results.model import FILE_NAME, StoredModel, save_stored_model
from bakeoff.pipelines.results.run import RunResult, Size, run_folder

Config = TypeVar("Config")


@dataclass(frozen=True)
class Job(Generic[Config]):
    """experiment, title: its name, and what it is for people."""

    dataset: Dataset
    config: Config
    seed: int
    workspace: Workspace
    experiment: str
    title: str

    @property
    def folder(self) -> Path:
        """Of the run's files."""
        fingerprint = self.dataset.task_fingerprint()
        return run_folder(self.workspace.runs, self.dataset.name, fingerprint, self.experiment, self.seed)

    def answer(
        self, model: StoredModel, scores: Mapping[str, np.ndarray], train_labels: np.ndarray, size: Size, **found: Any
    ) -> RunResult:
        """The run, its model kept, calibrated, beside its other files: how large that is fills its size.

        scores: of test and validation, and of those training pictures that `train_labels` belong to.
        found: the other fields of `RunResult` that the job does not tell; a title may be another.
        """
        data, right = self.dataset, scores["validation"].argmax(axis=1) == self.dataset.validation.labels
        calibrator = fit_calibrator(scores["validation"], data.validation.labels, data.train_counts)
        model = replace(model, calibrator=calibrator, reading=data.reading)
        told: dict[str, Any] = {
            "experiment": self.experiment,
            "title": self.title,
            "dataset": data.name,
            "fingerprint": data.task_fingerprint(),
            "class_names": data.class_names,
            "seed": self.seed,
            "labels": data.test.labels,
            "scores": scores["test"],
            "validation_labels": data.validation.labels,
            "validation_scores": scores["validation"],
            "validation_score": float(right.mean()),
            "train_score": float((scores["train"].argmax(axis=1) == train_labels).mean()),
            "size": replace(size, bytes=save_stored_model(model, self.folder / FILE_NAME)),
        }
        return RunResult(**told | found)

    def answer_of_net(
        self, model: StoredModel, scores: Mapping[str, np.ndarray], train_labels: np.ndarray, size: Size, **found: Any
    ) -> RunResult:
        """The same of a net, which may not have trained."""
        learned = fits_training(scores["train"].argmax(axis=1), train_labels)
        return self.answer(model, scores, train_labels, size, did_not_train=not learned, **found)
