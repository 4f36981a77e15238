"""The saved runs of one task, grouped by experiment, and the paired tests between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipelines.run_result import RunResult, Side, StageKind, Task
from reports.metrics import balanced_accuracy, confusion_matrix, macro_f1
from reports.statistics import Interval, PairedDifference, accuracy_interval, compare_paired, holm

SIDES: tuple[Side, ...] = ("hand-crafted", "end-to-end")


@dataclass(frozen=True)
class Contestant:
    """One experiment with every seed it was run with (at least one)."""

    runs: tuple[RunResult, ...]

    @property
    def experiment(self) -> str:
        return self.runs[0].experiment

    @property
    def title(self) -> str:
        return self.runs[0].title

    @property
    def side(self) -> Side:
        return self.runs[0].side

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(run.seed for run in self.runs)

    @cached_property
    def correct(self) -> np.ndarray:
        """bool (n_seeds, n_test)."""
        return np.stack([run.predictions == run.labels for run in self.runs])

    @property
    def accuracy(self) -> float:
        """Mean over seeds."""
        return float(self.correct.mean())

    @property
    def spread(self) -> float:
        """Standard deviation of the accuracy over seeds; 0 for one seed."""
        return float(self.correct.mean(axis=1).std(ddof=1)) if len(self.runs) > 1 else 0.0

    @cached_property
    def interval(self) -> Interval:
        return accuracy_interval(self.correct)

    @property
    def validation_score(self) -> float:
        return float(np.mean([run.validation_score for run in self.runs]))

    @property
    def representative(self) -> RunResult:
        """The seed in the middle by validation score (the lower one of two), for what only one model can show."""
        ranked = sorted(self.runs, key=lambda run: (run.validation_score, run.seed))
        return ranked[(len(ranked) - 1) // 2]

    @cached_property
    def confusion(self) -> np.ndarray:
        """Confusion matrix summed over seeds."""
        n_classes = len(self.runs[0].class_names)
        return np.sum([confusion_matrix(run.labels, run.predictions, n_classes) for run in self.runs], axis=0)

    @property
    def balanced_accuracy(self) -> float:
        return balanced_accuracy(self.confusion)

    @property
    def macro_f1(self) -> float:
        """Mean over seeds."""
        n_classes = len(self.runs[0].class_names)
        return float(np.mean([macro_f1(confusion_matrix(run.labels, run.predictions, n_classes)) for run in self.runs]))

    def seconds(self, kind: StageKind | None = None) -> float:
        """Mean wall-clock seconds of one run."""
        return float(np.mean([run.seconds(kind) for run in self.runs]))

    @property
    def peak_memory_bytes(self) -> int:
        return max((stage.peak_memory_bytes for run in self.runs for stage in run.stages), default=0)


@dataclass(frozen=True)
class Comparison:
    """A task, its contestants, and the two that the verdict is about.

    margin: in 0..1, the loss of accuracy that the reader would accept from hand-crafted features.
    """

    task: Task
    contestants: tuple[Contestant, ...]
    margin: float

    @cached_property
    def hand_crafted(self) -> Contestant:
        return best_on_validation([c for c in self.contestants if c.side == "hand-crafted"])

    @cached_property
    def end_to_end(self) -> Contestant:
        return best_on_validation([c for c in self.contestants if c.side == "end-to-end"])

    @cached_property
    def finalists(self) -> tuple[Contestant, Contestant]:
        return self.hand_crafted, self.end_to_end

    @cached_property
    def difference(self) -> PairedDifference:
        """Best hand-crafted minus best end-to-end: the one test that was planned, hence not corrected."""
        return compare_paired(self.hand_crafted.correct, self.end_to_end.correct)

    @cached_property
    def favorite(self) -> Contestant:
        """The best of all on validation, whom the table of tests measures everyone against."""
        return best_on_validation(self.finalists)

    @cached_property
    def tests(self) -> tuple[tuple[Contestant, PairedDifference, float], ...]:
        """(contestant, contestant minus favorite, Holm-adjusted p) for everyone else, best first."""
        others = [c for c in self.ranked if c is not self.favorite]
        found = [compare_paired(c.correct, self.favorite.correct) for c in others]
        return tuple(zip(others, found, holm([f.p_value for f in found]), strict=True))

    @cached_property
    def ranked(self) -> tuple[Contestant, ...]:
        """By test accuracy, for reading only: no choice follows from it."""
        return tuple(sorted(self.contestants, key=lambda c: (-c.accuracy, c.experiment)))

    @property
    def majority(self) -> float:
        """Test accuracy of always naming the class that is most frequent in training."""
        most_frequent = int(np.argmax(self.task.class_counts["train"]))
        return float((self.task.test_labels == most_frequent).mean())

    def named(self, experiment: str) -> Contestant | None:
        return next((c for c in self.contestants if c.experiment == experiment), None)


def best_on_validation(contestants: Sequence[Contestant]) -> Contestant:
    """The one with the highest mean validation score; among equals the cheaper one."""
    return max(contestants, key=lambda c: (c.validation_score, -c.seconds()))


def build_comparison(task: Task, runs: Sequence[RunResult], margin: float) -> Comparison:
    """Group runs by experiment and check that they belong together.

    Raises ValueError if a run was made on other data (fingerprint, classes or test labels differ), or if one of
    the two sides is missing.
    """
    for run in runs:
        name = f"{run.experiment} (seed {run.seed})"
        if run.fingerprint != task.fingerprint:
            raise ValueError(
                f"runs must share one data set, {task.dataset} {task.fingerprint[:8]}, but {name} was made on "
                f"{run.dataset} {run.fingerprint[:8]}: accuracies on different pictures do not compare"
            )
        if run.class_names != task.class_names or not np.array_equal(run.labels, task.test_labels):
            raise ValueError(f"{name} must have the test labels of its task, got others: run `make clean`, train again")
    for side, target in zip(SIDES, ("train-svm", "train-mlp"), strict=True):
        if not any(run.side == side for run in runs):
            raise ValueError(f"no {side} run on {task.dataset} to compare: run `make {target}` first")
    groups: dict[str, list[RunResult]] = {}
    for run in runs:
        groups.setdefault(run.experiment, []).append(run)
    contestants = tuple(Contestant(tuple(sorted(group, key=lambda r: r.seed))) for group in groups.values())
    return Comparison(task, contestants, margin)
