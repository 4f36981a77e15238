"""Answers out of fold: both finalists on repeated splits of all pictures, compared with the corrected variance."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bakeoff.pipelines.results.study import StudyResult, unpack_correct, unpack_numbers
from bakeoff.reports.statistics.accuracy import PairedDifference, accuracy_interval, compare_paired, compare_resampled
from bakeoff.reports.statistics.chance import FIXED, Interval, Sample


@dataclass(frozen=True, eq=False)  # arrays have no single truth value; each is itself
class Folds:
    """experiments: the finalists, the hand-crafted one first.   n_folds: of one repeat.

    sample: the pictures that were tested.   right: float64 (2, n), the share of a picture's tests in which each
    finalist was right.   scores: float64 (2, n_splits), the measure in each split.   n_train, n_test: of a split.
    """

    experiments: tuple[str, str]
    n_folds: int
    sample: Sample
    right: np.ndarray
    scores: np.ndarray
    n_train: int
    n_test: int

    @property
    def n_splits(self) -> int:
        return self.scores.shape[1]

    @cached_property
    def difference(self) -> PairedDifference:
        """Hand-crafted minus end-to-end, by the corrected resampled t over splits (`compare_resampled`).

        Where that interval is the narrower one, as when no split differs, by what the pictures themselves leave open:
        another sample of them would change as much at least.
        """
        hand, net = (one[None] for one in self.right)
        by_picture = compare_paired(hand, net, self.sample, (FIXED, FIXED))
        by_split = compare_resampled(self.scores[0] - self.scores[1], self.n_train, self.n_test)
        by_split = replace(by_split, method=f"{by_split.method} over {self.n_splits} splits")
        low, high = by_split.interval
        wider = by_split if high - low > by_picture.interval[1] - by_picture.interval[0] else by_picture
        return replace(
            wider,
            difference=by_split.difference,
            only_first=by_picture.only_first,
            only_second=by_picture.only_second,
        )

    def score(self, experiment: str) -> float:
        """The mean of the measure over splits."""
        return float(self.scores[self.experiments.index(experiment)].mean())

    def interval(self, experiment: str) -> Interval:
        """95 % interval of the score, for other pictures."""
        return accuracy_interval(self.right[self.experiments.index(experiment)][None], self.sample, FIXED)

    def describe(self) -> str:
        """What was tested how often."""
        n = f"{len(self.sample.labels):,} pictures"
        repeats, rest = divmod(self.n_splits, self.n_folds)
        if rest:
            return f"{n}, tested in {self.n_splits} splits of {self.n_test:,} each"
        again = f"in each of {repeats} repeats of" if repeats > 1 else "in one of"
        return f"{n}, each tested once {again} {self.n_folds} folds"


def read_folds(study: StudyResult, balanced: bool) -> Folds:
    """What the study `folds` holds. balanced: whether every class counts alike.

    Raises KeyError or ValueError if the study is damaged.
    """
    rows, settings = study.rows, study.settings
    names = tuple(dict.fromkeys(row["experiment"] for row in sorted(rows, key=lambda row: row["side"] == "end-to-end")))
    labels, groups = unpack_numbers(settings["labels"]), unpack_numbers(settings["groups"])
    folds = [unpack_numbers(text) for text in settings["folds"]]
    right, tests = np.zeros((2, len(labels))), np.zeros((2, len(labels)))
    scores = np.zeros((2, len(rows) // 2))
    for row in rows:
        one = names.index(row["experiment"])
        tested = np.flatnonzero(folds[row["repeat"]] == row["fold"])
        correct = unpack_correct(row["correct"], len(tested))
        right[one, tested] += correct
        tests[one, tested] += 1
        scores[one, row["split"]] = Sample(labels[tested], balanced=balanced).mean(correct)
    seen = tests[0] > 0
    is_grouped = len(np.unique(groups)) < len(groups)
    sample = Sample(labels[seen], groups[seen] if is_grouped else None, balanced)
    sizes = (round(float(np.mean([row[key] for row in rows]))) for key in ("n_train", "n_test"))
    return Folds((names[0], names[1]), settings["n_folds"], sample, right[:, seen] / tests[:, seen], scores, *sizes)
