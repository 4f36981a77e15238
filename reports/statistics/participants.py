"""Participants: experiments that were trained here, and guests whose predictions were published."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score

from bakeoff.pipelines.results.balance import balanced_accuracy
from bakeoff.pipelines.results.guest import Guest
from bakeoff.pipelines.results.run import Clock, RunResult, Side, StageKind

MUCH_WAITING = 1.5  # times a run's processor time; even on one core an undisturbed run takes hardly more than once


class Participant(ABC):
    """What the answers of one or several models, on the same test pictures, are enough for."""

    @property
    @abstractmethod
    def experiment(self) -> str: ...

    @property
    @abstractmethod
    def title(self) -> str: ...

    @property
    @abstractmethod
    def side(self) -> Side: ...

    @property
    @abstractmethod
    def labels(self) -> np.ndarray:
        """int64 (n_test,): the true classes."""

    @property
    @abstractmethod
    def n_classes(self) -> int: ...

    @property
    @abstractmethod
    def predictions(self) -> np.ndarray:
        """int64 (n_models, n_test)."""

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
        classes = range(self.n_classes)
        return np.sum([confusion_matrix(self.labels, p, labels=classes) for p in self.predictions], axis=0)

    @property
    def balanced_accuracy(self) -> float:
        return float(np.mean([balanced_accuracy(answers, self.labels) for answers in self.predictions]))

    @cached_property
    def macro_f1(self) -> float:
        """Mean over models, each over the classes that occur as label or prediction."""
        return float(np.mean([f1_score(self.labels, p, average="macro") for p in self.predictions]))


@dataclass(frozen=True, eq=False)  # arrays have no single truth value; each is itself
class Contestant(Participant):
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
    def labels(self) -> np.ndarray:
        return self.runs[0].labels

    @property
    def n_classes(self) -> int:
        return len(self.runs[0].class_names)

    @cached_property
    def predictions(self) -> np.ndarray:  # type: ignore[override]
        return np.stack([run.predictions for run in self.runs])

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(run.seed for run in self.runs)

    @property
    def validation_score(self) -> float:
        return float(np.mean([run.validation_score for run in self.runs]))

    @property
    def balanced_validation_score(self) -> float:
        """Mean over seeds of the balanced accuracy on validation."""
        answers = ((run.validation_scores.argmax(axis=1), run.validation_labels) for run in self.runs)
        return float(np.mean([balanced_accuracy(*pair) for pair in answers]))

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


@dataclass(frozen=True, eq=False)  # arrays have no single truth value; each is itself
class Visitor(Participant):
    """A guest at the test pictures of a task. Raises ValueError if it has not one answer for each of them."""

    guest: Guest
    test_labels: np.ndarray
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        n_test, answers = len(self.test_labels), self.guest.predictions
        if len(answers) != n_test or answers.max() >= len(self.class_names):
            raise ValueError(
                f"guest {self.guest.name} must have one of {len(self.class_names)} classes for each of {n_test} test "
                f"pictures, got {len(answers)} answers up to class {answers.max()}: delete the task's guests.json"
            )

    @property
    def experiment(self) -> str:
        return self.guest.name

    @property
    def title(self) -> str:
        return self.guest.title

    @property
    def side(self) -> Side:
        return self.guest.side

    @property
    def labels(self) -> np.ndarray:
        return self.test_labels

    @property
    def n_classes(self) -> int:
        return len(self.class_names)

    @property
    def predictions(self) -> np.ndarray:
        return self.guest.predictions[None]
