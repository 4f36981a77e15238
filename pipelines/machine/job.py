"""One run to be made: of what, with which settings, from which seed, and where everything goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.model import FILE_NAME, StoredModel, save_stored_model
from bakeoff.pipelines.results.run import RunResult, run_folder

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
        """Keep the trained model beside the run's other files. Returns its bytes."""
        return save_stored_model(model.calibrated_on(self.dataset, validation_scores), self.folder / FILE_NAME)

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
