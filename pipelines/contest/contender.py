"""One side of a contest: what it tried, its best so far, and what that cost."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.contest.search import Attempt, Purse, Rung
from bakeoff.pipelines.results.balance import is_unbalanced
from bakeoff.pipelines.results.choice import choose
from bakeoff.pipelines.results.run import RunResult, Side, Stage


@dataclass
class Contender:
    """One side in the contest: what it has spent, and what it found.

    n_validation: pictures that it is judged by.
    ledger: every stage that was paid for; rungs share features, which cost once.
    """

    side: Side
    purse: Purse
    n_validation: int
    attempts: list[Attempt] = field(default_factory=list)
    runs: dict[str, list[RunResult]] = field(default_factory=dict)  # by rung, one for each seed
    ledger: set[tuple[str, float, float]] = field(default_factory=set)

    @property
    def tried(self) -> list[Attempt]:
        return [a for a in self.attempts if a.validation_score is not None]

    @property
    def finalist(self) -> Attempt | None:
        """The best on validation, as `results.choice` has it; None where nothing could be tried."""
        if not self.tried:
            return None
        scores, losses, seconds = zip(*((merit(a)[0], a.loss, a.seconds) for a in self.tried), strict=True)
        return self.tried[choose(scores, losses, seconds, self.n_validation)]

    @property
    def shown(self) -> list[Attempt]:
        """The finalist, and the best of each other recipe, of nets those that were trained in full: a short first
        training shows nothing."""
        finalist = self.finalist
        best = {attempt.rung.recipe: attempt for attempt in sorted(self.tried, key=merit)}
        if finalist:
            best[finalist.rung.recipe] = finalist
        return [attempt for attempt in best.values() if attempt is finalist or not attempt.rung.is_brief]

    def of_one_net(self, rung: Rung) -> list[Rung]:
        """What was tried of the rung's recipe at its size."""
        tried = (attempt.rung for attempt in self.tried)
        return [other for other in tried if (other.recipe, other.image_size) == (rung.recipe, rung.image_size)]

    def training_seconds(self, attempt: Attempt) -> float:
        """Of a rung's first run, choosing included, as they are paid for; 0 where it was refused."""
        runs = self.runs.get(attempt.rung.name, ())[:1]
        return sum(paid_seconds(run, [stage for stage in run.stages if stage.kind == "training"]) for run in runs)

    def pay(self, run: RunResult) -> float:
        """Seconds of a run that were not paid before: processor time, or by the clock where an accelerator worked."""
        new = {(stage.name, stage.seconds, stage.cpu_seconds): stage for stage in run.stages}
        new = {entry: stage for entry, stage in new.items() if entry not in self.ledger}
        self.ledger |= new.keys()
        return paid_seconds(run, new.values())


def merit(attempt: Attempt) -> tuple[float, float]:
    return attempt.validation_score or 0.0, -attempt.seconds


def paid_seconds(run: RunResult, stages: Iterable[Stage]) -> float:
    on_cpu = run.environment.get("device", "cpu") == "cpu"
    return sum(stage.cpu_seconds if on_cpu else stage.seconds for stage in stages)


def validation_score(run: RunResult, dataset: Dataset) -> float:
    """What a side is judged by: accuracy on validation, balanced over classes where they differ much in size."""
    return run.balanced_validation_score if is_unbalanced(dataset.train_counts) else run.validation_score


def constant_score(dataset: Dataset) -> float:
    """What the best constant answer would be judged by on validation."""
    counts = np.bincount(dataset.validation.labels)
    if is_unbalanced(dataset.train_counts):
        return 1 / np.count_nonzero(counts)
    return float(counts.max() / counts.sum())
