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

    def keep(self, model: StoredModel, validation_scores: np.ndarray) -> int:
        """Keep the trained model, calibrated, beside the run's other files. Returns its bytes."""
        data = self.dataset
        calibrator = fit_calibrator(validation_scores, data.validation.labels, data.train_counts)
        model = replace(model, calibrator=calibrator, reading=data.reading)
        return save_stored_model(model, self.folder / FILE_NAME)

    def answer(self, **found: Any) -> RunResult:
        """The run. found: the fields of `RunResult` that the job does not tell; a title may be another."""
        told: dict[str, Any] = {
            "experiment": self.experiment,
            "title": self.title,
            "dataset": self.dataset.name,
            "fingerprint": self.dataset.task_fingerprint(),
            "class_names": self.dataset.class_names,
            "seed": self.seed,
            "labels": self.dataset.test.labels,
            "validation_labels": self.dataset.validation.labels,
        }
        return RunResult(**told | found)

    def answer_of_net(
        self, stored: StoredModel, scores: Mapping[str, np.ndarray], train_labels: np.ndarray, size: Size, **found: Any
    ) -> RunResult:
        """The run of a trained net, which is kept beside the run's other files: how large it is fills its size.

        scores: of test and validation, and of those training pictures that `train_labels` belong to.
        """
        predicted = {name: of_split.argmax(axis=1) for name, of_split in scores.items()}
        n_bytes = self.keep(stored, scores["validation"])
        return self.answer(
            scores=scores["test"],
            validation_scores=scores["validation"],
            validation_score=float((predicted["validation"] == self.dataset.validation.labels).mean()),
            train_score=float((predicted["train"] == train_labels).mean()),
            did_not_train=not fits_training(predicted["train"], train_labels),
            size=replace(size, bytes=n_bytes),
            **found,
        )
