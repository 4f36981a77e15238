"""Comparison: the saved runs of one task by experiment, its guests, and the paired tests between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bakeoff.pipelines.results.balance import is_unbalanced
from bakeoff.pipelines.results.choice import choose
from bakeoff.pipelines.results.guest import Guest
from bakeoff.pipelines.results.run import Clock, RunResult, Side, StageKind
from bakeoff.pipelines.results.study import StudyResult
from bakeoff.pipelines.results.task import Task
from bakeoff.reports.statistics.accuracy import PairedDifference, accuracy_interval, compare_paired, holm
from bakeoff.reports.statistics.chance import Interval, Sample, SeedSpread, pool_seeds
from bakeoff.reports.statistics.folds import Folds, read_folds
from bakeoff.reports.statistics.participants import Contestant, Participant, take_part

TIME: Mapping[Clock, str] = {"wall clock": "wall-clock time", "processor time": "processor time"}  # in a sentence
SIDES: tuple[Side, ...] = ("hand-crafted", "end-to-end")  # of the verdict; a frozen net may take part beside them


@dataclass(frozen=True)
class Comparison:
    """A task, its contestants, and the two that the verdict is about.

    margin: in 0..1, the loss of accuracy that the reader would accept from hand-crafted features.
    guests: published models. They are tested and shown; no choice and no verdict asks them.
    fold_study: of the finalists on repeated splits, if there is one.
    """

    task: Task
    contestants: tuple[Contestant, ...]
    margin: float
    guests: tuple[Participant, ...] = ()
    fold_study: StudyResult | None = None

    @cached_property
    def is_unbalanced(self) -> bool:
        """Whether balanced accuracy leads, by the classes' pictures in all splits together."""
        return is_unbalanced(np.sum(list(self.task.class_counts.values()), axis=0))

    @property
    def measure(self) -> str:
        return "balanced accuracy" if self.is_unbalanced else "accuracy"

    def score(self, participant: Participant) -> float:
        """The measure on the test pictures, in 0..1."""
        return participant.balanced_accuracy if self.is_unbalanced else participant.accuracy

    @cached_property
    def sample(self) -> Sample:
        """The test pictures, weighted as the measure weighs them."""
        return Sample(self.task.test_labels, self.task.test_groups, self.is_unbalanced)

    @cached_property
    def spreads(self) -> Mapping[Side, SeedSpread]:
        """What another seed changes, from all repeated experiments of a side."""
        return {side: pool_seeds([c.correct for c in self.of_side(side)], self.sample) for side in self.sides}

    def of_side(self, side: Side) -> list[Contestant]:
        return [c for c in self.contestants if c.side == side]

    @property
    def sides(self) -> tuple[Side, ...]:
        """The two of the verdict, and the frozen one where a net of it takes part."""
        return SIDES if self.frozen is None else (*SIDES, "frozen")

    def interval(self, participant: Participant, *, of_accuracy: bool = False) -> Interval:
        """95 % interval of the score, or of the accuracy, also where another measure leads."""
        sample = self.sample.unweighted if of_accuracy else self.sample
        return accuracy_interval(participant.correct, sample, self.spreads[participant.side])

    def compare(self, first: Participant, second: Participant) -> PairedDifference:
        """First minus second in the measure, on the same test pictures."""
        spreads = self.spreads[first.side], self.spreads[second.side]
        return compare_paired(first.correct, second.correct, self.sample, spreads)

    @cached_property
    def folds(self) -> Folds | None:
        """The finalists' answers out of fold, on which the verdict then rests; None where these were not asked for."""
        found = read_folds(self.fold_study, self.is_unbalanced) if self.fold_study else None
        return found if found and found.experiments == tuple(c.experiment for c in self.finalists) else None

    @property
    def tested(self) -> Sample:
        """The pictures that the planned test and the verdict are about."""
        return self.folds.sample if self.folds else self.sample

    @property
    def effective_n(self) -> float:
        """As many pictures, each drawn by itself, would tell as much about the difference of the finalists."""
        hand, net = self.folds.right if self.folds else (c.correct.mean(axis=0) for c in self.finalists)
        return len(hand) / self.tested.design_effect(hand - net)

    @cached_property
    def clock(self) -> Clock:
        """What costs are counted in: by the clock, unless a run's hours hold what else the machine did."""
        on_cpu = all(c.is_on_cpu for c in self.contestants)
        return "processor time" if on_cpu and any(c.waited for c in self.contestants) else "wall clock"

    @property
    def time(self) -> str:
        """The clock in words."""
        return TIME[self.clock]

    def seconds(self, contestant: Contestant, kind: StageKind | None = None) -> float:
        """Mean seconds of one run, by this comparison's clock."""
        return contestant.seconds(kind, self.clock)

    def best_on_validation(self, contestants: Sequence[Contestant]) -> Contestant:
        """The one with the best measure on validation, as `results.choice` has it, by means over seeds."""
        scores = [c.balanced_validation_score if self.is_unbalanced else c.validation_score for c in contestants]
        losses = [c.validation_loss(is_balanced=self.is_unbalanced) for c in contestants]
        n_pictures = len(contestants[0].runs[0].validation_labels)
        return contestants[choose(scores, losses, [self.seconds(c) for c in contestants], n_pictures)]

    def _finalist(self, side: Side) -> Contestant:
        """The best on validation of those that fit their training pictures, or of all where none does.

        Of a contest its own choice, made by one seed each, even where the further seeds that it won were worse.
        """
        own = self.of_side(side)
        trained = [c for c in own if not c.did_not_train] or own
        return self.best_on_validation([c for c in trained if c.contest.get("is_finalist", True)] or trained)

    @cached_property
    def hand_crafted(self) -> Contestant:
        return self._finalist("hand-crafted")

    @cached_property
    def end_to_end(self) -> Contestant:
        return self._finalist("end-to-end")

    @cached_property
    def frozen(self) -> Contestant | None:
        """The best frozen net, which no verdict asks; None where none takes part."""
        return self._finalist("frozen") if self.of_side("frozen") else None

    @cached_property
    def finalists(self) -> tuple[Contestant, Contestant]:
        return self.hand_crafted, self.end_to_end

    @cached_property
    def difference(self) -> PairedDifference:
        """Best hand-crafted minus best end-to-end: the one test that was planned, hence not corrected."""
        return self.folds.difference if self.folds else self.compare(*self.finalists)

    @cached_property
    def favorite(self) -> Contestant:
        """The best of all on validation, whom the table of tests measures everyone against."""
        return self.best_on_validation(self.finalists)

    @cached_property
    def tests(self) -> Mapping[Participant, PairedDifference]:
        """Everyone else, guests too, minus the favorite, corrected together (Holm); best first."""
        others = [p for p in self.everyone if p is not self.favorite]
        return dict(zip(others, holm(self.compare(p, self.favorite) for p in others), strict=True))

    @cached_property
    def ranked(self) -> tuple[Contestant, ...]:
        """By score, for reading only: no choice follows from it."""
        return tuple(sorted(self.contestants, key=lambda c: (-self.score(c), c.experiment)))

    @cached_property
    def everyone(self) -> tuple[Participant, ...]:
        """Contestants and guests by score."""
        return tuple(sorted((*self.contestants, *self.guests), key=lambda p: (-self.score(p), p.experiment)))

    @property
    def best_constant(self) -> float:
        """The highest score on the tested pictures that any answer reaches which is the same for all of them."""
        shares = np.bincount(self.tested.labels) / len(self.tested.labels)
        return float(1 / np.count_nonzero(shares) if self.is_unbalanced else shares.max())

    def learned(self, contestant: Contestant) -> bool:
        """Whether its interval beats the best constant answer."""
        folds = self.folds if contestant in self.finalists else None
        interval = folds.interval(contestant.experiment) if folds else self.interval(contestant)
        return interval[0] > self.best_constant

    @property
    def majority(self) -> float:
        """Test accuracy of always naming the class that is most frequent in training."""
        most_frequent = int(np.argmax(self.task.class_counts["train"]))
        return float((self.task.test_labels == most_frequent).mean())

    @property
    def dummy_shares(self) -> tuple[float, float]:
        """Accuracy and balanced accuracy of always naming that class, the score first."""
        shares = self.majority, 1 / len(np.unique(self.task.test_labels))
        return shares[::-1] if self.is_unbalanced else shares

    def named(self, experiment: str) -> Contestant | None:
        return next((c for c in self.contestants if c.experiment == experiment), None)


