"""The contract between pipelines and reports: what one run leaves on disk, and nothing else.

Layout, below a root folder (`artifacts/runs`):

    <dataset>-<fingerprint[:8]>/task.json, task.npz         what was asked (`task.Task`)
    <dataset>-<fingerprint[:8]>/<experiment>/seed-<n>/run.json, scores.npz   one answer (`RunResult`)

No torch, so that a report needs none. No pickle: a file from a stranger cannot run code (`files`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bakeoff.pipelines.results.balance import balanced_accuracy
from bakeoff.pipelines.results.files import read_arrays, read_json, read_value, write_arrays, write_value

Side = Literal["hand-crafted", "end-to-end", "frozen"]
StageKind = Literal["features", "training", "prediction"]
Clock = Literal["wall clock", "processor time"]


class NotApplicableError(ValueError):
    """This experiment says nothing about these pictures, such as one on color about gray ones; others may."""


@dataclass(frozen=True)
class Stage:
    """The cost of one stage, measured when it was computed (also if this run took it from the cache).

    seconds, cpu_seconds: wall clock, and processor time over all threads.
    peak_memory_bytes: the process's highest resident size while the stage ran.
    reused: True if this run found the result in the cache.
    joules: that the GPU used meanwhile; None where its driver does not tell, or none was used.
    """

    name: str
    kind: StageKind
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    reused: bool = False
    joules: float | None = None

    def spent(self, clock: Clock) -> float:
        """Seconds by that clock."""
        return self.seconds if clock == "wall clock" else self.cpu_seconds


@dataclass(frozen=True)
class Size:
    """What must be kept to classify a picture.

    dimensions: length of the feature vector (end-to-end: values in a picture).
    parameters: learned numbers (codebooks, projections, weights).   bytes: of the stored model.
    """

    dimensions: int
    parameters: int
    bytes: int


@dataclass(frozen=True)
class RunResult:
    """One experiment, one seed, one data set.

    labels: int64 (n_test,).   scores: float32 (n_test, n_classes), any linear output; arg-max is the prediction.
    validation_labels, validation_scores: the same for the validation split, from the model that was chosen there.
    validation_score, train_score: accuracy in 0..1, the latter without augmentation.
    did_not_train: True for a net that did not fit its training pictures (`balance.fits_training`).
    settings: the frozen configuration, as plain JSON values.
    trials: every setting tried on validation, `{"settings": {...}, "validation_score": x, "seconds": s}`.
    history: one row per epoch or solver step, e.g. `{"epoch": 3, "train_loss": 1.2, "validation_score": 0.4}`;
        a score in it, or in a trial, is the one that chose: balanced accuracy for nets on unbalanced classes.
    diagnostics: JSON values that explain the model, e.g. what a picture costs it.
    environment: versions, hardware, command, commit, time started.
    Raises ValueError where shapes or types disagree or a score is not finite.
    """

    experiment: str
    title: str
    side: Side
    dataset: str
    fingerprint: str
    class_names: tuple[str, ...]
    seed: int
    settings: Mapping[str, Any]
    labels: np.ndarray
    scores: np.ndarray
    validation_labels: np.ndarray
    validation_scores: np.ndarray
    validation_score: float
    train_score: float
    stages: tuple[Stage, ...]
    size: Size
    environment: Mapping[str, Any]
    trials: tuple[Mapping[str, Any], ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    did_not_train: bool = False

    def __post_init__(self) -> None:
        for labels, scores, name in (
            (self.labels, self.scores, "scores"),
            (self.validation_labels, self.validation_scores, "validation_scores"),
        ):
            if labels.ndim != 1 or labels.dtype.kind not in "iu" or scores.dtype.kind != "f":
                raise ValueError(f"{name} must be floats beside integer labels, got {scores.dtype} and {labels.dtype}")
            if len(labels) == 0 or labels.min() < 0 or labels.max() >= len(self.class_names):
                raise ValueError(f"labels beside {name} must be some, all in 0..{len(self.class_names) - 1}")
            expected = (len(labels), len(self.class_names))
            if scores.shape != expected:
                raise ValueError(f"{name} must have shape {expected} (pictures, classes), got {scores.shape}")
            if not np.isfinite(scores).all():
                raise ValueError(f"{name} of {self.experiment} must be finite, got NaN or infinity")

    @property
    def predictions(self) -> np.ndarray:
        """int64 (n_test,): the class of the highest score."""
        return self.scores.argmax(axis=1)

    @property
    def accuracy(self) -> float:
        """Share of test pictures whose highest score is their class, in 0..1."""
        return float((self.predictions == self.labels).mean())

    @property
    def balanced_validation_score(self) -> float:
        return balanced_accuracy(self.validation_scores.argmax(axis=1), self.validation_labels)

    def seconds(self, kind: StageKind | None = None) -> float:
        """Wall-clock seconds of the stages of one kind, or of all."""
        return sum(stage.seconds for stage in self.stages if kind in (None, stage.kind))


def task_folder(root: Path, dataset: str, fingerprint: str) -> Path:
    return root / f"{dataset}-{fingerprint[:8]}"


def run_folder(root: Path, dataset: str, fingerprint: str, experiment: str, seed: int) -> Path:
    return task_folder(root, dataset, fingerprint) / experiment / f"seed-{seed}"


def save_run(run: RunResult, root: Path) -> Path:
    """Write a run; `run.json` goes first and comes last, so a folder that has it is whole. Returns the folder."""
    folder = run_folder(root, run.dataset, run.fingerprint, run.experiment, run.seed)
    (folder / "run.json").unlink(missing_ok=True)
    names = ("labels", "scores", "validation_labels", "validation_scores")
    write_arrays(folder / "scores.npz", {name: getattr(run, name) for name in names})
    write_value(folder / "run.json", run, accuracy=run.accuracy)
    return folder


def load_run(folder: Path) -> RunResult:
    """Read back what `save_run` wrote. Raises ValueError, naming the file, if it is damaged."""
    record = read_json(folder / "run.json")
    record.pop("accuracy", None)
    arrays = read_arrays(folder / "scores.npz")
    # Published runs keep half the digits of their scores; all reckoning is in float32 or better.
    arrays = {name: a.astype(np.float32) if a.dtype == np.float16 else a for name, a in arrays.items()}
    return read_value(RunResult, folder, {**record, **arrays})  # type: ignore[no-any-return]


def saved_key(folder: Path) -> str | None:
    """The key that a run's environment holds; None if there is no whole run in the folder."""
    try:
        return json.loads((folder / "run.json").read_text())["environment"].get("key")
    except (OSError, ValueError, KeyError, AttributeError):
        return None


def load_runs(folder: Path) -> tuple[RunResult, ...]:
    """Every whole run of one task, sorted by experiment, then seed."""
    runs = (load_run(path.parent) for path in folder.glob("*/seed-*/run.json"))
    return tuple(sorted(runs, key=lambda run: (run.experiment, run.seed)))
