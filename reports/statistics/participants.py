"""Participants: experiments that were trained here, and guests, whose predictions were published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score

from bakeoff.pipelines.results.balance import balanced_accuracy
from bakeoff.pipelines.results.choice import validation_loss
from bakeoff.pipelines.results.guest import Guest
from bakeoff.pipelines.results.run import Clock, RunResult, Side, StageKind
from bakeoff.pipelines.results.task import Task

MUCH_WAITING = 1.5  # times a run's processor time; even on one core an undisturbed run takes hardly more than once


@dataclass(frozen=True, eq=False)  # arrays have no single truth value; each is itself
class Participant:
    """What the answers of one or several models, on the same test pictures, are enough for.

    labels: int64 (n_test,), the true classes.   predictions: int64 (n_models, n_test).
    source: of a guest, who published its answers, where.
    """

    experiment: str
    title: str
    side: Side
    class_names: tuple[str, ...]
    labels: np.ndarray
    predictions: np.ndarray
    source: str = ""

    @cached_property
    def correct(self) -> np.ndarray:
        """bool (n_models, n_test)."""
        return self.predictions == self.labels

    @property
    def accuracy(self) -> float:
        """Mean over models."""
        return float(self.correct.mean())

    @property
    def spread(self) -> float:
        """Standard deviation of the accuracy over models; 0 for one."""
        return float(self.correct.mean(axis=1).std(ddof=1)) if len(self.correct) > 1 else 0.0

    @cached_property
    def confusion(self) -> np.ndarray:
        """int64 (n_classes, n_classes): summed over models; row = true class, column = predicted class."""
        classes = range(len(self.class_names))
        return np.sum([confusion_matrix(self.labels, p, labels=classes) for p in self.predictions], axis=0)

    @property
    def balanced_accuracy(self) -> float:
        return float(np.mean([balanced_accuracy(answers, self.labels) for answers in self.predictions]))

    @cached_property
    def macro_f1(self) -> float:
        """Mean over models, each over the classes that occur as label or prediction."""
        return float(np.mean([f1_score(self.labels, p, average="macro") for p in self.predictions]))


@dataclass(frozen=True, eq=False)
class Contestant(Participant):
    """One experiment with every seed it was run with (at least one)."""

    runs: tuple[RunResult, ...] = ()

    @classmethod
    def of(cls, runs: Sequence[RunResult]) -> "Contestant":
        first, answers = runs[0], np.stack([run.predictions for run in runs])
        return cls(
            first.experiment, first.title, first.side, first.class_names, first.labels, answers, runs=tuple(runs)
        )

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(run.seed for run in self.runs)

    @property
    def validation_score(self) -> float:
        return float(np.mean([run.validation_score for run in self.runs]))

    @property
    def balanced_validation_score(self) -> float:
        """Mean over seeds of the balanced accuracy on validation."""
        return float(np.mean([run.balanced_validation_score for run in self.runs]))

    def validation_loss(self, *, is_balanced: bool) -> float:
        """Mean over seeds."""
        return float(np.mean([validation_loss(run, is_balanced=is_balanced) for run in self.runs]))

    @property
    def is_perceptron(self) -> bool:
        """Whether it is a net without convolutions."""
        kind = (self.runs[0].settings.get("architecture") or {}).get("kind", "Perceptron")
        return self.side == "end-to-end" and str(kind).endswith("Perceptron")

    @property
    def did_not_train(self) -> bool:
        """Whether none of its runs fits its own training pictures."""
        return all(run.did_not_train for run in self.runs)

    @property
    def representative(self) -> RunResult:
        """The seed in the middle by validation score (the lower one of two), for what only one model can show."""
        ranked = sorted(self.runs, key=lambda run: (run.validation_score, run.seed))
        return ranked[(len(ranked) - 1) // 2]

    def seconds(self, kind: StageKind | None = None, clock: Clock = "wall clock") -> float:
        """Mean over runs; processor time is summed over cores."""
        stages = [stage for run in self.runs for stage in run.stages if kind in (None, stage.kind)]
        return sum(stage.spent(clock) for stage in stages) / len(self.runs)

    @property
    def contest(self) -> Mapping[str, float]:
        """Seconds of the budget of its side, and what was spent of it; empty for an experiment that was named."""
        return self.runs[0].environment.get("contest", {})

    @property
    def is_on_cpu(self) -> bool:
        return all(run.environment.get("device", "cpu") == "cpu" for run in self.runs)

    @property
    def waited(self) -> bool:
        """Whether much of its time went by on a machine busy with something else. An accelerator's work is no sign."""
        return self.is_on_cpu and self.seconds() >= MUCH_WAITING * self.seconds(clock="processor time")

    @property
    def is_refit(self) -> bool:
        """Whether the tested model learned from the validation pictures too, once they had chosen its settings."""
        return bool(self.representative.settings.get("refit"))

    @property
    def peak_memory_bytes(self) -> int:
        return max((stage.peak_memory_bytes for run in self.runs for stage in run.stages), default=0)


def take_part(guest: Guest, task: Task) -> Participant:
    """A guest at the test pictures of a task. Raises ValueError if it has not one answer for each of them."""
    n_test, answers, names = len(task.test_labels), guest.predictions, task.class_names
    if len(answers) != n_test or answers.max() >= len(names):
        raise ValueError(
            f"guest {guest.name} must have one of {len(names)} classes for each of {n_test} test pictures, "
            f"got {len(answers)} answers up to class {answers.max()}: delete the task's guests.json"
        )
    return Participant(guest.name, guest.title, guest.side, names, task.test_labels, answers[None], guest.source)