def build_comparison(
    task: Task,
    runs: Sequence[RunResult],
    margin: float,
    guests: Sequence[Guest] = (),
    fold_study: StudyResult | None = None,
) -> Comparison:
    """Group runs by experiment and check that they belong together.

    Raises ValueError if a run was made on other data (fingerprint, classes or test labels differ), if one of the two
    sides is missing, or a guest answered other pictures.
    """
    for run in runs:
        name = f"{run.experiment} (seed {run.seed})"
        if run.fingerprint != task.fingerprint:
            raise ValueError(
                f"runs must share one data set, {task.dataset} {task.fingerprint[:8]}, but {name} was made on "
                f"{run.dataset} {run.fingerprint[:8]}: accuracies on different pictures do not compare"
            )
        if run.class_names != task.class_names or not np.array_equal(run.labels, task.test_labels):
            raise ValueError(f"{name} must have the test labels of its task, got others: `bakeoff clean`, train again")
    for side, target in zip(SIDES, ("train-svm", "train-mlp"), strict=True):
        if not any(run.side == side for run in runs):
            raise ValueError(f"no {side} run on {task.dataset} to compare: run `bakeoff {target}` first")
    groups: dict[str, list[RunResult]] = {}
    for run in runs:
        groups.setdefault(run.experiment, []).append(run)
    contestants = tuple(Contestant.of(sorted(group, key=lambda r: r.seed)) for group in groups.values())
    return Comparison(task, contestants, margin, tuple(take_part(guest, task) for guest in guests), fold_study)
